import API
import Cluster
import Documents
import Domain
import KubeWire
import Observed
import Resources
import TestServers
import Testing

/// Objects that nobody at Slipway wrote: too large, of another version, nonsense. Each is its own
/// trouble and nobody else's.
@Suite(.timeLimit(.minutes(1)))
struct OddObjectTests {
    private static let good: Document = [
        "apiVersion": "slipway.dev/v1alpha1", "kind": "ModelRelease",
        "metadata": [
            "name": "good", "namespace": "default", "uid": "u-good", "resourceVersion": "5",
            "generation": 1, "managedFields": [["manager": "kubectl"]],
        ],
        "spec": [
            "runtime": "mlserver",
            "versions": [["name": "1", "uri": "s3://models/fraud/1", "weight": 100]],
            "serving": ["replicas": 2],
            "traffic": ["gateway": ["parentRefs": [["name": "web"]]]],
        ],
    ]

    private static func named(_ name: String, _ version: Int = 5) -> Document {
        var object = good
        object.set(["metadata", "name"], to: .string(name))
        object.set(["metadata", "uid"], to: .string("u-\(name)"))
        object.set(["metadata", "resourceVersion"], to: .string("\(version)"))
        return object
    }

    /// Far more than etcd would keep.
    private static func large(_ version: Int) -> Document {
        var object = named("large", version)
        let line = Document.string(String(repeating: "x", count: 5000))
        object["status"] = [
            "message": .string(String(repeating: "m", count: 5 << 20)),
            "history": .array(Array(repeating: ["message": line], count: 100)),
        ]
        return object
    }

    /// Of another version of the definition: fields of the status that nobody knows, and known
    /// ones of other types.
    private static var foreign: Document {
        var object = named("foreign")
        object["status"] = ["phase": 7, "history": "none", "versions": [7, "x", [:]], "x": true]
        object.set(["metadata", "ownerReferences"], to: "nobody")
        return object
    }

    /// It asks for something that this version does not know: that is said, not passed over.
    private static var future: Document {
        var object = named("future")
        object.set(["spec", "mirror"], to: ["share": 5])
        return object
    }

    private static var text: Document {
        var object = named("text")
        object["spec"] = "nonsense"
        object["status"] = ["nonsense"]
        return object
    }

    /// What a server that sends these lines makes of a view, once `count` events came.
    private func view(
        _ kind: ResourceKind, list: [Document], watch: [(String, Document)], _ count: Int
    ) async throws -> (view: ClusterView, events: [ViewEvent]) {
        let whole = JSON.write([
            "kind": .string("\(kind.kind)List"), "metadata": ["resourceVersion": "5"],
            "items": .array(list),
        ])
        let lines = watch.map {
            String(
                decoding: JSON.write(["type": .string($0.0), "object": $0.1]), as: UTF8.self)
                + "\n"
        }
        let server = try ScriptedServer { request, peer in
            guard request.query("watch") != nil else {
                peer.answer(200, String(decoding: whole, as: UTF8.self))
                return .keep
            }
            peer.startChunked()
            for line in lines { peer.chunk(line) }
            _ = peer.waitForClose()
            return .close
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        let (stream, sink) = AsyncStream<ViewEvent>.makeStream()
        let task = Task {
            var generator = SystemRandomNumberGenerator()
            await Reflector(ObjectSelection(kind), client: client).run(using: &generator) {
                sink.yield($0)
            }
        }
        var view = ClusterView()
        var events: [ViewEvent] = []
        for await event in stream {
            _ = view.apply(kind, event)
            events.append(event)
            if events.count == count { break }
        }
        task.cancel()
        await task.value
        await client.shutDown()
        return (view, events)
    }

    private static func name(_ name: String) -> NamespacedName {
        NamespacedName(namespace: "default", name: name)
    }

    @Test func oddReleasesAreTheirOwnTrouble() async throws {
        let nobody: Document = ["spec": [:]]
        let (view, events) = try await view(
            .modelRelease,
            list: [Self.text, nobody, Self.large(5), Self.foreign, Self.future, Self.good],
            watch: [
                ("MODIFIED", Self.large(6)), ("MODIFIED", Self.text),
                ("ADDED", Self.named("new", 9)),
            ], 4)
        let releases = view.releases
        #expect(
            releases.names == ["foreign", "future", "good", "large", "new", "text"].map(Self.name))
        let known = try #require(releases[Self.name("good")]?.value.decoded.value)
        for name in ["new", "large", "foreign"] {
            let release = releases[Self.name(name)]?.value.decoded
            #expect(release?.value?.spec == known.spec, "\(name): \(release?.errors ?? [])")
        }
        #expect(releases[Self.name("large")]?.version == ResourceVersion("6"))
        for (name, place) in [("text", "spec"), ("future", "spec.mirror")] {
            let refused = try #require(releases[Self.name(name)]?.value.decoded)
            #expect(refused.value == nil)
            #expect(
                refused.errors.contains { "\($0)".hasPrefix("\(place): ") }, "\(refused.errors)")
        }
        // Nobody keeps who wrote which field.
        for event in events {
            let objects: [Document] =
                switch event {
                case .replaced(let objects, _): objects
                case .changed(let object), .deleted(let object): [object]
                case .bookmark, .interrupted, .refused: []
                }
            #expect(objects.allSatisfy { $0.at("metadata", "managedFields") == nil })
        }
    }

    @Test func oddPodsAreTheirOwnTrouble() async throws {
        func pod(_ name: String, _ spec: Document, _ status: Document) -> Document {
            [
                "metadata": [
                    "name": .string(name), "namespace": "default", "uid": .string("u-\(name)"),
                    "resourceVersion": "5", "labels": ["slipway.dev/release": "fraud"],
                ],
                "spec": spec, "status": status,
            ]
        }
        let ready: Document = [
            "phase": "Running", "conditions": [["type": "Ready", "status": "True"]],
        ]
        let (view, _) = try await view(
            .pod,
            list: [
                pod("a-text", "nonsense", "nonsense"), pod("b-null", .null, .null),
                pod(
                    "c-wrong", ["nodeName": 7, "containers": "x"],
                    ["phase": "Sideways", "conditions": [7], "containerStatuses": ["a": "b"]]),
                pod("d-good", ["nodeName": "n1", "containers": []], ready),
                ["metadata": "nonsense"],
            ], watch: [("ADDED", pod("e-good", ["nodeName": "n2"], ready))], 2)
        let pods = view.pods(of: Self.name("fraud"))
        #expect(pods.filter { $0.view.ready }.map { $0.view.node } == ["n1", "n2"])
        #expect(pods.filter { !$0.view.ready }.allSatisfy { $0.view.node.isEmpty })
    }
}
