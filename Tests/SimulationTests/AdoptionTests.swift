import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// What is there already: objects without a status, of an earlier release, of others.
struct AdoptionTests {
    private func released(_ extra: String = "") throws -> Story {
        var story = Story()
        story.merge(Story.yaml([("1", 100)], extra: extra))
        try story.reach(.healthy)
        return story
    }

    private func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind, namespace: "default", name: name)
    }

    private var release: ResourceKey { key(.modelRelease, "fraud") }

    @Test func whatServesIsKeptWhenTheStatusIsLost() throws {
        var story = try released()
        let splits = story.world.splits.count
        story.world.schedule(after: .zero, .change(release, part: .status) { $0["status"] = [:] })
        story.world.run(for: .seconds(1))
        try story.reach(.healthy)
        story.world.run(for: .minutes(5))
        #expect(story.world.splits.count == splits)
        #expect(story.status.proven?.shares.map(\.version) == ["1"])
        #expect(story.status.proven?.provisional == false)
        #expect(story.world.violations == [])
    }

    @Test func aVersionUnderTestWalksAgainWhenTheStatusIsLost() throws {
        var story = try released()
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 50 }
        story.world.schedule(after: .zero, .change(release, part: .status) { $0["status"] = [:] })
        story.world.schedule(after: .zero, .kill())
        try story.wait { status, _ in
            status.proven?.shares.first?.version == "2" && status.proven?.provisional == false
        }
        #expect(
            story.shares.dropFirst(3) == [
                ["1": 90, "2": 10], ["1": 50, "2": 50], ["2": 100],
            ])
        #expect(story.world.violations == [])
    }

    @Test func aVersionUnderTestThatFailsAfterTheStatusIsLostGoesBackToTheOldest() throws {
        var story = try released()
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(60)))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 50 }
        story.world.schedule(after: .zero, .change(release, part: .status) { $0["status"] = [:] })
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        story.world.run(for: .minutes(2))
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test func aReleaseMadeAgainAdoptsItsObjects() throws {
        var story = try released()
        let pods = Set(story.world.store.objects(.pod).map { ObjectMetadata(of: $0).uid })
        let before = try #require(story.object.map { ObjectMetadata(of: $0).uid })
        story.world.schedule(after: .zero, .delete(release))
        story.world.run(for: .seconds(1))
        try story.reach(.healthy)
        story.world.run(for: .minutes(2))
        let uid = try #require(story.object.map { ObjectMetadata(of: $0).uid })
        #expect(uid != before)
        #expect(story.traffic == ["1": 100])
        #expect(Set(story.world.store.objects(.pod).map { ObjectMetadata(of: $0).uid }) == pods)
        for kind in [ResourceKind.deployment, .service, .httpRoute] {
            for object in story.world.store.objects(kind) {
                guard let owned = OwnedMetadata(object), owned.managedBy == "slipway" else {
                    continue
                }
                #expect(owned.releaseUID == uid, "\(kind)")
            }
        }
        #expect(story.world.notices.contains { $0.reason == "Adopted" })
        #expect(story.world.violations == [])
    }

    @Test func aRefusedVersionStaysRefusedInAReleaseMadeAgain() throws {
        var story = try released("  onFailure: {git: none}")
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(20)))
        story.merge(Story.yaml([("2", 100)], extra: "  onFailure: {git: none}"))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        story.world.behaviours["2"] = PodBehaviour()
        let splits = story.world.splits.count
        story.world.schedule(after: .zero, .delete(release))
        story.world.run(for: .minutes(5))
        #expect(story.status.quarantine.map(\.version) == ["2"])
        #expect(story.world.splits.count == splits)
        #expect(story.traffic == ["1": 100])
    }

    @Test func aReleaseDeletedWhileTheControllerIsAwayIsMadeAgainBeforeAnythingIsDeleted() throws {
        var story = try released()
        story.world.delays.restart = .seconds(20)
        story.world.delays.fetch = .seconds(3)
        story.world.schedule(after: .zero, .kill())
        story.world.schedule(after: .seconds(1), .delete(release))
        story.world.run(for: .minutes(3))
        try story.reach(.healthy)
        #expect(!story.world.trace.contains { $0.contains("delete HTTPRoute") })
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test func retainedObjectsStayWhenTheReleaseGoes() throws {
        var story = Story()
        story.merge(
            Story.yaml([("1", 100)]).replacing(
                "{name: fraud}", with: "{name: fraud, annotations: {slipway.dev/on-delete: retain}}"
            ))
        try story.reach(.healthy)
        story.world.schedule(after: .zero, .delete(key(.releaseSource, "models")))
        story.world.schedule(after: .seconds(10), .delete(release))
        story.world.run(for: .minutes(3))
        #expect(story.object == nil)
        #expect(story.world.store.objects(.httpRoute).count == 1)
        #expect(story.world.store.objects(.deployment).count == 1)
    }

    @Test func aDeploymentOfSomebodyElseIsLeftAloneAndNamed() throws {
        var story = try released()
        let yaml = Story.yaml([("2", 100)])
        let digest = try #require(Story.digest(of: yaml))
        let name = Names.versioned("fraud", digest)
        var foreign = try #require(story.world.store.objects(.deployment).first)
        foreign["metadata"] = [
            "name": .string(name), "namespace": "default",
            "labels": ["app.kubernetes.io/managed-by": "Helm"],
        ]
        foreign["status"] = nil
        foreign.set(["spec", "replicas"], to: 0)
        try story.world.store.create(
            .deployment, namespace: "default", foreign,
            WriteContext(now: story.world.now, manager: "helm"))
        story.merge(yaml)
        story.world.run(for: .minutes(3))
        #expect(story.status.message.contains("\(name) belongs to Helm"))
        #expect(story.traffic == ["1": 100])
        // When it goes, the release goes on.
        story.world.schedule(after: .zero, .delete(key(.deployment, name)))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func aRetryWhileTheFailedPodsDrainIsJudgedByNewPods() throws {
        var story = try released("  onFailure: {git: none}")
        story.world.behaviours["2"] = PodBehaviour(fault: .crashes(after: .seconds(20)))
        story.merge(Story.yaml([("2", 100)], extra: "  onFailure: {git: none}"))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(story.world.store.objects(.deployment).count == 2)
        story.world.behaviours["2"] = PodBehaviour()
        let digest = try #require(story.digest("2"))
        story.annotate(Names.retry, "\(digest.short)@1")
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.status.history.map(\.verdict) == [.promoted, .reverted, .promoted])
        #expect(story.world.violations == [])
    }

    @Test func aVersionThatIsStillBadFailsItsRetryToo() throws {
        var story = try released("  onFailure: {git: none}")
        story.world.behaviours["2"] = PodBehaviour(fault: .crashes(after: .seconds(20)))
        story.merge(Story.yaml([("2", 100)], extra: "  onFailure: {git: none}"))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        let digest = try #require(story.digest("2"))
        story.annotate(Names.retry, "\(digest.short)@1")
        try story.wait { status, _ in
            status.history.map(\.verdict) == [.reverted, .reverted, .promoted]
        }
        story.world.run(for: .minutes(2))
        #expect(story.traffic == ["1": 100])
        #expect(story.world.store.objects(.deployment).count == 1)
        #expect(story.world.violations == [])
    }
}
