import Domain

/// Builds the objects of a status: what is empty is left out, texts are bounded.
struct StatusWriter {
    /// Bytes of a longer text; shorter ones have bounds of their own.
    let textLimit: Int
    private var fields = Fields()

    init(textLimit: Int) { self.textLimit = textLimit }

    var document: Document { .object(fields) }

    mutating func text(_ key: String, _ value: String, limit: Int = 256) {
        let bounded = Self.bounded(value, to: min(limit, textLimit))
        if !bounded.isEmpty { fields[key] = .string(bounded) }
    }

    /// Sentences for people.
    mutating func sentence(_ key: String, _ value: String) {
        text(key, value, limit: 1024)
    }

    mutating func digest(_ key: String, _ value: Digest) {
        fields[key] = .string(value.description)
    }

    mutating func number(_ key: String, _ value: Int) { fields[key] = .integer(value) }
    mutating func number(_ key: String, _ value: Int64) { fields[key] = .integer(value) }

    /// With milliseconds: decisions after a restart are taken from these.
    mutating func time(_ key: String, _ value: Timestamp?) {
        if let value { fields[key] = .string(value.rfc3339(fractionDigits: 3)) }
    }

    mutating func flag(_ key: String, _ value: Bool) {
        if value { fields[key] = .bool(true) }
    }

    mutating func list(_ key: String, _ values: [Document]) {
        if !values.isEmpty { fields[key] = .array(values) }
    }

    mutating func object(_ key: String, _ value: Document?) {
        if let value { fields[key] = value }
    }

    /// The text cut to so many bytes, between characters; control characters become spaces.
    static func bounded(_ text: String, to limit: Int) -> String {
        if text.utf8.count <= limit, !text.utf8.contains(where: isControl) { return text }
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            let clean =
                scalar.value < 0x80 && isControl(UInt8(truncatingIfNeeded: scalar.value))
                ? " " : scalar
            count += UTF8.width(clean)
            if count > limit { break }
            result.append(clean)
        }
        return String(result)
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 0x0A || byte == 0x7F
    }
}

extension Document {
    /// Reading a status: what is missing or of another type has the type's empty value.
    func text(_ key: String, limit: Int = 4096) -> String {
        guard let text = self[key]?.stringValue else { return "" }
        return text.utf8.count <= limit ? text : StatusWriter.bounded(text, to: limit)
    }

    func number(_ key: String) -> Int { self[key]?.intValue ?? 0 }
    func number64(_ key: String) -> Int64 { self[key]?.integerValue ?? 0 }
    func flag(_ key: String) -> Bool { self[key]?.boolValue ?? false }

    func time(_ key: String) -> Timestamp? {
        self[key]?.stringValue.flatMap(Timestamp.init(rfc3339:))
    }

    func digest(_ key: String) -> Digest? {
        self[key]?.stringValue.flatMap { Digest($0) }
    }

    /// The elements that can be read, at most `limit`.
    func list<Value>(_ key: String, limit: Int, _ read: (Document) -> Value?) -> [Value] {
        (self[key]?.arrayValue ?? []).prefix(limit).compactMap(read)
    }
}

extension Timestamp {
    /// What a time that cannot be read counts as: long ago.
    static let epoch = Timestamp(milliseconds: 0)
}
