import API
import ControlPlane
import Desired
import Domain
import Engine
import Resources
import Rollouts
import Simulation

/// One release in one repository, told in steps.
struct Story {
    static let release = NamespacedName(namespace: "default", name: "fraud")
    static let file = "models/fraud.yaml"

    var world: World

    /// A world with a Gateway, a source and a controller, and nothing declared; with `rights` on a
    /// server that enforces roles. Unless it `acts`, the controller is started later.
    init(
        crashAfterWrite: Int? = nil, gateway: Bool = true, path: String = "", prune: Bool = false,
        rights: [Right.Part]? = nil, acts: Bool = true
    ) {
        world = World()
        if let rights {
            world.speaksHTTP = true
            world.install(rights)
        }
        world.crashAfterWrite = crashAfterWrite
        if gateway { Story.addGateway(&world) }
        addSource("models", path: path, prune: prune)
        if acts { world.startController() }
    }

    mutating func addSource(_ name: String, path: String, prune: Bool = false) {
        _ = try? world.store.create(
            .releaseSource, namespace: "default",
            [
                "metadata": ["name": .string(name)],
                "spec": [
                    "url": "https://git.example.com/models.git", "interval": "10s",
                    "path": .string(path), "prune": .bool(prune),
                ],
            ], WriteContext(now: world.now, manager: "person"))
    }

    mutating func changeSource(
        _ name: String, _ change: @escaping @Sendable (inout Document) -> Void
    ) {
        let key = ResourceKey(.releaseSource, namespace: "default", name: name)
        world.schedule(after: .zero, .change(key, change))
    }

    /// The status of a source.
    func source(_ name: String) -> SourceStatus {
        let key = ResourceKey(.releaseSource, namespace: "default", name: name)
        return SourceStatus(world.store.object(key)?["status"] ?? .null)
    }

    /// The digest of the first version in a file.
    static func digest(of yaml: String) -> Digest? {
        let reader = FileReader(namespace: "default", accounts: nil)
        let file = reader.read(DesiredFile(path: "fraud.yaml", bytes: Array(yaml.utf8))) { _ in nil
        }
        return file.releases.first?.release.spec.declaredShares.first?.digest
    }

    static func addGateway(_ world: inout World) {
        _ = try? world.store.create(
            .gateway, namespace: "default",
            [
                "metadata": ["name": "web"],
                "spec": [
                    "gatewayClassName": "example",
                    "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]],
                ],
            ],
            WriteContext(now: world.now, manager: "person"))
    }

    /// The file as a person writes it.
    static func yaml(
        _ versions: [(String, Int)],
        steps: String = "[{weight: 10, for: 30s}, {weight: 50, for: 30s}]",
        bake: String = "60s", extra: String = "", name: String = "fraud"
    ) -> String {
        let lines = versions.map {
            "  - {name: \"\($0.0)\", uri: s3://models/fraud/\($0.0), weight: \($0.1)}"
        }
        return """
            # The fraud model.
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: \(name)}
            spec:
              runtime: mlserver
              versions:
            \(lines.joined(separator: "\n"))
              serving: {replicas: 2}
              traffic: {gateway: {parentRefs: [{name: web}]}}
              strategy: {canary: {steps: \(steps), bake: \(bake)}}
            \(extra)
            """
    }

    mutating func merge(_ yaml: String, after: TimeSpan = .zero) {
        world.schedule(after: after, .merge([Story.file: yaml], author: "dana"))
    }

    mutating func merge(_ versions: (String, Int)..., after: TimeSpan = .zero) {
        merge(Story.yaml(versions), after: after)
    }

    mutating func annotate(_ name: String, _ value: String?, after: TimeSpan = .zero) {
        world.schedule(after: after, .annotate(Story.release, name, value))
    }

    var object: Document? {
        world.store.object(
            ResourceKey(
                .modelRelease, namespace: Story.release.namespace, name: Story.release.name))
    }

    var status: ReleaseStatus { ReleaseStatus(object?["status"] ?? .null) }

    /// Version names with their share by the stored route.
    var traffic: [String: Int] { Story.traffic(world) }

    static func traffic(_ world: World) -> [String: Int] {
        var shares: [String: Int] = [:]
        guard let split = world.splits.last?.split else { return shares }
        for (service, weight) in split { shares[version(service, world), default: 0] += weight }
        return shares
    }

    /// The history of shares as version names.
    var shares: [[String: Int]] {
        world.splits.map { entry in
            var shares: [String: Int] = [:]
            for (service, weight) in entry.split { shares[Story.version(service, world)] = weight }
            return shares
        }
    }

    private static func version(_ service: String, _ world: World) -> String {
        world.store.object(
            ResourceKey(.controllerRevision, namespace: "default", name: service))?
            .at("data", "version")?.stringValue ?? service
    }

    /// What did not come to be, with the end of the trace.
    struct NotReached: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs until the release is in a phase.
    mutating func reach(_ phase: ReleaseStatus.Phase, atMost span: TimeSpan = .hours(1)) throws {
        try wait(atMost: span) { status, _ in status.phase == phase }
    }

    /// Runs until something holds.
    mutating func wait(
        atMost span: TimeSpan = .hours(1), _ holds: (ReleaseStatus, World) -> Bool
    ) throws {
        guard !world.run(atMost: span, until: { holds(Story.status($0), $0) }) else { return }
        let status = self.status
        throw NotReached(
            description: """
                not reached in \(span); phase \(status.phase.rawValue): \(status.message)
                \(world.trace.suffix(40).joined(separator: "\n"))
                """)
    }

    static func status(_ world: World) -> ReleaseStatus {
        ReleaseStatus(
            world.store.object(
                ResourceKey(.modelRelease, namespace: "default", name: "fraud"))?["status"]
                ?? .null)
    }

    func digest(_ version: String) -> Digest? {
        (status.declared + (status.proven?.shares ?? []) + status.history.flatMap(\.shares))
            .first { $0.version == version }?.digest
    }

    /// How often the controller made and deleted what.
    var madeAndDeleted: [String] {
        var lines: [String] = []
        for line in world.trace {
            let words = line.split(separator: " ").dropFirst(2)
            guard words.first == "create" || words.first == "delete" else { continue }
            lines.append(words.joined(separator: " "))
        }
        return lines.sorted()
    }

    /// What must be the same after a run with faults as after a clean one.
    var outcome: String {
        let status = self.status
        let objects = [ResourceKind.deployment, .service, .controllerRevision].flatMap { kind in
            world.store.objects(kind).map {
                "\(kind) \($0.at("metadata", "name")?.stringValue ?? "")"
            }
        }
        return """
            release \(object == nil ? "no" : "yes")
            phase \(status.phase.rawValue)
            traffic \(traffic.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
            proven \(status.proven?.shares.map(\.version) ?? []) \(status.proven?.provisional ?? false)
            quarantine \(status.quarantine.map(\.version))
            pending revert \(status.pendingRevert == nil ? "no" : "yes")
            attempt \(status.attempt == nil ? "no" : "yes")
            objects \(objects.filter { !$0.contains("kubernetes") }.sorted())
            head \(world.git.head?.files[Story.file] ?? "")
            recorded \(world.git.state.values.first?.at("proven", "shares")?.canonicalJSONString() ?? "")
            """
    }
}
