package import Domain

/// The objects of one storage, ascending by `NAMESPACE/NAME` as the real store keeps them.
/// Copies share everything until one is changed.
struct ObjectTable: Sendable {
    /// One object and the version of its last write.
    struct Entry: Sendable {
        var path: String
        var document: Document
        var version: Int64
    }

    private(set) var entries: [Entry] = []

    var count: Int { entries.count }

    subscript(path: String) -> Entry? {
        let (index, found) = position(of: path)
        return found ? entries[index] : nil
    }

    /// Adds an object or replaces the one at the same path.
    mutating func put(_ entry: Entry) {
        let (index, found) = position(of: entry.path)
        if found { entries[index] = entry } else { entries.insert(entry, at: index) }
    }

    mutating func remove(_ path: String) {
        let (index, found) = position(of: path)
        if found { entries.remove(at: index) }
    }

    /// The entries of a namespace (empty: all).
    func entries(in namespace: String) -> ArraySlice<Entry> {
        guard !namespace.isEmpty else { return entries[...] }
        // "/" is followed by "0": between "ns/" and "ns0" are all names of the namespace.
        let start = position(of: namespace + "/").index
        let end = position(of: namespace + "0").index
        return entries[start..<end]
    }

    /// Where a path is or would be.
    func position(of path: String) -> (index: Int, found: Bool) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].path == path)
    }
}

/// A change of an object, as a watch sees it.
package struct StoreEvent: Sendable {
    /// What happened to it.
    package enum Change: Hashable, Sendable {
        case added
        case modified
        case deleted
    }

    package let change: Change
    /// The resourceVersion of the change.
    package let version: Int64
    /// The object afterwards; of a deletion the last state, under the deletion's version.
    package let object: Document
    /// The object before; `nil` for a creation.
    package let previous: Document?
}

/// The changes of one storage since a horizon, oldest first. Kept in pieces, so that a copied
/// store shares all but the last piece.
struct EventLog: Sendable {
    private static let pieceLength = 256

    private var pieces: [[StoreEvent]] = []
    private(set) var count = 0
    /// Changes up to and including this version may have been dropped.
    private(set) var horizon: Int64
    /// The version of the newest change; the horizon if there is none.
    private(set) var newest: Int64

    init(horizon: Int64) {
        self.horizon = horizon
        newest = horizon
    }

    private mutating func findNewest() { newest = pieces.last?.last?.version ?? horizon }

    /// Appends a change and drops the oldest pieces; at least the last `limit` changes stay.
    mutating func append(_ event: StoreEvent, limit: Int) {
        if let last = pieces.indices.last, pieces[last].count < Self.pieceLength {
            pieces[last].append(event)
        } else {
            pieces.append([event])
        }
        newest = event.version
        count += 1
        while pieces.count > 1, let first = pieces.first, count - first.count >= limit {
            horizon = max(horizon, first.last?.version ?? horizon)
            count -= first.count
            pieces.removeFirst()
        }
    }

    /// Takes back the newest change.
    mutating func dropNewest() {
        guard let last = pieces.indices.last else { return }
        pieces[last].removeLast()
        if pieces[last].isEmpty { pieces.removeLast() }
        count -= 1
        findNewest()
    }

    /// Forgets all changes up to a version.
    mutating func compact(upTo version: Int64) {
        guard version > horizon else { return }
        horizon = version
        let rest = pieces.joined().filter { $0.version > version }
        pieces = rest.isEmpty ? [] : [rest]
        count = rest.count
        findNewest()
    }

    /// The changes after a version, oldest first; `nil` if some of them may be gone.
    func events(after version: Int64) -> [StoreEvent]? {
        guard version >= horizon else { return nil }
        var found: [ArraySlice<StoreEvent>] = []
        for piece in pieces.reversed() {
            guard let last = piece.last, last.version > version else { break }
            var low = 0
            var high = piece.count
            while low < high {
                let middle = (low + high) / 2
                if piece[middle].version <= version { low = middle + 1 } else { high = middle }
            }
            found.append(piece[low...])
            if low > 0 { break }
        }
        return found.reversed().flatMap { $0 }
    }

}
