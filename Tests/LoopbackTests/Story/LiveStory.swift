import API
import Cluster
import ControlPlane
import Daemon
import Documents
import Domain
import Engine
import Foundation
import Logging
import Resources
import Rollouts
import Sandbox
import ServiceLifecycle
import TestServers
import Testing

/// One release in one real repository, followed by a real controller over real sockets; only pods
/// and gateway are scripted.
final class LiveStory: Sendable {
    static let release = NamespacedName(namespace: "default", name: "fraud")
    static let file = "models/fraud.yaml"

    let git: GitBackend
    let server: SandboxServer
    let node: ScriptedNode
    let port: Int
    /// Where mirrors are.
    let folder: String

    private init(_ server: SandboxServer, port: Int, git: GitBackend) {
        self.git = git
        self.server = server
        self.port = port
        node = ScriptedNode(server)
        folder = git.root + "/data"
    }

    /// A cluster with Slipway's kinds, a gateway, a node and a source; nothing declared, and no
    /// controller yet.
    static func tell(_ body: @escaping @Sendable (LiveStory) async throws -> Void) async throws {
        let options = SandboxOptions(
            definitions: APIDefinitions.all.map(\.definition), installsGatewayDefinitions: true)
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
                .releaseSource, namespace: "default",
                [
                    "apiVersion": .string(ResourceKind.releaseSource.apiVersion),
                    "kind": "ReleaseSource", "metadata": ["name": "models"],
                    "spec": ["url": .string(url), "interval": "1s"],
                ], context)
        }
    }

    // MARK: The controller

    /// Runs a controller for as long as `body` runs.
    func withController(_ body: () async throws -> Void) async throws {
        let logger = Logger(label: "controller") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel =
                ProcessInfo.processInfo.environment["SLIPWAY_TEST_LOG"] == nil ? .critical : .debug
            return handler
        }
        let client = try ClusterClient(
            KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: logger)
        let controller = try Controller(
            ControllerSettings(
                directory: folder,
                engine: EngineSettings(
                    rollout: RolloutSettings(settle: .seconds(1), drain: .seconds(1)))),
            client: client, logger: logger)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await controller.run() }
                try await body()
                group.cancelAll()
            }
        } catch {
            await client.shutDown()
            throw error
        }
        await client.shutDown()
    }

    // MARK: Git

    /// The file as a person writes it.
    static func yaml(
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

    func merge(_ version: String, extra: String = "") throws {
        try git.commit([Self.file: Self.yaml(version, extra: extra)])
    }

    /// The file on the branch as it is now.
    func file(_ branch: String = "main", _ path: String = LiveStory.file) throws -> String {
        try git.git("show", "\(branch):\(path)")
    }

    // MARK: The cluster

    func object(_ kind: ResourceKind, _ name: String) async -> Document? {
        await server.store.object(ResourceKey(kind, namespace: "default", name: name))
    }

    var status: ReleaseStatus {
        get async {
            ReleaseStatus(await object(.modelRelease, "fraud")?["status"] ?? .null)
        }
    }

    /// Version names with their share by the stored route.
    var traffic: [String: Int] {
        get async { await Self.traffic(server.store) }
    }

    static func traffic(_ store: Store) -> [String: Int] {
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
    func wait(
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

    struct NotReached: Error, CustomStringConvertible { let description: String }

    func waitProven(_ version: String) async throws {
        try await wait("version \(version) proven") { status, traffic in
            status.phase == .healthy && status.proven?.provisional == false
                && status.proven?.shares.map(\.version) == [version] && traffic == [version: 100]
        }
    }
}
