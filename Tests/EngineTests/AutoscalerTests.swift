import API
import ControlPlane
import Domain
import Observed
import Resources
import Rollouts
import Testing

@testable import Engine

/// Who decides about the number of a version's pods, from what is known of autoscalers.
struct AutoscalerTests {
    private let digest = Digest(of: "new")
    private var name: String { Names.versioned("fraud", digest) }
    private var id: NamespacedName { .init(namespace: "default", name: name) }

    private func autoscaler(
        least: Int = 2, most: Int = 6, target: String? = nil, version: String = "20"
    ) -> Document {
        [
            "metadata": [
                "name": "load", "namespace": "default", "uid": "h1",
                "resourceVersion": .string(version),
            ],
            "spec": [
                "scaleTargetRef": [
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "name": .string(target ?? name),
                ],
                "minReplicas": .integer(least), "maxReplicas": .integer(most),
            ],
        ]
    }

    private func deployment(_ replicas: Int) throws -> DeploymentView {
        try #require(
            DeploymentView([
                "metadata": ["name": .string(name), "namespace": "default", "uid": "d1"],
                "spec": ["replicas": .integer(replicas)],
            ]))
    }

    /// A release that declares two pods a version.
    private func release(inARollout: Bool = false) throws -> ModelRelease {
        var status = ReleaseStatus()
        if inARollout {
            status.attempt = Attempt(
                intent: 2, target: [.init(digest: digest, version: "1", weight: 100)],
                new: [digest], step: 0,
                startedAt: Timestamp(milliseconds: 0), commit: "b", author: "")
        }
        return try #require(
            ModelRelease.decode([
                "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
                "kind": "ModelRelease",
                "metadata": ["name": "fraud", "namespace": "default", "uid": "r1"],
                "spec": [
                    "runtime": "mlserver",
                    "versions": [["name": "1", "uri": "s3://models/1", "weight": 100]],
                    "serving": ["replicas": 2],
                    "traffic": ["gateway": ["parentRefs": [["name": "web"]]]],
                    "strategy": [
                        "canary": ["steps": [["weight": 10, "for": "1m"]], "bake": "1m"]
                    ],
                ],
                "status": status.document,
            ]).value)
    }

    private func sizing(
        _ replicas: Int?, _ event: ViewEvent, inARollout: Bool = false, share: Int = 0,
        isRouteEdited: Bool = false
    ) throws -> Sizing {
        var engine = Engine(settings: EngineSettings())
        _ = engine.step(.view(.horizontalPodAutoscaler, event), now: Timestamp(milliseconds: 1))
        if share > 0 || isRouteEdited {
            let old = Digest(of: "old")
            let split = Weights([
                .init(digest: digest, weight: share), .init(digest: old, weight: 100 - share),
            ])
            let router = GatewayRouter(
                release: try release().metadata,
                traffic: GatewayTraffic(parentRefs: [], hostnames: [], path: "/"))
            var route = router.object(
                .init(
                    split: try #require(split), refused: nil, term: Term(epoch: 1, holder: "")))
            route.set(["metadata", "uid"], to: "u1")
            route.set(["metadata", "resourceVersion"], to: "6")
            if isRouteEdited { route.set(["spec", "rules"], to: []) }
            _ = engine.step(
                .view(.httpRoute, .changed(route)), now: Timestamp(milliseconds: 1))
        }
        return engine.sizing(
            of: id, digest, try replicas.map { try deployment($0) },
            try release(inARollout: inARollout))
    }

    private func listed(_ objects: Document...) -> ViewEvent {
        .replaced(objects, resourceVersion: "30")
    }

    @Test func withoutAnAutoscalerTheDeclaredNumberIsSent() throws {
        #expect(try sizing(5, listed()) == .ours(2))
        #expect(try sizing(nil, listed()) == .ours(2))
    }

    @Test func whatAnAutoscalerScalesIsLeftOut() throws {
        #expect(try sizing(5, listed(autoscaler())) == .autoscaled)
    }

    @Test func anAutoscalerOfSomethingElseMeansNothing() throws {
        let other = autoscaler(target: Names.versioned("fraud", Digest(of: "old")))
        #expect(try sizing(5, listed(other)) == .ours(2))
    }

    @Test func atZeroTheNumberIsSlipwaysAndWithinTheBounds() throws {
        #expect(try sizing(0, listed(autoscaler())) == .ours(2))
        #expect(try sizing(0, listed(autoscaler(least: 3))) == .ours(3))
        #expect(try sizing(0, listed(autoscaler(least: 1, most: 1))) == .ours(1))
    }

    @Test func whatIsMadeAnewBeginsWithinTheBounds() throws {
        #expect(try sizing(nil, listed(autoscaler(least: 4))) == .ours(4))
    }

    @Test func untilAutoscalersWereListedNothingIsScaled() throws {
        #expect(try sizing(5, .interrupted("timed out")) == .asItIs(5))
    }

    @Test func whereAutoscalersCannotBeReadTheDeclaredNumberIsSent() throws {
        #expect(try sizing(5, .refused(.forbidden, "forbidden")) == .ours(2))
    }

    @Test func whatServesInARolloutIsNotMadeSmallerAndMayBeMadeLarger() throws {
        #expect(try sizing(5, listed(), inARollout: true, share: 90) == .asItIs(5))
        #expect(try sizing(1, listed(), inARollout: true, share: 90) == .ours(2))
        #expect(try sizing(5, listed(), inARollout: true) == .ours(2))
        #expect(try sizing(5, listed(), share: 90) == .ours(2))
    }

    /// Nobody knows whom an edited route sends traffic to.
    @Test func inARolloutNothingIsMadeSmallerByARouteThatCannotBeRead() throws {
        #expect(try sizing(5, listed(), inARollout: true, isRouteEdited: true) == .asItIs(5))
    }

    // MARK: The last look before a write

    private func broken(_ request: WriteRequest, replicas: Int) -> String? {
        var view = ClusterView()
        _ = view.apply(.horizontalPodAutoscaler, listed(autoscaler()))
        _ = view.apply(
            .deployment,
            .changed([
                "metadata": [
                    "name": .string(name), "namespace": "default", "uid": "d1",
                    "resourceVersion": "9",
                    "labels": [Names.managedByLabel: .string(Names.managedByValue)],
                ],
                "spec": ["replicas": .integer(replicas)],
            ]))
        let now = Timestamp(milliseconds: 1)
        return Invariants(
            view: view, declaration: nil, term: Term(epoch: 1, holder: ""),
            authority: now + .hours(1), now: now
        ).broken(by: request)
    }

    private func body(_ spec: Document) -> Document {
        ["metadata": ["uid": "d1", "resourceVersion": "9"], "spec": spec]
    }

    @Test func replicasOfWhatIsAutoscaledAreNeverSent() {
        let key = ResourceKey(.deployment, namespace: "default", name: name)
        let full = WriteRequest.apply(key, body(["replicas": 2]), force: true)
        #expect(broken(full, replicas: 5)?.contains("which load scales") == true)
        #expect(broken(full, replicas: 0) == nil)
        let without = WriteRequest.apply(key, body(["minReadySeconds": 1]), force: true)
        #expect(broken(without, replicas: 5) == nil)
    }

    @Test func aHandoverChangesNothing() {
        let key = ResourceKey(.deployment, namespace: "default", name: name)
        #expect(broken(.handOver(key, body(["replicas": 5])), replicas: 5) == nil)
        #expect(broken(.handOver(key, body(["replicas": 4])), replicas: 5) != nil)
        let more = body(["replicas": 5, "paused": true])
        #expect(broken(.handOver(key, more), replicas: 5) != nil)
        #expect(broken(.handOver(key, ["spec": ["replicas": 5]]), replicas: 5) != nil)
    }

    // MARK: What is known

    @Test func autoscalersAreFoundByTheirTargetAndMove() {
        var view = ClusterView()
        _ = view.apply(.horizontalPodAutoscaler, listed(autoscaler()))
        #expect(view.autoscalers(of: id).map(\.name) == ["load"])
        let other = Names.versioned("fraud", Digest(of: "old"))
        let changes = view.apply(
            .horizontalPodAutoscaler, .changed(autoscaler(target: other, version: "31")))
        #expect(view.autoscalers(of: id).isEmpty)
        #expect(
            changes.first?.release == NamespacedName(namespace: "default", name: other)
                && changes.first?.former == id)
    }
}
