import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// Somebody lets a version be scaled by a HorizontalPodAutoscaler: then the number of its pods is
/// the autoscaler's, and Slipway neither sends it nor puts it back.
struct AutoscaledReleaseTests {
    private func released() throws -> Story {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        return story
    }

    private func key(_ version: String, _ story: Story) throws -> ResourceKey {
        let name = Names.versioned("fraud", try #require(story.digest(version)))
        return ResourceKey(.deployment, namespace: "default", name: name)
    }

    private func replicas(_ key: ResourceKey, _ world: World) -> Int? {
        world.store.object(key)?.at("spec", "replicas")?.intValue
    }

    private func owners(of key: ResourceKey, _ story: Story) -> [String] {
        let entries = story.world.store.object(key)?.at("metadata", "managedFields")?.arrayValue
        return (entries ?? []).filter { $0.at("fieldsV1", "f:spec", "f:replicas") != nil }
            .compactMap { $0["manager"]?.stringValue }
    }

    /// Writes of the controller to Deployments, as the story tells them.
    private func writes(_ story: Story) -> [String] {
        story.world.trace.filter { $0.contains("apply Deployment") || $0.contains("hand over") }
    }

    @Test func whatAnAutoscalerAsksForStaysAndNothingIsWritten() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 3, most: 6))
        story.world.schedule(after: .minutes(2), .load(400))
        story.world.schedule(after: .minutes(4), .load(50))
        let before = writes(story)
        story.world.run(for: .seconds(60))
        #expect(replicas(key, story.world) == 3)
        story.world.run(for: .minutes(2))
        #expect(replicas(key, story.world) == 5)
        story.world.run(for: .minutes(4))
        #expect(replicas(key, story.world) == 3)
        #expect(writes(story) == before)
        #expect(story.status.phase == .healthy)
        #expect(story.status.versions.first?.desired == 3)
        #expect(story.world.violations == [])
    }

    @Test func otherPlacesThanTheReplicasArePutBack() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 4, most: 6))
        story.world.run(for: .minutes(1))
        story.world.schedule(
            after: .zero,
            .change(key) { $0.set(["spec", "progressDeadlineSeconds"], to: 7) })
        story.world.run(for: .minutes(1))
        #expect(
            story.world.store.object(key)?.at("spec", "progressDeadlineSeconds") == 600)
        #expect(replicas(key, story.world) == 4)
        #expect(story.world.violations == [])
    }

    /// The trap: an applied field that its only owner leaves out falls to the default, which is 1.
    @Test func replicasThatOnlySlipwayOwnedKeepTheirNumberWhenItLeavesThemOut() throws {
        var story = try released()
        let key = try key("1", story)
        // What was put back is owned by whoever applied it, and by nobody else.
        story.world.schedule(after: .zero, .change(key) { $0.set(["spec", "replicas"], to: 1) })
        story.world.run(for: .seconds(30))
        #expect(owners(of: key, story) == ["slipway"])
        // Two pods are right for it: it never writes them.
        story.world.schedule(after: .zero, .autoscale(0, least: 2, most: 6))
        story.world.run(for: .minutes(1))
        #expect(owners(of: key, story) == ["slipway"])
        story.world.schedule(
            after: .zero,
            .change(key) { $0.set(["spec", "progressDeadlineSeconds"], to: 7) })
        let isSmaller = story.world.run(atMost: .minutes(5)) { replicas(key, $0) != 2 }
        #expect(!isSmaller)
        #expect(
            story.world.store.object(key)?.at("spec", "progressDeadlineSeconds") == 600)
        #expect(owners(of: key, story).contains("slipway-handover"))
        #expect(story.world.violations == [])
    }

    @Test func theDeclaredNumberComesBackWhenTheAutoscalerGoes() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 5, most: 6))
        story.world.run(for: .minutes(1))
        #expect(replicas(key, story.world) == 5)
        story.world.schedule(after: .zero, .removeAutoscaler(0))
        story.world.run(for: .seconds(10))
        #expect(replicas(key, story.world) == 2)
        // And it can be left to another one.
        story.world.schedule(after: .zero, .autoscale(0, least: 2, most: 6))
        story.world.run(for: .minutes(1))
        story.world.schedule(
            after: .zero,
            .change(key) { $0.set(["spec", "progressDeadlineSeconds"], to: 7) })
        let isSmaller = story.world.run(atMost: .minutes(2)) { replicas(key, $0) != 2 }
        #expect(!isSmaller)
        #expect(story.world.violations == [])
    }

    /// At 0 an autoscaler is switched off and would leave the version without pods for ever.
    @Test func aVersionAtZeroIsBroughtBackWithinTheAutoscalersBounds() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 3, most: 6))
        story.world.run(for: .minutes(1))
        story.world.schedule(
            after: .zero, .change(key, part: .scale) { $0.set(["spec", "replicas"], to: 0) })
        story.world.run(for: .minutes(1))
        #expect(replicas(key, story.world) == 3)
        #expect(story.status.phase == .healthy)
    }

    @Test func aDeploymentThatIsMadeAnewBeginsWithinTheAutoscalersBounds() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 4, most: 6))
        story.world.run(for: .minutes(1))
        story.world.schedule(after: .zero, .delete(key))
        let isBack = story.world.run(atMost: .minutes(1)) { replicas(key, $0) == nil }
        #expect(isBack)
        let made = story.world.run(atMost: .minutes(1)) { replicas(key, $0) != nil }
        #expect(made)
        #expect(replicas(key, story.world) == 4)
    }

    /// Traffic may have to come back to what an autoscaler had made larger.
    @Test func whatServesIsNotMadeSmallerWhileARolloutGoesOn() throws {
        var story = try released()
        let key = try key("1", story)
        story.world.schedule(after: .zero, .autoscale(0, least: 5, most: 6))
        story.world.run(for: .minutes(1))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.world.schedule(after: .zero, .removeAutoscaler(0))
        try story.wait { _, world in Story.traffic(world)["2"] == 50 }
        #expect(replicas(key, story.world) == 5)
        story.annotate(Names.rollback, "@1")
        try story.wait { status, _ in status.attempt == nil }
        story.world.run(for: .minutes(2))
        #expect(replicas(key, story.world) == 2)
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test func aNewVersionWaitsForAsManyPodsAsItsAutoscalerAsksFor() throws {
        var story = try released()
        story.world.behaviours["2"] = PodBehaviour(startup: .seconds(40))
        story.merge(("2", 100))
        try story.wait { status, world in
            world.store.objects(.deployment).count == 2 && status.attempt != nil
        }
        for number in 0...1 {
            story.world.schedule(after: .zero, .autoscale(number, least: 4, most: 6))
        }
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        let pods = story.status.versions.first { $0.version == "2" }
        #expect(pods?.ready == 4)
        #expect(pods?.desired == 4)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func theStatusSaysWhoScalesAndWhereThatMayBeTooLittle() throws {
        var story = try released()
        story.world.schedule(after: .zero, .autoscale(0, least: 2, most: 6))
        story.world.run(for: .seconds(5))
        func condition() -> Condition? {
            story.status.conditions.first { $0.type == "Autoscaled" }
        }
        #expect(condition()?.reason == "ByOthers")
        #expect(condition()?.message.contains("from 2 to 6") == true)
        story.world.schedule(after: .zero, .autoscale(0, least: 1, most: 6))
        story.world.run(for: .seconds(5))
        #expect(condition()?.reason == "MinimumBelowDeclared")
        story.world.schedule(after: .zero, .removeAutoscaler(0))
        story.world.run(for: .seconds(5))
        #expect(condition() == nil)
        #expect(story.world.violations == [])
    }
}
