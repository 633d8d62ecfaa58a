package import Domain
package import Resources

extension Store {
    /// Does one write of Slipway's core, as the API server would. The outcome is never `unknown`:
    /// lost answers are the business of who simulates the way between.
    package mutating func perform(_ request: WriteRequest, now: Timestamp) -> WriteOutcome {
        let context = WriteContext(now: now, manager: "slipway")
        do throws(APIStatus) {
            return .applied(try performed(request, context))
        } catch {
            return .notApplied(WriteRefusal(error))
        }
    }

    private mutating func performed(
        _ request: WriteRequest,
        _ context: WriteContext
    ) throws(APIStatus) -> Document {
        switch request {
        case .create(let key, let object):
            var named = object
            named.set(["metadata", "name"], to: .string(key.name))
            return try create(key.kind, namespace: key.namespace, named, context)
        case .apply(let key, let intent, let force):
            return try apply(key, intent, force: force, context)
        case .applyStatus(let key, let intent):
            var status = context
            status.part = .status
            return try apply(key, intent, force: true, status)
        case .jsonPatch(let key, let operations):
            return try update(key, context) { object throws(APIStatus) in
                try patched(object, key, operations)
            }
        case .delete(let key, let uid, let resourceVersion):
            let options = DeleteOptions(
                uid: uid,
                resourceVersion: resourceVersion,
                propagation: .background
            )
            return try delete(key, options: options, context).object
        }
    }

    /// Server-side apply: creates the object if there is none, else merges the intent into it.
    @discardableResult
    package mutating func apply(
        _ key: ResourceKey,
        _ intent: Document,
        force: Bool,
        _ context: WriteContext
    ) throws(APIStatus) -> Document {
        guard object(key) != nil else {
            let uid = intent.objectUID
            guard uid.isEmpty else {
                throw .conflict(
                    key.kind,
                    key.name,
                    "uid mismatch: the provided object specified uid \(uid), and no existing "
                        + "object was found"
                )
            }
            guard context.part == .main else { throw .notFound(key.kind, key.name) }
            var named = intent
            named.set(["metadata", "name"], to: .string(key.name))
            return try create(key.kind, namespace: key.namespace, named, context)
        }
        return try update(key, context) { Self.merged($0, with: intent) }
    }

    /// Members of the intent replace those of the object, objects are merged.
    private static func merged(_ object: Document, with intent: Document) -> Document {
        guard case .object(let members) = intent, case .object = object else { return intent }
        var result = object
        for member in members.members {
            result[member.key] =
                result[member.key].map { merged($0, with: member.value) }
                ?? member.value
        }
        return result
    }
}

/// The object after the operations of a JSON Patch.
func patched(
    _ object: Document,
    _ key: ResourceKey,
    _ operations: [PatchOperation]
) throws(APIStatus) -> Document {
    var result = object
    for operation in operations {
        let parts = operation.path.split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst().map { part in unescaped(part) }
        guard let changed = step(result, parts[...], operation) else {
            throw APIStatus.invalid(
                key.kind,
                key.name,
                [
                    .init(
                        reason: "FieldValueInvalid",
                        message: "the server rejected our request due to an error in our request: "
                            + "\(operation.kind.rawValue) \(operation.path)",
                        field: ""
                    )
                ]
            )
        }
        result = changed
    }
    return result
}

/// A part of a JSON pointer as the name it stands for (RFC 6901 section 4).
private func unescaped(_ part: Substring) -> String {
    part.split(separator: "~1", omittingEmptySubsequences: false)
        .map { $0.split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~") }
        .joined(separator: "/")
}

/// The document after one operation; `nil` if it cannot be done or a test fails.
private func step(
    _ document: Document,
    _ path: ArraySlice<String>,
    _ operation: PatchOperation
) -> Document? {
    guard let first = path.first else {
        guard operation.kind == .test else { return operation.value }
        return document == operation.value ? document : nil
    }
    let rest = path.dropFirst()
    switch document {
    case .object(var fields):
        if rest.isEmpty, operation.kind != .test {
            if operation.kind == .remove, fields[first] == nil { return nil }
            fields[first] = operation.kind == .remove ? nil : operation.value
            return .object(fields)
        }
        guard let child = fields[first], let changed = step(child, rest, operation) else {
            return nil
        }
        fields[first] = changed
        return .object(fields)
    case .array(var elements):
        if rest.isEmpty, operation.kind == .add {
            guard let value = operation.value else { return nil }
            let index = first == "-" ? elements.count : Int(first) ?? -1
            guard (0...elements.count).contains(index) else { return nil }
            elements.insert(value, at: index)
            return .array(elements)
        }
        guard let index = Int(first), elements.indices.contains(index) else { return nil }
        if rest.isEmpty, operation.kind == .remove {
            elements.remove(at: index)
            return .array(elements)
        }
        guard let changed = step(elements[index], rest, operation) else { return nil }
        elements[index] = changed
        return .array(elements)
    default: return nil
    }
}

extension WriteRefusal {
    /// What a client makes of an error answer.
    package init(_ status: APIStatus) {
        let causes = status.details?.causes ?? []
        let kind: Kind
        switch (status.code, status.reason) {
        case (409, "AlreadyExists"): kind = .alreadyExists
        case (409, _):
            kind =
                causes.contains { $0.reason == "FieldManagerConflict" } ? .fieldConflict : .conflict
        case (404, _): kind = .notFound
        case (401, _), (403, _): kind = .forbidden
        case (429, _): kind = .tooManyRequests
        case (422, _) where status.details?.causes.contains { $0.field.isEmpty } == true:
            kind = .conflict
        default: kind = .invalid
        }
        self.init(
            kind,
            status.message,
            retryAfter: status.details?.retryAfterSeconds.map { .seconds(Int64($0)) },
            causes: kind == .fieldConflict ? causes.map { "\($0.field): \($0.message)" } : []
        )
    }
}
