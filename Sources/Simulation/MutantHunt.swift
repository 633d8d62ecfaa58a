package import Domain
import Engine

/// Looks for runs that see a mutant: what the checks cannot see in the controller while it is
/// broken on purpose, they would not see when it is broken by mistake.
package struct MutantHunt: Sendable {
    /// What kinds of runs there are to look with.
    package enum Kind: String, CaseIterable, Sendable {
        /// ``ScheduledRun``, drawn.
        case storm
        /// ``HandRun``.
        case hands
        /// ``SourceRun``.
        case sources

        /// Plays one run; what its checks found in the order of time, and all about it for people.
        /// A write that the engine's own asserts have stopped is something found too.
        package func play(seed: UInt64) -> (violations: [String], report: String) {
            switch self {
            case .storm:
                var run = ScheduledRun(Schedule(drawnFrom: seed))
                run.play()
                return (run.world.violations + run.world.stopped, "\(run.schedule)")
            case .hands:
                var run = HandRun(seed: seed)
                run.play()
                return (run.world.violations + run.world.stopped, run.report)
            case .sources:
                var run = SourceRun(seed: seed)
                run.play()
                return (run.world.violations + run.world.stopped, run.report)
            }
        }
    }

    /// A run that is known, or is hoped, to see a mutant.
    package struct Shot: Hashable, Sendable {
        package let mutant: Mutant
        package let kind: Kind
        package let seed: UInt64

        package init(_ mutant: Mutant, _ kind: Kind, seed: UInt64) {
            self.mutant = mutant
            self.kind = kind
            self.seed = seed
        }

        /// Reads `MUTANT KIND SEED`, with any remark after it; `nil` for another text.
        package init?(_ line: some StringProtocol) {
            let words = line.split(separator: " ")
            guard words.count >= 3, let mutant = Mutant(name: String(words[0])),
                let kind = Kind(rawValue: String(words[1])), let seed = UInt64(words[2])
            else { return nil }
            self.init(mutant, kind, seed: seed)
        }
    }

    /// A mutant that was seen.
    package struct Kill: Hashable, Sendable {
        package let shot: Shot
        /// How many runs it took.
        package let runs: Int
        /// The first check that was broken.
        package let check: String
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
        let violations = shot.kind.play(seed: shot.seed).violations
        return asserts
            ? violations.first { $0.contains(World.stop) } : violations.first
    }

    /// Plays every kind of run, seed by seed from the first, until one sees the mutant. A run that
    /// finds something without the mutant too proves nothing.
    package static func hunt(
        _ mutant: Mutant, from seed: UInt64, atMost count: Int, asserts: Bool = false
    ) -> Kill? {
        var runs = 0
        for number in 0..<UInt64(max(0, count)) {
            for kind in Kind.allCases {
                runs += 1
                let shot = Shot(mutant, kind, seed: seed + number)
                if let check = fire(shot, asserts: asserts),
                    kind.play(seed: shot.seed).violations.isEmpty
                {
                    return Kill(shot: shot, runs: runs, check: check)
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
