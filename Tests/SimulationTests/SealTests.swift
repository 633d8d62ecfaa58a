import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// What a new leader, or a new life of one, writes before it decides: what it builds on, and
/// nothing else.
struct SealTests {
    private let route = ResourceKey(.httpRoute, namespace: "default", name: "fraud")

    private func objects(_ story: Story) -> [Document] {
        [ResourceKind.httpRoute, .deployment, .service, .controllerRevision]
            .flatMap { story.world.store.objects($0) }
    }

    @Test func aReleaseAtRestIsNotWrittenBecauseTheLeaderIsAnother() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.run(for: .minutes(1))
        let before = objects(story)
        story.world.schedule(after: .zero, .kill())
        story.world.run(for: .minutes(2))
        #expect(story.world.engine?.term == Term(epoch: 2, holder: ""))
        #expect(objects(story) == before)
        #expect(story.world.violations == [])
    }

    @Test func theRouteOfARolloutUnderWayIsSealedOnceAndItsSpecStays() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.world.run(for: .seconds(3))
        let before = try #require(story.world.store.object(route).flatMap(HTTPRouteView.init))
        story.world.schedule(after: .zero, .kill())
        story.world.run(for: .seconds(10))
        let after = try #require(story.world.store.object(route).flatMap(HTTPRouteView.init))
        #expect(before.epoch == 1 && after.epoch == 2)
        #expect(after.sequence == before.sequence + 1)
        #expect(after.metadata.generation == before.metadata.generation)
        #expect(after.spec == before.spec)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func aRevertIsItsOwnSealAfterARestart() throws {
        var story = Story()
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(20)))
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        let before = try #require(story.world.store.object(route).flatMap(HTTPRouteView.init))
        // The controller is away when the version fails.
        story.world.delays.restart = .seconds(25)
        story.world.schedule(after: .zero, .kill())
        try story.wait { _, world in Story.traffic(world)["1"] == 100 }
        let after = try #require(story.world.store.object(route).flatMap(HTTPRouteView.init))
        #expect(after.epoch == 2 && after.sequence == before.sequence + 1)
        #expect(after.refused != nil)
        #expect(story.world.violations == [])
    }

    /// The pods of a version that was to go are wanted again. The deletion that was sent before
    /// names what is no more.
    @Test func aDeletionDecidedBeforeDoesNotTakeAVersionThatGotTrafficSince() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        // It has no traffic and stands still: what a leader would name in its deletion.
        story.world.run(for: .seconds(2))
        let old = [ResourceKind.deployment, .service].flatMap { kind in
            story.world.store.objects(kind).filter {
                $0.at("metadata", "labels", Names.versionLabel) == "1"
            }.map { (kind, ObjectMetadata(of: $0)) }
        }
        #expect(old.count == 2)
        story.merge(("1", 100))
        try story.wait { _, world in Story.traffic(world)["1", default: 0] > 0 }
        for (kind, metadata) in old {
            let key = ResourceKey(kind, namespace: "default", name: metadata.name)
            let outcome = story.world.store.perform(
                .delete(key, uid: metadata.uid, resourceVersion: metadata.resourceVersion),
                now: story.world.now)
            guard case .notApplied(let refusal) = outcome else {
                Issue.record("\(key) is gone")
                continue
            }
            #expect(refusal.kind == .conflict)
        }
        #expect(story.world.violations == [])
    }
}
