package import Domain

extension Store {
    /// POST: makes an object. A missing name is drawn after `generateName`; uid, creation time,
    /// version and namespace are the store's.
    ///
    /// - Throws: 404 or 403 for the namespace, 422 for the object, 409 if the name is taken.
    @discardableResult
    package mutating func create(
        _ kind: ResourceKind,
        namespace: String,
        _ object: Document,
        _ context: WriteContext
    ) throws(APIStatus) -> Document {
        guard let definition = registry[kind] else { throw .notFound(kind, object.objectName) }
        if definition.isNamespaced { try checkNamespace(namespace, kind, object.objectName) }
        var new = definition.rules.toStored?(object) ?? object
        if !(new["metadata"]?.objectValue != nil) { new["metadata"] = [:] }
        if new["apiVersion"] == nil { new["apiVersion"] = .string(kind.apiVersion) }
        if new["kind"] == nil { new["kind"] = .string(kind.kind) }
        if new.objectName.isEmpty,
            let prefix = new.at("metadata", "generateName")?.stringValue, !prefix.isEmpty
        {
            let name = String(prefix.prefix(58)) + generator.suffix()
            new.set(["metadata", "name"], to: .string(name))
        }
        prepare(&new, definition, namespace: namespace, context)
        if kind == .service { try addresses.assign(&new, old: nil, &generator) }
        if context.method != .apply, context.part != .system {
            new = ServerSideApply.trackUpdate(
                from: nil, to: new, .init(context, definition, force: false))
        }
        var causes = MetadataRules.problems(ofCreated: new, definition)
        causes += definition.rules.validateCreate(new)
        guard causes.isEmpty else { throw .invalid(storedKind(definition), new.objectName, causes) }
        guard
            context.method == .apply
                || (object.at("metadata", "resourceVersion")?.stringValue ?? "").isEmpty
        else {
            throw .internalError("resourceVersion should not be set on objects to be created")
        }
        let key = ResourceKey(kind, namespace: new.objectNamespace, name: new.objectName)
        if let existing = entry(key, definition) {
            throw .alreadyExists(
                kind,
                key.name,
                prefix: existing.isTerminating ? "object is being deleted: " : ""
            )
        }
        let stored = commit(new, definition)
        return presented(stored, as: definition)
    }

    private mutating func prepare(
        _ object: inout Document,
        _ definition: KindDefinition,
        namespace: String,
        _ context: WriteContext
    ) {
        object.set(
            ["metadata", "namespace"],
            to: definition.isNamespaced ? .string(namespace) : nil
        )
        object.set(["metadata", "uid"], to: .string(generator.uid()))
        object.set(
            ["metadata", "creationTimestamp"],
            to: .string(context.now.description)
        )
        for member in [
            "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
        ] {
            object.set(["metadata", member], to: nil)
        }
        if definition.hasStatus, context.part == .main { object["status"] = nil }
        definition.rules.applyDefaults(&object, nil)
        if definition.generations != .none {
            object.set(["metadata", "generation"], to: 1)
        }
        definition.rules.prepareCreate(&object)
    }

    /// Nothing is made in a namespace that does not exist or is going away.
    private func checkNamespace(
        _ namespace: String,
        _ kind: ResourceKind,
        _ name: String
    ) throws(APIStatus) {
        guard registry[.namespace] != nil else { return }
        let key = ResourceKey(.namespace, namespace: "", name: namespace)
        guard let object = object(key) else { throw .notFound(.namespace, namespace) }
        guard object.isTerminating else { return }
        var status = APIStatus.forbidden(
            kind,
            name,
            "unable to create new content in namespace \(namespace) because it is being terminated"
        )
        status.details?.causes = [
            .init(
                reason: "NamespaceTerminating",
                message: "namespace \(namespace) is being terminated",
                field: "metadata.namespace"
            )
        ]
        throw status
    }
}
