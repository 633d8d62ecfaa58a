/// The identity of a model version: SHA-256 over the canonical JSON of what makes it up.
///
/// Labels carry ``short`` (16 hex characters, a valid label value), object names ``tag``
/// (8 characters), annotations and status the whole.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Four numbers and not a text: there is one in every object of a version.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// The digest of a document.
    package init(of document: Document) {
        let bytes = SHA256.hash(document.canonicalJSON())
        func word(_ index: Int) -> UInt64 {
            bytes.dropFirst(index * 8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        (first, second, third, fourth) = (word(0), word(1), word(2), word(3))
    }

    /// Reads `sha256:HEX` or 64 lowercase hex characters; `nil` for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let start = bytes.count - 64
        guard start == 0 || start == Self.prefix.count && bytes.starts(with: Self.prefix) else {
            return nil
        }
        func word(_ number: Int) -> UInt64? {
            let digits = start + number * 16
            var word: UInt64 = 0
            for index in digits..<digits + 16 {
                guard let value = Self.value(bytes[index]) else { return nil }
                word = word << 4 | value
            }
            return word
        }
        guard let first = word(0), let second = word(1), let third = word(2), let fourth = word(3)
        else { return nil }
        (self.first, self.second, self.third, self.fourth) = (first, second, third, fourth)
    }

    private static let prefix = Array("sha256:".utf8)

    /// 64 lowercase hex characters.
    package var hex: String {
        String(decoding: digits(after: []), as: UTF8.self)
    }

    /// The first 16 characters: the value of the label `slipway.dev/digest`.
    package var short: String { Self.digits(first, 16) }

    /// The first 8 characters: the end of the names of this version's objects.
    package var tag: String { Self.digits(first >> 32, 8) }

    package var description: String {
        String(decoding: digits(after: Self.prefix), as: UTF8.self)
    }

    private func digits(after prefix: [UInt8]) -> [UInt8] {
        var text = prefix
        text.reserveCapacity(prefix.count + 64)
        for word in [first, second, third, fourth] {
            for shift: UInt64 in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> shift & 15)
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return text
    }

    /// The order of their hex characters.
    package static func < (left: Digest, right: Digest) -> Bool {
        (left.first, left.second, left.third, left.fourth)
            < (right.first, right.second, right.third, right.fourth)
    }

    private static func digits(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }

    private static func value(_ digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}
