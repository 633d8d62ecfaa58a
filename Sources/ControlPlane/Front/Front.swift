package import Domain

/// The HTTP side of the API server as a pure function: a request and a store give an answer and
/// the store afterwards.
package enum Front {
    /// Answers one request. `now` is the time of everything that is written.
    package static func answer(
        _ request: APIRequest, store: inout Store, now: Timestamp,
        access: AccessRules = AccessRules()
    ) -> APIAnswer {
        do throws(APIStatus) {
            let caller = try Caller(request, &store, access, now: now)
            if !caller.isAdmin {
                for wanted in AccessAttributes.all(of: request, in: store) {
                    try Authorization(store: store).check(caller, wanted, access)
                }
            }
            switch RequestPath(request.path) {
            case .unknown: return .response(.pageNotFound)
            case .health: return .response(.text(200, "ok"))
            case .version: return .response(Discovery.version)
            case .coreVersions, .groups, .group, .groupVersion, .openAPIIndex, .openAPI:
                return .response(try Discovery.answer(request, store))
            case .resource(let path) where path.group == AccessReview.group:
                return .response(try AccessReview.answer(request, path, caller, store))
            case .resource(let path) where path.group == SelfReview.group:
                return .response(try SelfReview.answer(request, path, caller, now: now))
            case .resource(let path):
                let answer = try resource(path, request, store: &store, now: now)
                return warned(answer, path)
            }
        } catch {
            return .response(APIResponse(error))
        }
    }

    /// The answer with a warning where the resource is on its way out.
    private static func warned(_ answer: APIAnswer, _ path: RequestPath.Resource) -> APIAnswer {
        guard path.group.isEmpty, path.plural == "endpoints",
            case .response(var response) = answer
        else { return answer }
        let words = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
        response.headers.append((name: "Warning", value: "299 - \"\(words)\""))
        return .response(response)
    }

    private static func resource(
        _ path: RequestPath.Resource, _ request: APIRequest, store: inout Store, now: Timestamp
    ) throws(APIStatus) -> APIAnswer {
        guard Discovery.serves(store, group: path.group, version: path.version) else {
            return .response(.pageNotFound)
        }
        guard
            let definition = store.registry.find(
                group: path.group, version: path.version, plural: path.plural)
        else { throw .unknownResource }
        guard definition.isNamespaced || path.namespace.isEmpty else { throw .unknownResource }
        guard let form = MediaTypes.representation(request.header("accept")) else {
            throw MediaTypes.notAcceptable
        }
        var call = Call(
            request: request, path: path, definition: definition, form: form, now: now)
        if definition.isNamespaced, path.namespace.isEmpty, !path.name.isEmpty {
            throw .unknownResource
        }
        guard path.name.isEmpty else {
            return .response(
                try path.subresource.isEmpty
                    ? call.object(&store) : call.subresource(&store))
        }
        switch request.method {
        case "GET": return try call.collection(store)
        case "POST" where !definition.isNamespaced || !path.namespace.isEmpty:
            return .response(try call.create(&store))
        case "DELETE" where definition.kind != .namespace:
            return .response(try call.deleteCollection(&store))
        default: throw .methodNotAllowed
        }
    }
}

extension APIStatus {
    /// A resource that a known version does not have.
    static let unknownResource = APIStatus(
        code: 404, reason: "NotFound",
        message: "the server could not find the requested resource", details: .init())

    static let methodNotAllowed = APIStatus(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
        details: .init())
}
