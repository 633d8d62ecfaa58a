import Domain
import Resources

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
                    + "application/apply-patch+yaml, application/apply-patch+cbor")
        default: throw MediaTypes.unsupportedPatch
        }
    }

    /// The object as the patch makes it.
    func applied(
        to object: Document, key: ResourceKey, _ definition: KindDefinition
    ) throws(APIStatus) -> Document {
        let result: Document
        switch self {
        case .json(let patch):
            var operations: [PatchOperation] = []
            for entry in patch.arrayValue ?? [] {
                guard let op = entry["op"]?.stringValue.flatMap(PatchOperation.Kind.init),
                    let path = entry["path"]?.stringValue
                else { throw .badRequest("error decoding patch: unknown operation") }
                operations.append(PatchOperation(op, path, entry["value"]))
            }
            result = try patched(object, key, operations)
        case .merge(let patch), .strategic(let patch): result = Self.merged(object, patch)
        }
        try TypedFields.check(result, definition)
        return result
    }

    /// RFC 7386.
    static func merged(_ target: Document, _ patch: Document) -> Document {
        guard case .object(let members) = patch else { return patch }
        var fields = target.objectValue ?? Fields()
        for member in members.members {
            fields[member.key] =
                member.value.isNull
                ? nil : merged(fields[member.key] ?? .null, member.value)
        }
        return .object(fields)
    }
}
