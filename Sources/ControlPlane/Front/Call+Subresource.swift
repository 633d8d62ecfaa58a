import Domain

extension Call {
    /// A request for a part of an object, or for something one does with it.
    mutating func subresource(_ store: inout Store) throws(APIStatus) -> APIResponse {
        guard
            let known = Discovery.subresources(definition).first(where: {
                $0.name == path.subresource
            })
        else {
            guard definition.customDefinition != nil,
                ["status", "scale"].contains(path.subresource)
            else { throw .unknownResource }
            throw .notFound(kind, path.name)
        }
        if known.needsKubelet { throw try withoutKubelet(store) }
        switch (known.name, request.method) {
        case ("status", "GET"): return answer(try get(store))
        case ("status", "PUT"): return try replace(&store, part: .status)
        case ("status", "PATCH"): return try patch(&store, part: .status)
        case ("finalize", "PUT"): return try replace(&store, part: .finalize)
        case ("scale", "GET"):
            return APIResponse(
                status: 200, body: .document(try scale(of: try store.get(key))))
        case ("scale", "PUT"), ("scale", "PATCH"): return try changeScale(&store)
        case ("token", "POST"): return try token(store)
        case ("eviction", "POST"): return try evict(&store)
        case ("binding", "POST"): return try bind(&store)
        case ("log", "GET"):
            _ = try store.get(key)
            return APIResponse(status: 204, contentType: "", body: .none)
        default: throw notSupportedMethod
        }
    }

    /// What a server says that reaches no kubelet: of a pod that is on no node, and of others.
    private func withoutKubelet(_ store: Store) throws(APIStatus) -> APIStatus {
        let pod = try store.get(key)
        guard let node = pod.at("spec", "nodeName")?.stringValue, !node.isEmpty else {
            return .badRequest("pod \(path.name) does not have a host assigned")
        }
        return APIStatus(
            code: 501, reason: "NotImplemented",
            message: "this server does not serve pods/\(path.subresource)", details: .init())
    }

    private var notSupportedMethod: APIStatus {
        guard definition.customDefinition != nil else { return .methodNotAllowed }
        let verbs = ["POST": "create", "DELETE": "delete", "PUT": "update", "PATCH": "patch"]
        let verb = verbs[request.method] ?? request.method.lowercased()
        return APIStatus(
            code: 405, reason: "MethodNotAllowed",
            message: "\(verb) is not supported on resources of kind \"\(kind)\"",
            details: .init(group: kind.group, kind: kind.plural))
    }

    // MARK: Scale

    /// The numbers of an object as `autoscaling/v1 Scale`.
    private func scale(of object: Document) throws(APIStatus) -> Document {
        guard let scale = definition.scale else { throw .unknownResource }
        var metadata: Document = [:]
        for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[member] = object.at("metadata", member)
        }
        let wanted = object.value(at: scale.specReplicas)?.integerValue ?? 0
        var status: Document = [
            "replicas": .integer(object.value(at: scale.statusReplicas)?.integerValue ?? 0)
        ]
        if let path = scale.selector, let selector = object.value(at: path) {
            status["selector"] = .string(selector.stringValue ?? Self.text(selector))
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": wanted == 0 ? [:] : ["replicas": .integer(wanted)], "status": status,
        ]
    }

    /// A selector of an object in the form of a query.
    private static func text(_ selector: Document) -> String {
        var parts = (selector["matchLabels"]?.objectValue?.members ?? []).map {
            "\($0.key)=\($0.value.stringValue ?? "")"
        }
        for expression in selector["matchExpressions"]?.arrayValue ?? [] {
            let key = expression["key"]?.stringValue ?? ""
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue)
            let list = values.sorted().joined(separator: ",")
            switch expression["operator"]?.stringValue {
            case "In": parts.append("\(key) in (\(list))")
            case "NotIn": parts.append("\(key) notin (\(list))")
            case "Exists": parts.append(key)
            default: parts.append("!\(key)")
            }
        }
        return parts.joined(separator: ",")
    }

    private func changeScale(_ store: inout Store) throws(APIStatus) -> APIResponse {
        guard let scale = definition.scale else { throw .unknownResource }
        let isPatch = request.method == "PATCH"
        let dryRun = try isDryRun(isPatch ? "PatchOptions" : "UpdateOptions")
        let type = MediaTypes.MediaType(request.header("content-type") ?? "").name
        let patch = isPatch ? try PatchBody(request, type, definition) : nil
        let body = isPatch ? .null : try RequestBody.object(request, kind)
        var context = context
        context.part = .scale
        let updated = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.update(key, context) { object throws(APIStatus) in
                let before = try self.scale(of: object)
                let wanted = try patch?.applied(to: before, shape: .untyped) ?? body
                return try self.scaled(object, scale, wanted)
            }
        }
        return APIResponse(status: 200, body: .document(try self.scale(of: updated)))
    }

    private func scaled(
        _ object: Document, _ scale: KindDefinition.Scale, _ wanted: Document
    ) throws(APIStatus) -> Document {
        let replicas = wanted.at("spec", "replicas")?.integerValue ?? 0
        guard replicas >= 0 else {
            throw .invalid(
                kindName: "Scale", group: "autoscaling", name: path.name,
                [
                    .invalid(
                        "spec.replicas", .integer(replicas), "must be greater than or equal to 0")
                ])
        }
        var new = object
        new.set(scale.specReplicas, to: .integer(replicas))
        let asked = wanted.objectVersion
        if !asked.isEmpty { new.set(["metadata", "resourceVersion"], to: .string(asked)) }
        return new
    }

    // MARK: Tokens and binding

    /// Deletes a pod if its disruption budget has room.
    private func evict(_ store: inout Store) throws(APIStatus) -> APIResponse {
        let kind = ResourceKind(
            group: "policy", version: "v1", kind: "Eviction", plural: "evictions")
        let body = try RequestBody.object(request, kind)
        let asked = body["deleteOptions"] ?? [:]
        let options = DeleteOptions(
            uid: asked.at("preconditions", "uid")?.stringValue,
            resourceVersion: asked.at("preconditions", "resourceVersion")?.stringValue,
            gracePeriodSeconds: asked["gracePeriodSeconds"]?.integerValue)
        let dryRun = try isDryRun("CreateOptions", asked["dryRun"]?.arrayValue ?? [])
        try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try Eviction.evict(key, options: options, &store, context)
        }
        return APIResponse(status: 201, body: .document(Self.created))
    }

    private static let created: Document = [
        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201,
    ]

    private func token(_ store: Store) throws(APIStatus) -> APIResponse {
        let kind = ResourceKind(
            group: "authentication.k8s.io", version: "v1", kind: "TokenRequest",
            plural: "tokenrequests")
        let account = try store.get(key)
        var answer = ServiceAccounts.completed(
            try RequestBody.object(request, kind), account)
        let token = ServiceAccounts.token(
            key, uid: account.objectUID, request: answer, key: store.tokenKey, now: now)
        answer["apiVersion"] = .string(kind.apiVersion)
        answer["kind"] = .string(kind.kind)
        answer["status"] = [
            "token": .string(token.text),
            "expirationTimestamp": .string(token.expires.description),
        ]
        return APIResponse(status: 201, body: .document(answer))
    }

    /// Puts a pod on a node.
    private func bind(_ store: inout Store) throws(APIStatus) -> APIResponse {
        let body = try RequestBody.object(
            request, ResourceKind(group: "", version: "v1", kind: "Binding", plural: "bindings"))
        let node = body.at("target", "name")?.stringValue ?? ""
        let dryRun = try isDryRun("CreateOptions")
        var context = context
        context.part = .system
        _ = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.update(key, context) { pod throws(APIStatus) in
                let current = pod.at("spec", "nodeName")?.stringValue ?? ""
                guard current.isEmpty else {
                    throw .conflict(
                        kind, path.name,
                        "pod \(path.name) is already assigned to node \"\(current)\"")
                }
                var bound = pod
                bound.set(["spec", "nodeName"], to: .string(node))
                let others = (pod.at("status", "conditions")?.arrayValue ?? []).filter {
                    $0["type"] != "PodScheduled"
                }
                let scheduled: Document = [
                    "type": "PodScheduled", "status": "True", "lastProbeTime": .null,
                    "lastTransitionTime": .string(now.description),
                ]
                bound.set(["status", "conditions"], to: .array(others + [scheduled]))
                return bound
            }
        }
        return APIResponse(status: 201, body: .document(Self.created))
    }
}

extension Document {
    /// The value at a path of member names.
    func value(at path: [String]) -> Document? {
        var current = self
        for key in path {
            guard let next = current[key] else { return nil }
            current = next
        }
        return current
    }
}
