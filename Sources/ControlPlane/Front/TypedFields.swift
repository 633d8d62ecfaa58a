import Domain

/// Fields of built-in kinds whose type decides whether a request can be read at all, with the
/// words of the real server's decoder.
enum TypedFields {
    static func check(_ object: Document, _ definition: KindDefinition) throws(APIStatus) {
        for member in ["labels", "annotations"] {
            try strings(
                object.at("metadata", member), "ObjectMeta.metadata.\(member)", object, definition)
        }
        switch definition.kind {
        case .configMap:
            try strings(object["data"], "ConfigMap.data", object, definition)
        case .lease:
            for member in ["acquireTime", "renewTime"] {
                guard let text = object.at("spec", member)?.stringValue,
                    let complaint = microTimeProblem(text)
                else { continue }
                throw unreadable(complaint, object, definition)
            }
        default: break
        }
    }

    private static func strings(
        _ value: Document?, _ field: String, _ object: Document, _ definition: KindDefinition
    ) throws(APIStatus) {
        for member in value?.objectValue?.members ?? [] {
            let found: String
            switch member.value {
            case .string, .null: continue
            case .bool: found = "bool"
            case .integer, .double: found = "number"
            case .array: found = "array"
            case .object: found = "object"
            }
            throw unreadable(
                "json: cannot unmarshal \(found) into Go struct field \(field) of type string",
                object, definition)
        }
    }

    private static func unreadable(
        _ why: String, _ object: Document, _ definition: KindDefinition
    ) -> APIStatus {
        .badRequest(
            "\(definition.kind.kind) in version \"\(definition.kind.version)\" cannot be handled "
                + "as a \(definition.kind.kind): \(why)")
    }

    /// Go's complaint about a time that has not exactly six digits of fraction.
    private static func microTimeProblem(_ text: String) -> String? {
        let layout = "2006-01-02T15:04:05.000000Z07:00"
        let bytes = Array(text.utf8)
        func complaint(_ rest: String, _ wanted: String) -> String {
            "parsing time \"\(text)\" as \"\(layout)\": cannot parse \"\(rest)\" as \"\(wanted)\""
        }
        guard bytes.count >= 4, bytes.prefix(4).allSatisfy({ (48...57).contains($0) }) else {
            return complaint(text, "2006")
        }
        guard bytes.count > 19 else { return complaint("", layout) }
        let fraction = bytes[19...]
        let digits = fraction.dropFirst().prefix { (48...57).contains($0) }
        guard fraction.first == UInt8(ascii: "."), digits.count == 6 else {
            return complaint(String(decoding: fraction, as: UTF8.self), ".000000")
        }
        return Timestamp(rfc3339: text) == nil ? complaint(text, layout) : nil
    }
}
