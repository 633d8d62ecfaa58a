import API
import Domain
import Engine
import Simulation
import Testing

/// The controller dies after a write, its answer lost; another one starts on what is there.
/// Nothing may be lost, nothing may move to a refused version, and the end is the same, whichever
/// write it was.
struct CrashTests {
    @Test(arguments: CrashStory.all)
    func anyWriteMayBeTheLastOfAController(_ story: CrashStory) throws {
        let run = CrashRun(story)
        let clean = run.clean
        #expect(clean.world.violations == [])
        for part in story.touches {
            #expect(clean.world.trace.contains { $0.contains(part) }, "\(part)")
        }
        #expect(clean.outcome.contains(story.end), "\(clean.outcome)")
        for write in (run.first + 1)...clean.world.writes {
            let crashed = run.crashed(after: write)
            let what = clean.world.trace.first { $0.contains("#\(write) ") } ?? ""
            #expect(crashed.world.violations == [], "died after \(what)")
            #expect(crashed.outcome == clean.outcome, "died after \(what)")
            guard story.isSamePath else { continue }
            #expect(crashed.shares == clean.shares, "died after \(what)")
            #expect(crashed.madeAndDeleted == clean.madeAndDeleted, "died after \(what)")
        }
    }
}

/// A story played once without faults, with the states before each of its writes: a run with a
/// death begins where it leaves the clean one.
struct CrashRun {
    let clean: Story
    /// The number of the last write before the story's own part begins.
    let first: Int
    private let before: [Story]
    private let end: Timestamp

    init(_ story: CrashStory) {
        var told = Story()
        story.tell(&told)
        end = told.world.now + story.span
        let begin = told.world.now + story.begins
        var first = 0
        var before: [Story] = []
        var goesOn = true
        while goesOn {
            before.append(told)
            let writes = told.world.writes
            if told.world.now < begin { first = writes }
            goesOn = told.world.run(atMost: end - told.world.now, until: { $0.writes > writes })
        }
        self.before = before
        self.first = first
        clean = told
    }

    /// The run in which the controller dies right after its n-th write.
    func crashed(after write: Int) -> Story {
        var story = before[write - 1]
        story.world.crashAfterWrite = write
        story.world.run(for: end - story.world.now)
        return story
    }
}

/// A story on a calendar.
struct CrashStory: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// When what it tells begins; the first version, with which all begin, is a story of its own.
    var begins = TimeSpan.seconds(40)
    /// How long it takes to its end.
    let span: TimeSpan
    /// Parts of the lines of the trace that the story must have.
    let touches: [String]
    /// A part of the outcome.
    let end: String
    /// What is written does not depend on when: the same objects are made and deleted, and traffic
    /// goes the same way, with a death and without.
    var isSamePath = true
    let tell: @Sendable (inout Story) -> Void

    static let all = [
        first, reverted, superseded, twoAtOnce, approved, rolledBack, retried, deleted,
    ]

    private static func yaml(_ versions: (String, Int)..., steps: String? = nil) -> String {
        Story.yaml(
            versions, steps: steps ?? "[{weight: 10, for: 10s}, {weight: 50, for: 10s}]",
            bake: "5s")
    }

    private static func digest(_ yaml: String) -> String { Story.digest(of: yaml)?.short ?? "" }

    private static let first = CrashStory(
        testDescription: "the first version", begins: .zero, span: .seconds(30),
        touches: ["create HTTPRoute", "create Deployment", "git record"],
        end: #"proven ["1"] false"#
    ) { $0.merge(yaml(("1", 100))) }

    private static let reverted = CrashStory(
        testDescription: "a bad version is taken back", span: .minutes(3),
        touches: ["create", "status", "patch", "delete Service", "git revert", "git record"],
        end: #"quarantine ["2"]"#, isSamePath: false
    ) {
        $0.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(12)))
        $0.merge(yaml(("1", 100)))
        $0.merge(yaml(("2", 100)), after: .seconds(40))
    }

    private static let superseded = CrashStory(
        testDescription: "a commit in the middle takes over", span: .minutes(3),
        touches: ["delete Deployment", "git record"], end: #"proven ["3"] false"#,
        isSamePath: false
    ) {
        $0.merge(yaml(("1", 100)))
        $0.merge(yaml(("2", 100)), after: .seconds(40))
        $0.merge(yaml(("3", 100)), after: .seconds(62))
    }

    private static let twoAtOnce = CrashStory(
        testDescription: "two new versions in one commit", span: .minutes(3),
        touches: ["delete Service"], end: #"proven ["2", "3"] false"#
    ) {
        $0.merge(yaml(("1", 100)))
        $0.merge(yaml(("2", 60), ("3", 40)), after: .seconds(40))
    }

    private static let approved = CrashStory(
        testDescription: "a pause waits for its approval", span: .minutes(4),
        touches: ["status ModelRelease default/fraud Paused"], end: #"proven ["2"] false"#
    ) {
        let steps = "[{weight: 10, for: 5s}, {pause: {approval: required}}]"
        let second = yaml(("2", 100), steps: steps)
        $0.merge(yaml(("1", 100)))
        $0.merge(second, after: .seconds(40))
        $0.annotate(Names.approve, "\(digest(second))/2@1", after: .seconds(100))
    }

    private static let rolledBack = CrashStory(
        testDescription: "a person rolls back", span: .minutes(4),
        touches: ["git revert"], end: #"quarantine ["2"]"#, isSamePath: false
    ) {
        let one = yaml(("1", 100))
        $0.merge(one)
        $0.merge(yaml(("2", 100)), after: .seconds(40))
        $0.annotate(Names.rollback, "\(digest(one))@1", after: .seconds(100))
    }

    private static let retried = CrashStory(
        testDescription: "a failed version is tried again while it drains", span: .minutes(4),
        touches: ["delete Deployment"], end: #"proven ["2"] false"#, isSamePath: false
    ) {
        let second = yaml(("2", 100)) + "\n  onFailure: {git: none}"
        $0.world.behaviours["2"] = PodBehaviour(fault: .crashes(after: .seconds(6)))
        $0.merge(yaml(("1", 100)))
        $0.merge(second, after: .seconds(40))
        $0.world.schedule(
            after: .seconds(63), .behave(version: "2", PodBehaviour()))
        $0.annotate(Names.retry, "\(digest(second))@1", after: .seconds(64))
    }

    private static let deleted = CrashStory(
        testDescription: "the release is deleted", span: .minutes(3),
        touches: ["delete HTTPRoute", "delete Deployment", "delete Service", "delete ControllerR"],
        end: "objects []"
    ) {
        $0.merge(yaml(("1", 100)))
        $0.world.schedule(
            after: .seconds(40),
            .delete(ResourceKey(.releaseSource, namespace: "default", name: "models")))
        $0.world.schedule(
            after: .seconds(45),
            .delete(ResourceKey(.modelRelease, namespace: "default", name: "fraud")))
    }
}
