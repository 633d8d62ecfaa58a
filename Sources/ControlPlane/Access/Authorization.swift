import Domain

/// What somebody wants to do.
struct AccessAttributes: Hashable {
    var verb: String
    /// `""` for requests that name no resource.
    var group = ""
    /// With the subresource, as `deployments/scale`.
    var resource = ""
    /// Empty for the whole cluster.
    var namespace = ""
    var name = ""
    /// Of requests that name no resource.
    var path = ""

    var isResource: Bool { path.isEmpty }

    /// What a request wants.
    init(_ request: APIRequest) {
        guard case .resource(let place) = RequestPath(request.path) else {
            self.init(verb: request.method.lowercased(), path: request.path)
            return
        }
        let isWatch = request.flag("watch")
        let verb =
            switch request.method {
            case "GET" where isWatch: "watch"
            case "GET", "HEAD": place.name.isEmpty ? "list" : "get"
            case "POST": "create"
            case "PUT": "update"
            case "DELETE": place.name.isEmpty ? "deletecollection" : "delete"
            default: request.method.lowercased()
            }
        self.init(
            verb: verb, group: place.group,
            resource: place.plural + (place.subresource.isEmpty ? "" : "/\(place.subresource)"),
            namespace: place.namespace, name: place.name)
    }

    /// Everything that a request wants: besides its own verb `create`, where a PUT or a server-side
    /// apply names an object that is not there and would make it.
    static func all(of request: APIRequest, in store: Store) -> [AccessAttributes] {
        let own = AccessAttributes(request)
        guard case .resource(let place) = RequestPath(request.path), !place.name.isEmpty,
            place.subresource.isEmpty,
            let definition = store.registry.find(
                group: place.group, version: place.version, plural: place.plural)
        else { return [own] }
        let type = MediaTypes.MediaType(request.header("content-type") ?? "").name
        let mayCreate =
            switch request.method {
            case "PATCH": type == "application/apply-patch+yaml"
            case "PUT": definition.allowsCreateOnUpdate
            default: false
            }
        let key = ResourceKey(definition.kind, namespace: place.namespace, name: place.name)
        guard mayCreate, store.object(key) == nil else { return [own] }
        var creation = own
        creation.verb = "create"
        return [own, creation]
    }

    init(
        verb: String, group: String = "", resource: String = "", namespace: String = "",
        name: String = "", path: String = ""
    ) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.path = path
    }

    /// The refusal of this to a caller.
    func forbidden(to caller: Caller) -> APIStatus {
        let user = "User \"\(caller.name)\" cannot \(verb)"
        guard isResource else {
            return APIStatus(
                code: 403, reason: "Forbidden", message: "forbidden: \(user) path \"\(path)\"",
                details: .init())
        }
        let plural = String(resource.prefix { $0 != "/" })
        let subject = group.isEmpty ? plural : "\(plural).\(group)"
        let place = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        return APIStatus(
            code: 403, reason: "Forbidden",
            message: subject + (name.isEmpty ? "" : " \"\(name)\"")
                + " is forbidden: \(user) resource \"\(resource)\" in API group \"\(group)\" "
                + place,
            details: .init(name: name, group: group, kind: plural))
    }
}

/// Role-based access control: what the roles of a store allow.
struct Authorization {
    let store: Store

    /// Lets pass what a caller may do, and tells of the decision.
    ///
    /// - Throws: 403.
    func check(
        _ caller: Caller, _ wanted: AccessAttributes, _ rules: AccessRules
    ) throws(APIStatus) {
        guard !caller.isAdmin else { return }
        let reason = reason(caller, wanted)
        rules.onDecision?(AccessDecision(caller, wanted, isAllowed: reason != nil))
        guard reason != nil else { throw wanted.forbidden(to: caller) }
    }

    /// Why a caller may do something; `nil` if they may not.
    func reason(_ caller: Caller, _ wanted: AccessAttributes) -> String? {
        if caller.isAdmin || Self.isPublic(caller, wanted) { return "" }
        for binding in store.objects(AccessKinds.clusterRoleBinding) {
            if let reason = reason(binding, caller, wanted) { return reason }
        }
        guard !wanted.namespace.isEmpty else { return nil }
        for binding in store.objects(AccessKinds.roleBinding, namespace: wanted.namespace) {
            if let reason = reason(binding, caller, wanted) { return reason }
        }
        return nil
    }

    // MARK: What every cluster allows

    private static let information = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    private static let discovery = ["/api", "/apis", "/openapi"]
    private static let questions = [
        (AccessReview.group, "selfsubjectaccessreviews"), (SelfReview.group, "selfsubjectreviews"),
    ]

    /// Health and version are for everybody; discovery and questions about oneself for everybody
    /// who is known.
    private static func isPublic(_ caller: Caller, _ wanted: AccessAttributes) -> Bool {
        if !wanted.isResource, wanted.verb == "get", information.contains(wanted.path) {
            return true
        }
        guard caller.groups.contains("system:authenticated") else { return false }
        guard wanted.isResource else {
            return wanted.verb == "get"
                && discovery.contains { wanted.path == $0 || wanted.path.hasPrefix($0 + "/") }
        }
        return wanted.verb == "create"
            && questions.contains { $0 == (wanted.group, wanted.resource) }
    }

    // MARK: Bindings

    private func reason(
        _ binding: Document, _ caller: Caller, _ wanted: AccessAttributes
    ) -> String? {
        let namespace = binding.objectNamespace
        let subjects = binding["subjects"]?.arrayValue ?? []
        guard let subject = subjects.first(where: { Self.fits($0, caller, namespace) }),
            rules(of: binding).contains(where: { Self.allows($0, wanted) })
        else { return nil }
        let kind = binding["kind"]?.stringValue ?? ""
        let place = namespace.isEmpty ? "" : "/\(namespace)"
        let role = binding["roleRef"] ?? [:]
        let who = subject["name"]?.stringValue ?? ""
        let whose =
            subject["kind"] == "ServiceAccount"
            ? "\(who)/\(Self.namespace(of: subject, in: namespace))" : who
        return "RBAC: allowed by \(kind) \"\(binding.objectName)\(place)\" of "
            + "\(role["kind"]?.stringValue ?? "") \"\(role["name"]?.stringValue ?? "")\" to "
            + "\(subject["kind"]?.stringValue ?? "") \"\(whose)\""
    }

    private static func namespace(of subject: Document, in namespace: String) -> String {
        let own = subject["namespace"]?.stringValue ?? ""
        return own.isEmpty ? namespace : own
    }

    private static func fits(_ subject: Document, _ caller: Caller, _ namespace: String) -> Bool {
        guard let name = subject["name"]?.stringValue else { return false }
        switch subject["kind"]?.stringValue {
        case "User": return caller.name == name
        case "Group": return caller.groups.contains(name)
        case "ServiceAccount":
            let place = Self.namespace(of: subject, in: namespace)
            return caller.name == "system:serviceaccount:\(place):\(name)"
        default: return false
        }
    }

    private func rules(of binding: Document) -> [Document] {
        let name = binding.at("roleRef", "name")?.stringValue ?? ""
        let isWide = binding.at("roleRef", "kind") == "ClusterRole"
        let key = ResourceKey(
            isWide ? AccessKinds.clusterRole : AccessKinds.role,
            namespace: isWide ? "" : binding.objectNamespace, name: name)
        if let role = store.object(key) { return role["rules"]?.arrayValue ?? [] }
        return isWide && name == "cluster-admin" ? Self.everything : []
    }

    /// The role that every cluster begins with.
    private static let everything: [Document] = [
        ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]],
        ["verbs": ["*"], "nonResourceURLs": ["*"]],
    ]

    private static func allows(_ rule: Document, _ wanted: AccessAttributes) -> Bool {
        func list(_ name: String) -> [String] {
            (rule[name]?.arrayValue ?? []).compactMap(\.stringValue)
        }
        func has(_ name: String, _ value: String) -> Bool {
            list(name).contains { $0 == "*" || $0 == value }
        }
        guard has("verbs", wanted.verb) else { return false }
        guard wanted.isResource else {
            return list("nonResourceURLs").contains { url in
                url == wanted.path || (url.hasSuffix("*") && wanted.path.hasPrefix(url.dropLast()))
            }
        }
        // What stands behind the first slash may have more of them.
        let part = wanted.resource.firstIndex(of: "/").map { "*\(wanted.resource[$0...])" }
        guard has("apiGroups", wanted.group),
            has("resources", wanted.resource)
                || part.map({ list("resources").contains($0) })
                    ?? false
        else { return false }
        let names = list("resourceNames")
        return names.isEmpty || names.contains(wanted.name)
    }
}
