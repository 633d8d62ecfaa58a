import Domain

/// `SelfSubjectAccessReview`: whether the caller may do something, which `kubectl auth can-i` asks.
enum AccessReview {
    static let group = "authorization.k8s.io"

    static func answer(
        _ request: APIRequest, _ path: RequestPath.Resource, _ caller: Caller, _ store: Store
    ) throws(APIStatus) -> APIResponse {
        guard path.version == "v1", path.plural == "selfsubjectaccessreviews", path.name.isEmpty
        else { throw .unknownResource }
        guard request.method == "POST" else { throw .methodNotAllowed }
        let kind = ResourceKind(
            group: group, version: "v1", kind: "SelfSubjectAccessReview", plural: path.plural)
        var review = try RequestBody.object(request, kind)
        let reason = Authorization(store: store).reason(caller, wanted(review["spec"] ?? [:]))
        review["metadata"] = review["metadata"] ?? [:]
        review["status"] = ["allowed": .bool(reason != nil)]
        if let reason, !reason.isEmpty { review.set(["status", "reason"], to: .string(reason)) }
        return APIResponse(status: 201, body: .document(review))
    }

    private static func wanted(_ spec: Document) -> AccessAttributes {
        func text(_ part: String, _ name: String) -> String {
            spec.at(part, name)?.stringValue ?? ""
        }
        if spec["nonResourceAttributes"] != nil {
            return AccessAttributes(
                verb: text("nonResourceAttributes", "verb"),
                path: text("nonResourceAttributes", "path"))
        }
        let part = text("resourceAttributes", "subresource")
        return AccessAttributes(
            verb: text("resourceAttributes", "verb"), group: text("resourceAttributes", "group"),
            resource: text("resourceAttributes", "resource") + (part.isEmpty ? "" : "/\(part)"),
            namespace: text("resourceAttributes", "namespace"),
            name: text("resourceAttributes", "name"))
    }
}
