/// How long to wait after failures in a row: twice as long each time, up to a limit, less a random
/// part of up to a half.
package struct Backoff: Sendable {
    let first: Duration
    let longest: Duration
    package private(set) var failures = 0

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    package mutating func reset() { failures = 0 }

    /// The wait after one more failure, at least `atLeast` (which is bounded too).
    package mutating func next(
        atLeast: Duration = .zero, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let doublings = min(failures, 16)
        failures = min(failures + 1, 1000)
        let full = min(first * (1 << doublings), longest)
        let wait = full * Double.random(in: 0.5...1, using: &generator)
        return max(wait, min(atLeast, max(longest, .seconds(60))))
    }
}
