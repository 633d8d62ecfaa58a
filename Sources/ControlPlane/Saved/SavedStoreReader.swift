import Domain

/// A store that was read back.
package struct SavedStore: Sendable {
    package let store: Store
    /// Bytes of the copy of the store, without the changes after it.
    package let copied: Int
    /// Bytes of what was read; whatever comes after is the rest of a write that was not completed.
    package let length: Int
    /// Bytes that are dropped for this reason.
    package let dropped: Int
    /// Where the store was used last: another value says that the machine has been started since,
    /// so that what was written last may be missing.
    package let place: String
    /// The server that used it ended in order.
    package let isClosed: Bool
}

/// Why bytes are no saved store.
package struct SavedStoreDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package let reason: String
    /// The line, counted from 1.
    package let line: Int
    /// The bytes before it.
    package let offset: Int

    package init(reason: String, line: Int, offset: Int) {
        self.reason = reason
        self.line = line
        self.offset = offset
    }

    /// `line N (byte M): reason`.
    package var description: String { "line \(line) (byte \(offset)): \(reason)" }
}

/// Makes a store of what ``Store/save(place:_:)`` and the lines after it say. The bytes are fed
/// piece by piece.
///
/// A last line that is incomplete or damaged is what a write left that was not completed, and is
/// dropped. Damage before that is an error.
package struct SavedStoreReader: Sendable {
    private var store = Store(registry: KindRegistry())
    private var rest: [UInt8] = []
    /// Objects of the header that have not come yet; `nil` before the header.
    private var missing: Int?
    private var line = 1
    private var length = 0
    private var copied = 0
    private var place = ""
    private var isClosed = false
    /// A damaged line after which nothing has come so far, and its length.
    private var doubtful: (damage: SavedStoreDamage, length: Int)?

    package init() {}

    package mutating func feed(_ bytes: [UInt8]) throws(SavedStoreDamage) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if rest.isEmpty {
                try take(bytes[start..<end])
            } else {
                rest += bytes[start..<end]
                let whole = rest
                rest = []
                try take(whole[...])
            }
            start = end + 1
        }
        rest += bytes[start...]
        if rest.count > SavedLine.longest { throw damage("a line without an end") }
    }

    /// The store, when everything has been fed.
    package consuming func finish() throws(SavedStoreDamage) -> SavedStore {
        if missing != 0 {
            throw doubtful?.damage ?? damage(missing == nil ? "no header" : "objects are missing")
        }
        return SavedStore(
            store: store, copied: copied, length: length,
            dropped: (doubtful?.length ?? 0) + rest.count,
            place: place, isClosed: isClosed)
    }

    private func damage(_ reason: String) -> SavedStoreDamage {
        SavedStoreDamage(reason: reason, line: line, offset: length)
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) throws(SavedStoreDamage) {
        guard let record = SavedLine.read(bytes) else {
            if missing == nil { throw damage("this is no state of a sandbox") }
            let found = doubtful?.damage ?? damage("damaged: the checksum does not fit")
            doubtful = (found, (doubtful?.length ?? 0) + bytes.count + 1)
            return
        }
        // What was half written is the last there is.
        if let doubtful { throw doubtful.damage }
        switch missing {
        case nil: try takeHeader(record)
        case 0: try takeChange(record)
        case let count?:
            try takeObject(record)
            missing = count - 1
        }
        line += 1
        length += bytes.count + 1
        if record["in"] != nil || line == 2 { copied = length }
    }

    private mutating func takeHeader(_ record: Document) throws(SavedStoreDamage) {
        guard record["title"]?.stringValue == Store.savedTitle else {
            throw damage("this is no state of a sandbox")
        }
        let format = record["format"]?.integerValue ?? 0
        guard format == Store.savedFormat else {
            throw damage(
                "written by another version of slipway: format \(format), "
                    + "this one reads \(Store.savedFormat)")
        }
        guard let count = record["objects"]?.intValue, count >= 0,
            let tokens = record["tokens"]?.stringValue
        else { throw damage("the header is not complete") }
        store.registry = KindRegistry(BuiltInKinds.all)
        store.tokenKey = tokens
        missing = count
        try takeProgress(record)
        store.origin = store.version
        place = record["place"]?.stringValue ?? ""
    }

    private mutating func takeProgress(_ record: Document) throws(SavedStoreDamage) {
        guard let version = record["version"]?.integerValue, version >= store.version,
            let state = record["generator"]?.stringValue.flatMap({ UInt64($0, radix: 16) })
        else { throw damage("the version or the generator is missing") }
        store.version = version
        store.generator = SeededGenerator(seed: state)
    }

    private mutating func takeObject(_ record: Document) throws(SavedStoreDamage) {
        let (storage, object) = try parts(record)
        guard let version = Int64(object.objectVersion), version <= store.version else {
            throw damage("an object of the future")
        }
        store.lay(object, over: nil, storage, kind(storage, object))
        serve(storage, object)
    }

    private mutating func takeChange(_ record: Document) throws(SavedStoreDamage) {
        for change in record["changes"]?.arrayValue ?? [] {
            let (storage, object) = try parts(change)
            guard let version = Int64(object.objectVersion), version == store.version + 1 else {
                throw damage("version \(store.version + 1) is missing")
            }
            let isGone = change["gone"]?.boolValue == true
            let former = store.tables[storage]?[Store.path(of: object)]?.document
            store.version = version
            store.enter(
                StoreEvent(
                    change: isGone ? .deleted : former == nil ? .added : .modified,
                    version: version, object: object, previous: former),
                storage, kind(storage, object))
            if isGone, storage == CustomResources.kind.description {
                let name = object.objectName
                store.registry.removeAll { $0.customDefinition == name }
            } else {
                serve(storage, object)
            }
        }
        let reached = store.version
        try takeProgress(record)
        if store.version > reached {
            store.compact(upTo: store.version)
            store.origin = store.version
        }
        if let place = record["place"]?.stringValue { self.place = place }
        isClosed = record["closed"]?.boolValue == true
    }

    private func parts(
        _ record: Document
    ) throws(SavedStoreDamage) -> (storage: String, object: Document) {
        guard let storage = record["in"]?.stringValue, let object = record["object"],
            !object.objectName.isEmpty
        else { throw damage("no object") }
        return (storage, object)
    }

    /// The kind in whose form an object is stored, also of one that is not served (any more).
    private func kind(_ storage: String, _ object: Document) -> ResourceKind {
        if let definition = store.registry.stored(storage) { return definition.kind }
        let names = storage.split(separator: ".", maxSplits: 1).map(String.init)
        let version = (object["apiVersion"]?.stringValue ?? "").split(separator: "/").last
        return ResourceKind(
            group: names.count > 1 ? names[1] : "", version: version.map(String.init) ?? "",
            kind: object["kind"]?.stringValue ?? "", plural: names.first ?? storage)
    }

    /// Serves what a definition defines.
    private mutating func serve(_ storage: String, _ object: Document) {
        guard storage == CustomResources.kind.description else { return }
        CustomResources.register(object, in: &store)
    }
}
