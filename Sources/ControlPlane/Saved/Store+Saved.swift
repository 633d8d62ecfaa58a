import Domain

/// A store as bytes: a header, one line for each object, and after that a line for each change
/// that was kept since. ``SavedStoreReader`` makes a store of it.
///
/// Each line carries a checksum, so that what a write left half done is recognized.
extension Store {
    /// What the header says of the form; another form gets another number.
    static let savedFormat: Int64 = 1
    /// By which the header of a file is recognized.
    static let savedTitle = "slipway sandbox"

    /// Hands over the whole store in pieces that belong one after the other.
    ///
    /// - Parameter place: what the machine calls the time since it was started; see
    ///   ``SavedStore/place``.
    package func save<Failure: Error>(
        place: String, _ write: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        // Definitions come first, so that the kinds of the others are known.
        let first = CustomResources.kind.description
        let storages = [first] + tables.keys.sorted().filter { $0 != first }
        let count = storages.reduce(0) { $0 + (tables[$1]?.count ?? 0) }
        var header = progress
        header["title"] = .string(Self.savedTitle)
        header["format"] = .integer(Self.savedFormat)
        header["objects"] = .integer(count)
        header["place"] = .string(place)
        header["tokens"] = .string(tokenKey)
        var piece = SavedLine.write(header)
        for storage in storages {
            for entry in tables[storage]?.entries ?? [] {
                piece += SavedLine.write(["in": .string(storage), "object": entry.document])
                guard piece.count > 1 << 18 else { continue }
                try write(piece)
                piece = []
            }
        }
        try write(piece)
    }

    /// The lines that say what has changed since the store was last kept.
    package var unsavedLines: [UInt8] {
        var lines: [UInt8] = []
        let changes = unsaved?.changes ?? []
        for start in stride(from: 0, to: changes.count, by: Self.changesOfALine) {
            let part = changes[start..<min(start + Self.changesOfALine, changes.count)]
            var record = progress
            record["version"] = .integer(part.last?.event.version ?? version)
            record["changes"] = .array(
                part.map { change in
                    var entry: Document = [
                        "in": .string(change.storage), "object": change.event.object,
                    ]
                    if change.event.change == .deleted { entry["gone"] = true }
                    return entry
                })
            lines += SavedLine.write(record)
        }
        return lines
    }

    /// So few that a line of the largest objects can be read back.
    private static let changesOfALine = 8

    /// The line that says that a server took the store up, and where.
    package func openedLine(place: String) -> [UInt8] {
        var record = progress
        record["place"] = .string(place)
        return SavedLine.write(record)
    }

    /// The line that says that nothing more was to be kept.
    package var closedLine: [UInt8] {
        var record = progress
        record["closed"] = true
        return SavedLine.write(record)
    }

    private var progress: Document {
        [
            "version": .integer(version),
            "generator": .string(String(generator.state, radix: 16)),
        ]
    }

    /// Goes on at a distance from what may have been seen of changes that were lost: no version
    /// and no uid stands for two things, and whoever watched has to read anew.
    package mutating func leaveGap() {
        guard version < Int64.max - Self.gap else { return }
        version += Self.gap
        generator = SeededGenerator(seed: generator.next() ^ UInt64(version))
        compact(upTo: version)
        origin = version
    }

    /// Far more changes than fall between two moments at which everything is on the disk.
    private static let gap: Int64 = 1_000_000
}
