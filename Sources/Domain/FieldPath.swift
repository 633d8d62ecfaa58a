/// Where in a document a value stands: `spec.versions[0].weight`.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// One step of a path.
    package enum Part: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package var parts: [Part]

    package init(_ parts: [Part] = []) { self.parts = parts }

    package static let root = FieldPath()

    /// The path of a member.
    package subscript(key: String) -> FieldPath { FieldPath(parts + [.key(key)]) }

    /// The path of an element.
    package subscript(index: Int) -> FieldPath { FieldPath(parts + [.index(index)]) }

    /// The path of what holds this value; `nil` for the root.
    package var parent: FieldPath? { parts.isEmpty ? nil : FieldPath(parts.dropLast()) }

    package var description: String {
        var text = ""
        for part in parts {
            switch part {
            case .key(let key) where key.utf8.contains(where: { $0 == 46 || $0 == 47 }):
                text += "[\(key)]"
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

/// Something wrong at a place of a document, in words for the person who wrote it: what is wrong,
/// what was expected, what to do.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: FieldPath
    package let message: String
    /// The error is about the member's name, not its value (an unknown or forbidden field).
    package let concernsKey: Bool

    package init(_ path: FieldPath, _ message: String, concernsKey: Bool = false) {
        self.path = path
        self.message = message
        self.concernsKey = concernsKey
    }

    package var description: String {
        path.parts.isEmpty ? message : "\(path): \(message)"
    }
}
