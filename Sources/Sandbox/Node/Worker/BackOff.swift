import Domain

/// A delay that doubles from try to try, up to a longest, and is forgotten after a long calm.
struct BackOff: Sendable {
    let first: TimeSpan
    let longest: TimeSpan
    /// The delay in force; `nil` before the first try.
    private(set) var delay: TimeSpan?
    private var updated: Timestamp?

    init(first: TimeSpan, longest: TimeSpan) {
        self.first = first
        self.longest = longest
    }

    /// When the next try is due after one that ended at `end`; `nil` if at once.
    func due(after end: Timestamp) -> Timestamp? {
        guard let delay, !isStale(end) else { return nil }
        return end + delay
    }

    /// A try begins for something that ended at `end`.
    mutating func note(_ end: Timestamp) {
        if let delay, !isStale(end) {
            self.delay = min(longest, delay * 2)
        } else {
            delay = first
        }
        updated = end
    }

    /// Calm for twice the longest delay.
    private func isStale(_ now: Timestamp) -> Bool {
        guard let updated else { return true }
        return now - updated > longest * 2
    }

    /// The delay as Go prints it: `10s`, `1m20s`, `5m0s`.
    static func text(_ span: TimeSpan) -> String {
        guard span >= .seconds(1) else { return span.description }
        let seconds = Double(span.milliseconds % 60_000) / 1000
        let rest =
            seconds == seconds.rounded() ? String(Int64(seconds)) : String(seconds)
        let minutes = span.milliseconds / 60_000
        guard minutes > 0 else { return "\(rest)s" }
        guard minutes >= 60 else { return "\(minutes)m\(rest)s" }
        return "\(minutes / 60)h\(minutes % 60)m\(rest)s"
    }
}
