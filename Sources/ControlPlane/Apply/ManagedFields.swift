package import Domain

/// Who owns which fields of an object: `metadata.managedFields`.
package struct ManagedFields: Hashable, Sendable {
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
    package struct Entry: Hashable, Sendable {
        package var identity: Identity
        package var time: String?
        package var fields: FieldSet
    }

    /// More entries of updates than this are merged into one, oldest first, as the server does.
    package static let updateLimit = 10
    /// The name of the entry that holds what was merged.
    package static let ancient = "ancient-changes"

    package var entries: [Entry]

    /// Reads the entries of an object.
    package init(of object: Document?) {
        let list = object?.at("metadata", "managedFields")?.arrayValue ?? []
        entries = list.compactMap { entry in
            guard
                let operation = entry["operation"]?.stringValue.flatMap(Operation.init(rawValue:))
            else { return nil }
            return Entry(
                identity: Identity(
                    manager: entry["manager"]?.stringValue ?? "",
                    operation: operation,
                    apiVersion: entry["apiVersion"]?.stringValue ?? "",
                    subresource: entry["subresource"]?.stringValue ?? ""
                ),
                time: entry["time"]?.stringValue,
                fields: FieldSet(entry["fieldsV1"] ?? [:])
            )
        }
    }

    /// The entry of a manager.
    package func entry(_ identity: Identity) -> Entry? {
        entries.first { $0.identity.isSame(as: identity) }
    }

    mutating func set(_ identity: Identity, _ fields: FieldSet, time: String?) {
        let entry = Entry(identity: identity, time: time, fields: fields)
        if let index = entries.firstIndex(where: { $0.identity.isSame(as: identity) }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Takes fields from everybody but one manager.
    mutating func take(_ taken: FieldSet, except identity: Identity?) {
        for index in entries.indices {
            if let identity, entries[index].identity.isSame(as: identity) { continue }
            entries[index].fields = entries[index].fields.subtracting(taken)
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
                merged.fields = old.reduce(FieldSet()) { $0.union($1.fields) }
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
            "fieldsV1": fields.document,
        ]
        if let time { entry["time"] = .string(time) }
        if !identity.subresource.isEmpty { entry["subresource"] = .string(identity.subresource) }
        return entry
    }
}
