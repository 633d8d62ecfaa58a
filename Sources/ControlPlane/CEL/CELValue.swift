import Domain

/// Why an expression has no value.
struct CELFailure: Error, Hashable, Sendable {
    let message: String
    /// It took more steps than it may; nothing absorbs that.
    var isExhausted = false

    init(_ message: String) { self.message = message }

    static let noOverload = CELFailure("no such overload")
    static let overflow = CELFailure("integer overflow")
    static let exhausted: CELFailure = {
        var failure = CELFailure("operation cancelled: actual cost limit exceeded")
        failure.isExhausted = true
        return failure
    }()

    static func noKey(_ key: String) -> CELFailure { .init("no such key: \(key)") }
}

/// The steps that an evaluation may still take.
///
/// Weighed after the cost model of CEL: a call or a selection is one step, a tenth of a step for
/// each character that a function reads or writes.
struct CELMeter {
    private(set) var left: Int

    init(_ limit: Int) { left = limit }

    mutating func spend(_ steps: Int = 1) throws(CELFailure) {
        left -= steps
        guard left >= 0 else { throw .exhausted }
    }

    /// For texts and lists of some length.
    mutating func spend(reading length: Int) throws(CELFailure) { try spend(1 + length / 10) }
}

/// What an expression becomes.
indirect enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    /// In nanoseconds.
    case duration(Int64)
    case timestamp(CELTime)
    case list(CELList)
    case map(CELMap)
    case record(CELRecord)
    case optional(CELValue?)
    /// The name of a type.
    case type(String)
    case quantity(Quantity)
    case url(CELAddress)
    case ip(CELNetwork)
    case cidr(CELNetwork)

    /// The name of its type, as `type(x)` prints it.
    var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .duration: "google.protobuf.Duration"
        case .timestamp: "google.protobuf.Timestamp"
        case .list: "list"
        case .map: "map"
        case .record: "object"
        case .optional: "optional_type"
        case .type: "type"
        case .quantity: "kubernetes.Quantity"
        case .url: "kubernetes.URL"
        case .ip: "net.IP"
        case .cidr: "net.CIDR"
        }
    }

    var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var asInt: Int64? { if case .int(let value) = self { value } else { nil } }
    var asString: String? { if case .string(let value) = self { value } else { nil } }

    /// A number of any kind as it is in the order of numbers.
    var asNumber: CELNumber? {
        switch self {
        case .int(let value): .whole(Int128(value))
        case .uint(let value): .whole(Int128(value))
        case .double(let value): .real(value)
        default: nil
        }
    }
}

/// A number where its kind does not matter.
enum CELNumber {
    case whole(Int128)
    case real(Double)

    /// Below, equal or above; `nil` beside what is no number.
    func order(_ other: CELNumber) -> Int? {
        switch (self, other) {
        case (.whole(let one), .whole(let two)): return one < two ? -1 : one == two ? 0 : 1
        case (.real(let one), .real(let two)):
            guard !one.isNaN, !two.isNaN else { return nil }
            return one < two ? -1 : one == two ? 0 : 1
        case (.real, .whole): return other.order(self).map { -$0 }
        case (.whole(let one), .real(let two)):
            guard !two.isNaN else { return nil }
            guard abs(two) < 1e20 else { return two > 0 ? -1 : 1 }
            let floor = Int128(two.rounded(.down))
            if one == floor { return Double(floor) == two ? 0 : -1 }
            return one < floor ? -1 : 1
        }
    }
}

/// A list, of values that were computed or of an object's parts.
struct CELList: Sendable {
    private enum Storage: Sendable {
        case values([CELValue])
        case documents([Document], CELSchema)
    }

    private let storage: Storage
    /// The schema of the list, which says when two are equal and what their sum is.
    let schema: CELSchema?

    init(_ values: [CELValue], like schema: CELSchema? = nil) {
        storage = .values(values)
        self.schema = schema
    }

    init(documents: [Document], of schema: CELSchema) {
        self.schema = schema
        storage = schema.items.map { .documents(documents, $0) } ?? .values([])
    }

    var count: Int {
        switch storage {
        case .values(let values): values.count
        case .documents(let documents, _): documents.count
        }
    }

    /// An element; the index must be one of the list.
    func value(_ index: Int, _ meter: inout CELMeter) throws(CELFailure) -> CELValue {
        switch storage {
        case .values(let values): return values[index]
        case .documents(let documents, let schema):
            return try schema.value(of: documents[index], &meter)
        }
    }

    /// All elements, paid for before they are made.
    func values(_ meter: inout CELMeter) throws(CELFailure) -> [CELValue] {
        try meter.spend(count)
        switch storage {
        case .values(let values): return values
        case .documents(let documents, let schema):
            var result: [CELValue] = []
            result.reserveCapacity(documents.count)
            for document in documents { result.append(try schema.value(of: document, &meter)) }
            return result
        }
    }
}

/// A key of a map. Numbers of the same value are the same key.
enum CELKey: Hashable, Sendable {
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case string(String)

    init?(_ value: CELValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = Int64(exactly: value).map(CELKey.int) ?? .uint(value)
        case .double(let value):
            guard let whole = Int64(exactly: value) else { return nil }
            self = .int(whole)
        case .string(let value): self = .string(value)
        default: return nil
        }
    }

    /// As messages print it; a long one is cut.
    var description: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)"
        case .string(let value): value.cut(to: 300)
        }
    }
}

/// A map that was computed or is a part of an object, in the order of its keys.
struct CELMap: Sendable {
    private enum Storage: Sendable {
        case values([CELValue], [CELKey: CELValue])
        case members(Fields, CELSchema?)
    }

    private let storage: Storage

    /// Keys must be distinct.
    init(_ entries: [(key: CELValue, value: CELValue)]) {
        var values: [CELKey: CELValue] = [:]
        for entry in entries { if let key = CELKey(entry.key) { values[key] = entry.value } }
        storage = .values(entries.map(\.key), values)
    }

    init(_ members: Fields, of schema: CELSchema) { storage = .members(members, schema.items) }

    var count: Int {
        switch storage {
        case .values(let keys, _): keys.count
        case .members(let members, _): members.count
        }
    }

    var keys: [CELValue] {
        switch storage {
        case .values(let keys, _): keys
        case .members(let members, _): members.keys.map(CELValue.string)
        }
    }

    /// The value of a key; `nil` where there is none.
    func value(_ key: CELValue, _ meter: inout CELMeter) throws(CELFailure) -> CELValue? {
        if case .string(let text) = key { try meter.spend(reading: text.utf8.count) }
        switch storage {
        case .values(_, let values): return CELKey(key).flatMap { values[$0] }
        case .members(let members, let schema):
            guard let schema, let name = key.asString, let document = members[name] else {
                return nil
            }
            return try schema.value(of: document, &meter)
        }
    }
}
