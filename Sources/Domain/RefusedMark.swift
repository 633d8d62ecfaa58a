/// `DIGEST@INTENT` on a route: traffic was taken back from this digest in that attempt.
package struct RefusedMark: Hashable, Sendable, CustomStringConvertible {
    package let digest: Digest
    package let intent: Int64

    package init(digest: Digest, intent: Int64) {
        self.digest = digest
        self.intent = intent
    }

    /// Reads the annotation's text; `nil` if it is anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let digest = Digest(String(parts[0])), let intent = Int64(parts[1]),
            intent >= 0
        else { return nil }
        self.init(digest: digest, intent: intent)
    }

    /// The annotation's text.
    package var description: String { "\(digest)@\(intent)" }
}
