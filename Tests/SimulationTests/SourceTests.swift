import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// Sources that meet in one release, that prune, that rest.
struct SourceTests {
    private static let other = "other/fraud.yaml"

    /// A release that `models` declares and serves, and a second source on another folder.
    private func twoSources() throws -> Story {
        var story = Story(path: "models")
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.addSource("backup", path: "other")
        story.world.schedule(
            after: .seconds(1),
            .merge([Self.other: Story.yaml([("9", 100)])], author: "erin"))
        story.world.run(for: .minutes(2))
        return story
    }

    private func condition(_ story: Story, _ source: String) -> Condition? {
        story.source(source).conditions.first { $0.type == "Ready" }
    }

    @Test func theFirstSourceKeepsItsReleaseAndTheSecondSaysSo() throws {
        let story = try twoSources()
        #expect(story.traffic == ["1": 100])
        #expect(condition(story, "models")?.status == .yes)
        let second = try #require(condition(story, "backup"))
        #expect(second.status == .no)
        #expect(second.reason == "DeclaredElsewhere")
        #expect(second.message.contains("default/fraud by default/models"))
    }

    @Test(arguments: [1, 2, 3])
    func theFirstSourceKeepsItOverRestarts(_ restarts: Int) throws {
        var story = try twoSources()
        // Whichever source answers first after a restart: names and delays must not decide.
        story.world.delays.fetch = .milliseconds(Int64(restarts) * 700)
        for _ in 0..<restarts {
            story.world.schedule(after: .zero, .kill())
            story.world.run(for: .seconds(30))
        }
        #expect(story.traffic == ["1": 100])
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(condition(story, "backup")?.reason == "DeclaredElsewhere")
        #expect(story.world.violations == [])
    }

    @Test func theSecondTakesOverWhenTheFirstLetsGo() throws {
        var story = try twoSources()
        story.world.schedule(after: .zero, .merge([Story.file: nil], author: "dana"))
        try story.wait { status, _ in status.proven?.shares.first?.version == "9" }
        #expect(condition(story, "backup")?.status == .yes)
        #expect(story.world.violations == [])
    }

    @Test func theSecondTakesOverWhenTheFirstIsDeleted() throws {
        var story = try twoSources()
        story.world.schedule(
            after: .zero,
            .delete(ResourceKey(.releaseSource, namespace: "default", name: "models")))
        try story.wait { status, _ in status.proven?.shares.first?.version == "9" }
        #expect(condition(story, "backup")?.status == .yes)
        #expect(story.world.violations == [])
    }

    @Test func aSuspendedSourceDoesNotLook() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.changeSource("models") { $0.set(["spec", "suspend"], to: true) }
        story.merge(("2", 100), after: .seconds(1))
        story.world.run(for: .minutes(5))
        #expect(story.traffic == ["1": 100])
        story.changeSource("models") { $0.set(["spec", "suspend"], to: nil) }
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
    }

    @Test func aSuspendedReleaseStaysWhereItIsAndStillComesBack() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .minutes(20)))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.merge(Story.yaml([("2", 100)], extra: "  suspend: true"))
        story.world.run(for: .minutes(10))
        #expect(story.traffic == ["1": 90, "2": 10])
        #expect(story.status.phase == .paused)
        // The way back is never held.
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test func pruneTakesAtMostAFifthOfTheReleasesAtOnce() throws {
        var story = Story(path: "models", prune: true)
        var files: [String: String?] = [:]
        for name in ["a", "b", "c", "d", "e", "f"] {
            files["models/\(name).yaml"] = Story.yaml([("1", 100)], name: name)
        }
        story.world.schedule(after: .zero, .merge(files, author: "dana"))
        story.world.run(for: .minutes(3))
        #expect(story.world.store.objects(.modelRelease).count == 6)
        story.world.schedule(
            after: .zero,
            .merge(["models/a.yaml": nil, "models/b.yaml": nil], author: "dana"))
        story.world.run(for: .minutes(1))
        #expect(story.world.store.objects(.modelRelease).count == 6)
        #expect(condition(story, "models")?.message.contains("more than 1 at once") == true)
        story.world.schedule(
            after: .zero,
            .merge(["models/b.yaml": Story.yaml([("1", 100)], name: "b")], author: "dana"))
        story.world.run(for: .minutes(3))
        let left = story.world.store.objects(.modelRelease).map { ObjectMetadata(of: $0).name }
        #expect(left == ["b", "c", "d", "e", "f"])
        #expect(story.world.store.objects(.httpRoute).count == 5)
        #expect(story.world.violations == [])
    }

    @Test func nothingIsPrunedWhileAFileCannotBeRead() throws {
        var story = Story(path: "models", prune: true)
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.schedule(
            after: .zero,
            .merge([Story.file: nil, "models/moved.yaml": "kind: [broken"], author: "dana"))
        story.world.run(for: .minutes(2))
        #expect(story.object != nil)
        #expect(story.traffic == ["1": 100])
        #expect(condition(story, "models")?.reason == "ProblemsInFiles")
    }

    @Test func aBranchThatWasRewoundIsFollowed() throws {
        var story = Story()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        story.world.git.rewind(to: 1)
        try story.wait { status, _ in status.proven?.shares.first?.version == "1" }
        #expect(condition(story, "models")?.message == "the branch was rewritten")
        #expect(story.world.violations == [])
    }
}
