import Domain

/// As much of a structural schema's validation as Slipway's definitions use; it knows nothing of
/// the decoder, so that one can be held against the other.
struct SchemaChecker {
    /// A place in a schema: names of members, `[]` for elements.
    typealias Place = String

    let schema: Document

    /// The nodes of a schema by place, from the root on.
    func nodes() -> [(place: Place, node: Document)] {
        var found: [(Place, Document)] = []
        func walk(_ node: Document, _ place: Place) {
            found.append((place, node))
            for member in node["properties"]?.objectValue?.members ?? [] {
                walk(member.value, place.isEmpty ? member.key : "\(place).\(member.key)")
            }
            if let items = node["items"] { walk(items, "\(place)[]") }
        }
        walk(schema, "")
        return found
    }

    /// The places that a document uses, as far as the schema knows them; below free-form nodes
    /// nothing is a place.
    func places(of document: Document) -> Set<Place> {
        var found: Set<Place> = []
        func walk(_ value: Document, _ node: Document?, _ place: Place) {
            found.insert(place)
            if node?["x-kubernetes-preserve-unknown-fields"] == true { return }
            switch value {
            case .object(let fields):
                for member in fields.members {
                    walk(
                        member.value, node?["properties"]?[member.key],
                        place.isEmpty ? member.key : "\(place).\(member.key)")
                }
            case .array(let elements):
                for element in elements { walk(element, node?["items"], "\(place)[]") }
            default: break
            }
        }
        walk(document, schema, "")
        return found
    }

    /// What is wrong with a document; `PLACE: keyword`.
    func errors(_ document: Document) -> [String] {
        var found: [String] = []
        check(document, schema, "", &found)
        return found
    }

    private func check(
        _ value: Document, _ node: Document, _ place: Place, _ found: inout [String]
    ) {
        func fail(_ keyword: String) { found.append("\(place): \(keyword)") }
        if let type = node["type"]?.stringValue, !Self.fits(value, type) {
            fail("type")
            return
        }
        if let words = node["enum"]?.arrayValue, !words.contains(value) { fail("enum") }
        switch value {
        case .string(let text):
            if let limit = node["maxLength"]?.intValue, text.unicodeScalars.count > limit {
                fail("maxLength")
            }
            if let limit = node["minLength"]?.intValue, text.unicodeScalars.count < limit {
                fail("minLength")
            }
            if let pattern = node["pattern"]?.stringValue, !matches(text, pattern) {
                fail("pattern")
            }
            if node["format"] == "date-time", Timestamp(rfc3339: text) == nil { fail("format") }
        case .integer, .double:
            let number = value.doubleValue ?? 0
            if let limit = node["minimum"]?.doubleValue, number < limit { fail("minimum") }
            if let limit = node["maximum"]?.doubleValue, number > limit { fail("maximum") }
        case .array(let elements):
            if let limit = node["maxItems"]?.intValue, elements.count > limit { fail("maxItems") }
            if let limit = node["minItems"]?.intValue, elements.count < limit { fail("minItems") }
            for element in elements {
                check(element, node["items"] ?? .null, "\(place)[]", &found)
            }
        case .object(let fields):
            for name in node["required"]?.arrayValue ?? [] {
                if let name = name.stringValue, fields[name] == nil { fail("required \(name)") }
            }
            if node["x-kubernetes-preserve-unknown-fields"] == true { return }
            for member in fields.members {
                let inner = place.isEmpty ? member.key : "\(place).\(member.key)"
                if let child = node["properties"]?[member.key] {
                    check(member.value, child, inner, &found)
                } else if place != "metadata" {
                    found.append("\(inner): unknown")
                }
            }
        default: break
        }
    }

    /// Whether a value is of a type of OpenAPI.
    static func fits(_ value: Document, _ type: String) -> Bool {
        switch type {
        case "object": value.objectValue != nil
        case "array": value.arrayValue != nil
        case "string": value.stringValue != nil
        case "boolean": value.boolValue != nil
        case "integer": value.integerValue != nil
        case "number": value.doubleValue != nil
        default: false
        }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return false }
        return text.firstMatch(of: regex) != nil
    }
}

extension Document {
    /// The document with the schema's defaults put where nothing stands.
    func filled(by node: Document) -> Document {
        var result = self
        for member in node["properties"]?.objectValue?.members ?? [] {
            if result[member.key] == nil { result[member.key] = member.value["default"] }
            if let child = result[member.key] {
                result[member.key] = child.filled(by: member.value)
            }
        }
        if let elements = result.arrayValue, let items = node["items"] {
            result = .array(elements.map { $0.filled(by: items) })
        }
        return result
    }
}
