package import Domain

/// JSON: bytes to ``Document`` and back.
///
/// The reader is strict (RFC 8259, valid UTF-8, no lone surrogates, nothing after the value) and
/// bounded, because its input comes from the network and from other people's repositories.
package enum JSON {
    /// What an input may cost.
    package struct Limits: Hashable, Sendable {
        /// Length of the input.
        package var bytes: Int
        /// Objects and arrays inside each other.
        package var depth: Int
        /// Values in the whole document, skipped ones not counted. A value costs up to 40 bytes
        /// of memory and its text.
        package var values: Int

        package init(bytes: Int = 64 << 20, depth: Int = 128, values: Int = 5_000_000) {
            self.bytes = bytes
            self.depth = depth
            self.values = values
        }

        /// 64 MiB, 128 levels, 5,000,000 values.
        package static let `default` = Limits()
    }

    /// What happens to a member whose key stands twice in an object.
    package enum Duplicates: Hashable, Sendable {
        /// The later one counts, as in Go and JavaScript.
        case lastWins
        case refused
    }

    /// A member that is passed over unread: `name` in an object that is itself the value of a
    /// member called `parent`, wherever it stands. Its brackets and strings are matched so that
    /// its end is found; nothing else of it is looked at, and the document does not have it.
    package struct Skip: Hashable, Sendable {
        package let parent: String
        package let name: String

        package init(_ name: String, in parent: String) {
            self.parent = parent
            self.name = name
        }

        /// `metadata.managedFields`: often half of an object's bytes, read by nobody here.
        package static let managedFields = Skip("managedFields", in: "metadata")
    }

    /// Why bytes are no JSON, and where.
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, without the place.
        package let reason: String
        /// Bytes before the place.
        package let offset: Int
        package let position: Position

        package init(_ reason: String, offset: Int, position: Position) {
            self.reason = reason
            self.offset = offset
            self.position = position
        }

        /// `LINE:COLUMN: reason`.
        package var description: String { "\(position): \(reason)" }
    }

    /// Reads one JSON value and the white space around it.
    package static func parse(
        _ bytes: [UInt8],
        limits: Limits = .default,
        duplicates: Duplicates = .lastWins,
        skipping: [Skip] = []
    ) throws(ParseError) -> Document {
        guard bytes.count <= limits.bytes else {
            throw ParseError(
                "\(bytes.count) bytes, at most \(limits.bytes) are read",
                offset: 0,
                position: .start
            )
        }
        var scanner = JSONScanner(limits: limits, duplicates: duplicates, skipping: skipping)
        return try scanner.document(bytes.span)
    }

    /// Reads a file of one JSON value for which errors must name places; keys that stand twice
    /// are refused.
    package static func parseLocated(
        _ bytes: [UInt8], limits: Limits = .default
    ) throws(ParseError) -> LocatedDocument {
        let document = try parse(bytes, limits: limits, duplicates: .refused)
        var scanner = JSONScanner(limits: limits, duplicates: .refused, skipping: [])
        let (place, range) = try scanner.places(of: document, bytes.span)
        return LocatedDocument(document: document, byteRange: range, notes: [], root: place)
    }

    /// Reads a string of JSON.
    package static func parse(_ text: String) throws(ParseError) -> Document {
        try parse(Array(text.utf8))
    }
}
