import ControlPlane
import Domain
import Testing

/// What the control plane does about a node that it does not hear of.
struct NodeLifecycleTests {
    private let start = Timestamp(milliseconds: 1_767_225_600_000)
    private let node = ResourceKey(.node, namespace: "", name: "n1")
    private var store: Store
    private var lifecycle = NodeLifecycle()

    init() throws {
        store = Store(seed: 1, now: start)
        let context = WriteContext(now: start, manager: "kubelet")
        try store.create(.node, namespace: "", ["metadata": ["name": "n1"]], context)
        try Self.tell(&store, node, ["type": "Ready", "status": "True"], start)
    }

    private static func tell(
        _ store: inout Store, _ key: ResourceKey, _ conditions: Document..., now: Timestamp
    ) throws {
        try store.update(key, WriteContext(now: now, manager: "kubelet", part: .status)) {
            object in
            var changed = object
            changed.set(["status", "conditions"], to: .array(conditions))
            return changed
        }
    }

    private static func tell(
        _ store: inout Store, _ key: ResourceKey, _ condition: Document, _ now: Timestamp
    ) throws { try tell(&store, key, condition, now: now) }

    private mutating func add(
        _ name: String, _ tolerations: Document, ready: Bool = true
    ) throws -> ResourceKey {
        let key = ResourceKey(.pod, namespace: "default", name: name)
        try store.create(
            .pod, namespace: "default",
            [
                "metadata": ["name": .string(name)],
                "spec": [
                    "nodeName": "n1", "containers": [["name": "c", "image": "i"]],
                    "tolerations": tolerations,
                ],
            ], WriteContext(now: start, manager: "test"))
        try Self.tell(
            &store, key, ["type": "Ready", "status": ready ? "True" : "False"],
            ["type": "ContainersReady", "status": ready ? "True" : "False"], now: start)
        return key
    }

    private mutating func wait(_ seconds: Int64, isSilent: Bool = true) {
        lifecycle.work(
            &store, silent: isSilent ? ["n1": start] : [:], pace: .init(),
            now: start + .seconds(seconds))
    }

    private func condition(_ type: String, _ key: ResourceKey) -> String? {
        store.object(key)?.at("status", "conditions")?.arrayValue?
            .first { $0["type"]?.stringValue == type }?["status"]?.stringValue
    }

    private var taints: Int { store.object(node)?.at("spec", "taints")?.arrayValue?.count ?? 0 }

    @Test mutating func afterAGraceItIsUnknownAndThenItsPodsAreNotReady() throws {
        let pod = try add("a", [])
        wait(49)
        #expect(condition("Ready", node) == "True")
        #expect(lifecycle.due == start + .seconds(50))
        let before = store.version
        wait(50)
        #expect(condition("Ready", node) == "Unknown")
        #expect(taints == 2)
        #expect(condition("Ready", pod) == "False")
        // Nobody knows anything of the containers.
        #expect(condition("ContainersReady", pod) == "True")
        let order = try store.events(.node, after: before).map(\.version)
        let pods = try store.events(.pod, after: before).map(\.version)
        #expect(try #require(order.first) < #require(pods.first))
    }

    @Test mutating func podsAreTakenAwayWhenTheyTolerateItNoLonger() throws {
        let usual = try add("a", [])
        let short = try add(
            "b",
            [
                [
                    "key": "node.kubernetes.io/unreachable", "operator": "Exists",
                    "effect": "NoExecute", "tolerationSeconds": 30,
                ]
            ])
        let forEver = try add("c", [["operator": "Exists"]])
        wait(50)
        #expect(lifecycle.due == start + .seconds(80))
        wait(80)
        #expect(condition("DisruptionTarget", short) == "True")
        #expect(store.object(short)?.at("metadata", "deletionTimestamp") != nil)
        #expect(condition("DisruptionTarget", usual) == nil)
        // The server's own default: five minutes.
        wait(349)
        #expect(store.object(usual)?.at("metadata", "deletionTimestamp") == nil)
        wait(350)
        #expect(store.object(usual)?.at("metadata", "deletionTimestamp") != nil)
        wait(100_000)
        #expect(store.object(forEver)?.at("metadata", "deletionTimestamp") == nil)
        #expect(lifecycle.due == nil)
    }

    @Test mutating func theTaintsGoWhenTheNodeSaysThatItIsReady() throws {
        let pod = try add("a", [])
        wait(50)
        wait(60, isSilent: false)
        // It is heard of, and has not said so yet.
        #expect(taints == 2)
        try Self.tell(&store, node, ["type": "Ready", "status": "True"], start + .seconds(61))
        wait(61, isSilent: false)
        #expect(taints == 0)
        // Its pods are its own matter.
        #expect(condition("Ready", pod) == "False")
    }
}
