import ControlPlane
import Documents
import Domain
import Resources
import Sandbox
import Synchronization
import TestServers
import Testing
import Transport

/// An account of the controller with the roles that an installation gives it.
struct Installation {
    static let namespace = "slipway-system"
    static let account = "slipway"
    static let user = "system:serviceaccount:\(namespace):\(account)"

    /// What the account may do besides leading.
    let parts: [Right.Part]
    /// The only namespace in which it may do it; `nil` for the whole cluster.
    let only: String?
    /// Verbs that change something are left out, and the Lease.
    var readsOnly = false

    /// Makes the account, its roles and the Lease.
    ///
    /// - Returns: a token of the account.
    func install(in story: LiveStory) async throws -> String {
        let objects = objects()
        try await story.server.change { store, now throws in
            for object in objects {
                let apiVersion = object["apiVersion"]?.stringValue ?? ""
                let definition = try #require(
                    store.registry.find(
                        apiVersion: apiVersion, kind: object["kind"]?.stringValue ?? ""))
                _ = try store.create(
                    definition.kind,
                    namespace: object.at("metadata", "namespace")?.stringValue ?? "",
                    object, WriteContext(now: now, manager: "installer"))
            }
        }
        let loop = try CurlLoop(name: "installer")
        let path = "/api/v1/namespaces/\(Self.namespace)/serviceaccounts/\(Self.account)/token"
        let response = try await loop.perform(
            HTTPRequest(
                .post, "http://127.0.0.1:\(story.port)\(path)",
                headers: ["Content-Type": "application/json"], body: Array("{}".utf8)))
        await loop.shutDown()
        return try #require(JSON.parse(response.body).at("status", "token")?.stringValue)
    }

    private func objects() -> [Document] {
        let home: Document = .string(Self.namespace)
        var objects: [Document] = [
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": home]],
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": .string(Self.account), "namespace": home],
            ],
            [
                "apiVersion": .string(ResourceKind.lease.apiVersion), "kind": "Lease",
                "metadata": ["name": .string(Right.defaultLease), "namespace": home],
            ],
        ]
        let account = NamespacedName(namespace: Self.namespace, name: Self.account)
        if !readsOnly { objects += Right.grant(.election, to: account, in: Self.namespace) }
        for part in parts { objects += Right.grant(part, to: account, in: only) }
        return readsOnly ? objects.map { Self.reading($0) } : objects
    }

    /// A role without its verbs that change something.
    private static func reading(_ object: Document) -> Document {
        guard let rules = object["rules"]?.arrayValue else { return object }
        var role = object
        role["rules"] = .array(
            rules.compactMap { rule in
                let verbs = (rule["verbs"]?.arrayValue ?? []).filter {
                    ["get", "list", "watch"].contains($0.stringValue)
                }
                guard !verbs.isEmpty else { return nil }
                var reading = rule
                reading["verbs"] = .array(verbs)
                return reading
            })
        return role
    }
}

/// What the API server decided about the controller's account.
final class Decisions: Sendable {
    private let seen = Mutex<Set<AccessDecision>>([])

    func note(_ decision: AccessDecision) {
        guard decision.user == Installation.user else { return }
        seen.withLock { _ = $0.insert(decision) }
    }

    /// In words, ordered.
    var refused: [String] {
        seen.withLock { $0.filter { !$0.isAllowed }.map(\.description).sorted() }
    }

    /// Rights that nothing was done with: `VERB RESOURCE of GROUP`.
    func unused(of parts: [Right.Part]) -> [String] {
        let seen = seen.withLock { $0 }
        return Right.all.filter { parts.contains($0.part) }.flatMap { right in
            right.verbs.filter { verb in
                !seen.contains {
                    $0.isAllowed && $0.verb == verb.rawValue && $0.group == right.kind.group
                        && $0.resource == right.resource
                }
            }.map { "\($0.rawValue) \(right.resource) of \"\(right.kind.group)\"" }
        }
    }
}
