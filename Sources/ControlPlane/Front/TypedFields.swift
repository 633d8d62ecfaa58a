import Domain

/// Fields of built-in kinds whose type decides whether a request can be read at all, with the
/// words of the real server's decoder.
enum TypedFields {
    static func check(_ object: Document, _ definition: KindDefinition) throws(APIStatus) {
        let shape = BuiltInShapes.shape(of: definition.kind)
        let problem =
            shape?.typeProblem(of: object)
            ?? BuiltInShapes.metadata.typeProblem(ofMetadata: object["metadata"])
        if let problem { throw unreadable(problem, object, definition) }
        switch definition.kind {
        case .configMap: try base64(object["binaryData"], object, definition)
        case .secret: try base64(object["data"], object, definition)
        case .lease:
            for member in ["acquireTime", "renewTime"] {
                guard let text = object.at("spec", member)?.stringValue,
                    let complaint = microTimeProblem(text)
                else { continue }
                throw unreadable(complaint, object, definition)
            }
        default: break
        }
    }

    private static func base64(
        _ value: Document?, _ object: Document, _ definition: KindDefinition
    ) throws(APIStatus) {
        for member in value?.objectValue?.members ?? [] {
            guard let text = member.value.stringValue, let place = base64Problem(text) else {
                continue
            }
            throw unreadable("illegal base64 data at input byte \(place)", object, definition)
        }
    }

    /// The place of the first byte that does not belong in base64; the length if the end is wrong.
    private static func base64Problem(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        let body = bytes.reversed().drop { $0 == UInt8(ascii: "=") }.count
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        if let place = bytes.prefix(body).firstIndex(where: { !letters.contains($0) }) {
            return place
        }
        return bytes.count % 4 == 0 && bytes.count - body <= 2 ? nil : body
    }

    private static func unreadable(
        _ why: String, _ object: Document, _ definition: KindDefinition
    ) -> APIStatus {
        .badRequest(
            "\(definition.kind.kind) in version \"\(definition.kind.version)\" cannot be handled "
                + "as a \(definition.kind.kind): \(why)")
    }

    /// Go's complaint about a time that has not exactly six digits of fraction.
    private static func microTimeProblem(_ text: String) -> String? {
        let layout = "2006-01-02T15:04:05.000000Z07:00"
        let bytes = Array(text.utf8)
        func complaint(_ rest: String, _ wanted: String) -> String {
            "parsing time \"\(text)\" as \"\(layout)\": cannot parse \"\(rest)\" as \"\(wanted)\""
        }
        guard bytes.count >= 4, bytes.prefix(4).allSatisfy({ (48...57).contains($0) }) else {
            return complaint(text, "2006")
        }
        guard bytes.count > 19 else { return complaint("", layout) }
        let fraction = bytes[19...]
        let digits = fraction.dropFirst().prefix { (48...57).contains($0) }
        guard fraction.first == UInt8(ascii: "."), digits.count == 6 else {
            return complaint(String(decoding: fraction, as: UTF8.self), ".000000")
        }
        return Timestamp(rfc3339: text) == nil ? complaint(text, layout) : nil
    }
}
