package import Domain

/// One line of a program's log.
package struct LogLine: Hashable, Sendable {
    /// How lines are written.
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// `2026-11-21T05:30:00.123Z info cluster: view interrupted objects=pods`.
        case text
        /// One JSON object a line.
        case json
    }

    package var time: Timestamp
    package var level: String
    /// Which part of the program speaks.
    package var logger: String
    package var message: String
    /// Any order; lines have them ascending by key.
    package var fields: [(key: String, value: String)] {
        get { members.members.map { ($0.key, $0.value.stringValue ?? "") } }
        set { members = Fields(newValue.map { .init(key: $0.key, value: .string($0.value)) }) }
    }

    private var members = Fields()

    package init(
        time: Timestamp, level: String, logger: String, message: String,
        fields: [(key: String, value: String)] = []
    ) {
        self.time = time
        self.level = level
        self.logger = logger
        self.message = message
        self.fields = fields
    }

    /// The line with its end. Text from outside cannot begin a line of its own.
    package func text(_ format: Format) -> String {
        switch format {
        case .text: plain
        case .json: String(decoding: document.canonicalJSON(), as: UTF8.self) + "\n"
        }
    }

    private var plain: String {
        let details = fields.map { " \(printable($0.key))=\(Self.quoted($0.value))" }.joined()
        return "\(time.rfc3339(fractionDigits: 3)) \(level) \(printable(logger)): "
            + printable(message) + details + "\n"
    }

    private static func quoted(_ value: String) -> String {
        let text = printable(value)
        guard text.isEmpty || text.contains(where: { " =\"".contains($0) }) else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Fields stand beside what every line has; one with such a name gets `field.` before it.
    private var document: Document {
        var document: Document = [
            "time": .string(time.rfc3339(fractionDigits: 3)), "level": .string(level),
            "logger": .string(logger), "message": .string(message),
        ]
        for field in fields {
            let key = document[field.key] == nil ? field.key : "field.\(field.key)"
            document[key] = .string(field.value)
        }
        return document
    }
}
