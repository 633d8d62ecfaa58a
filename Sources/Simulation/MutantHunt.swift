package import Domain

/// Looks for runs that see a mutant: what the checks cannot see in the controller while it is
/// broken on purpose, they would not see when it is broken by mistake.
package struct MutantHunt: Sendable {
    /// What kinds of runs there are to look with.
    package enum Kind: String, CaseIterable, Sendable {
        /// ``RandomRun``.
        case storm
        /// ``HandRun``.
        case hands

        /// Plays one run; what its checks found in the order of time, and all about it for people.
        package func play(seed: UInt64) -> (violations: [String], report: String) {
            switch self {
            case .storm:
                var run = RandomRun(seed: seed)
                run.play()
                return (run.world.violations, run.report)
            case .hands:
                var run = HandRun(seed: seed)
                run.play()
                return (run.world.violations, run.report)
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
    /// Plays one run with the mutant; the first check that it broke, or `nil`.
    package static func fire(_ shot: Shot) -> String? {
        mutate(shot.mutant)
        defer { mutate(nil) }
        return shot.kind.play(seed: shot.seed).violations.first
    }

    /// Plays every kind of run, seed by seed from the first, until one sees the mutant.
    package static func hunt(
        _ mutant: Mutant, kinds: [Kind] = Kind.allCases, from seed: UInt64, atMost count: Int
    ) -> Kill? {
        var runs = 0
        for number in 0..<UInt64(max(0, count)) {
            for kind in kinds {
                runs += 1
                let shot = Shot(mutant, kind, seed: seed + number)
                if let check = fire(shot) { return Kill(shot: shot, runs: runs, check: check) }
            }
        }
        return nil
    }
    #endif
}
