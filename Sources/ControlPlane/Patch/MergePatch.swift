package import Domain

/// JSON Merge Patch (RFC 7386): null removes a member, objects are merged, all else is replaced.
package enum MergePatch {
    /// The document after the patch.
    package static func apply(_ patch: Document, to document: Document) -> Document {
        guard case .object(let changes) = patch else { return patch }
        var result = document.objectValue ?? Fields()
        for change in changes.members {
            if change.value.isNull {
                result[change.key] = nil
            } else {
                result[change.key] = apply(change.value, to: result[change.key] ?? .null)
            }
        }
        return .object(result)
    }
}
