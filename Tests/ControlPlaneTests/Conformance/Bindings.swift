import Domain
import Foundation

/// What placeholders stand for so far.
struct Bindings {
    private struct Key: Hashable {
        var kind: String
        var axis: String
        var number: Int
    }

    private struct Value: Hashable {
        var kind: String
        var axis: String
        var text: String
    }

    var variables: [String: String] = [:]
    private var values: [Key: String] = [:]
    private var keys: [Value: Key] = [:]

    private mutating func bind(
        _ key: Key, _ value: String, _ path: [String], _ template: String
    ) throws {
        if let known = values[key] {
            guard known == value else { throw Mismatch(path, "\(template) = \(known)", value) }
            return
        }
        let reverse = Value(kind: key.kind, axis: key.axis, text: value)
        if let other = keys[reverse], other != key {
            throw Mismatch(path, "\(template), different from number \(other.number)", value)
        }
        if key.kind == "rv" {
            let ordered = values.filter { $0.key.kind == "rv" && $0.key.axis == key.axis }
            for (other, text) in ordered {
                let isLess = (Int(text) ?? 0) < (Int(value) ?? 0)
                guard isLess == (other.number < key.number) else {
                    throw Mismatch(
                        path, "\(template) in order with \(other.number) (\(text))", value)
                }
            }
        }
        values[key] = value
        keys[reverse] = key
    }

    // MARK: Texts

    private static let placeholder = try? NSRegularExpression(
        pattern: "<(uid|rv|gen|hash|ip|port):([a-z]*)(\\d+)>"
            + "|<(time|microtime|any|string|int|num|listrv|token|opaque)>|\\$\\{(\\w+)\\}")

    private static let patterns: [String: String] = [
        "uid": "[0-9a-fA-F-]{8,64}", "rv": "\\d+", "gen": "[a-z0-9]{5,}", "hash": "[a-z0-9]+",
        "ip": "[0-9a-f.:]+", "port": "\\d+",
        "time": "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ",
        "microtime": "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z",
        "num": "\\d+", "listrv": "\\d+", "token": "[\\w-]+\\.[\\w-]+\\.[\\w-]+", "opaque": ".+",
        "string": ".*", "int": "-?\\d+", "any": ".*",
    ]

    /// Fits a text with placeholders to what came; binds the placeholders.
    mutating func match(_ expected: String, _ got: Document?, _ path: [String]) throws {
        let places = Self.matches(Self.placeholder, in: expected)
        guard !places.isEmpty else {
            guard let text = got?.stringValue, text == expected || sameComplaints(expected, text)
            else { throw Mismatch(path, .string(expected), got) }
            return
        }
        if expected == "<any>" { return }
        if expected == "<int>" {
            guard case .integer? = got else { throw Mismatch(path, .string(expected), got) }
            return
        }
        var text = got?.stringValue
        if text == nil, expected.hasPrefix("<port:") { text = got?.integerValue.map { String($0) } }
        guard let text else { throw Mismatch(path, .string(expected), got) }
        var pattern = ""
        var groups: [(Key, String)] = []
        var position = expected.startIndex
        for place in places {
            pattern += NSRegularExpression.escapedPattern(
                for: String(expected[position..<place.range.lowerBound]))
            position = place.range.upperBound
            if let name = place.groups[5] {
                pattern += NSRegularExpression.escapedPattern(for: variables[name] ?? place.text)
            } else if let name = place.groups[4] {
                pattern += "(?:\(Self.patterns[name] ?? ".*"))"
            } else if let kind = place.groups[1] {
                let key = Key(
                    kind: kind, axis: place.groups[2] ?? "", number: Int(place.groups[3] ?? "") ?? 0
                )
                let known = values[key].map { NSRegularExpression.escapedPattern(for: $0) }
                pattern += "(\(known ?? Self.patterns[kind] ?? ".*"))"
                groups.append((key, place.text))
            }
        }
        pattern += NSRegularExpression.escapedPattern(for: String(expected[position...]))
        let whole = try NSRegularExpression(
            pattern: "\\A\(pattern)\\z", options: .dotMatchesLineSeparators)
        guard let hit = Self.matches(whole, in: text).first else {
            if sameComplaints(expected, text) { return }
            throw Mismatch(path, .string(expected), got)
        }
        for (index, group) in groups.enumerated() {
            try bind(group.0, hit.groups[index + 1] ?? "", path, group.1)
        }
    }

    /// "X is invalid: [a, b]" fits "X is invalid: [b, a]".
    private func sameComplaints(_ expected: String, _ got: String) -> Bool {
        let filled = fill(expected)
        guard let start = filled.range(of: " is invalid: ["), filled.hasSuffix("]"),
            got.hasSuffix("]")
        else { return false }
        let head = String(filled[..<start.upperBound])
        guard got.hasPrefix(head) else { return false }
        func parts(_ text: String) -> [String] {
            String(text.dropFirst(head.count).dropLast()).components(separatedBy: ", ").sorted()
        }
        return parts(filled) == parts(got)
    }

    private func fill(_ text: String) -> String {
        var filled = ""
        var position = text.startIndex
        for place in Self.matches(Self.placeholder, in: text) {
            filled += text[position..<place.range.lowerBound]
            position = place.range.upperBound
            if let name = place.groups[5] {
                filled += variables[name] ?? place.text
            } else if let kind = place.groups[1] {
                let key = Key(
                    kind: kind, axis: place.groups[2] ?? "", number: Int(place.groups[3] ?? "") ?? 0
                )
                filled += values[key] ?? place.text
            } else {
                filled += place.text
            }
        }
        return filled + text[position...]
    }

    // MARK: Variables in requests

    private static let variable = try? NSRegularExpression(pattern: "\\$\\{(\\w+)\\}")
    private static let repetition = try? NSRegularExpression(
        pattern: "\\A\\$\\{repeat:(.*):(\\d+)\\}\\z")

    /// A text of a step with its variables filled in.
    func substituted(_ text: String) throws -> String {
        if let hit = Self.matches(Self.repetition, in: text).first {
            return String(repeating: hit.groups[1] ?? "", count: Int(hit.groups[2] ?? "") ?? 0)
        }
        var filled = ""
        var position = text.startIndex
        for place in Self.matches(Self.variable, in: text) {
            filled += text[position..<place.range.lowerBound]
            position = place.range.upperBound
            guard let name = place.groups[1], let value = variables[name] else {
                throw Stuck("\(place.text) is used before it is saved")
            }
            filled += value
        }
        return filled + text[position...]
    }

    func substituted(_ document: Document) throws -> Document {
        switch document {
        case .string(let text): return .string(try substituted(text))
        case .array(let elements): return .array(try elements.map(substituted))
        case .object(let fields):
            return .object(
                Fields(
                    try fields.members.map {
                        .init(key: try substituted($0.key), value: try substituted($0.value))
                    }))
        default: return document
        }
    }

    // MARK: Regular expressions

    private struct Hit {
        var range: Range<String.Index>
        var text: String
        var groups: [String?]
    }

    private static func matches(_ expression: NSRegularExpression?, in text: String) -> [Hit] {
        let all = NSRange(text.startIndex..., in: text)
        return (expression?.matches(in: text, range: all) ?? []).compactMap { result in
            guard let range = Range(result.range, in: text) else { return nil }
            let groups = (0..<result.numberOfRanges).map { index in
                Range(result.range(at: index), in: text).map { String(text[$0]) }
            }
            return Hit(range: range, text: String(text[range]), groups: groups)
        }
    }
}
