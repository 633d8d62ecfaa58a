package import Domain

extension Store {
    /// PUT and every kind of patch: replaces an object by what `change` makes of it.
    ///
    /// What `change` returns is held to the object's version and uid if it carries them; fields
    /// that a client cannot change are carried over; a change that changes nothing is not
    /// written. If it takes off the last finalizer of a terminating object, the object goes.
    ///
    /// - Throws: 404; 409 for another version or uid; 422 for an invalid object, a missing
    ///   version of a kind that needs one; and what `change` throws.
    @discardableResult
    package mutating func update(
        _ key: ResourceKey,
        _ context: WriteContext,
        change: (Document) throws(APIStatus) -> Document
    ) throws(APIStatus) -> Document {
        guard let definition = registry[key.kind], let old = entry(key, definition) else {
            throw .notFound(key.kind, key.name)
        }
        var new = try change(presented(old, as: definition))
        if let convert = definition.rules.toStored { new = convert(new) }
        try checkPreconditions(&new, old, key, definition, context)
        let askedUID = new.objectUID
        carryOver(&new, old, definition, context)
        definition.rules.applyDefaults(&new, old)
        if context.part != .system { definition.rules.prepareUpdate(&new, old) }
        if key.kind == .service { try addresses.assign(&new, old: old, &generator) }
        // A write of the status changes no spec; it may change annotations.
        if context.part != .status { raiseGeneration(&new, old, definition) }
        if context.part != .system {
            if context.method != .apply {
                new = ServerSideApply.trackUpdate(
                    from: old, to: new, .init(context, definition, force: false),
                    known: knownOwners.owners(of: old))
            }
            var causes = MetadataRules.problems(
                ofUpdated: new, old, definition, askedUID: askedUID)
            causes += definition.rules.validateUpdate(new, old)
            guard causes.isEmpty else { throw .invalid(storedKind(definition), key.name, causes) }
        }
        if isReadyToGo(new, definition) {
            remove(new, definition)
            return presented(new, as: definition)
        }
        guard new != old else { return presented(old, as: definition) }
        let stored = commit(new, definition)
        return presented(stored, as: definition)
    }

    /// PUT of a whole object: as ``update(_:_:change:)``, and creates where the kind allows it.
    @discardableResult
    package mutating func replace(
        _ key: ResourceKey,
        with object: Document,
        _ context: WriteContext
    ) throws(APIStatus) -> (object: Document, created: Bool) {
        guard let definition = registry[key.kind] else { throw .notFound(key.kind, key.name) }
        if definition.allowsCreateOnUpdate, context.part == .main, self.object(key) == nil {
            let created = try create(key.kind, namespace: key.namespace, object, context)
            return (created, true)
        }
        var replacing = context
        replacing.method = .replace
        return (try update(key, replacing) { _ in object }, false)
    }

    private func checkPreconditions(
        _ new: inout Document,
        _ old: Document,
        _ key: ResourceKey,
        _ definition: KindDefinition,
        _ context: WriteContext
    ) throws(APIStatus) {
        let asked = new.objectVersion
        let current = old.objectVersion
        let uid = new.objectUID
        if context.method == .replace, !uid.isEmpty, uid != old.objectUID {
            let place = key.namespace.isEmpty ? key.name : "\(key.namespace)/\(key.name)"
            let group = key.kind.group.isEmpty ? "" : "\(key.kind.group)/"
            throw .conflict(
                key.kind,
                key.name,
                "StorageError: invalid object, Code: 4, Key: /registry/\(group)\(key.kind.plural)/"
                    + "\(place), ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
                    + "UID in precondition: \(uid), UID in object meta: \(old.objectUID)"
            )
        }
        guard UInt64(asked.isEmpty ? "0" : asked) != nil else {
            throw .internalError(
                "strconv.ParseUint: parsing \(Document.string(asked).inMessage): invalid syntax"
            )
        }
        if asked.isEmpty || asked == "0" {
            guard definition.allowsUnconditionalUpdate else {
                throw .versionRequired(key.kind, key.name)
            }
            new.set(["metadata", "resourceVersion"], to: .string(current))
        } else if asked != current {
            throw .conflict(key.kind, key.name)
        }
    }

    /// Fields that are the server's, and the part of the object that this write does not concern.
    private func carryOver(
        _ new: inout Document,
        _ old: Document,
        _ definition: KindDefinition,
        _ context: WriteContext
    ) {
        new["apiVersion"] = old["apiVersion"]
        new["kind"] = old["kind"]
        func keep(_ members: [String]) {
            for member in members {
                let value = old.at("metadata", member)
                if new.at("metadata", member) != value { new.set(["metadata", member], to: value) }
            }
        }
        keep(["name", "namespace", "uid", "creationTimestamp", "generation"])
        new.set(["metadata", "selfLink"], to: nil)
        guard context.part != .system else { return }
        keep(["deletionTimestamp", "deletionGracePeriodSeconds"])
        if context.part == .status || context.part == .scale {
            let status = context.part == .status ? new["status"] : old["status"]
            let spec = context.part == .scale ? new["spec"] : old["spec"]
            var metadata = new["metadata"] ?? [:]
            if definition.customDefinition != nil || context.part == .scale {
                let managed = metadata["managedFields"]
                metadata = old["metadata"] ?? [:]
                metadata["managedFields"] = managed
                metadata["resourceVersion"] = new.at("metadata", "resourceVersion")
            }
            new = old
            new["metadata"] = metadata
            new["spec"] = spec
            new["status"] = status
        } else if definition.hasStatus {
            new["status"] = old["status"]
        }
    }

    private func raiseGeneration(
        _ new: inout Document,
        _ old: Document,
        _ definition: KindDefinition
    ) {
        func without(_ members: [String], _ object: Document) -> Document {
            var rest = object
            for member in members { rest[member] = nil }
            return rest
        }
        let changed =
            switch definition.generations {
            case .none: false
            case .spec: new["spec"] != old["spec"]
            case .specAndAnnotations:
                new["spec"] != old["spec"] || new.objectAnnotations != old.objectAnnotations
            case .allButStatus:
                without(["metadata", "status"], new) != without(["metadata", "status"], old)
            case .all: without(["metadata"], new) != without(["metadata"], old)
            }
        guard changed, old.objectGeneration < Int64.max else { return }
        new.set(["metadata", "generation"], to: .integer(old.objectGeneration + 1))
    }

    /// A terminating object that nothing holds any more.
    func isReadyToGo(_ object: Document, _ definition: KindDefinition) -> Bool {
        guard object.isTerminating, object.objectFinalizers.isEmpty else { return false }
        if let grace = object.at("metadata", "deletionGracePeriodSeconds")?.integerValue, grace > 0
        {
            return false
        }
        guard definition.kind == .namespace else { return true }
        return (object.at("spec", "finalizers")?.arrayValue ?? []).isEmpty
    }
}

extension ServerSideApply.Request {
    /// A write in the terms of the record of owners.
    init(_ context: WriteContext, _ definition: KindDefinition, force: Bool) {
        self.init(
            manager: context.manager, apiVersion: definition.kind.apiVersion,
            kind: definition.kind.kind, subresource: context.part.rawValue, force: force,
            now: context.now, shape: definition.shape, hasStatus: definition.hasStatus)
    }
}

extension APIStatus {
    /// An update without a resourceVersion of a kind that needs one.
    static func versionRequired(_ kind: ResourceKind, _ name: String) -> APIStatus {
        .invalid(
            kindName: kind.plural,
            group: kind.group,
            name: name,
            [.invalid("metadata.resourceVersion", 0, "must be specified for an update")]
        )
    }
}
