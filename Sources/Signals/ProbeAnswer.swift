package import Domain

/// What became of one probe.
package enum ProbeAnswer: Hashable, Sendable {
    /// The server answered, with whatever status. `body` is `nil` where it is not JSON.
    case answered(status: Int, body: Document?, elapsed: TimeSpan)
    /// No connection, or one that broke, with the reason.
    case unreachable(String)
    /// No complete answer within the deadline.
    case timedOut(TimeSpan)
    /// More than ``ProbeTarget/largestAnswer``.
    case oversized

    /// Whether the server answered with a status of 200 to 299.
    package var isSuccess: Bool {
        if case .answered(let status, _, _) = self { (200..<300).contains(status) } else { false }
    }
}
