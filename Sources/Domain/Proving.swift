// Proving builds exist to show that the checks see: `SLIPWAY_PROVING=1` when the package is built.
// They are never shipped. In every other build each question here is the constant `false` and each
// note is nothing, so that the optimiser leaves no trace of them.

#if PROVING
import Synchronization

/// Whether this build can be made to misbehave.
package let isProving = true

private let chosen = Atomic<Int>(-1)
private let silenced = Atomic<Bool>(false)
private let counts = Mutex<[Int]>(Array(repeating: 0, count: Mark.allCases.count))

/// Makes the whole process misbehave in one way from now on; `nil` ends it.
package func mutate(_ mutant: Mutant?) {
    chosen.store(mutant?.rawValue ?? -1, ordering: .relaxed)
}

/// Whether the process is to misbehave in this way.
package func isMutated(_ mutant: Mutant) -> Bool {
    chosen.load(ordering: .relaxed) == mutant.rawValue
}

/// Lets writes pass that the engine's own asserts would stop, so that the checks of the world
/// are what sees them.
package func silenceAsserts(_ isSilent: Bool) {
    silenced.store(isSilent, ordering: .relaxed)
}

/// Whether the engine's own asserts look away.
package var areAssertsSilent: Bool { silenced.load(ordering: .relaxed) }

/// Notes that a branch was taken.
package func hit(_ mark: Mark) { counts.withLock { $0[mark.rawValue] += 1 } }

/// How often each branch was taken since the process began, in the order of ``Mark``.
package var hits: [(mark: Mark, count: Int)] {
    counts.withLock { counts in Mark.allCases.map { ($0, counts[$0.rawValue]) } }
}
#else
/// Whether this build can be made to misbehave.
package let isProving = false

/// Whether the process is to misbehave in this way: never.
@inlinable @inline(__always)
package func isMutated(_ mutant: Mutant) -> Bool { false }

/// Whether the engine's own asserts look away: never.
@inlinable @inline(__always)
package var areAssertsSilent: Bool { false }

/// Notes that a branch was taken: in this build nothing is noted.
@inlinable @inline(__always)
package func hit(_ mark: Mark) {}
#endif
