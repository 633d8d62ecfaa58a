/// A ``Document`` in few bytes, for what is kept by the thousand and seldom looked at: less than a
/// tenth of the memory of the tree.
package struct PackedDocument: Hashable, Sendable {
    private let bytes: [UInt8]

    package init(_ document: Document) {
        var writer = PackingWriter()
        writer.write(document)
        // Without the room that the writer's array has grown into.
        var exact: [UInt8] = []
        exact.reserveCapacity(writer.bytes.count)
        exact.append(contentsOf: writer.bytes)
        bytes = exact
    }

    /// The document as it was.
    package var document: Document {
        var reader = PackingReader(bytes: bytes)
        return reader.document()
    }

    /// How long the packed form is, in bytes.
    package var size: Int { bytes.count }
}

/// The first byte of each value.
private enum PackingTag: UInt8 {
    case null
    case no
    case yes
    case integer
    case double
    case string
    case array
    case object
}

private struct PackingWriter {
    var bytes: [UInt8] = []
    /// Texts of this document with their numbers.
    private var seen: [String: Int] = [:]

    mutating func write(_ document: Document) {
        switch document {
        case .null: tag(.null)
        case .bool(let value): tag(value ? .yes : .no)
        case .integer(let value):
            tag(.integer)
            // Small numbers of either sign become short ones.
            number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
        case .double(let value):
            tag(.double)
            number(value.bitPattern)
        case .string(let value):
            tag(.string)
            text(value)
        case .array(let elements):
            tag(.array)
            number(UInt64(elements.count))
            for element in elements { write(element) }
        case .object(let fields):
            tag(.object)
            number(UInt64(fields.count))
            for member in fields.members {
                text(member.key)
                write(member.value)
            }
        }
    }

    private mutating func tag(_ tag: PackingTag) { bytes.append(tag.rawValue) }

    /// The number of a word of the vocabulary, of a text that this document had before, or of a
    /// form that is known; else the length and the bytes.
    private mutating func text(_ text: String) {
        if let word = PackingVocabulary.number(of: text) {
            number(UInt64(word) << 1 | 1)
            return
        }
        let isRemembered = PackingForm.isRemembered(text)
        if isRemembered, let earlier = seen[text] {
            number(UInt64(earlier + PackingForm.count) << 2 | 2)
        } else {
            if isRemembered { seen[text] = seen.count }
            if let (form, packed) = PackingForm.pack(text) {
                number(UInt64(form.rawValue) << 2 | 2)
                bytes.append(contentsOf: packed)
            } else {
                number(UInt64(text.utf8.count) << 2)
                bytes.append(contentsOf: text.utf8)
            }
        }
    }

    /// Seven bits a byte, the lowest first; the eighth bit says that more come.
    private mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads what the writer wrote. Bytes come from the writer alone; should they ever end early, what
/// is missing reads as null.
private struct PackingReader {
    let bytes: [UInt8]
    private var position = 0
    private var seen: [String] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> Document {
        switch PackingTag(rawValue: byte()) {
        case .null, nil: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .integer:
            let value = number()
            return .integer(Int64(bitPattern: (value >> 1) ^ (~(value & 1) &+ 1)))
        case .double: return .double(Double(bitPattern: number()))
        case .string: return .string(text())
        case .array:
            let count = count()
            var elements: [Document] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(document()) }
            return .array(elements)
        case .object:
            let count = count()
            var members: [Fields.Member] = []
            members.reserveCapacity(count)
            for _ in 0..<count { members.append(.init(key: text(), value: document())) }
            return .object(Fields(members))
        }
    }

    private mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func number() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let next = byte()
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
        }
        return value
    }

    /// A count of things that have a byte each at least.
    private mutating func count() -> Int {
        Int(min(number(), UInt64(bytes.count - position)))
    }

    private mutating func text() -> String {
        let head = number()
        if head & 1 == 1 {
            return PackingVocabulary.text(of: Int(truncatingIfNeeded: head >> 1))
        }
        let value = Int(min(head >> 2, UInt64(bytes.count)))
        guard head & 2 == 0 else { return value < PackingForm.count ? formed(value) : again(value) }
        let text = String(decoding: take(value), as: UTF8.self)
        if PackingForm.isRemembered(text) { seen.append(text) }
        return text
    }

    private mutating func formed(_ number: Int) -> String {
        guard let form = PackingForm(rawValue: number) else { return "" }
        let text = form.unpack(take(form.length))
        seen.append(text)
        return text
    }

    private func again(_ number: Int) -> String {
        let index = number - PackingForm.count
        return seen.indices.contains(index) ? seen[index] : ""
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        let end = position + min(count, bytes.count - position)
        defer { position = end }
        return bytes[position..<end]
    }
}
