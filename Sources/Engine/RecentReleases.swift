import Domain

/// The releases to which something happened last: what belongs to the others is packed.
struct RecentReleases: Sendable {
    private let limit: Int
    private var recent: Set<NamespacedName> = []
    /// Those before: whoever is not noted again until the newer ones are full is let go.
    private var former: Set<NamespacedName> = []

    /// So many are kept at least, and twice as many at most.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Notes that something happens to a release; returns those to which nothing has for long.
    mutating func note(_ release: NamespacedName) -> [NamespacedName] {
        guard !recent.contains(release) else { return [] }
        former.remove(release)
        recent.insert(release)
        guard recent.count >= limit else { return [] }
        defer { (former, recent) = (recent, []) }
        return former.sorted()
    }
}
