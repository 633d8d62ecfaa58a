/// The query of a URL, in the order in which it is put together.
package struct Query: Hashable, Sendable {
    /// With the question mark; empty if there are no parameters.
    package private(set) var text = ""
    /// Names and values as they were added.
    package private(set) var parameters: [Parameter] = []

    /// One of them, not escaped.
    package struct Parameter: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package init() {}

    package mutating func add(_ name: String, _ value: String) {
        parameters.append(Parameter(name: name, value: value))
        text += text.isEmpty ? "?" : "&"
        text += "\(name)=\(Self.escaped(value))"
    }

    /// RFC 3986 section 2.3.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func escaped(_ value: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
