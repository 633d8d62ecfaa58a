import Domain

/// One request for a resource: what it names and how its answer is to look.
struct Call {
    let request: APIRequest
    let path: RequestPath.Resource
    let definition: KindDefinition
    let form: Representation
    let now: Timestamp

    var kind: ResourceKind { definition.kind }
    var key: ResourceKey { ResourceKey(kind, namespace: path.namespace, name: path.name) }

    /// The field manager of a write: the parameter, else the user agent up to the slash.
    var manager: String {
        if let manager = request.parameter("fieldManager"), !manager.isEmpty { return manager }
        let agent = request.header("user-agent") ?? "unknown"
        return String(agent.prefix { $0 != "/" })
    }

    var context: WriteContext { WriteContext(now: now, manager: manager) }

    // MARK: Reading

    /// GET of a collection: a list or a watch.
    func collection(_ store: Store) throws(APIStatus) -> APIAnswer {
        let query = try ListQuery(request, name: "")
        try query.options.selection.fields.check(definition)
        if query.isWatch { return .watch(WatchSubscription(self, query)) }
        let page = try store.list(kind, namespace: path.namespace, query.options)
        var metadata: Document = ["resourceVersion": .string(String(page.version))]
        if definition.customDefinition != nil, form == .object { metadata["continue"] = "" }
        if let next = page.next { metadata["continue"] = .string(next.token) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = .integer(remaining) }
        return .response(list(page.items, metadata))
    }

    /// A list of objects in the form that the client wants.
    func list(_ objects: [Document], _ metadata: Document) -> APIResponse {
        switch form {
        case .table:
            let table = Tables.table(objects, definition, request, now: now, metadata: metadata)
            return APIResponse(status: 200, body: .document(table))
        case .partialMetadata:
            let envelope: Document = [
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            ]
            return APIResponse(
                status: 200, body: .list(envelope, items: objects.map(Tables.partial)))
        case .object, .aggregatedDiscovery:
            let envelope: Document = [
                "kind": .string(definition.listKind), "apiVersion": .string(kind.apiVersion),
                "metadata": metadata,
            ]
            // Items of built-in kinds go without kind and version.
            let items = definition.customDefinition != nil ? objects : objects.map(Self.untyped)
            return APIResponse(status: 200, body: .list(envelope, items: items))
        }
    }

    private static func untyped(_ object: Document) -> Document {
        var item = object
        item["apiVersion"] = nil
        item["kind"] = nil
        return item
    }

    /// One object in the form that the client wants.
    func answer(_ object: Document, status: Int = 200) -> APIResponse {
        let shown: Document =
            switch form {
            case .table:
                Tables.table(
                    [object], definition, request, now: now,
                    metadata: ["resourceVersion": .string(object.objectVersion)])
            case .partialMetadata: Tables.partial(object)
            case .object, .aggregatedDiscovery: object
            }
        return APIResponse(status: status, body: .document(shown))
    }

    /// GET of one object; an asked version only says how fresh the answer must be.
    func get(_ store: Store) throws(APIStatus) -> Document {
        if let text = request.parameter("resourceVersion"), let version = Int64(text),
            version > store.version
        {
            throw .tooLargeVersion(version, current: store.version)
        }
        return try store.get(key)
    }

    // MARK: Requests on a name

    mutating func object(_ store: inout Store) throws(APIStatus) -> APIResponse {
        switch request.method {
        case "GET": return answer(try get(store))
        case "PUT": return try replace(&store)
        case "PATCH": return try patch(&store)
        case "DELETE": return try delete(&store)
        default: throw .methodNotAllowed
        }
    }

    /// Runs a write on the store, or on a copy of it if it is only a rehearsal.
    func write<Result>(
        _ store: inout Store, dryRun: Bool,
        _ body: (inout Store) throws(APIStatus) -> Result
    ) throws(APIStatus) -> Result {
        guard dryRun else { return try body(&store) }
        var copy = store
        // What a rehearsal drew is not drawn again.
        defer { store.generator = copy.generator }
        return try body(&copy)
    }

    /// Whether the request is a rehearsal.
    func isDryRun(_ options: String, _ inBody: [Document] = []) throws(APIStatus) -> Bool {
        let values =
            request.query.filter { $0.name == "dryRun" }.map { Document.string($0.value) } + inBody
        guard !values.isEmpty else { return false }
        guard values.allSatisfy({ $0.stringValue == "All" }) else {
            throw .invalid(
                kindName: options, group: "meta.k8s.io", name: "",
                [.notSupported("dryRun", .array(values), ["All"])])
        }
        return true
    }
}
