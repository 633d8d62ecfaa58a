package import Domain

extension JSON {
    /// Writes a document: on one line as the canonical JSON that digests are taken over, or
    /// indented by `pretty` spaces a level. Keys ascend in both.
    package static func write(_ document: Document, pretty: Int? = nil) -> [UInt8] {
        guard let pretty else { return document.canonicalJSON() }
        var bytes: [UInt8] = []
        write(document, indent: max(0, min(pretty, 8)), level: 0, into: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func write(
        _ document: Document,
        indent: Int,
        level: Int,
        into bytes: inout [UInt8]
    ) {
        func newLine(_ level: Int) {
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
        }
        switch document {
        case .array(let elements) where !elements.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                newLine(level + 1)
                write(element, indent: indent, level: level + 1, into: &bytes)
            }
            newLine(level)
            bytes.append(UInt8(ascii: "]"))
        case .object(let fields) where !fields.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in fields.members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                newLine(level + 1)
                Document.string(member.key).writeCanonicalJSON(into: &bytes)
                bytes.append(contentsOf: ": ".utf8)
                write(member.value, indent: indent, level: level + 1, into: &bytes)
            }
            newLine(level)
            bytes.append(UInt8(ascii: "}"))
        default:
            document.writeCanonicalJSON(into: &bytes)
        }
    }
}
