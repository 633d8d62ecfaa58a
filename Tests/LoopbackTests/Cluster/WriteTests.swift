import Cluster
import Documents
import Domain
import Logging
import Resources
import TestServers
import Testing

/// What a write looks like on the wire, and what each answer means.
@Suite(.timeLimit(.minutes(1)))
struct WriteTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")
    private static let object: Document = [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "prod"],
    ]
    private static let patch = WriteRequest.jsonPatch(
        key, [PatchOperation(.test, "/metadata/uid", "u"), PatchOperation(.remove, "/data/k")])
    private static let apply = WriteRequest.apply(key, object, force: false)

    private func client(_ server: ScriptedServer) throws -> ClusterClient {
        try ClusterClient(
            KubeConfiguration(server: server.url, credentials: .token("token-1")),
            logger: .quiet)
    }

    private func outcome(
        of write: WriteRequest, _ status: Int, _ body: String, headers: [String] = []
    ) async throws -> WriteOutcome {
        let server = try ScriptedServer { _, peer in
            peer.answer(status, body, headers: headers)
            return .keep
        }
        let client = try client(server)
        let outcome = await client.perform(write)
        await client.shutDown()
        return outcome
    }

    @Test func writesAsTheAPIWantsThem() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(200, #"{"kind":"ConfigMap","metadata":{"name":"a"}}"#)
            return .keep
        }
        let client = try client(server)
        let writes: [WriteRequest] = [
            .create(Self.key, Self.object), Self.apply,
            .apply(Self.key, Self.object, force: true), .applyStatus(Self.key, Self.object),
            .handOver(Self.key, Self.object), Self.patch,
            .delete(Self.key, uid: "u", resourceVersion: "7"),
            .delete(Self.key, uid: "u", resourceVersion: nil),
        ]
        for write in writes {
            let outcome = await client.perform(write)
            #expect(outcome == .applied(["kind": "ConfigMap", "metadata": ["name": "a"]]))
        }
        let path = "/api/v1/namespaces/prod/configmaps"
        let manager = "fieldManager=slipway&timeout=5s"
        #expect(
            server.requests.map { "\($0.method) \($0.target)" } == [
                "POST \(path)?\(manager)",
                "PATCH \(path)/a?\(manager)&force=false",
                "PATCH \(path)/a?\(manager)&force=true",
                "PATCH \(path)/a/status?\(manager)&force=true",
                "PATCH \(path)/a?fieldManager=slipway-handover&timeout=5s&force=false",
                "PATCH \(path)/a?\(manager)",
                "DELETE \(path)/a?timeout=5s",
                "DELETE \(path)/a?timeout=5s",
            ])
        #expect(
            server.requests.map { $0.headers["content-type"] } == [
                "application/json", "application/apply-patch+yaml", "application/apply-patch+yaml",
                "application/apply-patch+yaml", "application/apply-patch+yaml",
                "application/json-patch+json", "application/json", "application/json",
            ])
        #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer token-1" })
        let bodies = try server.requests.map { try JSON.parse($0.body) }
        #expect(bodies[0] == Self.object)
        #expect(
            bodies[5] == [
                ["op": "test", "path": "/metadata/uid", "value": "u"],
                ["op": "remove", "path": "/data/k"],
            ])
        #expect(bodies[6]["preconditions"] == ["uid": "u", "resourceVersion": "7"])
        #expect(bodies[6]["propagationPolicy"] == "Background")
        #expect(bodies[7]["preconditions"] == ["uid": "u"])
        await client.shutDown()
    }

    struct Recorded: CustomTestStringConvertible, Sendable {
        let file: String
        let step: String
        let write: WriteRequest
        let kind: WriteRefusal.Kind
        var causes = 0
        var testDescription: String { "\(file) \(step)" }
    }

    static let recorded = [
        Recorded(
            file: "configmap-crud", step: "already-exists", write: .create(key, object),
            kind: .alreadyExists),
        Recorded(
            file: "configmap-crud", step: "no-such-namespace", write: .create(key, object),
            kind: .notFound),
        Recorded(file: "configmap-crud", step: "update-stale", write: apply, kind: .conflict),
        Recorded(
            file: "apply-conflict", step: "beta-conflicts-on-two", write: apply,
            kind: .fieldConflict, causes: 2),
        Recorded(
            file: "apply-status", step: "conflict", write: .applyStatus(key, object),
            kind: .fieldConflict, causes: 1),
        Recorded(
            file: "apply-preconditions", step: "uid-on-create", write: apply, kind: .conflict),
        Recorded(file: "apply-preconditions", step: "other-uid", write: apply, kind: .conflict),
        Recorded(
            file: "apply-preconditions", step: "stale-version", write: apply, kind: .conflict),
        Recorded(
            file: "apply-preconditions", step: "unknown-field", write: apply, kind: .invalid),
        Recorded(
            file: "apply-remove-fields", step: "duplicate-key", write: apply, kind: .invalid),
        Recorded(
            file: "apply-status", step: "status-of-nothing", write: .applyStatus(key, object),
            kind: .notFound),
        Recorded(file: "patch-json", step: "failed-test", write: patch, kind: .conflict),
        Recorded(file: "patch-json", step: "bad-label-key", write: patch, kind: .invalid),
        Recorded(
            file: "patch-json", step: "an-object-is-no-json-patch", write: patch, kind: .invalid),
        Recorded(
            file: "delete-preconditions", step: "other-uid",
            write: .delete(key, uid: "u", resourceVersion: nil), kind: .conflict),
        Recorded(
            file: "delete-preconditions", step: "stale-version",
            write: .delete(key, uid: "u", resourceVersion: "1"), kind: .conflict),
        Recorded(
            file: "configmap-crud", step: "delete-again",
            write: .delete(key, uid: "u", resourceVersion: nil), kind: .notFound),
        Recorded(
            file: "access-control", step: "create-forbidden", write: .create(key, object),
            kind: .forbidden),
        Recorded(file: "access-control", step: "bad-token", write: apply, kind: .forbidden),
        Recorded(
            file: "pdb-eviction", step: "refused", write: apply, kind: .tooManyRequests),
        Recorded(
            file: "names-and-labels", step: "more-than-the-server-reads", write: apply,
            kind: .invalid),
        Recorded(
            file: "patch-strategic", step: "not-for-custom-resources", write: patch,
            kind: .invalid),
    ]

    @Test(arguments: recorded)
    func readsTheRefusalsOfARealServer(_ recorded: Recorded) async throws {
        let answer = try RecordedAnswer(recorded.file, step: recorded.step)
        let outcome = try await outcome(of: recorded.write, answer.status, answer.body)
        guard case .notApplied(let refusal) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(refusal.kind == recorded.kind)
        #expect(refusal.causes.count == recorded.causes)
        let said = (try JSON.parse(answer.body))["message"]?.stringValue ?? ""
        let advice = answer.status == 401 ? "; it does not accept the token (given)" : ""
        #expect(refusal.message == said + advice)
    }

    @Test func namesTheOwnersOfFields() async throws {
        let answer = try RecordedAnswer("apply-conflict", step: "beta-conflicts-on-one")
        guard
            case .notApplied(let refusal) = try await outcome(
                of: Self.apply, answer.status, answer.body)
        else {
            Issue.record("applied")
            return
        }
        #expect(refusal.causes == [#".spec.replicas: conflict with "alpha""#])
    }

    struct Broken: CustomTestStringConvertible, Sendable {
        let status: Int
        var reason = ""
        var retryAfter: Int?
        var isHTML = false
        /// `nil`: nobody knows.
        var kind: WriteRefusal.Kind?
        var testDescription: String { "\(status) \(reason) \(retryAfter ?? -1) \(isHTML)" }
    }

    @Test(arguments: [
        Broken(status: 429, retryAfter: 3, kind: .tooManyRequests),
        Broken(status: 429, isHTML: true, kind: .tooManyRequests),
        Broken(status: 503, retryAfter: 1, kind: .tooManyRequests),
        Broken(status: 500, retryAfter: 5, kind: .tooManyRequests),
        Broken(status: 500), Broken(status: 502), Broken(status: 503), Broken(status: 504),
        Broken(status: 502, retryAfter: 1), Broken(status: 504, retryAfter: 1),
        Broken(status: 500, reason: "ServerTimeout", retryAfter: 2),
        Broken(status: 500, isHTML: true), Broken(status: 200, isHTML: true),
        Broken(status: 302, isHTML: true),
        Broken(status: 404, isHTML: true, kind: .notFound),
    ])
    func onlyWhatIsCertainIsCalledNotApplied(_ broken: Broken) async throws {
        let body =
            broken.isHTML
            ? "<html>oops</html>"
            : """
            {"kind":"Status","status":"Failure","message":"m","reason":"\(broken.reason)",\
            "code":\(broken.status)}
            """
        let headers = broken.retryAfter.map { ["Retry-After: \($0)"] } ?? []
        let outcome = try await outcome(of: Self.apply, broken.status, body, headers: headers)
        switch (outcome, broken.kind) {
        case (.notApplied(let refusal), let kind?):
            #expect(refusal.kind == kind)
            #expect(refusal.retryAfter == broken.retryAfter.map { .seconds(Int64($0)) })
        case (.unknown, nil): break
        default: Issue.record("\(outcome)")
        }
    }

    @Test func aServerThatIsNotThereDidNothing() async throws {
        let server = try ScriptedServer { _, _ in .close }
        let client = try client(server)
        server.stop()
        var last: WriteOutcome?
        for _ in 0..<100 {
            last = await client.perform(Self.apply)
            if case .notApplied = last { break }
        }
        guard case .notApplied(let refusal) = last else {
            Issue.record("\(last as Any)")
            return
        }
        #expect(refusal.kind == .unreachable)
        guard case .failed(let read) = await client.get(Self.key) else {
            Issue.record("read")
            return
        }
        #expect(read.kind == .unreachable)
        await client.shutDown()
    }

    @Test(arguments: ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a\nb", "ä"])
    func aNameThatIsNoneIsNotSent(_ name: String) async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(200, "{}")
            return .keep
        }
        let client = try client(server)
        let key = ResourceKey(.configMap, namespace: "prod", name: name)
        guard case .notApplied(let refusal) = await client.perform(.create(key, Self.object)),
            case .failed = await client.get(key),
            case .failed = await client.get(
                ResourceKey(.configMap, namespace: name.isEmpty ? "a/b" : name, name: "a"))
        else {
            Issue.record("sent")
            return
        }
        #expect(refusal.kind == .invalid)
        #expect(server.requests.isEmpty)
        await client.shutDown()
    }
}
