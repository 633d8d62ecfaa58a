import Cluster
import Documents
import Domain
import KubeWire
import Logging
import Resources
import TestServers
import Testing

/// GET and lists.
@Suite(.timeLimit(.minutes(1)))
struct ReadTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")

    private func client(
        _ server: ScriptedServer
    ) throws -> ClusterClient {
        try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
    }

    @Test func findsAnObject() async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(
                200,
                """
                {"kind":"ConfigMap","metadata":{"name":"a","uid":"u","managedFields":[{"x":1}]}}
                """)
            return .keep
        }
        let client = try client(server)
        #expect(
            await client.get(Self.key)
                == .found(["kind": "ConfigMap", "metadata": ["name": "a", "uid": "u"]]))
        guard case .found(let whole) = await client.get(Self.key, managedFields: true) else {
            Issue.record("not found")
            return
        }
        #expect(whole.at("metadata", "managedFields")?.arrayValue?.count == 1)
        #expect(server.requests.first?.target == "/api/v1/namespaces/prod/configmaps/a")
        await client.shutDown()
    }

    /// A proxy's 404, or that of a kind that is not installed, does not say that an object is gone.
    @Test func onlyTheServersWordMeansNotFound() async throws {
        let gone = try RecordedAnswer("configmap-crud", step: "not-found")
        let unserved = try RecordedAnswer("watch-expired", step: "unknown-resource")
        let forbidden = try RecordedAnswer("access-control", step: "get-forbidden")
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(gone.status, gone.body)
            case 1: peer.answer(unserved.status, unserved.body)
            case 2: peer.answer(404, "404 page not found\n", type: "text/plain")
            case 3: peer.answer(forbidden.status, forbidden.body)
            case 4: peer.answer(200, "<html></html>", type: "text/html")
            case 5: peer.answer(200, #"{"kind":"ConfigMap","metadata":{"name":"other"}}"#)
            default: peer.answer(503, "", headers: ["Retry-After: 2"])
            }
            return .keep
        }
        let client = try client(server)
        #expect(await client.get(Self.key) == .notFound)
        var kinds: [WriteRefusal.Kind] = []
        for _ in 1...6 {
            guard case .failed(let refusal) = await client.get(Self.key) else {
                Issue.record("not a failure")
                continue
            }
            kinds.append(refusal.kind)
        }
        #expect(
            kinds == [
                .notFound, .notFound, .forbidden, .unreachable, .unreachable, .tooManyRequests,
            ])
        await client.shutDown()
    }

    @Test func readsAllPagesOfAList() async throws {
        let server = try ScriptedServer { request, peer in
            let page = Int(request.query("continue") ?? "0") ?? 0
            let next = page < 2 ? #","continue":"\#(page + 1)""# : ""
            let items = (0..<3).map { #"{"metadata":{"name":"n\#(page)\#($0)"}}"# }
            peer.answer(
                200,
                """
                {"kind":"ConfigMapList","metadata":{"resourceVersion":"9"\(next)},\
                "items":[\(items.joined(separator: ","))]}
                """)
            return .keep
        }
        let client = try client(server)
        let list = try await client.list(
            ObjectSelection(.configMap, namespace: "prod", labels: "a=b,c"),
            version: .atLeast("5"), pageSize: 3)
        #expect(list.resourceVersion == "9")
        #expect(
            list.items.map { $0.at("metadata", "name")?.stringValue ?? "" }
                == ["n00", "n01", "n02", "n10", "n11", "n12", "n20", "n21", "n22"])
        #expect(list.items.allSatisfy { $0["kind"] == "ConfigMap" && $0["apiVersion"] == "v1" })
        let path = "/api/v1/namespaces/prod/configmaps?labelSelector=a%3Db%2Cc&limit=3"
        #expect(
            server.requests.map(\.target) == [
                path + "&resourceVersion=5&resourceVersionMatch=NotOlderThan",
                path + "&continue=1", path + "&continue=2",
            ])
        await client.shutDown()
    }

    @Test func anIncompleteListIsAnError() async throws {
        let expired = try RecordedAnswer("watch-expired", step: "list-too-old")
        let full = #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"9"},"items":[{"a":1}]}"#
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0:
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + full.dropLast(5))
                return .close
            // Without a length the end of the connection looks like the end of the body.
            case 1:
                peer.send("HTTP/1.1 200 OK\r\n\r\n" + full.dropLast(3))
                return .close
            case 2: peer.answer(200, "<html></html>")
            case 3: peer.answer(200, #"{"kind":"ConfigMap","metadata":{"resourceVersion":"1"}}"#)
            case 4: peer.answer(200, #"{"kind":"ConfigMapList","metadata":{},"items":[]}"#)
            case 5: peer.answer(expired.status, expired.body)
            case 6: peer.answer(429, "", headers: ["Retry-After: 7"])
            default:
                peer.answer(
                    200,
                    """
                    {"kind":"ConfigMapList","metadata":{"resourceVersion":"9","continue":"x"},\
                    "items":[]}
                    """)
            }
            return .keep
        }
        let client = try client(server)
        var kinds: [ClusterError.Kind] = []
        for number in 0..<8 {
            let error = await #expect(throws: ClusterError.self) {
                try await client.list(ObjectSelection(.configMap))
            }
            if let error { kinds.append(error.kind) }
            if number == 6 { #expect(error?.retryAfter == .seconds(7)) }
        }
        #expect(
            kinds == [
                .unavailable, .malformed, .malformed, .malformed, .malformed, .expired,
                .tooManyRequests, .malformed,
            ])
        await client.shutDown()
    }
}
