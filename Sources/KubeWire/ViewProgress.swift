package import Resources

/// Where a view of one kind stands and what to do next: a list, then a watch from there on.
///
/// A watch that ends goes on from the last version seen. If that does not work the list is read
/// again, never older than what was seen (kubernetes.io, "Efficient detection of changes").
package struct ViewProgress: Sendable {
    /// Times that decide what an end means.
    package struct Settings: Hashable, Sendable {
        package var firstBackoff = Duration.milliseconds(200)
        package var longestBackoff = Duration.seconds(30)
        /// A watch that lived this long makes earlier failures forgotten.
        package var stableAfter = Duration.seconds(10)
        /// A watch that ends sooner than this without an event counts as a failure.
        package var shortWatch = Duration.seconds(1)

        package init() {}
    }

    /// What to do next.
    package enum Step: Hashable, Sendable {
        case list(ListVersion)
        case watch(from: String)
    }

    /// How a watch ended.
    package struct WatchEnd: Hashable, Sendable {
        /// The server accepted the watch.
        package var accepted = false
        package var events = 0
        package var lived = Duration.zero
        /// `nil` if the server closed it in an orderly way.
        package var error: ClusterError?

        package init() {}
    }

    /// What follows the end of a watch.
    package enum AfterWatch: Hashable, Sendable {
        case goOn
        /// Not a failure yet, but too quick to go on at once.
        case pause
        case failed(ClusterError)
    }

    package private(set) var next = Step.list(.newest)
    package var backoff: Backoff
    private let settings: Settings
    private var isInterrupted = false
    private var isRefused = false

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        backoff = Backoff(first: settings.firstBackoff, longest: settings.longestBackoff)
    }

    /// A list of this version was handed over.
    package mutating func listed(_ version: String) {
        next = .watch(from: version)
        isInterrupted = false
        isRefused = false
    }

    /// An event or bookmark of this version was handed over.
    package mutating func saw(_ version: String) { next = .watch(from: version) }

    /// The view is behind. What is to be told of it: that the kind cannot be read, or why it is
    /// behind, each once until the next list; `nil` if it was told.
    package mutating func interrupt(by error: ClusterError, reading what: String) -> ViewEvent? {
        let reason = "\(what): \(error.message)"
        let refusal: ViewEvent.Refusal
        switch error.kind {
        case .forbidden: refusal = .forbidden
        case .notServed: refusal = .notServed
        default:
            defer { isInterrupted = true }
            return isInterrupted ? nil : .interrupted(reason)
        }
        defer { (isInterrupted, isRefused) = (true, true) }
        return isRefused ? nil : .refused(refusal, reason)
    }

    package mutating func listFailed(_ error: ClusterError) {
        if error.kind == .expired || error.kind == .versionTooLarge { next = .list(.newest) }
    }

    package mutating func watchEnded(_ end: WatchEnd) -> AfterWatch {
        if end.lived >= settings.stableAfter { backoff.reset() }
        if let error = end.error, error.kind == .expired {
            next = .list(.newest)
            return .failed(error)
        }
        // A watch that worked and was cut, or came to its end, goes on where it was.
        let isShort = end.lived < settings.shortWatch
        let worked = end.accepted && (end.events > 0 || !isShort)
        if worked, end.error?.kind != .malformed { return isShort ? .pause : .goOn }
        if case .watch(let version) = next { next = .list(.atLeast(version)) }
        return .failed(end.error ?? ClusterError(.unavailable, "the watch ended at once"))
    }
}
