package import Domain
import Engine

/// Looks for runs that see a mutant: what the checks cannot see in the controller while it is
/// broken on purpose, they would not see when it is broken by mistake.
package struct MutantHunt: Sendable {
    /// Runs that can be drawn from a seed.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// ``ScheduledRun``.
        case storm
        /// ``HandRun``.
        case hands
        /// ``SourceRun``.
        case sources
        /// One case of ``Systematic``.
        case systematic
    }

    /// A run to look with.
    package enum Run: Hashable, Sendable, CustomStringConvertible {
        case drawn(Kind, seed: UInt64)
        /// One that was written down, by its name.
        case written(String, Schedule)

        /// `KIND SEED`, or `schedule NAME`.
        package var description: String {
            switch self {
            case .drawn(let kind, let seed): "\(kind.rawValue) \(seed)"
            case .written(let name, _): "schedule \(name)"
            }
        }

        /// What came of a run.
        package struct Result: Sendable {
            /// What its checks found in the order of time, then what the engine's own asserts have
            /// stopped.
            package let violations: [String]
            /// All about it for people.
            package let report: String
            /// What it met of each kind of fault.
            package let faults: [String: Int]

            init(_ world: World, _ report: String, _ faults: [String: Int]) {
                violations = world.violations + world.stopped
                self.report = report
                self.faults = faults
            }
        }

        /// Plays it.
        ///
        /// - Parameter isBrief: it ends with the first violation.
        package func play(isBrief: Bool = false) -> Result {
            switch self {
            case .drawn(.storm, let seed):
                return Self.play(Schedule(drawnFrom: seed), isBrief: isBrief)
            case .written(_, let schedule): return Self.play(schedule, isBrief: isBrief)
            case .drawn(.hands, let seed):
                var run = HandRun(seed: seed)
                run.world.endsWithViolation = isBrief
                run.play()
                return Result(run.world, run.report, run.faults)
            case .drawn(.sources, let seed):
                var run = SourceRun(seed: seed)
                run.world.endsWithViolation = isBrief
                run.play()
                return Result(run.world, run.report, run.world.injected)
            case .drawn(.systematic, let seed):
                let one = Systematic.Case(drawnFrom: seed)
                let run = Systematic.play(one, isBrief: isBrief)
                return Result(run.world, "\(one)", run.faults)
            }
        }

        private static func play(_ schedule: Schedule, isBrief: Bool) -> Result {
            var run = ScheduledRun(schedule)
            run.world.endsWithViolation = isBrief
            run.play()
            return Result(run.world, "\(run.schedule)", run.faults)
        }
    }

    /// A mutant and a run that is known, or is hoped, to see it.
    package struct Shot: Hashable, Sendable {
        package let mutant: Mutant
        package let run: Run

        package init(_ mutant: Mutant, _ run: Run) {
            self.mutant = mutant
            self.run = run
        }
    }

    /// One line of the table of mutants that were seen.
    package struct Row: Hashable, Sendable {
        /// What is wrong with a line.
        package struct Problem: Error, CustomStringConvertible {
            package let description: String
        }

        package let shot: Shot
        /// How many fresh runs it took to see it; `nil` where the run was written for it.
        package let runs: Int?
        /// The check that saw it.
        package let check: String

        /// Reads `MUTANT KIND SEED RUNS CHECK` or `MUTANT schedule NAME - CHECK`.
        ///
        /// - Parameter schedule: the schedule of a name; `nil` if there is none.
        package init(
            _ line: Substring, schedule: (String) throws -> Schedule?
        ) throws {
            let words = line.split(separator: " ", maxSplits: 4).map(String.init)
            guard words.count == 5, let mutant = Mutant(name: words[0]) else {
                throw Problem(description: "not MUTANT KIND SEED RUNS CHECK: \(line)")
            }
            if words[1] == "schedule", words[3] == "-", let found = try schedule(words[2]) {
                shot = Shot(mutant, .written(words[2], found))
                runs = nil
            } else if let kind = Kind(rawValue: words[1]), let seed = UInt64(words[2]),
                let count = Int(words[3]), count > 0
            {
                shot = Shot(mutant, .drawn(kind, seed: seed))
                runs = count
            } else {
                throw Problem(description: "no such run: \(line)")
            }
            check = words[4]
        }

        package init(_ shot: Shot, runs: Int?, check: String) {
            self.shot = shot
            self.runs = runs
            self.check = check
        }

        /// The line that reads as this row.
        package var line: String {
            "\(shot.mutant.name) \(shot.run) \(runs.map { "\($0)" } ?? "-") \(check)"
        }
    }

    /// The name of the check in a violation, which is a time, the name, a colon and what was wrong.
    package static func check(of violation: String) -> String {
        violation.hasPrefix(World.stop) ? World.stop : Shrinking.rule(of: violation)
    }

    #if PROVING
    /// Plays one run with the mutant; the first check that it broke, or `nil`. The engine's own
    /// asserts look away, unless they are what is asked for.
    package static func fire(_ shot: Shot, asserts: Bool = false) -> String? {
        mutate(shot.mutant)
        silenceAsserts(!asserts)
        defer {
            mutate(nil)
            silenceAsserts(false)
        }
        let violations = shot.run.play(isBrief: !asserts).violations
        return asserts
            ? violations.first { $0.contains(World.stop) } : violations.first
    }

    /// Plays every kind of run, seed by seed from the first, until one sees the mutant. A run that
    /// finds something without the mutant too proves nothing.
    ///
    /// - Parameter count: at most so many seeds of each kind.
    package static func hunt(
        _ mutant: Mutant, from seed: UInt64, atMost count: Int,
        with kinds: [Kind] = Kind.allCases, asserts: Bool = false
    ) -> (row: Row, violation: String)? {
        var runs = 0
        for number in 0..<UInt64(max(0, count)) {
            for kind in kinds {
                runs += 1
                let shot = Shot(mutant, .drawn(kind, seed: seed + number))
                if let violation = fire(shot, asserts: asserts),
                    shot.run.play().violations.isEmpty
                {
                    let row = Row(shot, runs: runs, check: check(of: violation))
                    return (row, violation)
                }
            }
        }
        return nil
    }
    #endif
}

extension World {
    /// What stands before a write that the engine's asserts have stopped.
    static let stop = "stopped by an assert"

    /// Writes that the engine's asserts have stopped.
    package var stopped: [String] {
        notices.filter { $0.reason == "InvariantViolated" }.map { "\(Self.stop): \($0.message)" }
    }
}
