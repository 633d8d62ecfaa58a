import API
import Domain
import Engine
import Simulation
import Testing

/// The controller dies after a write, its answer lost; another one starts on what is there.
/// Nothing may be lost, nothing may move to a refused version, and the end is the same, whichever
/// write it was.
struct CrashTests {
    /// A version is released, a bad one follows and is reverted.
    private static func play(crashAfterWrite: Int?) -> Story {
        var story = Story(crashAfterWrite: crashAfterWrite)
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(12)))
        story.merge(Story.yaml([("1", 100)], bake: "10s"))
        story.merge(Story.yaml([("2", 100)], bake: "10s"), after: .minutes(1))
        story.world.run(for: .minutes(4))
        return story
    }

    private static let clean = play(crashAfterWrite: nil)

    @Test func theStoryTouchesEveryKindOfWrite() {
        let clean = Self.clean
        #expect(clean.status.history.map(\.verdict) == [.reverted, .promoted])
        #expect(clean.world.violations == [])
        for kind in ["create", "status", "patch", "delete", "git revert", "git record"] {
            #expect(clean.world.trace.contains { $0.contains(kind) }, "\(kind)")
        }
        #expect(clean.world.writes <= 52, "the arguments below must reach the last write")
    }

    @Test(arguments: 1...52)
    func anyWriteMayBeTheLastOfAController(_ write: Int) {
        let crashed = Self.play(crashAfterWrite: write)
        #expect(crashed.world.violations == [])
        #expect(crashed.outcome == Self.clean.outcome)
    }
}
