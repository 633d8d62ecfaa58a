package import Domain

/// A JSON pointer (RFC 6901).
package struct JSONPointer: Hashable, Sendable {
    /// A change at the place a pointer names.
    enum Change {
        case add(Document)
        case replace(Document)
        case remove
    }

    /// The names on the way, unescaped.
    package let parts: [String]

    /// `nil` unless the text is empty or begins with a slash.
    package init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/") else { return nil }
        parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropFirst().map { Self.unescaped($0) }
    }

    /// `~1` is a slash and `~0` a tilde; any other tilde stands for itself.
    private static func unescaped(_ part: Substring.UTF8View) -> String {
        guard part.contains(UInt8(ascii: "~")) else { return String(Substring(part)) }
        var text: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            switch (byte, rest.first) {
            case (UInt8(ascii: "~"), UInt8(ascii: "0")):
                text.append(UInt8(ascii: "~"))
                rest.removeFirst()
            case (UInt8(ascii: "~"), UInt8(ascii: "1")):
                text.append(UInt8(ascii: "/"))
                rest.removeFirst()
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    func isPrefix(of other: JSONPointer) -> Bool { other.parts.starts(with: parts) }

    /// What stands there.
    package func value(in document: Document) -> Document? {
        var current = document
        for part in parts {
            let next: Document?
            switch current {
            case .object(let fields): next = fields[part]
            case .array(let elements):
                next = Self.index(part, elements.count).flatMap { current[$0] }
            default: next = nil
            }
            guard let next else { return nil }
            current = next
        }
        return current
    }

    /// The document after a change; `nil` if the place is not there.
    func changing(_ document: Document, _ change: Change) -> Document? {
        Self.changing(document, parts[...], change)
    }

    private static func changing(
        _ document: Document,
        _ path: ArraySlice<String>,
        _ change: Change
    ) -> Document? {
        guard let first = path.first else {
            switch change {
            case .add(let value), .replace(let value): return value
            case .remove: return nil
            }
        }
        let rest = path.dropFirst()
        switch document {
        case .object(var fields):
            if rest.isEmpty {
                switch change {
                case .add(let value), .replace(let value): fields[first] = value
                case .remove:
                    guard fields[first] != nil else { return nil }
                    fields[first] = nil
                }
                return .object(fields)
            }
            guard let child = fields[first], let changed = changing(child, rest, change) else {
                return nil
            }
            fields[first] = changed
            return .object(fields)
        case .array(let elements):
            return changing(elements, first, rest, change).map(Document.array)
        default:
            return nil
        }
    }

    private static func changing(
        _ elements: [Document],
        _ first: String,
        _ rest: ArraySlice<String>,
        _ change: Change
    ) -> [Document]? {
        var elements = elements
        if rest.isEmpty, case .add(let value) = change {
            let place = first == "-" ? elements.count : index(first, elements.count + 1)
            guard let place else { return nil }
            elements.insert(value, at: place)
            return elements
        }
        guard let place = index(first, elements.count) else { return nil }
        if rest.isEmpty {
            switch change {
            case .add: return nil
            case .replace(let value): elements[place] = value
            case .remove: elements.remove(at: place)
            }
            return elements
        }
        guard let changed = changing(elements[place], rest, change) else { return nil }
        elements[place] = changed
        return elements
    }

    /// A number without sign and leading zeros, less than `count`.
    private static func index(_ part: String, _ count: Int) -> Int? {
        guard part.utf8.allSatisfy({ (48...57).contains($0) }), part == "0" || !part.hasPrefix("0"),
            let index = Int(part), index < count
        else { return nil }
        return index
    }
}
