import Domain

/// As much of JSON Schema's draft 7 as Slipway's schemas use. A keyword that it does not know is
/// an error, so that no part of a schema goes unseen.
struct JSONSchemaChecker {
    let schema: Document

    /// What is wrong with a document; `PLACE: keyword`.
    func errors(_ document: Document) -> [String] { Self.check(document, schema, "") }

    private static func check(_ value: Document, _ node: Document, _ place: String) -> [String] {
        (node.objectValue?.members ?? []).flatMap { keyword in
            members(value, node, keyword.value, of: keyword.key, place)
                ?? (holds(value, node, keyword.value, of: keyword.key)
                    ? [] : ["\(place): \(keyword.key)"])
        }
    }

    /// What keywords that look into a value find; `nil`: it is not such a keyword.
    private static func members(
        _ value: Document, _ node: Document, _ argument: Document, of keyword: String,
        _ place: String
    ) -> [String]? {
        switch keyword {
        case "properties":
            return (argument.objectValue?.members ?? []).flatMap { child in
                value[child.key].map { check($0, child.value, "\(place).\(child.key)") } ?? []
            }
        case "items":
            return (value.arrayValue ?? []).flatMap { check($0, argument, "\(place)[]") }
        case "additionalProperties":
            let known = node["properties"]?.objectValue?.keys ?? []
            let others = (value.objectValue?.members ?? []).filter { !known.contains($0.key) }
            return others.flatMap {
                argument == false
                    ? ["\(place).\($0.key): unknown"]
                    : check($0.value, argument, "\(place).\($0.key)")
            }
        case "then":
            return check(value, node["if"] ?? .null, place).isEmpty
                ? check(value, argument, place) : []
        default: return nil
        }
    }

    private static func holds(
        _ value: Document, _ node: Document, _ argument: Document, of keyword: String
    ) -> Bool {
        let limit = argument.intValue ?? 0
        let fields = value.objectValue
        switch keyword {
        case "$schema", "title", "description", "default", "if": return true
        case "type": return SchemaChecker.fits(value, argument.stringValue ?? "")
        case "const": return value == argument
        case "enum": return argument.arrayValue?.contains(value) ?? false
        case "maxLength": return (value.stringValue?.unicodeScalars.count ?? 0) <= limit
        case "minLength": return (value.stringValue?.unicodeScalars.count ?? limit) >= limit
        case "pattern":
            guard let text = value.stringValue else { return true }
            guard let regex = try? Regex(argument.stringValue ?? "(") else { return false }
            return text.firstMatch(of: regex) != nil
        case "minimum": return value.doubleValue.map { $0 >= Double(limit) } ?? true
        case "maximum": return value.doubleValue.map { $0 <= Double(limit) } ?? true
        case "maxItems": return (value.arrayValue?.count ?? 0) <= limit
        case "minItems": return (value.arrayValue?.count ?? limit) >= limit
        case "required": return fields.map { names(argument).allSatisfy($0.keys.contains) } ?? true
        case "dependencies":
            guard let fields else { return true }
            return (argument.objectValue?.members ?? []).allSatisfy {
                fields[$0.key] == nil || names($0.value).allSatisfy(fields.keys.contains)
            }
        case "oneOf":
            return (argument.arrayValue ?? []).count { check(value, $0, "").isEmpty } == 1
        default: return false
        }
    }

    private static func names(_ list: Document) -> [String] {
        (list.arrayValue ?? []).compactMap(\.stringValue)
    }
}
