package import API
package import ControlPlane
package import Domain
package import Sandbox

/// One release in one real repository and a cluster behind a real socket; only pods and gateway
/// are scripted.
package final class LiveStory: Sendable {
    package static let release = NamespacedName(namespace: "default", name: "fraud")
    package static let file = "models/fraud.yaml"

    package let git: GitBackend
    package let server: SandboxServer
    package let node: ScriptedNode
    package let port: Int
    /// Where mirrors are.
    package let folder: String

    private init(_ server: SandboxServer, port: Int, git: GitBackend) {
        self.git = git
        self.server = server
        self.port = port
        node = ScriptedNode(server)
        folder = git.root + "/data"
    }

    /// A cluster with Slipway's kinds, a gateway, a node and a source; nothing declared, and no
    /// controller yet. `onDecision` hears what service accounts may do and may not.
    package static func tell(
        onDecision: (@Sendable (AccessDecision) -> Void)? = nil,
        _ body: @escaping @Sendable (LiveStory) async throws -> Void
    ) async throws {
        let options = SandboxOptions(
            definitions: APIDefinitions.all.map(\.definition), installsGatewayDefinitions: true,
            onDecision: onDecision)
        try await SandboxServer.withServer(options) { server, port in
            let story = LiveStory(server, port: port, git: try GitBackend())
            try await story.prepare()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await story.node.run() }
                try await body(story)
                group.cancelAll()
            }
        }
    }

    /// A person makes one more source.
    package func addSource(_ name: String, url: String) async throws {
        try await server.change { store, now throws in
            _ = try store.create(
                .releaseSource, namespace: "default", Self.source(name, url: url),
                WriteContext(now: now, manager: "person"))
        }
    }

    private static func source(_ name: String, url: String) -> Document {
        [
            "apiVersion": .string(ResourceKind.releaseSource.apiVersion),
            "kind": "ReleaseSource", "metadata": ["name": .string(name)],
            "spec": ["url": .string(url), "interval": "1s"],
        ]
    }

    private func prepare() async throws {
        let url = git.url + "/origin.git"
        try await server.change { store, now throws in
            let context = WriteContext(now: now, manager: "person")
            _ = try store.create(
                .gateway, namespace: "default",
                [
                    "apiVersion": .string(ResourceKind.gateway.apiVersion), "kind": "Gateway",
                    "metadata": ["name": "web"],
                    "spec": [
                        "gatewayClassName": "x",
                        "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]],
                    ],
                ], context)
            _ = try store.create(
                .releaseSource, namespace: "default", Self.source("models", url: url), context)
        }
    }

    // MARK: Git

    /// The file as a person writes it.
    package static func yaml(
        _ version: String, steps: String = "[{weight: 20, for: 1s}, {weight: 60, for: 1s}]",
        extra: String = ""
    ) -> String {
        """
        # The fraud model.
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata: {name: fraud}
        spec:
          runtime: mlserver
          versions:
          - {name: "\(version)", uri: "s3://models/fraud/\(version)", weight: 100}
          serving: {replicas: 2}
          traffic: {gateway: {parentRefs: [{name: web}]}}
          strategy: {canary: {steps: \(steps), bake: 1s}}
        \(extra)
        """
    }

    package func merge(_ version: String, extra: String = "") throws {
        try git.commit([Self.file: Self.yaml(version, extra: extra)])
    }

    /// The file on the branch as it is now.
    package func file(_ branch: String = "main", _ path: String = LiveStory.file) throws -> String {
        try git.git("show", "\(branch):\(path)")
    }

    // MARK: The cluster

    package func object(_ kind: ResourceKind, _ name: String) async -> Document? {
        await server.store.object(ResourceKey(kind, namespace: "default", name: name))
    }

    package var status: ReleaseStatus {
        get async {
            ReleaseStatus(await object(.modelRelease, "fraud")?["status"] ?? .null)
        }
    }

    /// Version names with their share by the stored route.
    package var traffic: [String: Int] {
        get async { await Self.traffic(server.store) }
    }

    package static func traffic(_ store: Store) -> [String: Int] {
        let key = ResourceKey(.httpRoute, namespace: "default", name: "fraud")
        let rules = store.object(key)?.at("spec", "rules")?.arrayValue ?? []
        var shares: [String: Int] = [:]
        for backend in rules.first?["backendRefs"]?.arrayValue ?? [] {
            let name = backend["name"]?.stringValue ?? ""
            let service = store.object(ResourceKey(.service, namespace: "default", name: name))
            let version = service?.at("metadata", "labels", Names.versionLabel)?.stringValue
            shares[version ?? name, default: 0] += backend["weight"]?.intValue ?? 1
        }
        return shares
    }

    /// Waits until something holds; the deadline is for machines that hang, not for slow ones.
    package func wait(
        _ what: String, _ holds: (ReleaseStatus, [String: Int]) async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let (status, traffic) = (await self.status, await self.traffic)
            if try await holds(status, traffic) { return }
            guard ContinuousClock.now < end else {
                throw NotReached(
                    description: "\(what) was not reached; phase \(status.phase.rawValue): "
                        + "\(status.message); traffic \(traffic); \(status.conditions)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// What did not come to be in time.
    package struct NotReached: Error, CustomStringConvertible { package let description: String }

    package func waitProven(_ version: String) async throws {
        try await wait("version \(version) proven") { status, traffic in
            status.phase == .healthy && status.proven?.provisional == false
                && status.proven?.shares.map(\.version) == [version] && traffic == [version: 100]
        }
    }
}
