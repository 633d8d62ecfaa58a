import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// Others who want something else, again and again: the controller holds its own without writing
/// in a circle.
struct FightTests {
    private func released() throws -> Story {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        return story
    }

    private func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind, namespace: "default", name: name)
    }

    @Test func aDeploymentThatIsChangedBackAgainAndAgainIsRepairedMoreAndMoreSeldom() throws {
        var story = try released()
        let name = Names.versioned("fraud", try #require(story.digest("1")))
        story.world.schedule(
            after: .zero,
            .meddle(key(.deployment, name)) { $0.set(["spec", "replicas"], to: 1) })
        let before = story.world.writes
        story.world.run(for: .minutes(10))
        #expect(story.world.writes - before < 60)
        #expect(story.status.message.contains("changed by somebody else again and again"))
        story.world.schedule(after: .zero, .meddle(key(.deployment, name), nil))
        story.world.run(for: .minutes(3))
        #expect(story.world.store.object(key(.deployment, name))?.at("spec", "replicas") == 2)
        #expect(story.status.phase == .healthy)
    }

    @Test func aRouteThatIsChangedBackAgainAndAgainIsRepairedEverySecondOrTwo() throws {
        var story = try released()
        story.world.schedule(
            after: .zero,
            .meddle(key(.httpRoute, "fraud")) {
                $0.set(["spec", "hostnames"], to: ["fraud.example.com"])
            })
        let before = story.world.writes
        story.world.run(for: .minutes(2))
        #expect(story.world.writes - before < 150)
        story.world.schedule(after: .zero, .meddle(key(.httpRoute, "fraud"), nil))
        story.world.run(for: .seconds(30))
        #expect(
            story.world.store.object(key(.httpRoute, "fraud"))?.at("spec", "hostnames") == nil)
    }

    @Test func aReleaseThatIsChangedBackAgainAndAgainIsRepairedMoreAndMoreSeldom() throws {
        var story = try released()
        story.world.schedule(
            after: .zero,
            .meddle(key(.modelRelease, "fraud")) {
                $0.set(["spec", "serving", "replicas"], to: 3)
            })
        let before = story.world.writes
        story.world.run(for: .minutes(10))
        #expect(story.world.writes - before < 120)
        story.world.schedule(after: .zero, .meddle(key(.modelRelease, "fraud"), nil))
        story.world.run(for: .minutes(3))
        #expect(story.object?.at("spec", "serving", "replicas") == 2)
    }

    @Test func aRouteThatIsTakenAwayInTheMiddleComesBackWithWhatIsReady() throws {
        var story = try released()
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.world.schedule(after: .zero, .delete(key(.httpRoute, "fraud")))
        story.world.run(for: .seconds(5))
        #expect(story.world.store.object(key(.httpRoute, "fraud")) != nil)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func aRouteEditedWhilePausedGoesBackToWhatIsProven() throws {
        var story = try released()
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.annotate(Names.pause, "true")
        story.world.schedule(
            after: .seconds(5),
            .change(key(.httpRoute, "fraud")) { $0.set(["spec", "rules"], to: []) })
        story.world.run(for: .minutes(5))
        #expect(story.traffic == ["1": 100])
        story.annotate(Names.pause, nil)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func aServiceThatIsTakenAwayIsMadeAgain() throws {
        var story = try released()
        let name = Names.versioned("fraud", try #require(story.digest("1")))
        story.world.schedule(after: .zero, .delete(key(.service, name)))
        story.world.run(for: .seconds(30))
        #expect(story.world.store.object(key(.service, name)) != nil)
        #expect(story.status.phase == .healthy)
    }

    @Test func aNamespaceThatGoesIsLeftInPeace() throws {
        var story = try released()
        story.world.schedule(
            after: .zero, .delete(ResourceKey(.namespace, namespace: "", name: "default")))
        story.world.run(for: .minutes(2))
        let before = story.world.writes
        story.world.run(for: .minutes(10))
        #expect(story.world.writes == before)
        #expect(story.world.store.objects(.modelRelease).isEmpty)
        #expect(story.world.store.objects(.pod).isEmpty)
    }
}
