import Dispatch
import Glibc
import Synchronization

/// Plays independent runs on several threads. What they came to is handed on in the order of their
/// numbers, so that nobody can tell who was faster.
struct Workers {
    /// How many runs are played at the same time.
    let count: Int

    /// As many as there are processors that this process may use.
    static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private struct State<Result: Sendable> {
        var next = 0
        var done: [Int: Result] = [:]
        var handedOn = 0
        var failure: (any Error)?
    }

    /// Plays runs `0..<runs`.
    ///
    /// - Parameters:
    ///   - goesOn: asked before each run; once false, no other begins.
    ///   - play: plays the run of a number, on some thread.
    ///   - take: is handed what the runs came to, one at a time; what it throws ends everything.
    func play<Result: Sendable>(
        _ runs: Int, while goesOn: @Sendable () -> Bool,
        _ play: @Sendable (Int) throws -> Result, take: @Sendable (Result) throws -> Void
    ) throws {
        let state = Mutex(State<Result>())
        @Sendable func next() -> Int? {
            let isWanted = goesOn()
            return state.withLock { state in
                guard isWanted, state.failure == nil, state.next < runs else { return nil }
                defer { state.next += 1 }
                return state.next
            }
        }
        DispatchQueue.concurrentPerform(iterations: max(1, min(count, runs))) { _ in
            while let number = next() {
                do {
                    let result = try play(number)
                    try state.withLock { state in
                        state.done[number] = result
                        while let first = state.done.removeValue(forKey: state.handedOn) {
                            state.handedOn += 1
                            try take(first)
                        }
                    }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
