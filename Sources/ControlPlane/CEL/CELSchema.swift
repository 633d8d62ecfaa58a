import Domain

/// What expressions see of a value that a schema describes: its type, and how the fields of an
/// object are called there.
///
/// Source: "Validation rules" and "Type conversions" in the Kubernetes documentation of
/// CustomResourceDefinitions. What a schema does not describe is not seen.
final class CELSchema: Sendable {
    enum Form: Hashable, Sendable {
        case anything, bool, int, double, string, bytes, duration, timestamp, list, map, record
    }

    /// A field under the name that expressions use.
    struct Field: Sendable {
        let name: String
        let schema: CELSchema
    }

    let form: Form
    let items: CELSchema?
    /// Fields by the names of expressions.
    let fields: [String: Field]
    /// `set`, `map`, or `atomic`.
    let listType: String
    let listKeys: [String]
    /// The names of the fields in expressions, ascending.
    let fieldNames: [String]

    init(
        _ form: Form, items: CELSchema? = nil, fields: [String: Field] = [:],
        listType: String = "atomic", listKeys: [String] = []
    ) {
        self.form = form
        self.items = items
        self.fields = fields
        fieldNames = fields.keys.sorted()
        self.listType = listType
        self.listKeys = listKeys
    }

    static let text = CELSchema(.string)

    /// The members of every object that rules at its root see.
    static let objectFields: [String: Field] = [
        "apiVersion": .init(name: "apiVersion", schema: text),
        "kind": .init(name: "kind", schema: text),
        "metadata": .init(
            name: "metadata",
            schema: CELSchema(
                .record,
                fields: [
                    "name": .init(name: "name", schema: text),
                    "generateName": .init(name: "generateName", schema: text),
                ])),
    ]

    var type: CELType {
        switch form {
        case .anything: .dyn
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .duration: .duration
        case .timestamp: .timestamp
        case .list: .list(items?.type ?? .dyn)
        case .map: .map(.string, items?.type ?? .dyn)
        case .record: .record(self)
        }
    }

    // MARK: Names

    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
        "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void",
        "while",
    ]

    /// How expressions call a property; `nil` where they cannot.
    static func escaped(_ name: String) -> String? {
        guard !reserved.contains(name) else { return "__\(name)__" }
        let bytes = Array(name.utf8)
        guard let first = bytes.first, !(48...57).contains(first) else { return nil }
        var text = ""
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "_") where index + 1 < bytes.count && bytes[index + 1] == 95:
                text += "__underscores__"
                index += 1
            case UInt8(ascii: "."): text += "__dot__"
            case UInt8(ascii: "-"): text += "__dash__"
            case UInt8(ascii: "/"): text += "__slash__"
            case let byte where Unicode.Scalar(byte).isCELWord:
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: return nil
            }
            index += 1
        }
        return text
    }

    // MARK: Values

    /// A value as expressions see it.
    ///
    /// - Throws: if it is not what the schema says.
    func value(of document: Document, _ meter: inout CELMeter) throws(CELFailure) -> CELValue {
        switch (form, document) {
        case (_, .null): return .null
        case (.bool, .bool(let value)): return .bool(value)
        case (.int, .integer(let value)): return .int(value)
        case (.double, .double(let value)): return .double(value)
        case (.double, .integer(let value)): return .double(Double(value))
        case (.int, .double):
            if let whole = document.integerValue { return .int(whole) }
        case (.string, .string(let text)): return .string(text)
        case (.bytes, .string(let text)):
            try meter.spend(reading: text.utf8.count)
            if let bytes = CELValue.bytes(base64: text) { return .bytes(bytes) }
        case (.duration, .string(let text)):
            if let nanos = CELTime.nanoseconds(text) { return .duration(nanos) }
        case (.timestamp, .string(let text)):
            if let time = CELTime(text.utf8.count == 10 ? text + "T00:00:00Z" : text) {
                return .timestamp(time)
            }
        case (.list, .array(let elements)):
            return .list(CELList(documents: elements, of: self))
        case (.map, .object(let members)): return .map(CELMap(members, of: self))
        case (.record, .object(let members)): return .record(CELRecord(members, of: self))
        case (.anything, .string(let text)): return .string(text)
        case (.anything, .integer(let value)): return .int(value)
        case (.anything, .double(let value)):
            return document.integerValue.map(CELValue.int) ?? .double(value)
        case (.anything, .bool(let value)): return .bool(value)
        default: break
        }
        throw CELFailure("invalid data, expected \(type.name), got \(document.kindName)")
    }
}

extension CELSchema: Equatable {
    static func == (left: CELSchema, right: CELSchema) -> Bool { left === right }
}

/// An object with fields of its schema.
struct CELRecord: Sendable {
    let members: Fields
    let schema: CELSchema

    init(_ members: Fields, of schema: CELSchema) {
        self.members = members
        self.schema = schema
    }

    /// The value of a field by the name of expressions; `nil` where it is absent.
    func value(_ name: String, _ meter: inout CELMeter) throws(CELFailure) -> CELValue? {
        guard let field = schema.fields[name], let document = members[field.name] else {
            return nil
        }
        return try field.schema.value(of: document, &meter)
    }
}
