package import Domain

/// JSON Patch (RFC 6902) as the API server applies it: operations in order, all or nothing.
package enum JSONPatch {
    /// More operations than this are refused unread.
    package static let operationLimit = 10_000
    /// All `copy` operations of one patch together may copy this many bytes.
    package static let copyLimit = 3 * 1024 * 1024

    /// The document after all operations.
    ///
    /// As in the real server, `replace` of a missing member adds it.
    ///
    /// - Returns: 400 for what is no list of operations, 413 for too many, 422 without details
    ///   for a failed test, a missing place or an unknown operation.
    package static func apply(
        _ operations: Document,
        to document: Document
    ) -> Result<Document, APIStatus> {
        guard let list = operations.arrayValue else {
            return .failure(undecodable(operations, "[]handlers.jsonPatchOp"))
        }
        guard list.count <= operationLimit else { return .failure(tooMany(list.count)) }
        var result = document
        var copied = 0
        for operation in list {
            guard operation.objectValue != nil else {
                return .failure(undecodable(operation, "handlers.jsonPatchOp"))
            }
            guard let next = step(result, operation, &copied) else { return .failure(rejected) }
            result = next
        }
        return .success(result)
    }

    /// What every operation that cannot be done is answered with.
    private static let rejected = APIStatus(
        code: 422,
        reason: "Invalid",
        message: "the server rejected our request due to an error in our request",
        details: .init()
    )

    private static func undecodable(_ value: Document, _ type: String) -> APIStatus {
        let word =
            switch value {
            case .integer, .double: "number"
            case .bool: "bool"
            case .array: "array"
            default: value.kindName
            }
        return .badRequest(
            "error decoding patch: json: cannot unmarshal \(word) into Go value of type \(type)"
        )
    }

    private static func tooMany(_ count: Int) -> APIStatus {
        .init(
            code: 413,
            reason: "RequestEntityTooLarge",
            message: "Request entity too large: The allowed maximum operations in a JSON patch is "
                + "\(operationLimit), got \(count)"
        )
    }

    private static func step(
        _ document: Document,
        _ operation: Document,
        _ copied: inout Int
    ) -> Document? {
        guard let name = operation["op"]?.stringValue,
            let path = operation["path"]?.stringValue.flatMap(JSONPointer.init)
        else { return nil }
        switch name {
        case "add":
            guard let value = operation["value"] else { return nil }
            return path.changing(document, .add(value))
        case "replace":
            guard let value = operation["value"] else { return nil }
            return path.changing(document, .replace(value))
        case "remove":
            return path.changing(document, .remove)
        case "test":
            // A place that is not there equals null.
            let expected = operation["value"] ?? .null
            return (path.value(in: document) ?? .null).isSameJSON(as: expected) ? document : nil
        case "move", "copy":
            guard let source = operation["from"]?.stringValue.flatMap(JSONPointer.init),
                let value = source.value(in: document)
            else { return nil }
            if name == "move" {
                // RFC 6902: a value cannot be moved into one of its children.
                guard source == path || !source.isPrefix(of: path) else { return nil }
                return source.changing(document, .remove)
                    .flatMap { path.changing($0, .add(value)) }
            }
            copied += value.canonicalJSON().count
            guard copied <= copyLimit else { return nil }
            return path.changing(document, .add(value))
        default:
            return nil
        }
    }
}

extension Document {
    /// Equality in which 1 and 1.0 are the same number.
    func isSameJSON(as other: Document) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSameJSON(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && zip(left.members, right.members).allSatisfy {
                    $0.key == $1.key && $0.value.isSameJSON(as: $1.value)
                }
        case (.integer, .double), (.double, .integer):
            doubleValue == other.doubleValue
        default: self == other
        }
    }
}
