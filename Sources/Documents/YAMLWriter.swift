package import Domain

extension YAML {
    /// Writes a document in block style as kubectl does: lists at the indentation of their key,
    /// `apiVersion, kind, metadata, spec, status` first, other keys ascending, texts in quotes
    /// where they could be read as something else, several lines as a block. What is written
    /// reads back as the same document, whole doubles as integers.
    package static func write(_ document: Document) -> String {
        var writer = YAMLWriter()
        writer.root(document)
        return writer.text
    }

    /// Writes several documents into one text, parted by `---`.
    package static func write(_ documents: [Document]) -> String {
        documents.map(write).joined(separator: "---\n")
    }
}

private struct YAMLWriter {
    var text = ""

    /// A key of more than 1,024 characters needs a mark of its own to be known as one.
    private static let longestPlainKey = 1000

    private static let firstKeys = ["apiVersion", "kind", "metadata", "spec", "status"]

    mutating func root(_ document: Document) {
        if case .object(let fields) = document, !fields.isEmpty {
            let first = Self.firstKeys.compactMap { key in
                fields[key].map { Fields.Member(key: key, value: $0) }
            }
            let rest = fields.members.filter { !Self.firstKeys.contains($0.key) }
            members(first + rest, level: 0)
        } else if case .array(let elements) = document, !elements.isEmpty {
            list(elements, level: 0)
        } else {
            inline(document, level: 0)
        }
    }

    /// `level` spaces stand before each line; the first line's are already written if `inItem`.
    private mutating func members(_ members: [Fields.Member], level: Int, inItem: Bool = false) {
        for (index, member) in members.enumerated() {
            if index > 0 || !inItem { indent(level) }
            // A key of several lines cannot be a block.
            let key = YAMLText.isPlain(member.key) ? member.key : YAMLText.quoted(member.key)
            if key.utf8.count > Self.longestPlainKey {
                text += "? \(key)\n"
                indent(level)
            } else {
                text += key
            }
            text += ":"
            switch member.value {
            case .object(let fields) where !fields.isEmpty:
                text += "\n"
                self.members(fields.members, level: level + 2)
            case .array(let elements) where !elements.isEmpty:
                text += "\n"
                list(elements, level: level)
            default:
                text += " "
                inline(member.value, level: level + 2)
            }
        }
    }

    private mutating func list(_ elements: [Document], level: Int, inItem: Bool = false) {
        for (index, element) in elements.enumerated() {
            if index > 0 || !inItem { indent(level) }
            text += "- "
            switch element {
            case .object(let fields) where !fields.isEmpty:
                members(fields.members, level: level + 2, inItem: true)
            case .array(let inner) where !inner.isEmpty:
                list(inner, level: level + 2, inItem: true)
            default: inline(element, level: level + 2)
            }
        }
    }

    /// A value that begins on the line of its key, with the line's end.
    private mutating func inline(_ document: Document, level: Int) {
        switch document {
        case .object: text += "{}\n"
        case .array: text += "[]\n"
        case .string(let string): self.string(string, level: level)
        default: text += document.canonicalJSONString() + "\n"
        }
    }

    private mutating func string(_ string: String, level: Int) {
        if YAMLText.isPlain(string) {
            text += string + "\n"
        } else if let header = YAMLText.blockHeader(string) {
            text += header + "\n"
            var lines = string.split(separator: "\n", omittingEmptySubsequences: false)
            if string.utf8.last == UInt8(ascii: "\n") { lines.removeLast() }
            for line in lines {
                if !line.isEmpty { indent(max(level, 2)) }
                text += line + "\n"
            }
        } else {
            text += YAMLText.quoted(string) + "\n"
        }
    }

    private mutating func indent(_ level: Int) {
        text += String(repeating: " ", count: level)
    }
}

/// How a text is written so that it reads back as itself.
private enum YAMLText {
    /// It can stand without quotes and every reader takes it for this text.
    static func isPlain(_ string: String) -> Bool {
        let bytes = string.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 1000,
            isAlphanumeric(first) || first == UInt8(ascii: "/") || first == UInt8(ascii: "_")
                || first == UInt8(ascii: "."),
            last != UInt8(ascii: ":"), last != UInt8(ascii: " "),
            // At the beginning of a line it would end the document.
            !string.hasPrefix("... "), string != "..."
        else { return false }
        var before: UInt8 = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: " ") where before == UInt8(ascii: ":"): return false
            case UInt8(ascii: "#") where before == UInt8(ascii: " "): return false
            case _ where isAlphanumeric(byte): break
            case _ where plainPunctuation.contains(byte): break
            default: return false
            }
            before = byte
        }
        guard case .string? = YAMLScalar.value(of: string) else { return false }
        return YAMLScalar.otherReading(of: string) == nil && !looksLikeNumber(string)
    }

    private static let plainPunctuation = Array(" ._-/:+=@%#()~^$;<>?!".utf8)

    /// Dates, times and what else begins with a digit and has only the characters of numbers.
    private static func looksLikeNumber(_ string: String) -> Bool {
        guard let first = string.utf8.first, first &- 48 < 10 || first == UInt8(ascii: ".") else {
            return false
        }
        return string.utf8.allSatisfy { byte in
            byte &- 48 < 10 || "._-:+eExXoObBTZ ".utf8.contains(byte)
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 48 < 10 || (byte | 0x20) &- 97 < 26
    }

    /// `|`, `|-` or `|+` if the text can be a literal block: more than one line, none of which
    /// begins with white space that would be taken for indentation.
    static func blockHeader(_ string: String) -> String? {
        let lineFeed = UInt8(ascii: "\n")
        guard let first = string.utf8.first, first != lineFeed, string.utf8.contains(lineFeed),
            string.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) })
        else { return nil }
        let lines = string.utf8.split(separator: lineFeed, omittingEmptySubsequences: false)
        for line in lines {
            guard let first = line.first else { continue }
            let blank = line.allSatisfy { $0 == UInt8(ascii: " ") }
            if blank || (first == UInt8(ascii: " ") && line.startIndex == string.utf8.startIndex) {
                return nil
            }
        }
        guard string.utf8.last == lineFeed else { return "|-" }
        return string.hasSuffix("\n\n") ? "|+" : "|"
    }

    /// What YAML can show as it is; white space other than a blank is not in it.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
            0x10000...0x10FFFF:
            return true
        default: return false
        }
    }

    static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
            default:
                let hex = String(scalar.value, radix: 16)
                text += "\\U" + String(repeating: "0", count: 8 - hex.utf8.count) + hex
            }
        }
        return text + "\""
    }
}
