import API
import ControlPlane
import Domain
import Engine
import Testing

@testable import Simulation

/// A controller that only observes, alone and beside one that acts.
struct ObserverTests {
    /// What an observer said and nobody did: it must have been about to be done, or done.
    private func strangers(_ world: World) -> [String] {
        world.intentions.filter { !world.changes.contains($0.notice.intention) }.map {
            "\($0.at) \($0.notice.intention.action.rawValue) \($0.notice.intention.object): "
                + $0.notice.intention.content
        }
    }

    private func watchedStory(prune: Bool = false) -> Story {
        var story = Story(prune: prune)
        story.world.startObserver()
        return story
    }

    @Test func alongARolloutItSaysWhatTheActingOneDoes() throws {
        var story = watchedStory()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        story.world.run(for: .minutes(2))
        #expect(strangers(story.world) == [])
        #expect(story.world.violations == [])
        let actions = Set(story.world.intentions.map(\.notice.intention.action))
        #expect(actions.isSuperset(of: [.create, .apply, .status, .patch, .delete, .record]))
        let steps = Set(story.world.intentions.compactMap(\.notice.step))
        #expect(steps.isSuperset(of: [1, 2]))
    }

    @Test func alongARevertItSaysWhatTheActingOneDoes() throws {
        var story = watchedStory()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.behaviours["2"] = PodBehaviour(fault: .crashes(after: .seconds(20)))
        story.merge(("2", 100))
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        story.world.run(for: .minutes(2))
        #expect(strangers(story.world) == [])
        #expect(story.world.violations == [])
        #expect(story.world.intentions.contains { $0.notice.intention.action == .revert })
    }

    /// How often the same was said most often.
    private func mostRepeated(_ world: World) -> Int {
        Dictionary(grouping: world.intentions, by: \.notice).values.map(\.count).max() ?? 0
    }

    @Test func aloneItSaysOnceWhatAnotherThenDoes() throws {
        var story = Story(acts: false)
        story.world.startObserver()
        let empty = story.world.store.objects(.modelRelease).count
        story.merge(("1", 100))
        story.world.run(for: .hours(1))
        #expect(story.world.writes == 0 && empty == 0)
        #expect(story.world.store.objects(.modelRelease).isEmpty)
        #expect(
            story.world.intentions.contains { $0.notice.intention.object.kind == .modelRelease })
        #expect(mostRepeated(story.world) == 1)
        // A look every 10s brings a handful of events.
        #expect(story.world.steps < 2000)
        story.world.startController()
        try story.reach(.healthy)
        story.world.run(for: .minutes(2))
        #expect(strangers(story.world) == [])
        #expect(story.world.violations == [])
    }

    /// The controller dies in the middle of a rollout: the observer says the next step, once, and
    /// follows when the controller is back.
    @Test func whereNobodyActsAnyMoreItSaysTheNextStepOnce() throws {
        var story = watchedStory()
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.delays.restart = .hours(1)
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.world.schedule(after: .seconds(5), .kill(process: 0))
        story.world.run(for: .seconds(6))
        let (said, steps) = (story.world.intentions.count, story.world.steps)
        story.world.run(for: .minutes(50))
        let new = story.world.intentions.dropFirst(said).map(\.notice)
        #expect(new.map(\.intention.action) == [.status])
        #expect(new.first?.step == 2)
        #expect(new.first?.text.contains("step 2 of 3: 50 %") == true)
        #expect(story.world.steps - steps < 3000)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(strangers(story.world) == [])
        #expect(story.world.violations == [])
    }

    /// Releases that are to go.
    @Test func itSaysWhatWouldBePrunedAndCleanedUp() throws {
        var story = watchedStory(prune: true)
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.schedule(after: .zero, .merge([Story.file: nil], author: "dana"))
        story.world.run(for: .minutes(5))
        #expect(story.object == nil)
        let deleted = story.world.intentions.map(\.notice.intention).filter {
            $0.action == .delete
        }
        #expect(
            Set(deleted.map(\.object.kind)).isSuperset(of: [
                .modelRelease, .httpRoute, .deployment, .service,
            ]))
        #expect(strangers(story.world) == [])
        #expect(story.world.violations == [])
    }

    /// Whatever happens to the ones that act, who observes changes nothing and breaks no check.
    @Test(arguments: 1...3)
    func inAStormOfFaultsItChangesNothing(_ seed: UInt64) {
        var run = ScheduledRun(Schedule(drawnFrom: seed))
        run.world.startObserver()
        run.play()
        #expect(run.world.violations == [])
        #expect(!run.world.intentions.isEmpty)
    }
}
