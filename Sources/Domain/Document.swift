/// A JSON-like value: what a Kubernetes object, a YAML document or an HTTP answer is once its
/// bytes have been read.
///
/// Objects keep their members ordered by key, so two documents with the same content are equal,
/// print alike and hash alike in every process. Integers keep all 64 bits; other numbers are
/// doubles. Values are trees: there are no aliases.
package enum Document: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([Document])
    case object(Fields)
}

/// The members of a JSON object, ascending by key; a key stands once.
package struct Fields: Hashable, Sendable {
    /// One member.
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: Document

        package init(key: String, value: Document) {
            self.key = key
            self.value = value
        }
    }

    /// The members in key order.
    package private(set) var members: [Member]

    /// No members.
    package init() {
        members = []
    }

    /// Builds from members in any order; of two with the same key the later one wins.
    package init(_ unordered: [Member]) {
        let ascending = zip(unordered, unordered.dropFirst()).allSatisfy { $0.key < $1.key }
        members = ascending ? unordered : []
        guard !ascending else { return }
        for member in unordered { self[member.key] = member.value }
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    /// The keys in order.
    package var keys: [String] { members.map(\.key) }

    /// The value of a key; setting `nil` removes the member.
    package subscript(key: String) -> Document? {
        get {
            // Of a few members one is found soonest by looking at each.
            guard members.count > 8 else {
                for index in members.indices where members[index].key == key {
                    return members[index].value
                }
                return nil
            }
            let (index, found) = position(of: key)
            return found ? members[index].value : nil
        }
        set {
            let (index, found) = position(of: key)
            switch (newValue, found) {
            case (let value?, true): members[index].value = value
            case (let value?, false): members.insert(Member(key: key, value: value), at: index)
            case (nil, true): members.remove(at: index)
            case (nil, false): break
            }
        }
    }

    /// Takes a value out and leaves null in its place.
    fileprivate mutating func take(_ key: String) -> Document? {
        let (index, found) = position(of: key)
        guard found else { return nil }
        let value = members[index].value
        members[index].value = .null
        return value
    }

    private func position(of key: String) -> (index: Int, found: Bool) {
        if let last = members.last, last.key < key { return (members.count, false) }
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < members.count && members[low].key == key)
    }
}

extension Document: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(arrayLiteral elements: Document...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, Document)...) {
        self = .object(Fields(elements.map { Fields.Member(key: $0.0, value: $0.1) }))
    }
}

extension Document {
    /// An object of strings, as labels and annotations are.
    package init(strings: [(String, String)]) {
        self = .object(Fields(strings.map { Fields.Member(key: $0.0, value: .string($0.1)) }))
    }

    /// An integer value.
    package static func integer(_ value: Int) -> Document { .integer(Int64(value)) }

    package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var arrayValue: [Document]? { if case .array(let value) = self { value } else { nil } }
    package var objectValue: Fields? { if case .object(let value) = self { value } else { nil } }
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The integer, also of a double without a fraction that fits.
    package var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The integer as the machine's `Int`.
    package var intValue: Int? { integerValue.flatMap { Int(exactly: $0) } }

    /// Any number.
    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The word an error message uses for this kind of value.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "list"
        case .object: "object"
        }
    }

    /// The member of an object; `nil` where there is none. Setting on anything that is not an
    /// object replaces it by an object; setting `nil` removes the member.
    package subscript(key: String) -> Document? {
        get { objectValue?[key] }
        set {
            if case .object(var fields) = self {
                self = .null
                fields[key] = newValue
                self = .object(fields)
            } else if let newValue {
                self = .object(Fields([.init(key: key, value: newValue)]))
            }
        }
    }

    /// The element of an array; `nil` outside its bounds.
    package subscript(index: Int) -> Document? {
        guard let array = arrayValue, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// The value at the end of a path of member names.
    package func at(_ first: String, _ second: String) -> Document? { self[first]?[second] }

    /// The value at the end of a path of member names.
    package func at(_ first: String, _ second: String, _ third: String) -> Document? {
        self[first]?[second]?[third]
    }

    /// The value at the end of a path of member names.
    package func at(
        _ first: String, _ second: String, _ third: String, _ fourth: String, _ rest: String...
    ) -> Document? {
        guard var current = at(first, second, third)?[fourth] else { return nil }
        for key in rest {
            guard let next = current[key] else { return nil }
            current = next
        }
        return current
    }

    /// Puts a value at the end of a path of member names, making objects on the way;
    /// `nil` removes what is there.
    package mutating func set(_ path: [String], to value: Document?) { set(path[...], to: value) }

    private mutating func set(_ path: ArraySlice<String>, to value: Document?) {
        guard let first = path.first else {
            if let value { self = value }
            return
        }
        if path.count == 1 {
            self[first] = value
            return
        }
        if value == nil, self[first] == nil { return }
        // Taken out while it changes: what only this document holds is not copied.
        var child = take(first) ?? .object(Fields())
        child.set(path.dropFirst(), to: value)
        self[first] = child
    }

    private mutating func take(_ key: String) -> Document? {
        guard case .object(var fields) = self else { return nil }
        self = .null
        defer { self = .object(fields) }
        return fields.take(key)
    }
}
