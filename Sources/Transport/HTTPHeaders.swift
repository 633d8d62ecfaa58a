/// Header fields in the order in which they were added or received. Names compare without case.
package struct HTTPHeaders: Hashable, Sendable {
    /// One field.
    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field] = []

    /// No fields.
    package init() {}

    /// The first value under a name.
    package subscript(name: String) -> String? {
        fields.first { Self.same($0.name, name) }?.value
    }

    /// Adds a field behind those that are there.
    package mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Puts one field in the place of all with this name.
    package mutating func set(_ name: String, _ value: String) {
        fields.removeAll { Self.same($0.name, name) }
        add(name, value)
    }

    /// The first field that could smuggle another line or is no header field at all.
    var firstMalformed: Field? {
        fields.first { field in
            let nameFits =
                !field.name.isEmpty
                && field.name.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }
            let valueFits = field.value.utf8.allSatisfy { ($0 >= 32 && $0 != 127) || $0 == 9 }
            return !nameFits || !valueFits
        }
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }
}

// Values may be credentials, so nothing that prints a value shows them.
extension HTTPHeaders: CustomStringConvertible, CustomReflectable {
    package var description: String { fields.map(\.name).joined(separator: ", ") }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
