import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

struct FaultTests {
    private func released() throws -> Story {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        return story
    }

    private func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind, namespace: "default", name: name)
    }

    @Test func aRollbackByHandGoesBackAtOnceAndGitSaysSo() throws {
        var story = try released()
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        let digest = try #require(story.digest("1"))
        story.annotate(Names.rollback, "\(digest.short)@1")
        try story.wait(atMost: .minutes(2)) { _, world in Story.traffic(world) == ["1": 100] }
        try story.wait { status, world in
            status.proven?.shares.first?.version == "1" && world.git.head?.isOurs == true
        }
        story.world.run(for: .minutes(2))
        #expect(story.status.phase == .healthy)
        #expect(story.status.quarantine.map(\.version) == ["2"])
        #expect(story.world.git.head?.files[Story.file] == Story.yaml([("1", 100)]))
        #expect(story.world.violations == [])
    }

    @Test func whileGitDoesNotKnowOfARollbackTheStatusSaysSo() throws {
        var story = try released()
        for shares in [[("1", 60), ("2", 40)], [("1", 40), ("2", 60)]] {
            story.merge(Story.yaml(shares))
            try story.wait(atMost: .minutes(5)) { status, world in
                status.attempt == nil
                    && Story.traffic(world) == Dictionary(uniqueKeysWithValues: shares)
            }
        }
        story.world.schedule(after: .zero, .gitRefusesPushes(true))
        story.annotate(Names.rollback, "@1")
        try story.wait(atMost: .minutes(2)) { status, world in
            status.history.first?.verdict == .rolledBack
                && Story.traffic(world) == ["1": 60, "2": 40]
        }
        let synced = try #require(story.status.conditions.first { $0.type == "Synced" })
        #expect(synced.status == .no)
        #expect(synced.reason == "RolledBack")
        #expect(synced.message == "rolled back by hand; Git declares 1: 40, 2: 60")
        story.world.schedule(after: .zero, .gitRefusesPushes(false))
        try story.wait(atMost: .minutes(10)) { status, _ in
            status.conditions.contains { $0.type == "Synced" && $0.status == .yes }
        }
        #expect(story.world.violations == [])
    }

    @Test func aControllerThatDiesInTheMiddleIsReplacedAndTheRolloutGoesOn() throws {
        var story = try released()
        story.merge(("2", 100))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 10 }
        story.world.schedule(after: .zero, .kill())
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func whatWasRefusedDoesNotComeBackByRestartOrResync() throws {
        var story = try released()
        story.world.behaviours["2"] = PodBehaviour(fault: .imageMissing)
        story.world.schedule(after: .zero, .gitAway(false))
        story.merge(("2", 100))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        story.world.behaviours["2"] = PodBehaviour()
        for _ in 0..<3 {
            story.world.schedule(after: .zero, .kill())
            story.world.run(for: .minutes(3))
        }
        #expect(story.shares.allSatisfy { $0["2"] == nil })
        #expect(story.status.quarantine.map(\.version) == ["2"])
        #expect(story.world.violations == [])
    }

    @Test func theSameVersionDeclaredAnewByAPersonIsTriedAgain() throws {
        var story = try released()
        story.world.behaviours["2"] = PodBehaviour(fault: .imageMissing)
        story.merge(("2", 100))
        try story.wait { status, world in
            status.quarantine.map(\.version) == ["2"] && world.git.head?.isOurs == true
        }
        story.world.run(for: .minutes(1))
        story.world.behaviours["2"] = PodBehaviour()
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func whileGitIsAwayTrafficComesBackAndTheRevertFollowsLater() throws {
        var story = try released()
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(20)))
        story.merge(("2", 100))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 10 }
        story.world.schedule(after: .zero, .gitAway(true))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world) == ["1": 100] }
        story.world.run(for: .minutes(5))
        #expect(story.world.git.head?.isOurs == false)
        story.world.schedule(after: .zero, .gitAway(false))
        try story.wait(atMost: .minutes(5)) { _, world in world.git.head?.isOurs == true }
        #expect(story.world.violations == [])
    }

    @Test func aMissingGatewayIsNamedAndWaitedFor() throws {
        var story = Story(gateway: false)
        story.merge(("1", 100))
        story.world.run(for: .minutes(2))
        #expect(story.status.message.contains("Gateway default/web, which does not exist"))
        #expect(story.world.splits.isEmpty)
        Story.addGateway(&story.world)
        try story.reach(.healthy)
    }

    @Test func anEditByHandIsPutBack() throws {
        var story = try released()
        let name = Names.versioned("fraud", try #require(story.digest("1")))
        story.world.schedule(
            after: .zero,
            .change(key(.deployment, name)) { $0.set(["spec", "replicas"], to: 1) })
        story.world.schedule(
            after: .seconds(1),
            .change(key(.httpRoute, "fraud")) { $0.set(["spec", "rules"], to: []) })
        story.world.run(for: .minutes(1))
        let deployment = try #require(story.world.store.object(key(.deployment, name)))
        #expect(deployment.at("spec", "replicas") == 2)
        #expect(story.traffic == ["1": 100])
        #expect(story.world.notices.contains { $0.reason == "DriftRepaired" })
    }

    @Test func aReleaseThatIsDeletedTakesItsObjectsWithItRouteFirst() throws {
        var story = try released()
        story.world.schedule(after: .zero, .delete(key(.releaseSource, "models")))
        story.world.schedule(after: .seconds(30), .delete(key(.modelRelease, "fraud")))
        story.world.run(for: .minutes(5))
        for kind in [ResourceKind.httpRoute, .deployment, .controllerRevision] {
            #expect(story.world.store.objects(kind).isEmpty, "\(kind)")
        }
        #expect(story.world.violations == [])
    }

    @Test func aFileThatIsGoneDeletesNothingUnlessPruneIsOn() throws {
        var story = try released()
        story.world.schedule(after: .zero, .merge([Story.file: nil], author: "dana"))
        story.world.run(for: .minutes(5))
        #expect(story.object != nil)
        #expect(story.traffic == ["1": 100])
    }
}
