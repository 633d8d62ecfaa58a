import Domain

/// The patch of a PATCH that is no apply.
struct PatchBody {
    private enum Form {
        case json
        case merge
        case strategic
    }

    private let form: Form
    private let patch: Document
    /// The paths of keys that stand twice in the patch.
    let repeated: [String]

    init(
        _ request: APIRequest, _ type: String, _ definition: KindDefinition
    ) throws(APIStatus) {
        switch type {
        case "application/json-patch+json": form = .json
        case "application/merge-patch+json": form = .merge
        case "application/strategic-merge-patch+json" where definition.customDefinition == nil:
            form = .strategic
        case "application/strategic-merge-patch+json":
            throw APIStatus(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types "
                    + "include: application/json-patch+json, application/merge-patch+json, "
                    + "application/apply-patch+yaml")
        default: throw MediaTypes.unsupportedPatch
        }
        let content = try RequestBody.patch(request)
        patch = content.document
        repeated = content.repeated
    }

    /// The object as the patch makes it.
    ///
    /// - Parameter shape: the types of what is patched, for a strategic patch.
    func applied(to object: Document, shape: Shape) throws(APIStatus) -> Document {
        switch form {
        case .json: return try JSONPatch.apply(patch, to: object).get()
        case .merge: return MergePatch.apply(patch, to: object)
        case .strategic: return try StrategicMergePatch.apply(patch, to: object, shape: shape).get()
        }
    }
}
