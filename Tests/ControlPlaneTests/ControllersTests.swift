import Documents
import Domain
import Testing

@testable import ControlPlane

/// A store with its controllers and a node that runs every pod as told.
struct Cluster {
    var store = Store()
    var controllers = Controllers()
    var now = Timestamp(milliseconds: 1_000_000_000_000)
    /// Images whose pods never become ready.
    var broken: Set<String> = []
    private var addresses = 0

    var context: WriteContext { WriteContext(now: now, manager: "test") }

    mutating func create(_ kind: ResourceKind, _ name: String, _ object: Document) throws {
        var named = object
        named.set(["metadata", "name"], to: .string(name))
        try store.create(kind, namespace: "default", named, context)
    }

    func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind, namespace: kind == .namespace ? "" : "default", name: name)
    }

    func get(_ kind: ResourceKind, _ name: String) -> Document? { store.object(key(kind, name)) }

    mutating func change(
        _ kind: ResourceKind, _ name: String, _ path: [String], _ value: Document?
    ) throws {
        try store.update(key(kind, name), context) { object in
            var new = object
            new.set(path, to: value)
            return new
        }
    }

    mutating func settle() { controllers.settle(&store, now: now) }

    var pods: [Document] { store.objects(.pod, namespace: "default") }
    var readyPods: [Document] { pods.filter { $0.isReadyPod && !$0.isTerminating } }

    /// The node starts what is pending and ends what terminates: one step.
    mutating func runNode() throws {
        for pod in pods {
            let key = ResourceKey(.pod, namespace: "default", name: pod.objectName)
            if pod.isTerminating {
                try store.delete(key, options: .init(gracePeriodSeconds: 0), context)
                continue
            }
            let image = pod.at("spec", "containers")?[0]?["image"]?.stringValue ?? ""
            guard !pod.isReadyPod, !broken.contains(image) else { continue }
            addresses += 1
            try setReady(
                pod.objectName, true, address: "10.1.\(addresses / 250).\(addresses % 250)")
        }
    }

    mutating func setReady(_ name: String, _ isReady: Bool, address: String? = nil) throws {
        let time = Document.string(now.description)
        var bound = context
        bound.part = .system
        try store.update(key(.pod, name), bound) { object in
            var new = object
            new.set(["spec", "nodeName"], to: "node")
            new.set(["status", "phase"], to: "Running")
            if let address { new.set(["status", "podIP"], to: .string(address)) }
            new.set(
                ["status", "conditions"],
                to: [
                    [
                        "type": "Ready", "status": isReady ? "True" : "False",
                        "lastTransitionTime": time,
                    ]
                ])
            return new
        }
    }

    static func deployment(_ image: String, replicas: Int, strategy: Document? = nil) -> Document {
        var object: Document = [
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": "web"]],
                "template": [
                    "metadata": ["labels": ["app": "web"]],
                    "spec": ["containers": [["name": "server", "image": .string(image)]]],
                ],
            ]
        ]
        object.set(["spec", "strategy"], to: strategy)
        return object
    }

    mutating func setImage(_ image: String) throws {
        try change(
            .deployment, "web", ["spec", "template", "spec", "containers"],
            [["name": "server", "image": .string(image)]])
    }

    func condition(_ type: String) -> String? {
        let all = get(.deployment, "web")?.at("status", "conditions")?.arrayValue ?? []
        return all.first { $0["type"]?.stringValue == type }?["reason"]?.stringValue
    }
}

@Suite struct DeploymentControllerTests {
    @Test func makesASetAndPodsThatFitTogether() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 2))
        cluster.settle()
        let set = try #require(cluster.store.objects(.replicaSet).first)
        let hash = try #require(set.objectLabels["pod-template-hash"]?.stringValue)
        #expect(set.objectName == "web-\(hash)")
        #expect(
            set.at("spec", "selector", "matchLabels") == [
                "app": "web", "pod-template-hash": .string(hash),
            ])
        #expect(cluster.pods.count == 2)
        let pod = try #require(cluster.pods.first)
        #expect(pod.objectName.hasPrefix("web-\(hash)-"))
        #expect(pod.controllerReference?["uid"]?.stringValue == set.objectUID)
        let deployment = try #require(cluster.get(.deployment, "web"))
        #expect(deployment.objectGeneration == 1)
        #expect(deployment.objectAnnotations[DeploymentController.revision] == "1")
        #expect(deployment.at("status", "unavailableReplicas") == 2)
        #expect(cluster.condition("Progressing") == "ReplicaSetUpdated")
        #expect(cluster.condition("Available") == "MinimumReplicasUnavailable")
        let version = cluster.store.version
        cluster.settle()
        #expect(cluster.store.version == version)
    }

    @Test func rollsWithoutLosingAvailability() throws {
        var cluster = Cluster()
        try cluster.create(
            .deployment, "web",
            Cluster.deployment(
                "a:1", replicas: 4,
                strategy: [
                    "type": "RollingUpdate",
                    "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0],
                ]))
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        #expect(cluster.condition("Progressing") == "NewReplicaSetAvailable")
        try cluster.setImage("a:2")
        var rounds = 0
        while cluster.condition("Progressing") != "NewReplicaSetAvailable" || rounds == 0 {
            cluster.settle()
            #expect(cluster.readyPods.count >= 4)
            #expect(cluster.pods.filter { !$0.isTerminating }.count <= 5)
            try cluster.runNode()
            rounds += 1
            try #require(rounds < 50)
        }
        try cluster.runNode()
        cluster.settle()
        let images = cluster.pods.compactMap { $0.at("spec", "containers")?[0]?["image"] }
        #expect(images == ["a:2", "a:2", "a:2", "a:2"])
        let status = try #require(cluster.get(.deployment, "web")?["status"])
        #expect(status["updatedReplicas"] == 4)
        #expect(status["observedGeneration"] == 2)
        #expect(status["unavailableReplicas"] == nil)
        #expect(cluster.store.count(of: .replicaSet) == 2)
    }

    @Test func comesBackToAnOldSet() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 0))
        cluster.settle()
        try cluster.setImage("a:2")
        cluster.settle()
        try cluster.setImage("a:1")
        cluster.settle()
        let sets = cluster.store.objects(.replicaSet)
        #expect(sets.count == 2)
        #expect(sets.map(\.revision).sorted() == [2, 3])
        let newest = sets.first { $0.revision == 3 }
        #expect(newest?.objectAnnotations[DeploymentController.revisionHistory] == "1")
        try cluster.change(.deployment, "web", ["spec", "revisionHistoryLimit"], 0)
        cluster.settle()
        #expect(cluster.store.count(of: .replicaSet) == 1)
    }

    @Test func aPausedOneScalesButDoesNotRoll() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 1))
        cluster.settle()
        try cluster.change(.deployment, "web", ["spec", "paused"], true)
        try cluster.setImage("a:2")
        try cluster.change(.deployment, "web", ["spec", "replicas"], 3)
        cluster.settle()
        #expect(cluster.store.count(of: .replicaSet) == 1)
        #expect(cluster.pods.count == 3)
        #expect(cluster.condition("Progressing") == "DeploymentPaused")
        try cluster.change(.deployment, "web", ["spec", "paused"], nil)
        cluster.settle()
        #expect(cluster.store.count(of: .replicaSet) == 2)
    }

    @Test func sharesAScaleAmongTheSetsOfARollout() throws {
        var cluster = Cluster()
        cluster.broken = ["a:2"]
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 4))
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        try cluster.setImage("a:2")
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        // 25% of 4 up, 25% down: 3 old, 2 new.
        #expect(cluster.store.objects(.replicaSet).map(\.specReplicas).sorted() == [2, 3])
        try cluster.change(.deployment, "web", ["spec", "replicas"], 8)
        cluster.settle()
        #expect(cluster.store.objects(.replicaSet).map(\.specReplicas).sorted() == [4, 6])
    }

    @Test func isLateAfterItsDeadline() throws {
        var cluster = Cluster()
        cluster.broken = ["a:1"]
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 1))
        try cluster.change(.deployment, "web", ["spec", "progressDeadlineSeconds"], 60)
        cluster.settle()
        let due = try #require(cluster.controllers.nextDeadline)
        #expect(due - cluster.now == .milliseconds(60_001))
        cluster.now = cluster.now + .seconds(60)
        cluster.settle()
        #expect(cluster.condition("Progressing") == "ReplicaSetUpdated")
        cluster.now = due
        cluster.settle()
        #expect(cluster.condition("Progressing") == "ProgressDeadlineExceeded")
        #expect(cluster.controllers.nextDeadline == nil)
    }

    @Test func recreateWaitsUntilTheOldPodsAreGone() throws {
        var cluster = Cluster()
        try cluster.create(
            .deployment, "web",
            Cluster.deployment("a:1", replicas: 2, strategy: ["type": "Recreate"]))
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        try cluster.setImage("a:2")
        cluster.settle()
        #expect(cluster.pods.allSatisfy { $0.isTerminating })
        #expect(cluster.store.count(of: .replicaSet) == 1)
        try cluster.runNode()
        cluster.settle()
        #expect(cluster.store.count(of: .replicaSet) == 2)
        #expect(cluster.pods.count == 2)
    }

    @Test func anotherTemplateHasAnotherHash() {
        let one = DeploymentController.hash(["spec": ["a": 1]], 0)
        #expect(one == DeploymentController.hash(["spec": ["a": 1]], 0))
        #expect(one != DeploymentController.hash(["spec": ["a": 2]], 0))
        #expect(one != DeploymentController.hash(["spec": ["a": 1]], 1))
    }
}

@Suite struct ReplicaSetControllerTests {
    @Test func podsOfAnUnknownServiceAccountAreRefusedUntilItIsThere() throws {
        var cluster = Cluster()
        var deployment = Cluster.deployment("a:1", replicas: 2)
        deployment.set(["spec", "template", "spec", "serviceAccountName"], to: "robot")
        try cluster.create(.deployment, "web", deployment)
        cluster.settle()
        #expect(cluster.pods.isEmpty)
        #expect(cluster.condition("ReplicaFailure") == "FailedCreate")
        let set = try #require(cluster.store.objects(.replicaSet).first)
        let conditions = cluster.get(.deployment, "web")?.at("status", "conditions")?.arrayValue
        let message = conditions?.first { $0["type"] == "ReplicaFailure" }?["message"]?.stringValue
        #expect(
            message == "pods \"\(set.objectName)-\" is forbidden: error looking up service account "
                + "default/robot: serviceaccount \"robot\" not found")
        let version = cluster.store.version
        cluster.now = cluster.now + .seconds(6)
        cluster.settle()
        #expect(cluster.store.version == version)
        try cluster.create(.serviceAccount, "robot", [:])
        cluster.now = cluster.now + .seconds(6)
        cluster.settle()
        #expect(cluster.pods.count == 2)
        #expect(cluster.condition("ReplicaFailure") == nil)
    }

    @Test func takesThePodThatDoesLeastFirst() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 3))
        cluster.settle()
        let names = cluster.pods.map(\.objectName)
        try cluster.setReady(names[0], true, address: "10.0.0.1")
        try cluster.setReady(names[2], true, address: "10.0.0.2")
        cluster.settle()
        try cluster.change(.deployment, "web", ["spec", "replicas"], 2)
        cluster.settle()
        #expect(cluster.pods.map(\.objectName) == [names[0], names[2]])
    }

    @Test func replacesPodsThatGo() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 2))
        cluster.settle()
        try cluster.runNode()
        let name = cluster.pods[0].objectName
        try cluster.store.delete(cluster.key(.pod, name), cluster.context)
        cluster.settle()
        #expect(cluster.pods.count == 3)
        #expect(cluster.store.objects(.replicaSet).first?.at("status", "terminatingReplicas") == 1)
    }

    @Test func availabilityTakesItsMinimumTime() throws {
        var cluster = Cluster()
        var deployment = Cluster.deployment("a:1", replicas: 1)
        deployment.set(["spec", "minReadySeconds"], to: 10)
        try cluster.create(.deployment, "web", deployment)
        cluster.settle()
        try cluster.runNode()
        cluster.settle()
        #expect(cluster.get(.deployment, "web")?.at("status", "readyReplicas") == 1)
        #expect(cluster.get(.deployment, "web")?.at("status", "availableReplicas") == nil)
        cluster.now = cluster.now + .seconds(10)
        cluster.settle()
        #expect(cluster.get(.deployment, "web")?.at("status", "availableReplicas") == 1)
    }

    @Test func adoptsPodsThatFitAndLetsGoOfOthers() throws {
        var cluster = Cluster()
        try cluster.create(.deployment, "web", Cluster.deployment("a:1", replicas: 1))
        cluster.settle()
        let name = cluster.pods[0].objectName
        try cluster.change(.pod, name, ["metadata", "labels", "pod-template-hash"], "other")
        cluster.settle()
        #expect(cluster.pods.count == 2)
        #expect(cluster.get(.pod, name)?.controllerReference == nil)
        let set = try #require(cluster.store.objects(.replicaSet).first)
        let hash = set.objectLabels["pod-template-hash"]
        try cluster.change(.pod, name, ["metadata", "labels", "pod-template-hash"], hash)
        cluster.settle()
        #expect(cluster.pods.count == 1)
    }
}
