import API
import ControlPlane
import Desired
import Documents
import Domain
import Observed
import Resources
import Simulation

/// Clusters with any number of releases: the story of one release is told in the simulator, what it
/// leaves in the API server is written down as JSON and multiplied under other names. Each copy is
/// parsed from bytes of its own, as it would be in life, and shares no memory with another.
struct SampleCluster {
    /// Where in its life a release is.
    enum Stage {
        /// Version 1 is proven and serves.
        case healthy
        /// Version 2 has 10 % of the traffic, version 1 the rest.
        case canary
    }

    /// A story that did not go as it should.
    struct NotTold: Error {
        let trace: [String]
    }

    /// The JSON of an object, cut where each release has something of its own.
    private struct Template {
        private enum Part {
            case text([UInt8])
            case name
            case uid(String)
        }

        private var parts: [Part] = []

        init(_ json: String, uids: Set<String>) {
            for (index, piece) in json.split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated()
            {
                if index > 0 { parts.append(.text([UInt8(ascii: "\"")])) }
                if uids.contains(String(piece)) {
                    parts.append(.uid(String(piece)))
                    continue
                }
                for (number, rest) in piece.split(
                    separator: placeholder, omittingEmptySubsequences: false
                ).enumerated() {
                    if number > 0 { parts.append(.name) }
                    parts.append(.text(Array(rest.utf8)))
                }
            }
        }

        func bytes(_ number: Int) -> [UInt8] {
            let name = Array(SampleCluster.name(number).name.utf8)
            let end = String(number, radix: 16)
            var bytes: [UInt8] = []
            for part in parts {
                switch part {
                case .text(let text): bytes += text
                case .name: bytes += name
                case .uid(let uid): bytes += Array((uid.dropLast(end.utf8.count) + end).utf8)
                }
            }
            return bytes
        }
    }

    /// The objects of one release.
    private var templates: [ResourceKind: [Template]] = [:]
    /// What is there once.
    private var shared: [ResourceKind: [Document]] = [:]

    static let namespace = "default"
    static let source = NamespacedName(namespace: namespace, name: "models")
    private static let placeholder = "scorer-00000"

    init(_ stage: Stage) throws {
        var world = try Self.told(stage)
        world.run(for: .seconds(5))
        var uids: Set<String> = []
        var owned: [(ResourceKind, String)] = []
        for (kind, label) in ClusterView.kinds {
            for object in world.store.objects(kind) {
                let metadata = ObjectMetadata(of: object)
                if metadata.label(Names.releaseLabel) != nil || kind == .modelRelease {
                    owned.append((kind, object.canonicalJSONString()))
                    uids.insert(metadata.uid)
                } else if label == nil {
                    shared[kind, default: []].append(object)
                }
            }
        }
        for (kind, json) in owned {
            templates[kind, default: []].append(Template(json, uids: uids))
        }
    }

    private static func told(_ stage: Stage) throws -> World {
        var world = World()
        let context = WriteContext(now: world.now, manager: "person")
        _ = try world.store.create(
            .gateway, namespace: namespace,
            [
                "metadata": ["name": "web"],
                "spec": [
                    "gatewayClassName": "example",
                    "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]],
                ],
            ], context)
        _ = try world.store.create(
            .releaseSource, namespace: namespace,
            [
                "metadata": ["name": .string(source.name)],
                "spec": ["url": "https://git.example.com/models.git", "interval": "15s"],
            ], context)
        world.startController()
        world.schedule(
            after: .zero, .merge([path(0): declaration(0, version: 1)], author: "dana"))
        guard world.run(atMost: .hours(1), until: { status($0).phase == .healthy }) else {
            throw NotTold(trace: world.trace)
        }
        if case .canary = stage {
            world.schedule(
                after: .zero, .merge([path(0): declaration(0, version: 2)], author: "dana"))
            let isOnItsWay = { (world: World) in
                world.splits.last?.split.values.sorted() == [10, 90]
                    && status(world).attempt?.confirmedAt != nil
            }
            guard world.run(atMost: .hours(1), until: isOnItsWay) else {
                throw NotTold(trace: world.trace)
            }
        }
        return world
    }

    private static func status(_ world: World) -> ReleaseStatus {
        let key = ResourceKey(.modelRelease, namespace: namespace, name: placeholder)
        return ReleaseStatus(world.store.object(key)?["status"] ?? .null)
    }

    /// The name of a release.
    static func name(_ number: Int) -> NamespacedName {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, 5 - digits.count))
        return NamespacedName(namespace: namespace, name: "scorer-\(zeros)\(digits)")
    }

    /// The file of a release in the repository.
    static func path(_ number: Int) -> String { "models/\(name(number).name).yaml" }

    /// A release's file. The place of the model does not tell the release, so that the digests of
    /// all releases are the same and names of objects can be made by replacing text.
    static func declaration(_ number: Int, version: Int, replicas: Int = 2) -> String {
        """
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata: {name: \(name(number).name), labels: {team: risk}}
        spec:
          runtime: mlserver
          versions:
          - {name: "\(version)", uri: s3://models/scorer/\(version), weight: 100}
          serving:
            replicas: \(replicas)
            template:
              spec:
                containers:
                - name: model
                  resources:
                    requests: {cpu: 500m, memory: 1Gi}
                    limits: {memory: 2Gi}
          traffic: {gateway: {parentRefs: [{name: web}], path: /scorer}}
          strategy: {canary: {steps: [{weight: 10, for: 1h}, {weight: 50, for: 1h}], bake: 60s}}

        """
    }

    /// The declaration of a release as a commit's file, parsed.
    static func file(_ number: Int, version: Int, replicas: Int = 2) -> ParsedFile {
        let text = declaration(number, version: version, replicas: replicas)
        return FileReader(namespace: namespace, accounts: nil).read(
            DesiredFile(path: path(number), bytes: Array(text.utf8))
        ) { _ in nil }
    }

    /// The objects of a kind that one release has.
    func objects(_ kind: ResourceKind, of number: Int) throws -> [Document] {
        try (templates[kind] ?? []).map {
            try JSON.parse($0.bytes(number), skipping: [.managedFields])
        }
    }

    /// The objects of a kind that do not belong to a release.
    func shared(_ kind: ResourceKind) -> [Document] { shared[kind] ?? [] }
}
