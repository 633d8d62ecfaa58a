import Documents
import Domain
import Testing

@testable import ControlPlane

/// What the autoscaler's controller does with a Deployment, held to the documentation of
/// HorizontalPodAutoscaler.
struct AutoscalerTests {
    /// A Deployment with ready pods and an autoscaler over it.
    private struct Scaled {
        var cluster = Cluster()
        var autoscalers = AutoscalerController()

        init(replicas: Int, least: Int = 1, most: Int = 10, behavior: Document? = nil) throws {
            try cluster.create(
                .deployment, "web",
                [
                    "spec": [
                        "replicas": .integer(replicas),
                        "selector": ["matchLabels": ["app": "web"]],
                        "template": [
                            "metadata": ["labels": ["app": "web"]],
                            "spec": ["containers": [["name": "web", "image": "web:1"]]],
                        ],
                    ]
                ])
            var spec: Document = [
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"],
                "minReplicas": .integer(least), "maxReplicas": .integer(most),
            ]
            spec["behavior"] = behavior
            try cluster.create(.horizontalPodAutoscaler, "web", ["spec": spec])
            try run()
        }

        /// Pods come up.
        mutating func run() throws {
            for _ in 0..<4 {
                cluster.settle()
                try cluster.runNode()
            }
            cluster.settle()
        }

        /// The next look, at this share of the request used by every ready pod.
        mutating func look(_ percent: Int?) throws {
            autoscalers.run(&cluster.store, now: cluster.now, usage: nil)
            cluster.now = autoscalers.nextLook ?? cluster.now
            autoscalers.run(
                &cluster.store, now: cluster.now,
                usage: percent.map { percent in { _, _ in percent } })
        }

        var replicas: Int? {
            cluster.get(.deployment, "web")?.at("spec", "replicas")?.intValue
        }

        func reason(_ type: String) -> String? {
            cluster.get(.horizontalPodAutoscaler, "web")?.at("status", "conditions")?.arrayValue?
                .first { $0["type"]?.stringValue == type }?["reason"]?.stringValue
        }
    }

    @Test func replicasGrowWithTheShareOfTheTargetThatIsUsedRoundedUp() throws {
        var scaled = try Scaled(replicas: 2)
        try scaled.look(121)
        #expect(scaled.replicas == 4)
        #expect(scaled.reason("ScalingActive") == "ValidMetricFound")
        #expect(scaled.reason("AbleToScale") == "SucceededRescale")
    }

    @Test(arguments: [72, 80, 88]) func withinATenthOfTheTargetNothingChanges(_ used: Int) throws {
        var scaled = try Scaled(replicas: 3)
        try scaled.look(used)
        #expect(scaled.replicas == 3)
    }

    @Test func theFirstLookComesFifteenSecondsAfterTheMaking() throws {
        var scaled = try Scaled(replicas: 2)
        let made = scaled.cluster.now
        try scaled.look(200)
        #expect(scaled.cluster.now - made == .seconds(15))
    }

    @Test func scalingDownWaitsForTheWindowOfTheHighestRecommendation() throws {
        var scaled = try Scaled(replicas: 4)
        let made = scaled.cluster.now
        while scaled.replicas == 4, scaled.cluster.now - made < .minutes(10) {
            try scaled.look(20)
        }
        #expect(scaled.replicas == 1)
        #expect((TimeSpan.minutes(5)...TimeSpan.seconds(330)).contains(scaled.cluster.now - made))
    }

    @Test func aWindowOfItsOwnIsKept() throws {
        var scaled = try Scaled(
            replicas: 4, behavior: ["scaleDown": ["stabilizationWindowSeconds": 0]])
        try scaled.look(20)
        #expect(scaled.replicas == 1)
    }

    @Test func whatIsOutsideTheBoundsIsBroughtInsideWithoutAnyMetric() throws {
        var scaled = try Scaled(replicas: 1, least: 3)
        try scaled.look(nil)
        #expect(scaled.replicas == 3)
        scaled = try Scaled(replicas: 9, most: 5)
        try scaled.look(nil)
        #expect(scaled.replicas == 5)
    }

    @Test func withoutMetricsTheReplicasStayAndTheConditionSaysSo() throws {
        var scaled = try Scaled(replicas: 3)
        try scaled.look(nil)
        #expect(scaled.replicas == 3)
        #expect(scaled.reason("ScalingActive") == "FailedGetResourceMetric")
    }

    @Test func aTargetAtZeroIsLeftAlone() throws {
        var scaled = try Scaled(replicas: 0, least: 2)
        try scaled.look(200)
        #expect(scaled.replicas == 0)
        #expect(scaled.reason("ScalingActive") == "ScalingDisabled")
    }

    @Test func atMostTwiceAsManyComeAtOnceAndNeverMoreThanAreAllowed() throws {
        var scaled = try Scaled(replicas: 3, most: 7)
        try scaled.look(900)
        #expect(scaled.replicas == 6)
        #expect(scaled.reason("ScalingLimited") == "ScaleUpLimit")
        try scaled.run()
        try scaled.look(900)
        #expect(scaled.replicas == 7)
        #expect(scaled.reason("ScalingLimited") == "TooManyReplicas")
    }

    @Test func podsThatStartAreWaitedFor() throws {
        var scaled = try Scaled(replicas: 2)
        try scaled.look(160)
        #expect(scaled.replicas == 4)
        // The new pods are there, and not ready.
        scaled.cluster.settle()
        try scaled.look(160)
        #expect(scaled.replicas == 4)
    }

    @Test func aTargetThatIsNotThereIsSaid() throws {
        var scaled = try Scaled(replicas: 2)
        try scaled.cluster.store.delete(
            scaled.cluster.key(.deployment, "web"), options: .init(), scaled.cluster.context)
        try scaled.look(100)
        #expect(scaled.reason("AbleToScale") == "FailedGetScale")
    }

    @Test func replicasAreWrittenThroughTheScaleSubresource() throws {
        var scaled = try Scaled(replicas: 2)
        try scaled.look(200)
        let owners = ManagedFields(of: scaled.cluster.get(.deployment, "web"))
        let owner = owners.entries.first { $0.identity.subresource == "scale" }
        #expect(owner?.identity.manager == "kube-controller-manager")
        #expect(owner?.fields.document == ["f:spec": ["f:replicas": [:]]])
    }
}
