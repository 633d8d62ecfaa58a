package import Domain

/// The pace of an open watch: what to send now, when to look again, when to end. Bookmarks go out
/// once a minute and two seconds before the end, as a real server sends them.
package struct WatchStream: Sendable {
    package private(set) var subscription: WatchSubscription
    /// The stream is over; nothing more is to be sent.
    package private(set) var isEnded = false

    private let end: Timestamp
    private var bookmarkAt: Timestamp
    private static let interval = TimeSpan.seconds(60)

    /// A watch that was opened at a time and ends when the client asked for it to end, or else
    /// after `longest`.
    package init(
        _ subscription: WatchSubscription, openedAt now: Timestamp,
        longest: TimeSpan = .minutes(45)
    ) {
        self.subscription = subscription
        var timeout = longest
        if let asked = subscription.timeout, asked > .zero { timeout = min(asked, longest) }
        end = now + timeout
        bookmarkAt = min(now + Self.interval, end - .seconds(2))
    }

    /// When to ask again even if nothing has changed.
    package var nextLook: Timestamp {
        subscription.allowsBookmarks && bookmarkAt < end ? bookmarkAt : end
    }

    /// The objects of the lines that are due.
    package mutating func lines(_ store: Store, now: Timestamp) -> [Document] {
        guard !isEnded else { return [] }
        var lines = subscription.events(store, now: now)
        if subscription.isEnded {
            isEnded = true
            return lines
        }
        if now >= bookmarkAt, bookmarkAt < end {
            if subscription.allowsBookmarks { lines.append(subscription.bookmark(store)) }
            let next = min(now + Self.interval, end - .seconds(2))
            bookmarkAt = next > now ? next : end
        }
        if now >= end { isEnded = true }
        return lines
    }
}
