import Domain
import Observed

/// Every fault of a kind at every place of a story, one at a time: what random runs meet by chance
/// only (Sun et al., "Automatic Reliability Testing for Cluster Management Controllers", OSDI
/// 2022).
package enum Systematic {
    /// One thing that goes wrong at one call of a controller that would write.
    package enum Fault: String, Hashable, Sendable, CaseIterable {
        /// The controller dies once the write is carried out; its answer is lost.
        case crash
        /// It dies, and the next one is shown the cluster as it was before the write, for a time.
        case crashAndStaleStart
        case lost, unanswered, twice, late, refused, forbidden, conflict
        /// The process stands still for longer than its lease from this call on; another one leads.
        case standstill
    }

    /// A run with one fault.
    package struct Case: Hashable, Sendable, CustomStringConvertible {
        package let story: String
        package let fault: Fault
        /// The number of the call, from 1.
        package let call: Int

        package var description: String { "story \(story) fault \(fault.rawValue) call \(call)" }

        /// One of all cases, and some behind the last call of a story, which are clean runs.
        package init(drawnFrom seed: UInt64) {
            var dice = RunDice(seed: seed ^ 0x7379_7374)
            let faults = Fault.allCases
            story = Systematic.stories[dice.number(Systematic.stories.count)].name
            fault = faults[dice.number(faults.count)]
            call = 1 + dice.number(70)
        }

        init(story: String, fault: Fault, call: Int) {
            self.story = story
            self.fault = fault
            self.call = call
        }
    }

    /// Stories that are told clean first, and then with every fault at every call.
    package static let stories: [(name: String, schedule: Schedule)] = [
        ("promoted", story("at 1s commit 0 strategy 1 1:100\nat 30s commit 0 strategy 1 2:100")),
        (
            "reverted",
            story(
                "version 2 loses-readiness 9s startup 3s\nat 1s commit 0 strategy 1 1:100\n"
                    + "at 30s commit 0 strategy 1 2:100")
        ),
        (
            "rejected",
            story(
                "version 2 image-missing startup 3s\nat 1s commit 0 strategy 1 1:100\n"
                    + "at 30s commit 0 strategy 1 2:100")
        ),
        (
            "superseded",
            story(
                "at 1s commit 0 strategy 1 1:100\nat 30s commit 0 strategy 0 2:100\n"
                    + "at 48s commit 0 strategy 1 3:100")
        ),
        (
            "two new versions",
            story("at 1s commit 0 strategy 1 1:100\nat 30s commit 0 strategy 1 2:60 3:40")
        ),
        (
            "rolled back",
            story(
                "at 1s commit 0 strategy 1 1:100\nat 30s commit 0 strategy 1 2:100\n"
                    + "at 70s person rollBack 0")
        ),
        (
            "there and back",
            story(
                "at 1s commit 0 strategy 1 1:100\nat 30s commit 0 strategy 1 2:100\n"
                    + "at 70s commit 0 strategy 1 1:100")
        ),
        (
            "autoscaled",
            story(
                "at 1s commit 0 strategy 1 1:100\nat 20s person addsAutoscaler 0 2 5\n"
                    + "at 23s person editDeployment 0\nat 30s commit 0 strategy 1 2:100\n"
                    + "at 38s load 300\nat 95s person removesAutoscaler 0")
        ),
    ]

    private static func story(_ lines: String) -> Schedule {
        let text = "requests every 400ms\nstorm 100s\ncalm 3m\n" + lines
        guard let schedule = try? Schedule(text: text) else { return Schedule() }
        return schedule
    }

    /// How many processes a fault needs.
    private static func processes(for fault: Fault) -> Int { fault == .standstill ? 2 : 1 }

    /// Plays a story clean, then with a fault at every call that writes; a run with a fault begins
    /// where it leaves the clean one.
    ///
    /// - Parameters:
    ///   - every: only each n-th call, from the `first`, 0 to `every - 1`.
    ///   - then: is handed each run, the clean one first, as call 0.
    package static func play(
        _ name: String, _ schedule: Schedule, _ fault: Fault, every: Int = 1, first: Int = 0,
        then: (Case, ScheduledRun) -> Void
    ) {
        var schedule = schedule
        schedule.processes = processes(for: fault)
        var clean = ScheduledRun(schedule)
        var before: [ScheduledRun] = []
        var goesOn = true
        while goesOn {
            before.append(clean)
            let calls = clean.world.calls
            goesOn = clean.run { $0.calls > calls }
        }
        clean.play()
        then(Case(story: name, fault: fault, call: 0), clean)
        for (index, start) in before.enumerated() where index % every == first % every {
            let call = start.world.calls + 1
            guard call <= clean.world.calls else { continue }
            var run = start
            run.begin()
            run.world.strike(fault, at: call)
            run.play()
            run.compare(with: clean)
            then(Case(story: name, fault: fault, call: call), run)
        }
    }

    /// Plays one case, and the clean run of its story where that says what the end has to be.
    ///
    /// - Parameter isBrief: it ends with the first violation.
    package static func play(_ one: Case, isBrief: Bool = false) -> ScheduledRun {
        var schedule = stories.first { $0.name == one.story }?.schedule ?? Schedule()
        schedule.processes = processes(for: one.fault)
        var clean = ScheduledRun(schedule)
        clean.world.endsWithViolation = isBrief
        clean.play()
        guard clean.world.violations.isEmpty else { return clean }
        var run = ScheduledRun(schedule)
        run.world.endsWithViolation = isBrief
        run.world.strike(one.fault, at: one.call)
        run.play()
        run.compare(with: clean)
        return run
    }

    /// Plays a story with views that are never quite up to date.
    package static func playLate(
        _ name: String, _ schedule: Schedule, then: (String, ScheduledRun) -> Void
    ) {
        var clean = ScheduledRun(schedule)
        clean.play()
        var behind = ScheduledRun(schedule)
        behind.world.watchesAreOneBehind = true
        var runs = [("watches one behind", behind)]
        for (kind, _) in ClusterView.kinds {
            var late = schedule
            late.lags[kind.kind] = .seconds(3)
            runs.append(("watch of \(kind.kind) late", ScheduledRun(late)))
        }
        for (view, run) in runs {
            var run = run
            run.play()
            run.compare(with: clean)
            then("story \(name) \(view)", run)
        }
    }
}

extension ScheduledRun {
    /// The end has to be that of a run without faults.
    fileprivate mutating func compare(with clean: ScheduledRun) {
        guard outcome != clean.outcome else { return }
        world.violate("same end", "\(outcome) is not the clean run's \(clean.outcome)")
    }
}

extension World {
    /// Lets something go wrong at a call.
    mutating func strike(_ fault: Systematic.Fault, at call: Int) {
        switch fault {
        case .crash: deaths[call] = .plain
        case .crashAndStaleStart: deaths[call] = .staleStart
        case .standstill: deaths[call] = .standstill
        case .lost: fates[call] = .lost
        case .unanswered: fates[call] = .unanswered
        case .twice: fates[call] = .twice
        case .late: fates[call] = .late
        case .refused: fates[call] = .refused
        case .forbidden: fates[call] = .forbidden
        case .conflict: fates[call] = .conflict
        }
    }
}
