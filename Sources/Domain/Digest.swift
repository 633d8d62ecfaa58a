/// The identity of a model version: SHA-256 over the canonical JSON of what makes it up.
///
/// Labels carry ``short`` (16 hex characters, a valid label value), object names ``tag``
/// (8 characters), annotations and status the whole.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 64 lowercase hex characters.
    package let hex: String

    /// The digest of a document.
    package init(of document: Document) {
        hex = SHA256.hex(document.canonicalJSON())
    }

    /// Reads `sha256:HEX` or 64 hex characters; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        let hex = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : String(text)
        guard hex.utf8.count == 64, hex.utf8.allSatisfy(Self.isLowercaseHex) else { return nil }
        self.hex = hex
    }

    /// The first 16 characters: the value of the label `slipway.dev/digest`.
    package var short: String { String(hex.prefix(16)) }

    /// The first 8 characters: the end of the names of this version's objects.
    package var tag: String { String(hex.prefix(8)) }

    package var description: String { "sha256:\(hex)" }

    package static func < (left: Digest, right: Digest) -> Bool { left.hex < right.hex }

    private static func isLowercaseHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
