package import Domain

/// What became of reading an object: the value, or everything that is wrong with it.
package enum DecodeResult<Value: Hashable & Sendable>: Hashable, Sendable {
    case decoded(Value)
    /// At least one, in the order of the document's fields as the type lists them.
    case refused([FieldError])

    package var value: Value? { if case .decoded(let value) = self { value } else { nil } }
    package var errors: [FieldError] { if case .refused(let errors) = self { errors } else { [] } }
}

/// Collects what is wrong while an object is read, so that people see all of it at once.
final class Problems {
    /// More than this nobody reads; the rest is left out.
    static let limit = 100

    private(set) var errors: [FieldError] = []
    /// Told of every object that is read and the members it may have.
    var trace: ((FieldPath, [String]) -> Void)?

    func add(_ path: FieldPath, _ message: String, concernsKey: Bool = false) {
        guard errors.count < Self.limit else { return }
        errors.append(FieldError(path, message, concernsKey: concernsKey))
    }

    /// The value if nothing was wrong.
    func result<Value>(_ value: Value?) -> DecodeResult<Value> {
        if let value, errors.isEmpty { return .decoded(value) }
        return .refused(errors)
    }
}

/// Reads the members of one object. What is missing or null is `nil`; what is wrong is reported to
/// ``Problems`` and `nil` as well, so reading always goes on to the end.
struct ObjectReader {
    let fields: Fields
    let path: FieldPath
    let problems: Problems

    /// Reports and returns `nil` if the value is no object. Members that are not `known` are
    /// errors; those that are `later` are told apart as known but not built yet.
    init?(
        _ value: Document,
        at path: FieldPath,
        _ problems: Problems,
        known: [String],
        later: [String] = []
    ) {
        guard case .object(let fields) = value else {
            problems.add(path, "must be an object, not a \(value.kindName)")
            return nil
        }
        self.fields = fields
        self.path = path
        self.problems = problems
        problems.trace?(path, known)
        for key in fields.keys where !known.contains(key) {
            if later.contains(key) {
                problems.add(
                    path[key],
                    "`\(key)` is not supported by this version of Slipway",
                    concernsKey: true
                )
            } else {
                problems.add(
                    path[bounded: key],
                    Spelling.unknownField(key, among: known),
                    concernsKey: true
                )
            }
        }
    }

    /// The member, unless it is missing or null.
    func value(_ key: String) -> Document? {
        guard let value = fields[key], !value.isNull else { return nil }
        return value
    }

    /// The member is there at all, right or wrong.
    func has(_ key: String) -> Bool { value(key) != nil }

    func fail(_ key: String, _ message: String) {
        problems.add(path[key], message)
    }

    /// Reports a needed member that is missing.
    func require(_ key: String, _ hint: String = "") {
        guard !has(key) else { return }
        fail(key, hint.isEmpty ? "is required" : "is required: \(hint)")
    }

    /// A member that is an object.
    func object(_ key: String, known: [String], later: [String] = []) -> ObjectReader? {
        value(key).flatMap {
            ObjectReader($0, at: path[key], problems, known: known, later: later)
        }
    }

    /// A text of 1...`limit` bytes; `check` answers what is wrong with it.
    func string(_ key: String, limit: Int = 253, check: (String) -> String? = { _ in nil })
        -> String?
    {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else {
            fail(key, Self.notText(value))
            return nil
        }
        let problem: String? =
            if text.utf8.count > limit {
                "is longer than \(limit) bytes"
            } else if text.isEmpty { "must not be empty" } else { check(text) }
        if let problem {
            fail(key, problem)
            return nil
        }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.integerValue else {
            fail(key, "must be a whole number, not a \(value.kindName)")
            return nil
        }
        guard let number = Int(exactly: number), range.contains(number) else {
            fail(key, "is \(number), must be \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    func bool(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolValue else {
            fail(key, "must be true or false, not a \(value.kindName)")
            return nil
        }
        return flag
    }

    func span(_ key: String, in range: ClosedRange<TimeSpan>) -> TimeSpan? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue, text.utf8.count <= 32, let span = TimeSpan(text) else {
            fail(key, "must be a duration such as 30s, 5m or 1h30m")
            return nil
        }
        guard range.contains(span) else {
            fail(key, "is \(span), must be \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return span
    }

    /// One of the words of an enumeration; words of `later` are refused by name.
    func word<Word>(_ key: String, as type: Word.Type, later: [String] = []) -> Word?
    where Word: RawRepresentable & CaseIterable, Word.RawValue == String {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else {
            fail(key, Self.notText(value))
            return nil
        }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        if later.contains(text) {
            fail(key, "`\(text)` is not supported by this version of Slipway")
        } else {
            fail(
                key,
                "is `\(text.prefix(64))`, must be \(Spelling.choice(words))"
                    + Spelling.suggestion(text, among: words)
            )
        }
        return nil
    }

    /// A list's elements with their paths.
    func list(_ key: String, count: ClosedRange<Int>) -> [(value: Document, path: FieldPath)]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else {
            fail(key, "must be a list, not a \(value.kindName)")
            return nil
        }
        guard count.contains(elements.count) else {
            fail(
                key,
                elements.isEmpty
                    ? "must have at least one entry"
                    : "has \(elements.count) entries, at most \(count.upperBound) are allowed"
            )
            return nil
        }
        let path = path[key]
        return elements.enumerated().map { ($0.element, path[$0.offset]) }
    }

    private static func notText(_ value: Document) -> String {
        switch value {
        case .integer(let number): "must be a string; write \"\(number)\" in quotes"
        case .double, .bool: "must be a string; write it in quotes"
        default: "must be a string, not a \(value.kindName)"
        }
    }
}

extension FieldPath {
    /// The path of a member whose name is foreign and may be of any length.
    subscript(bounded key: String) -> FieldPath {
        self[key.utf8.count <= 256 ? key : String(key.prefix(64))]
    }
}
