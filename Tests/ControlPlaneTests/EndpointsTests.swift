import Documents
import Domain
import Testing

@testable import ControlPlane

@Suite struct EndpointsControllerTests {
    private func service(_ target: Document = 8080) -> Document {
        [
            "spec": [
                "selector": ["app": "web"],
                "ports": [["name": "http", "protocol": "TCP", "port": 80, "targetPort": target]],
            ]
        ]
    }

    private func slices(_ cluster: Cluster) -> [Document] { cluster.store.objects(.endpointSlice) }

    @Test func tellsReadyServingAndTerminating() throws {
        var cluster = Cluster()
        try cluster.create(.service, "web", service())
        cluster.settle()
        #expect(slices(cluster).count == 1)
        #expect(slices(cluster).first?["endpoints"] == .null)
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 1))
        cluster.settle()
        #expect(slices(cluster).first?["endpoints"] == .null)
        let name = cluster.pods[0].objectName
        func conditions() -> Document? { slices(cluster).first?["endpoints"]?[0]?["conditions"] }
        try cluster.setReady(name, false, address: "10.1.0.1")
        cluster.settle()
        #expect(conditions() == ["ready": false, "serving": false, "terminating": false])
        try cluster.setReady(name, true)
        cluster.settle()
        #expect(conditions() == ["ready": true, "serving": true, "terminating": false])
        #expect(
            slices(cluster).first?["ports"] == [
                ["name": "http", "protocol": "TCP", "port": 8080]
            ])
        let subset = cluster.get(.endpoints, "web")?["subsets"]?[0]
        #expect(subset?["addresses"]?[0]?["ip"] == "10.1.0.1")
        try cluster.store.delete(cluster.key(.pod, name), cluster.context)
        cluster.settle()
        #expect(conditions() == ["ready": false, "serving": true, "terminating": true])
        #expect(cluster.get(.endpoints, "web")?["subsets"] == nil)
        try cluster.store.delete(cluster.key(.service, "web"), cluster.context)
        cluster.settle()
        #expect(slices(cluster).isEmpty)
        #expect(cluster.get(.endpoints, "web") == nil)
    }

    /// The history that a controller reads may be gone before it was read: before a deletion, when
    /// nothing else is missing, and with the deletion in it.
    @Test(arguments: [false, true])
    func aSliceGoesWithItsServiceWhateverWasCompacted(_ isDeletionForgotten: Bool) throws {
        var cluster = Cluster()
        try cluster.create(.service, "web", service())
        cluster.settle()
        try cluster.create(.configMap, "other", [:])
        cluster.settle()
        cluster.store.compact(upTo: cluster.store.version)
        try cluster.store.delete(cluster.key(.service, "web"), cluster.context)
        if isDeletionForgotten { cluster.store.compact(upTo: cluster.store.version) }
        cluster.settle()
        #expect(slices(cluster).isEmpty)
    }

    @Test func findsNamedPortsInThePod() throws {
        var cluster = Cluster()
        try cluster.create(.service, "web", service("api"))
        for (name, port) in [("a", 9000), ("b", 9001), ("c", 9000)] {
            let ports: Document = [
                ["name": "api", "containerPort": .integer(port), "protocol": "TCP"]
            ]
            let containers: Document = [["name": "server", "image": "a:1", "ports": ports]]
            try cluster.create(
                .pod, name,
                ["metadata": ["labels": ["app": "web"]], "spec": ["containers": containers]])
        }
        try cluster.runNode()
        cluster.settle()
        let numbers = slices(cluster).compactMap { $0["ports"]?[0]?["port"]?.intValue }
        #expect(numbers.sorted() == [9000, 9001])
        #expect(slices(cluster).map { $0["endpoints"]?.arrayValue?.count ?? 0 }.sorted() == [1, 2])
    }

    @Test func fillsSlicesUpToTheirLimit() throws {
        var cluster = Cluster()
        try cluster.create(.service, "web", service())
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 230))
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        #expect(
            slices(cluster).map { $0["endpoints"]?.arrayValue?.count ?? 0 }.sorted()
                == [30, 100, 100])
        let version = cluster.store.version
        cluster.settle()
        #expect(cluster.store.version == version)
        try cluster.change(.deployment, "web", ["spec", "replicas"], 1)
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        #expect(slices(cluster).count == 1)
    }
}

@Suite struct GarbageCollectorTests {
    private func child(_ owner: Document, blocks: Bool = false) -> Document {
        [
            "metadata": [
                "ownerReferences": [
                    [
                        "apiVersion": "v1", "kind": "ConfigMap",
                        "name": .string(owner.objectName), "uid": .string(owner.objectUID),
                        "blockOwnerDeletion": .bool(blocks),
                    ]
                ]
            ]
        ]
    }

    private func cluster(blocks: Bool = false) throws -> Cluster {
        var cluster = Cluster()
        try cluster.create(.configMap, "owner", [:])
        let owner = try #require(cluster.get(.configMap, "owner"))
        var child = child(owner, blocks: blocks)
        if blocks { child.set(["metadata", "finalizers"], to: ["example.com/hold"]) }
        try cluster.create(.configMap, "child", child)
        cluster.settle()
        #expect(cluster.get(.configMap, "child") != nil)
        return cluster
    }

    @Test func takesDependentsAfterTheirOwner() throws {
        var cluster = try cluster()
        try cluster.store.delete(
            cluster.key(.configMap, "owner"), options: .init(propagation: .background),
            cluster.context)
        #expect(cluster.get(.configMap, "child") != nil)
        cluster.settle()
        #expect(cluster.get(.configMap, "child") == nil)
    }

    @Test func anOwnerWithAnotherUIDIsNone() throws {
        var cluster = try cluster()
        var owner = try #require(cluster.get(.configMap, "owner"))
        owner.set(["metadata", "uid"], to: "another")
        try cluster.create(.configMap, "dangling", child(owner))
        cluster.settle()
        #expect(cluster.get(.configMap, "dangling") == nil)
    }

    @Test func foregroundWaitsForWhatBlocks() throws {
        var cluster = try cluster(blocks: true)
        try cluster.store.delete(
            cluster.key(.configMap, "owner"), options: .init(propagation: .foreground),
            cluster.context)
        cluster.settle()
        #expect(cluster.get(.configMap, "owner")?.isTerminating == true)
        #expect(cluster.get(.configMap, "child")?.isTerminating == true)
        try cluster.change(.configMap, "child", ["metadata", "finalizers"], nil)
        cluster.settle()
        #expect(cluster.get(.configMap, "owner") == nil)
        #expect(cluster.get(.configMap, "child") == nil)
    }

    @Test func orphansLoseTheReferenceAndStay() throws {
        var cluster = try cluster()
        try cluster.store.delete(
            cluster.key(.configMap, "owner"), options: .init(propagation: .orphan),
            cluster.context)
        cluster.settle()
        #expect(cluster.get(.configMap, "owner") == nil)
        let child = try #require(cluster.get(.configMap, "child"))
        #expect(child.ownerUIDs.isEmpty)
    }

    @Test func deletingADeploymentTakesEverything() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 2))
        cluster.settle()
        try cluster.store.delete(cluster.key(.deployment, "web"), cluster.context)
        cluster.settle()
        #expect(cluster.store.count(of: .replicaSet) == 0)
        #expect(cluster.pods.isEmpty)
    }
}

@Suite struct NamespaceAndBudgetTests {
    @Test func aDeletedNamespaceGoesWhenItIsEmpty() throws {
        var cluster = Cluster()
        try cluster.store.create(
            .namespace, namespace: "", ["metadata": ["name": "gone"]], cluster.context)
        let held: Document = ["metadata": ["name": "a", "finalizers": ["example.com/hold"]]]
        try cluster.store.create(.configMap, namespace: "gone", held, cluster.context)
        cluster.settle()
        let key = ResourceKey(.namespace, namespace: "", name: "gone")
        try cluster.store.delete(key, cluster.context)
        cluster.settle()
        #expect(cluster.store.object(key) != nil)
        let child = ResourceKey(.configMap, namespace: "gone", name: "a")
        try cluster.store.update(child, cluster.context) { object in
            var new = object
            new.set(["metadata", "finalizers"], to: nil)
            return new
        }
        cluster.settle()
        #expect(cluster.store.object(key) == nil)
    }

    @Test(arguments: [
        ("minAvailable", 2 as Document, 1), ("minAvailable", "50%", 1),
        ("maxUnavailable", 1, 1), ("maxUnavailable", "67%", 3), ("minAvailable", 3, 0),
    ])
    func countsWhatMayGo(field: String, value: Document, allowed: Int) throws {
        var cluster = Cluster()
        let kind = ResourceKind.podDisruptionBudget
        try cluster.create(
            kind, "web",
            ["spec": [field: value, "selector": ["matchLabels": ["app": "web"]]]])
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 3))
        cluster.settle()
        #expect(cluster.get(kind, "web")?.at("status", "disruptionsAllowed") == 0)
        try cluster.runNode()
        cluster.settle()
        #expect(cluster.get(kind, "web")?.at("status", "disruptionsAllowed")?.intValue == allowed)
        #expect(cluster.get(kind, "web")?.at("status", "expectedPods") == 3)
    }
}

@Suite struct EvictionTests {
    @Test func asksTheBudget() throws {
        var cluster = Cluster()
        let kind = ResourceKind.podDisruptionBudget
        try cluster.create(
            kind, "web", ["spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "web"]]]])
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 2))
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        let names = cluster.pods.map(\.objectName)
        func evict(_ name: String) throws {
            try Eviction.evict(
                cluster.key(.pod, name), options: .init(), &cluster.store, cluster.context)
        }
        try evict(names[0])
        #expect(cluster.get(.pod, names[0])?.isTerminating == true)
        #expect(cluster.get(kind, "web")?.at("status", "disruptionsAllowed") == 0)
        #expect(throws: APIStatus.self) { try evict(names[1]) }
        #expect(cluster.get(.pod, names[1])?.isTerminating == false)
        // Until a new pod is ready.
        cluster.settle()
        #expect(throws: APIStatus.self) { try evict(names[1]) }
        try cluster.runNode()
        cluster.settle()
        #expect(cluster.get(kind, "web")?.at("status", "disruptedPods") == nil)
        try evict(names[1])
    }
}

@Suite struct SelectorIndexTests {
    @Test func looksOnlyAtFewWhereManyShareALabel() {
        var index = SelectorIndex()
        for number in 0..<100 {
            let key = ResourceKey(.service, namespace: "a", name: "s\(number)")
            index.note(key, ["app": .string("\(number)"), "managed-by": "slipway"])
        }
        let labels: Document = ["app": "7", "managed-by": "slipway", "other": "x"]
        let found = index.candidates("a", labels.objectValue ?? .init())
        #expect(found.map(\.name).contains("s7"))
        #expect(found.count <= 2)
        let key = ResourceKey(.service, namespace: "a", name: "s7")
        index.note(key, nil)
        let rest = index.candidates("a", labels.objectValue ?? .init())
        #expect(!rest.contains(key))
    }
}
