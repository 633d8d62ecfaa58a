package import Domain

/// A document together with where its parts stand in the file it was read from, so that an error
/// about `spec.versions[0].weight` can name line and column.
package struct LocatedDocument: Sendable {
    package let document: Document

    /// The bytes of this document alone in its file: whole lines from the one on which the content
    /// begins to the last with content, without the final line feed. `---`, comments before the
    /// first and after the last line of content belong to the file, not to the document; so does
    /// what stands before the content on the line of a `---`.
    package let byteRange: Range<Int>

    /// Values that other YAML readers take for something else, in the order of the file; at most
    /// 20.
    package let notes: [Note]

    /// Something worth a warning.
    package struct Note: Hashable, Sendable {
        package let position: Position
        package let message: String
    }

    let root: Place

    /// Where a value begins, or with `ofKey` its member's name; `nil` if there is no such value
    /// (or it is no member).
    package func position(of path: FieldPath, ofKey: Bool = false) -> Position? {
        guard let place = place(at: path.parts[...]) else { return nil }
        return ofKey ? place.key : place.value
    }

    /// The best place to show for a path, also of a value that is missing: then the name of the
    /// member it is missing in.
    package func nearestPosition(of path: FieldPath, ofKey: Bool = false) -> Position {
        if let exact = place(at: path.parts[...]) {
            return ofKey ? exact.key ?? exact.value : exact.value
        }
        var parts = path.parts.dropLast()
        while !parts.isEmpty {
            if let place = place(at: parts) { return place.key ?? place.value }
            parts = parts.dropLast()
        }
        return root.value
    }

    private func place(at path: ArraySlice<FieldPath.Part>) -> Place? {
        var value = document
        var place = root
        for part in path {
            let index: Int
            switch (part, value) {
            case (.key(let key), .object(let fields)):
                guard let found = fields.members.firstIndex(where: { $0.key == key }) else {
                    return nil
                }
                index = found
                value = fields.members[found].value
            case (.index(let number), .array(let elements)):
                guard elements.indices.contains(number) else { return nil }
                index = number
                value = elements[number]
            default: return nil
            }
            guard place.inner.indices.contains(index) else { return nil }
            place = place.inner[index]
        }
        return place
    }
}

/// Where a value stands and where the values inside it do, in the order of the document's own
/// members and elements.
struct Place: Sendable {
    let value: Position
    /// Where the member's name stands; `nil` for elements and the root.
    var key: Position?
    let inner: [Place]
}
