import Cluster
import ControlPlane
import Documents
import Domain
import Resources
import Sandbox
import Synchronization
import Testing
import Transport

/// The client's impersonation against a server that enforces it.
@Suite(.timeLimit(.minutes(1)))
struct ImpersonationTests {
    private static let reader = "system:serviceaccount:default:reader"
    private static let map = ResourceKey(.configMap, namespace: "default", name: "seen")

    /// Accounts `reader`, who may read ConfigMaps, `operator`, who may be taken for it, and
    /// `stranger`.
    private func prepare(_ server: SandboxServer) async throws {
        try await server.change { store, now throws in
            let context = WriteContext(now: now, manager: "installer")
            for name in ["reader", "operator", "stranger"] {
                try Self.create(
                    [
                        "apiVersion": "v1", "kind": "ServiceAccount",
                        "metadata": ["name": .string(name)],
                    ], &store, context)
            }
            _ = try store.create(
                .configMap, namespace: "default", ["metadata": ["name": .string(Self.map.name)]],
                context)
            try Self.grant("reader", "get", "configmaps", &store, context)
            try Self.grant("operator", "impersonate", "serviceaccounts", &store, context)
        }
    }

    private static func grant(
        _ account: String, _ verb: String, _ resource: String, _ store: inout Store,
        _ context: WriteContext
    ) throws {
        let group = "rbac.authorization.k8s.io"
        let objects: [Document] = [
            [
                "apiVersion": .string("\(group)/v1"), "kind": "Role",
                "metadata": ["name": .string(account)],
                "rules": [
                    [
                        "verbs": [.string(verb)], "apiGroups": [""],
                        "resources": [.string(resource)],
                    ]
                ],
            ],
            [
                "apiVersion": .string("\(group)/v1"), "kind": "RoleBinding",
                "metadata": ["name": .string(account)],
                "roleRef": [
                    "apiGroup": .string(group), "kind": "Role", "name": .string(account),
                ],
                "subjects": [["kind": "ServiceAccount", "name": .string(account)]],
            ],
        ]
        for object in objects { try create(object, &store, context) }
    }

    private static func create(
        _ object: Document, _ store: inout Store, _ context: WriteContext
    ) throws {
        let definition = try #require(
            store.registry.find(
                apiVersion: object["apiVersion"]?.stringValue ?? "",
                kind: object["kind"]?.stringValue ?? ""))
        _ = try store.create(definition.kind, namespace: "default", object, context)
    }

    /// What an account gets to see, taken for another if `user` is not empty.
    private func read(
        _ port: Int, by account: String, as user: String
    ) async throws -> ReadOutcome {
        let server = "http://127.0.0.1:\(port)"
        let token = try await token(of: account, at: server)
        let text = """
            current-context: dev
            contexts: [{name: dev, context: {cluster: here, user: me}}]
            clusters: [{name: here, cluster: {server: "\(server)"}}]
            users: [{name: me, user: {token: \(token)\(user.isEmpty ? "" : ", as: \"\(user)\"")}}]
            """
        let client = try ClusterClient(
            KubeConfiguration.read(Array(text.utf8), from: "kubeconfig"), logger: .quiet)
        let outcome = await client.get(Self.map)
        await client.shutDown()
        return outcome
    }

    @Test func aClientActsWithTheRightsOfWhomItIsTakenForIfItMay() async throws {
        let decisions = Mutex<[String]>([])
        let options = SandboxOptions(onDecision: { decision in
            decisions.withLock { $0.append(decision.description) }
        })
        try await SandboxServer.withServer(options) { server, port in
            try await prepare(server)
            guard case .failed(let own) = try await read(port, by: "operator", as: "") else {
                Issue.record("an operator may not read in their own name")
                return
            }
            #expect(own.kind == .forbidden)
            guard case .found(let object) = try await read(port, by: "operator", as: Self.reader)
            else {
                Issue.record("the reader may read: \(decisions.withLock { $0 })")
                return
            }
            #expect(object.objectName == Self.map.name)
            guard
                case .failed(let refusal) = try await read(port, by: "stranger", as: Self.reader)
            else {
                Issue.record("a stranger may not be taken for the reader")
                return
            }
            #expect(refusal.kind == .forbidden)
            #expect(refusal.message.contains(#"cannot impersonate resource "serviceaccounts""#))
        }
        #expect(
            decisions.withLock { $0 }.filter { $0.contains("impersonate") } == [
                "system:serviceaccount:default:operator may impersonate serviceaccounts in default "
                    + "(reader)",
                "system:serviceaccount:default:stranger may not impersonate serviceaccounts in "
                    + "default (reader)",
            ])
    }

    private func token(of account: String, at server: String) async throws -> String {
        let loop = try CurlLoop(name: "tokens")
        let path = "/api/v1/namespaces/default/serviceaccounts/\(account)/token"
        let response = try await loop.perform(
            HTTPRequest(
                .post, server + path, headers: ["Content-Type": "application/json"],
                body: Array("{}".utf8)))
        await loop.shutDown()
        return try #require(JSON.parse(response.body).at("status", "token")?.stringValue)
    }
}
