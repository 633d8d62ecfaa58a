import Domain

/// How long to wait after a failure: doubling from a second to a minute, with up to a quarter of
/// jitter that the caller draws, or as long as the server says, which is believed up to five times
/// the longest wait.
struct Backoff: Sendable {
    private(set) var failures = 0
    private(set) var until = Timestamp(milliseconds: 0)
    /// The last failure, for people.
    private(set) var reason = ""

    static let first = TimeSpan.seconds(1)
    static let longest = TimeSpan.minutes(1)

    /// The first `free` failures cost no wait.
    mutating func fail(
        _ reason: String, now: Timestamp, retryAfter: TimeSpan? = nil, free: Int = 0,
        longest: TimeSpan = Self.longest, jitter: inout SplitMix64
    ) {
        failures = min(failures + 1, 100)
        self.reason = String(reason.prefix(500))
        guard failures > free || retryAfter != nil, !isMutated(.noBackoff) else {
            until = now
            return
        }
        let doubled = Self.first.milliseconds << Int64(min(max(failures - free - 1, 0), 6))
        let span = min(doubled, longest.milliseconds)
        let extra = Int64(jitter.next() % UInt64(span / 4 + 1))
        let asked = min(retryAfter?.milliseconds ?? 0, 5 * min(longest, .minutes(60)).milliseconds)
        until = now + .milliseconds(max(span + extra, asked))
    }

    func isOver(_ now: Timestamp) -> Bool { now >= until }
}

/// Steele, Lea and Flood's SplitMix64: small, seeded, the same everywhere.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
