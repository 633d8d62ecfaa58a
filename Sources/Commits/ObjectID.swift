internal import CLibGit2

/// The name of a commit: SHA-1, 40 lowercase hex characters.
package struct CommitID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let hex: String

    /// `nil` unless `hex` is 40 lowercase hex characters.
    package init?(_ hex: String) {
        guard ObjectName.isValid(hex) else { return nil }
        self.hex = hex
    }

    init(_ name: git_oid) { hex = ObjectName.hex(name) }

    var name: git_oid { ObjectName.parse(hex) }

    /// The first 7 characters, for messages.
    package var short: String { String(hex.prefix(7)) }

    package var description: String { hex }

    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }
}

/// The name of a file's content: SHA-1, 40 lowercase hex characters. Equal content, equal name.
package struct BlobID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let hex: String

    /// `nil` unless `hex` is 40 lowercase hex characters.
    package init?(_ hex: String) {
        guard ObjectName.isValid(hex) else { return nil }
        self.hex = hex
    }

    init(_ name: git_oid) { hex = ObjectName.hex(name) }

    var name: git_oid { ObjectName.parse(hex) }

    package var description: String { hex }

    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }
}

/// Object names between hex and the 20 bytes of libgit2.
enum ObjectName {
    static func isValid(_ hex: String) -> Bool {
        hex.utf8.count == 40 && hex.utf8.allSatisfy { digit($0) != nil }
    }

    static func hex(_ name: git_oid) -> String {
        withUnsafeBytes(of: name.id) { bytes in
            var text: [UInt8] = []
            text.reserveCapacity(40)
            for byte in bytes {
                text.append(character(byte >> 4))
                text.append(character(byte & 15))
            }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// The bytes of a valid name; what is not hex counts as zero.
    static func parse(_ hex: String) -> git_oid {
        var name = git_oid()
        withUnsafeMutableBytes(of: &name.id) { bytes in
            for (index, character) in hex.utf8.prefix(2 * bytes.count).enumerated() {
                bytes[index / 2] = bytes[index / 2] << 4 | (digit(character) ?? 0)
            }
        }
        return name
    }

    static func equal(_ left: git_oid, _ right: git_oid) -> Bool {
        withUnsafePointer(to: left) { left in
            withUnsafePointer(to: right) { right in git_oid_equal(left, right) != 0 }
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func character(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
