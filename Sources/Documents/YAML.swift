/// YAML as Kubernetes uses it: bytes to ``Document`` and back.
///
/// It is the part of YAML that can be said in JSON, and every value says what it is:
/// - aliases, anchors, merge keys (`<<`), tags and keys that are not scalars are refused, and so
///   is a key that stands twice;
/// - plain `true`, `false`, `null`, `~` and numbers are read by the core schema of YAML 1.2, with
///   the capitalisations that it names; so `yes`, `no`, `on`, `off`, `y` and `n` are text here
///   although YAML 1.1 readers (kubectl is one) take them for booleans, and `0644`, `0o644`,
///   `0b1`, `1_000` are text although some readers take them for numbers: where it matters a
///   ``LocatedDocument/Note`` says so;
/// - quoted scalars are always text; a key is always text as it is written;
/// - documents without content are left out.
package enum YAML {
    /// What a file may cost.
    package struct Limits: Hashable, Sendable {
        package var bytes: Int
        /// Mappings and sequences inside each other.
        package var depth: Int
        /// Scalars (keys as well), mappings and sequences of the whole file.
        package var nodes: Int
        /// Bytes of one scalar.
        package var scalar: Int
        package var documents: Int

        package init(
            bytes: Int = 1 << 20,
            depth: Int = 64,
            nodes: Int = 100_000,
            scalar: Int = 256 << 10,
            documents: Int = 1000
        ) {
            self.bytes = bytes
            self.depth = depth
            self.nodes = nodes
            self.scalar = scalar
            self.documents = documents
        }

        /// 1 MiB, 64 levels, 100,000 nodes, scalars of 256 KiB, 1,000 documents.
        package static let `default` = Limits()
    }

    /// Why bytes are not such a file, and where.
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, without the place.
        package let reason: String
        package let position: Position

        package init(_ reason: String, _ position: Position) {
            self.reason = reason
            self.position = position
        }

        /// `LINE:COLUMN: reason`.
        package var description: String { "\(position): \(reason)" }
    }

    /// Reads all documents of a file.
    package static func parse(
        _ bytes: [UInt8],
        limits: Limits = .default
    ) throws(ParseError) -> [LocatedDocument] {
        guard bytes.count <= limits.bytes else {
            throw ParseError("\(bytes.count) bytes, at most \(limits.bytes) are read", .start)
        }
        guard !bytes.isEmpty else { return [] }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let place = Position(offset: error.byteOffsets.lowerBound, in: bytes.span)
            throw ParseError("invalid UTF-8", place)
        }
        if let offset = bytes.firstIndex(of: 0) {
            throw ParseError("a NUL byte", Position(offset: offset, in: bytes.span))
        }
        var reader = YAMLReader(bytes, limits: limits)
        return try reader.documents()
    }

    /// Reads all documents of a text.
    package static func parse(_ text: String) throws(ParseError) -> [LocatedDocument] {
        try parse(Array(text.utf8))
    }
}
