import Domain

/// The patch of a PATCH that is no apply.
enum PatchBody {
    case json(Document)
    case merge(Document)
    case strategic(Document)

    init(
        _ request: APIRequest, _ type: String, _ definition: KindDefinition
    ) throws(APIStatus) {
        switch type {
        case "application/json-patch+json": self = .json(try RequestBody.patch(request))
        case "application/merge-patch+json": self = .merge(try RequestBody.patch(request))
        case "application/strategic-merge-patch+json" where definition.customDefinition == nil:
            self = .strategic(try RequestBody.patch(request))
        case "application/strategic-merge-patch+json":
            throw APIStatus(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types "
                    + "include: application/json-patch+json, application/merge-patch+json, "
                    + "application/apply-patch+yaml")
        default: throw MediaTypes.unsupportedPatch
        }
    }

    /// The object as the patch makes it.
    ///
    /// - Parameter shape: the types of what is patched, for a strategic patch.
    func applied(to object: Document, shape: Shape) throws(APIStatus) -> Document {
        switch self {
        case .json(let patch): return try JSONPatch.apply(patch, to: object).get()
        case .merge(let patch): return MergePatch.apply(patch, to: object)
        case .strategic(let patch):
            return try StrategicMergePatch.apply(patch, to: object, shape: shape).get()
        }
    }
}
