import Domain

/// What the server says of itself: version, groups, resources, and the index of OpenAPI.
enum Discovery {
    static let version = APIResponse(
        status: 200,
        body: .document([
            "major": "1", "minor": "36", "gitVersion": "v1.36.0+slipway", "gitCommit": "",
            "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
            // The word that every server of this API says here.
            "compiler": "gc", "platform": "linux/amd64",
        ]))

    /// Whether any kind of a group's version is served.
    static func serves(_ store: Store, group: String, version: String) -> Bool {
        store.registry.definitions.contains {
            $0.kind.group == group && $0.kind.version == version
        }
    }

    static func answer(_ request: APIRequest, _ store: Store) throws(APIStatus) -> APIResponse {
        guard request.method == "GET" else { throw .methodNotAllowed }
        let form = MediaTypes.representation(request.header("accept"))
        switch RequestPath(request.path) {
        case .coreVersions:
            if case .aggregatedDiscovery = form { return aggregated([""], store) }
            return .init(
                status: 200,
                body: .document([
                    "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
                ]))
        case .groups:
            if case .aggregatedDiscovery = form { return aggregated(groups(store), store) }
            return .init(
                status: 200,
                body: .document([
                    "kind": "APIGroupList", "apiVersion": "v1",
                    "groups": .array(groups(store).map { group($0, store) }),
                ]))
        case .group(let name):
            guard groups(store).contains(name) else { return .pageNotFound }
            var document = group(name, store)
            document["kind"] = "APIGroup"
            document["apiVersion"] = "v1"
            return .init(status: 200, body: .document(document))
        case .groupVersion(let group, let version):
            return try resources(store, group: group, version: version)
        case .openAPIIndex: return OpenAPI.index(store)
        case .openAPI(let path): return OpenAPI.page(path, store)
        default: return .pageNotFound
        }
    }

    /// The groups in the order in which their kinds were registered, without the core group.
    private static func groups(_ store: Store) -> [String] {
        var names: [String] = []
        for definition in store.registry.definitions where !definition.kind.group.isEmpty {
            if !names.contains(definition.kind.group) { names.append(definition.kind.group) }
        }
        return names
    }

    /// The versions of a group, the preferred one first.
    private static func versions(_ group: String, _ store: Store) -> [String] {
        var versions: [String] = []
        for definition in store.registry.definitions where definition.kind.group == group {
            if !versions.contains(definition.kind.version) {
                versions.append(definition.kind.version)
            }
        }
        return versions
    }

    private static func group(_ name: String, _ store: Store) -> Document {
        let versions = versions(name, store).map { version -> Document in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return [
            "name": .string(name), "versions": .array(versions),
            "preferredVersion": versions.first ?? .null,
        ]
    }

    private static func resources(
        _ store: Store, group: String, version: String
    ) throws(APIStatus) -> APIResponse {
        guard serves(store, group: group, version: version) else {
            let isKnown = group.isEmpty || groups(store).contains(group)
            if isKnown { throw .unknownResource }
            return .pageNotFound
        }
        let definitions = definitions(store, group: group, version: version)
        let list = definitions.flatMap { definition in
            [resource(definition)] + subresources(definition).map { subresource(definition, $0) }
        }
        let groupVersion = group.isEmpty ? version : "\(group)/\(version)"
        return .init(
            status: 200,
            body: .document([
                "kind": "APIResourceList", "apiVersion": "v1",
                "groupVersion": .string(groupVersion), "resources": .array(list),
            ]))
    }

    private static func definitions(
        _ store: Store, group: String, version: String
    ) -> [KindDefinition] {
        store.registry.definitions
            .filter { $0.kind.group == group && $0.kind.version == version }
            .sorted { $0.kind.plural < $1.kind.plural }
    }

    private static func verbs(_ definition: KindDefinition) -> [String] {
        guard definition.customDefinition == nil else {
            return [
                "delete", "deletecollection", "get", "list", "patch", "create", "update", "watch",
            ]
        }
        let all = [
            "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
        ]
        return definition.kind == .namespace ? all.filter { $0 != "deletecollection" } : all
    }

    private static func resource(_ definition: KindDefinition) -> Document {
        var document: Document = [
            "name": .string(definition.kind.plural),
            "singularName": .string(definition.singular),
            "namespaced": .bool(definition.isNamespaced),
            "kind": .string(definition.kind.kind),
            "verbs": .array(verbs(definition).map(Document.string)),
        ]
        addNames(definition, to: &document)
        return document
    }

    private static func addNames(_ definition: KindDefinition, to document: inout Document) {
        if !definition.shortNames.isEmpty {
            document["shortNames"] = .array(definition.shortNames.map(Document.string))
        }
        if !definition.categories.isEmpty {
            document["categories"] = .array(definition.categories.map(Document.string))
        }
    }

    // MARK: Subresources

    private static func subresource(
        _ definition: KindDefinition, _ subresource: Subresource
    ) -> Document {
        var document: Document = [
            "name": .string("\(definition.kind.plural)/\(subresource.name)"), "singularName": "",
            "namespaced": .bool(definition.isNamespaced), "kind": .string(subresource.kind.kind),
            "verbs": .array(subresource.verbs.map(Document.string)),
        ]
        if subresource.kind.apiVersion != definition.kind.apiVersion {
            document["group"] = .string(subresource.kind.group)
            document["version"] = .string(subresource.kind.version)
        }
        return document
    }

    // MARK: Aggregated discovery

    private static func aggregated(_ groups: [String], _ store: Store) -> APIResponse {
        let items = groups.map { group -> Document in
            let versions = versions(group, store).map { version -> Document in
                let resources = definitions(store, group: group, version: version)
                return [
                    "version": .string(version), "freshness": "Current",
                    "resources": .array(resources.map(aggregatedResource)),
                ]
            }
            return [
                "metadata": group.isEmpty ? [:] : ["name": .string(group)],
                "versions": .array(versions),
            ]
        }
        return APIResponse(
            status: 200,
            contentType:
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            body: .document([
                "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
                "metadata": [:], "items": .array(items),
            ]))
    }

    private static func aggregatedResource(_ definition: KindDefinition) -> Document {
        func responseKind(_ kind: ResourceKind) -> Document {
            // Built-in kinds leave their own group and version empty here.
            let isOwn =
                definition.customDefinition == nil
                && kind.apiVersion == definition.kind.apiVersion
            return [
                "group": .string(isOwn ? "" : kind.group),
                "version": .string(isOwn ? "" : kind.version), "kind": .string(kind.kind),
            ]
        }
        var document: Document = [
            "resource": .string(definition.kind.plural),
            "responseKind": responseKind(definition.kind),
            "scope": definition.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(definition.singular),
            "verbs": .array(verbs(definition).map(Document.string)),
        ]
        addNames(definition, to: &document)
        let parts = subresources(definition).map { part -> Document in
            [
                "subresource": .string(part.name), "responseKind": responseKind(part.kind),
                "verbs": .array(part.verbs.map(Document.string)),
            ]
        }
        if !parts.isEmpty { document["subresources"] = .array(parts) }
        return document
    }
}

extension ResourceKind {
    static let serviceAccount = ResourceKind(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
}
