package import Domain

/// Who owns which fields of an object: `metadata.managedFields`.
package struct ManagedFields: Sendable {
    /// How fields came to be owned.
    package enum Operation: String, Hashable, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    /// Whose entry it is. An applier has one entry whatever version it writes.
    package struct Identity: Hashable, Sendable {
        package var manager: String
        package var operation: Operation
        package var apiVersion: String
        package var subresource: String

        /// As conflicts name it.
        var message: String {
            var text = Document.string(manager).canonicalJSONString()
            if !subresource.isEmpty { text += " with subresource \"\(subresource)\"" }
            if operation == .update { text += " using \(apiVersion)" }
            return text
        }

        func isSame(as other: Identity) -> Bool {
            manager == other.manager && operation == other.operation
                && subresource == other.subresource
                && (operation == .apply || apiVersion == other.apiVersion)
        }
    }

    /// One owner.
    package struct Entry: Sendable, Equatable {
        package var identity: Identity
        package var time: String?
        package private(set) var fields: FieldSet
        /// The fields as they stand in the object they were read from.
        fileprivate private(set) var written: Document?

        init(identity: Identity, time: String?, fields: FieldSet, written: Document? = nil) {
            self.identity = identity
            self.time = time
            self.fields = fields
            self.written = written
        }

        package static func == (left: Entry, right: Entry) -> Bool {
            left.identity == right.identity && left.time == right.time
                && left.fields == right.fields
        }

        mutating func set(_ new: FieldSet) {
            guard new != fields else { return }
            fields = new
            written = nil
        }

        mutating func lose(_ taken: FieldSet) {
            guard fields.intersects(taken) else { return }
            fields = fields.subtracting(taken)
            written = nil
        }
    }

    /// More entries of updates than this are merged into one, oldest first, as the server does.
    package static let updateLimit = 10
    /// The name of the entry that holds what was merged.
    package static let ancient = "ancient-changes"

    package var entries: [Entry]

    /// Reads the entries of an object.
    ///
    /// - Parameters:
    ///   - known: the owners of the same object that were read before; what stands as it did is
    ///     not read again.
    ///   - isSent: a client wrote them, in a form of its own.
    package init(of object: Document?, known: ManagedFields? = nil, isSent: Bool = false) {
        let list = object?.at("metadata", "managedFields")?.arrayValue ?? []
        entries = list.compactMap { entry in
            guard
                let operation = entry["operation"]?.stringValue.flatMap(Operation.init(rawValue:))
            else { return nil }
            let identity = Identity(
                manager: entry["manager"]?.stringValue ?? "",
                operation: operation,
                apiVersion: entry["apiVersion"]?.stringValue ?? "",
                subresource: entry["subresource"]?.stringValue ?? ""
            )
            let written = entry["fieldsV1"] ?? [:]
            let same = known?.entry(identity).flatMap { $0.written == written ? $0.fields : nil }
            return Entry(
                identity: identity, time: entry["time"]?.stringValue,
                fields: same ?? FieldSet(written),
                written: same == nil && isSent ? nil : written)
        }
    }

    /// The entry of a manager.
    package func entry(_ identity: Identity) -> Entry? {
        entries.first { $0.identity.isSame(as: identity) }
    }

    mutating func set(_ identity: Identity, _ fields: FieldSet, time: String?) {
        if let index = entries.firstIndex(where: { $0.identity.isSame(as: identity) }) {
            entries[index].identity = identity
            entries[index].time = time
            entries[index].set(fields)
        } else {
            entries.append(Entry(identity: identity, time: time, fields: fields))
        }
    }

    /// Takes fields from everybody but one manager.
    mutating func take(_ taken: FieldSet, except identity: Identity?) {
        for index in entries.indices {
            if let identity, entries[index].identity.isSame(as: identity) { continue }
            entries[index].lose(taken)
        }
    }

    /// The entries as they stand in the object: without empty ones, in the server's order.
    package var document: Document? {
        var kept = entries.filter { !$0.fields.isEmpty }
        kept.sort { Self.order($0) < Self.order($1) }
        let updates = kept.filter { $0.identity.operation == .update }
        if updates.count > Self.updateLimit {
            let old = updates.prefix(updates.count - Self.updateLimit + 1)
            kept.removeAll { old.contains($0) }
            if var merged = old.last {
                merged.identity.manager = Self.ancient
                merged.set(old.reduce(FieldSet()) { $0.union($1.fields) })
                let place = kept.firstIndex { $0.identity.operation == .update } ?? kept.count
                kept.insert(merged, at: place)
            }
        }
        return kept.isEmpty ? nil : .array(kept.map(\.document))
    }

    private static func order(_ entry: Entry) -> (String, String, String, String, String) {
        let identity = entry.identity
        return (
            identity.operation.rawValue, entry.time ?? "", identity.manager, identity.apiVersion,
            identity.subresource
        )
    }
}

extension ManagedFields.Entry {
    fileprivate var document: Document {
        var entry: Document = [
            "manager": .string(identity.manager),
            "operation": .string(identity.operation.rawValue),
            "apiVersion": .string(identity.apiVersion),
            "fieldsType": "FieldsV1",
            "fieldsV1": written ?? fields.document,
        ]
        if let time { entry["time"] = .string(time) }
        if !identity.subresource.isEmpty { entry["subresource"] = .string(identity.subresource) }
        return entry
    }
}

/// The owners of objects that were read last: most writes of an object change one entry, and the
/// others need not be read again.
struct KnownOwners: Sendable {
    private struct Reading: Sendable {
        let written: Document
        let owners: ManagedFields
    }

    private var readings: [String: Reading] = [:]

    /// Of so many objects at most.
    private static let limit = 128

    /// As `ManagedFields(of: object)`.
    mutating func owners(of object: Document) -> ManagedFields {
        guard let written = object.at("metadata", "managedFields") else {
            return ManagedFields(of: object)
        }
        let last = readings[object.objectUID]
        if let last, last.written == written { return last.owners }
        let owners = ManagedFields(of: object, known: last?.owners)
        if readings.count >= Self.limit { readings = [:] }
        readings[object.objectUID] = Reading(written: written, owners: owners)
        return owners
    }
}
