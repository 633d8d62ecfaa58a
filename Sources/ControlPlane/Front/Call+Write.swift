import Documents
import Domain

extension Call {
    // MARK: POST and PUT

    func create(_ store: inout Store) throws(APIStatus) -> APIResponse {
        var fields = try FieldCheck(request, definition, options: "CreateOptions")
        let object = try checkedObject(name: "", &fields)
        if kind == .pod { try ServiceAccounts.admit(object, in: path.namespace, store) }
        let dryRun = try isDryRun("CreateOptions")
        let namespace = path.namespace
        var created = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.create(kind, namespace: namespace, object, context)
        }
        if dryRun { created.set(["metadata", "resourceVersion"], to: nil) }
        return fields.warned(answer(created, status: 201))
    }

    func replace(
        _ store: inout Store, part: WriteContext.Part = .main
    ) throws(APIStatus) -> APIResponse {
        var fields = try FieldCheck(request, definition, options: "UpdateOptions")
        let object = try checkedObject(name: path.name, &fields)
        let dryRun = try isDryRun("UpdateOptions")
        var context = context
        context.part = part
        let before = store.object(key)
        var result = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.replace(key, with: object, context)
        }
        if dryRun { forgetVersion(&result.object, before) }
        return fields.warned(answer(result.object, status: result.created ? 201 : 200))
    }

    /// A rehearsal has the version of what is there.
    private func forgetVersion(_ object: inout Document, _ before: Document?) {
        object.set(
            ["metadata", "resourceVersion"], to: before?.at("metadata", "resourceVersion"))
    }

    /// The body as an object of the kind and place that the path names.
    private func checkedObject(
        name: String, _ fields: inout FieldCheck
    ) throws(APIStatus) -> Document {
        let content = try RequestBody.content(request, kind)
        var object = content.document
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kindName = object["kind"]?.stringValue ?? ""
        if apiVersion.isEmpty, definition.customDefinition == nil {
            object["apiVersion"] = .string(kind.apiVersion)
        }
        if kindName.isEmpty, definition.customDefinition == nil {
            object["kind"] = .string(kind.kind)
        }
        try checkType(apiVersion, kindName)
        try TypedFields.check(object, definition)
        object = try fields.checked(object, repeated: content.repeated)
        let inBody = object.objectNamespace
        if definition.isNamespaced, !inBody.isEmpty, inBody != path.namespace {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the "
                    + "request")
        }
        if !name.isEmpty {
            let given = object.objectName
            if given.isEmpty {
                object.set(["metadata", "name"], to: .string(name))
            } else if given != name {
                throw .badRequest(
                    "the name of the object (\(given)) does not match the name on the URL (\(name))"
                )
            }
        }
        return object
    }

    private func checkType(_ apiVersion: String, _ kindName: String) throws(APIStatus) {
        let versionFits = apiVersion == kind.apiVersion || apiVersion.isEmpty
        guard !versionFits || (kindName != kind.kind && !kindName.isEmpty) else {
            guard definition.customDefinition != nil, apiVersion.isEmpty || kindName.isEmpty else {
                return
            }
            throw .badRequest(
                apiVersion.isEmpty ? "Object 'apiVersion' is missing" : "Object 'Kind' is missing")
        }
        if definition.customDefinition != nil {
            throw .badRequest(
                "the API version in the data (\(apiVersion)) does not match the expected API "
                    + "version (\(kind.apiVersion))")
        }
        let version = apiVersion.split(separator: "/").last.map(String.init) ?? apiVersion
        if versionFits {
            let group = kind.group.isEmpty ? "core" : kind.group
            throw .badRequest(
                "\(kindName) in version \"\(version)\" cannot be handled as a \(kind.kind): "
                    + "converting (\(version).\(kindName)) to (\(group).\(kind.kind)): "
                    + "unknown conversion")
        }
        throw .badRequest(
            "\(kindName) in version \"\(version)\" cannot be handled as a \(kind.kind): "
                + "no kind \"\(kindName)\" is registered for version \"\(apiVersion)\" in scheme "
                + "\"pkg/api/legacyscheme/scheme.go:30\"")
    }

    // MARK: PATCH

    func patch(
        _ store: inout Store, part: WriteContext.Part = .main
    ) throws(APIStatus) -> APIResponse {
        let type = MediaTypes.MediaType(request.header("content-type") ?? "").name
        let dryRun = try isDryRun("PatchOptions")
        var fields = try FieldCheck(request, definition, options: "PatchOptions")
        var context = context
        context.part = part
        let before = store.object(key)
        var result: Document
        try checkPatchOptions(isApply: type == "application/apply-patch+yaml")
        if type == "application/apply-patch+yaml" {
            let content = try RequestBody.apply(request)
            let intent = content.document
            try checkIntent(intent)
            try fields.check(intent: content.repeated)
            let force = request.flag("force")
            result = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
                try store.apply(key, intent, force: force, context)
            }
        } else {
            let change = try PatchBody(request, type, definition)
            result = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
                try store.update(key, context) { object throws(APIStatus) in
                    let patched = try change.applied(to: object, shape: definition.shape)
                    try checkPatched(patched)
                    return try fields.checked(
                        patched: patched, before: object, repeated: change.repeated)
                }
            }
        }
        if dryRun { forgetVersion(&result, before) }
        return fields.warned(answer(result, status: before == nil ? 201 : 200))
    }

    private func checkPatchOptions(isApply: Bool) throws(APIStatus) {
        let hasManager = !(request.parameter("fieldManager") ?? "").isEmpty
        var causes: [APIStatus.Cause] = []
        if isApply, !hasManager {
            causes.append(.required("fieldManager", "is required for apply patch"))
        } else if !isApply, request.parameter("force") != nil {
            causes.append(.forbidden("force", "may not be specified for non-apply patch"))
        }
        guard causes.isEmpty else {
            throw .invalid(kindName: "PatchOptions", group: "meta.k8s.io", name: "", causes)
        }
    }

    /// An intent names its own kind, and the object that the path names.
    private func checkIntent(_ intent: Document) throws(APIStatus) {
        let apiVersion = intent["apiVersion"]?.stringValue ?? ""
        let kindName = intent["kind"]?.stringValue ?? ""
        guard apiVersion == kind.apiVersion, kindName == kind.kind else {
            let named = apiVersion.contains("/") ? apiVersion : "/\(apiVersion)"
            throw .badRequest("invalid object type: \(named), Kind=\(kindName)")
        }
        try checkName(intent)
    }

    private func checkName(_ object: Document) throws(APIStatus) {
        let given = object.objectName
        guard given.isEmpty || given == path.name else {
            throw .badRequest(
                "the name of the object (\(given)) does not match the name on the URL "
                    + "(\(path.name))"
            )
        }
        let namespace = object.objectNamespace
        guard namespace.isEmpty || namespace == path.namespace else {
            throw .badRequest(
                "the namespace of the object (\(namespace)) does not match the namespace on the "
                    + "request (\(path.namespace))")
        }
    }

    /// What a patch makes must still be an object of the kind.
    private func checkPatched(_ object: Document) throws(APIStatus) {
        do throws(APIStatus) {
            try TypedFields.check(object, definition)
        } catch {
            throw APIStatus(
                code: 422, reason: "Invalid", message: " \"\" is invalid: patch: \(error.message)",
                details: .init(causes: [
                    .init(reason: "FieldValueInvalid", message: error.message, field: "patch")
                ]))
        }
        try checkName(object)
    }

    // MARK: DELETE

    func delete(_ store: inout Store) throws(APIStatus) -> APIResponse {
        let (options, dryRun) = try deleteOptions()
        if kind == .namespace, ["default", "kube-system", "kube-public"].contains(path.name) {
            throw .forbidden(kind, path.name, "this namespace may not be deleted")
        }
        let deletion = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.delete(key, options: options, context)
        }
        switch deletion {
        case .marked(let object): return answer(object)
        case .gone(let object) where definition.returnsDeletedObject: return answer(object)
        case .gone(let object):
            var details = APIStatus.Details(
                name: object.objectName, group: kind.group, kind: kind.plural)
            details.uid = object.objectUID
            return APIResponse(
                status: 200,
                body: .document([
                    "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
                    "details": details.document,
                ]))
        }
    }

    func deleteCollection(_ store: inout Store) throws(APIStatus) -> APIResponse {
        let query = try ListQuery(request, name: "")
        let (options, dryRun) = try deleteOptions()
        let selection = query.options.selection
        try selection.fields.check(definition)
        let version = store.version
        let deleted = try write(&store, dryRun: dryRun) { store throws(APIStatus) in
            try store.deleteCollection(
                kind, namespace: path.namespace, selection: selection, options: options, context)
        }
        return list(deleted, ["resourceVersion": .string(String(version))])
    }

    /// Options from the body or, where there is none, from the query.
    private func deleteOptions() throws(APIStatus) -> (DeleteOptions, dryRun: Bool) {
        let body = try RequestBody.options(request)
        let inBody = body["dryRun"]?.arrayValue ?? []
        let dryRun = try isDryRun("DeleteOptions", inBody)
        var options = DeleteOptions()
        options.uid = body.at("preconditions", "uid")?.stringValue
        options.resourceVersion = body.at("preconditions", "resourceVersion")?.stringValue
        options.gracePeriodSeconds = body["gracePeriodSeconds"]?.integerValue
        if let seconds = try ListQuery.number(request.parameter("gracePeriodSeconds")) {
            options.gracePeriodSeconds = options.gracePeriodSeconds ?? seconds
        }
        let policy =
            body["propagationPolicy"]?.stringValue ?? request.parameter("propagationPolicy")
        let orphan =
            body["orphanDependents"]?.boolValue
            ?? request.parameter("orphanDependents").map { $0 == "true" }
        try checkPropagation(policy, orphan)
        options.propagation =
            policy.flatMap(DeleteOptions.Propagation.init)
            ?? orphan.map { $0 ? .orphan : .background }
        return (options, dryRun)
    }

    private func checkPropagation(_ policy: String?, _ orphan: Bool?) throws(APIStatus) {
        guard let policy else { return }
        var causes: [APIStatus.Cause] = []
        if orphan != nil {
            causes.append(
                .invalid(
                    "propagationPolicy", .string(policy),
                    "orphanDependents and deletionPropagation cannot be both set"))
        } else if DeleteOptions.Propagation(rawValue: policy) == nil {
            causes.append(
                .notSupported(
                    "propagationPolicy", .string(policy),
                    ["Foreground", "Background", "Orphan", "nil"]))
        }
        guard causes.isEmpty else {
            throw .invalid(kindName: "DeleteOptions", group: "meta.k8s.io", name: "", causes)
        }
    }
}
