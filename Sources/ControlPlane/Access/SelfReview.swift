import Domain

/// `SelfSubjectReview`: who the server takes the caller for, which `kubectl auth whoami` asks.
enum SelfReview {
    static let group = "authentication.k8s.io"

    static func answer(
        _ request: APIRequest, _ path: RequestPath.Resource, _ caller: Caller, now: Timestamp
    ) throws(APIStatus) -> APIResponse {
        guard path.version == "v1", path.plural == "selfsubjectreviews", path.name.isEmpty
        else { throw .unknownResource }
        guard request.method == "POST" else { throw .methodNotAllowed }
        let kind = ResourceKind(
            group: group, version: "v1", kind: "SelfSubjectReview", plural: path.plural)
        _ = try RequestBody.object(request, kind)
        var user: Document = ["username": .string(caller.name)]
        if !caller.uid.isEmpty { user["uid"] = .string(caller.uid) }
        if !caller.groups.isEmpty { user["groups"] = .array(caller.groups.map { .string($0) }) }
        for extra in caller.extra {
            user.set(["extra", extra.key], to: .array(extra.values.map { .string($0) }))
        }
        return APIResponse(
            status: 201,
            body: .document([
                "apiVersion": .string("\(group)/v1"), "kind": "SelfSubjectReview",
                "metadata": ["creationTimestamp": .string(now.description)],
                "status": ["userInfo": user],
            ]))
    }
}
