import API
import ControlPlane
import Domain
import Engine
import Simulation
import Testing

struct CanaryTests {
    @Test func theFirstVersionGetsEverythingAndIsProvenAfterItsBake() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        #expect(story.traffic == ["1": 100])
        #expect(story.status.proven?.shares.map(\.version) == ["1"])
        #expect(story.status.history.map(\.verdict) == [.promoted])
        #expect(story.world.violations == [])
    }

    @Test func aGoodVersionWalksItsStepsAndIsPromotedByMovingThePointer() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(
            story.shares == [
                ["1": 100], ["1": 90, "2": 10], ["1": 50, "2": 50], ["2": 100],
            ])
        story.world.run(for: .minutes(1))
        // The old version has drained and is gone; its rendering stays.
        #expect(story.world.store.objects(.deployment).count == 1)
        #expect(
            story.world.store.objects(.service).count {
                $0.at("metadata", "labels", Names.releaseLabel) != nil
            } == 1)
        #expect(story.world.store.objects(.controllerRevision).count == 2)
        #expect(story.world.violations == [])
    }

    @Test(
        arguments: [
            PodBehaviour(fault: .losesReadiness(after: .seconds(20))),
            PodBehaviour(fault: .crashes(after: .seconds(20))),
            PodBehaviour(fault: .runsOutOfMemory(after: .seconds(20))),
        ])
    func aVersionThatFailsUnderTrafficIsRevertedAndGitSaysSo(_ behaviour: PodBehaviour) throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = behaviour
        story.merge(("2", 100))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 10 }
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(story.traffic == ["1": 100])
        story.world.run(for: .minutes(2))
        #expect(story.status.phase == .healthy)
        #expect(story.status.history.first?.verdict == .reverted)
        #expect(story.world.git.head?.isOurs == true)
        #expect(story.world.git.head?.files[Story.file] == Story.yaml([("1", 100)]))
        #expect(
            story.world.git.state["default/fraud"]?.at("proven", "shares")?[0]?["version"] == "1")
        #expect(story.world.violations == [])
    }

    @Test(
        arguments: [
            (PodBehaviour(fault: .neverReady), "ProgressDeadlineExceeded"),
            (PodBehaviour(fault: .imageMissing), "ImageUnavailable"),
        ])
    func aVersionThatNeverStartsNeverGetsTraffic(_ behaviour: PodBehaviour, _ reason: String) throws
    {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = behaviour
        story.merge(("2", 100))
        try story.wait { status, _ in status.quarantine.first?.reason == reason }
        #expect(story.shares.allSatisfy { $0["2"] == nil })
        #expect(story.status.history.first?.verdict == .rejected)
        story.world.run(for: .minutes(1))
        #expect(story.world.git.head?.isOurs == true)
        #expect(story.world.violations == [])
    }

    @Test(arguments: [PodBehaviour.Golden.wrong, .silent])
    func aVersionThatAnswersWronglyNeverGetsTraffic(_ golden: PodBehaviour.Golden) throws {
        let probes = "  health: {probes: [{cases: [{request: {x: 1}, expect: {y: 1}}], every: 5s}]}"
        var story = Story()
        story.merge(Story.yaml([("1", 100)], extra: probes))
        try story.reach(.healthy)
        story.world.behaviours["2"] = PodBehaviour(golden: golden)
        story.merge(Story.yaml([("2", 100)], extra: probes))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(
            story.status.quarantine.first?.reason
                == (golden == .wrong ? "GoldenMismatch" : "ProbeFailed"))
        #expect(story.shares.allSatisfy { $0["2"] == nil })
        #expect(story.world.violations == [])
    }

    @Test func aFailedVersionOfAnEmptyReleaseIsRejectedWithoutARevert() throws {
        var story = Story()
        story.world.behaviours["1"] = PodBehaviour(fault: .imageMissing)
        story.merge(("1", 100))
        try story.reach(.rejected)
        story.world.run(for: .minutes(5))
        #expect(story.world.git.commits.count == 1)
        #expect(story.world.splits.isEmpty)
    }

    @Test func aPauseWaitsForItsApproval() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(
            Story.yaml(
                [("2", 100)], steps: "[{weight: 10, for: 10s}, {pause: {approval: required}}]"))
        try story.reach(.paused)
        story.world.run(for: .hours(3))
        #expect(story.traffic == ["1": 90, "2": 10])
        let digest = try #require(story.digest("2"))
        story.annotate(Names.approve, "\(digest.short)/2@1")
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(story.world.violations == [])
    }

    @Test func promoteByHandSkipsTheWaits() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(Story.yaml([("2", 100)], steps: "[{weight: 10, for: 24h}]", bake: "24h"))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 10 }
        let digest = try #require(story.digest("2"))
        story.annotate(Names.promote, "\(digest.short)@1")
        try story.wait(atMost: .minutes(1)) { status, _ in
            status.proven?.shares.first?.version == "2"
        }
        #expect(story.world.violations == [])
    }

    @Test func pausedByHandNothingGoesForwardButARevertDoes() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .minutes(10)))
        story.merge(("2", 100))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 10 }
        story.annotate(Names.pause, "true")
        story.world.run(for: .minutes(5))
        #expect(story.traffic == ["1": 90, "2": 10])
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(story.traffic == ["1": 100])
    }

    @Test func aNewerCommitTakesOverAtOnce() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait(atMost: .minutes(5)) { _, world in Story.traffic(world)["2"] == 50 }
        story.merge(("3", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "3" }
        #expect(story.status.history.map(\.verdict) == [.promoted, .superseded, .promoted])
        story.world.run(for: .minutes(1))
        #expect(story.world.store.objects(.deployment).count == 1)
        #expect(story.world.violations == [])
    }

    @Test func twoNewVersionsInOneCommitGoOneAfterTheOther() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 50), ("3", 50))
        try story.wait { status, _ in status.proven?.shares.count == 2 }
        #expect(
            story.shares.dropFirst() == [
                ["1": 90, "2": 10], ["1": 50, "2": 50], ["1": 40, "2": 50, "3": 10],
                ["2": 50, "3": 50],
            ])
        #expect(story.world.violations == [])
    }
}
