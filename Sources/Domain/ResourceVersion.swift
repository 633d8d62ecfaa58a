/// A `metadata.resourceVersion` that can be compared with another of the same kind.
///
/// Kubernetes documents (since 1.35) that versions of one resource type are decimal numbers without
/// leading zeros and may be compared by length, then byte by byte. `0` and the empty text mean
/// "any" in requests and are no version of an object.
package struct ResourceVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// `nil` unless the text is a positive decimal number without leading zeros of at most 128
    /// digits.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 128, first != 48,
            bytes.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    package static func < (left: ResourceVersion, right: ResourceVersion) -> Bool {
        let (a, b) = (left.text.utf8.count, right.text.utf8.count)
        return a != b ? a < b : left.text < right.text
    }
}
