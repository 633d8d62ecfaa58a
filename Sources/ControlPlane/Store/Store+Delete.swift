package import Domain

/// What a DELETE asks for.
package struct DeleteOptions: Hashable, Sendable {
    /// What becomes of the objects that name the deleted one as their owner.
    package enum Propagation: String, Hashable, Sendable {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    /// Only this object, not another one of the same name.
    package var uid: String?
    /// Only in this state.
    package var resourceVersion: String?
    package var gracePeriodSeconds: Int64?
    package var propagation: Propagation?

    package init(
        uid: String? = nil,
        resourceVersion: String? = nil,
        gracePeriodSeconds: Int64? = nil,
        propagation: Propagation? = nil
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.gracePeriodSeconds = gracePeriodSeconds
        self.propagation = propagation
    }
}

/// What a DELETE did.
package enum Deletion: Sendable {
    /// The object is gone; this was its last state.
    case gone(Document)
    /// The object is marked and waits for its finalizers or its grace period.
    case marked(Document)

    /// The object as it was or is.
    package var object: Document {
        switch self {
        case .gone(let object), .marked(let object): object
        }
    }
}

extension Store {
    /// The finalizer that keeps an object until its dependents are gone.
    package static let foregroundFinalizer = "foregroundDeletion"
    /// The finalizer that keeps an object until its dependents have been released.
    package static let orphanFinalizer = "orphan"

    /// DELETE of one object: at once, or marked if finalizers, a grace period of a running pod
    /// or the content of a namespace hold it.
    ///
    /// - Throws: 404; 409 if a precondition does not hold.
    @discardableResult
    package mutating func delete(
        _ key: ResourceKey,
        options: DeleteOptions = .init(),
        _ context: WriteContext
    ) throws(APIStatus) -> Deletion {
        guard let definition = registry[key.kind], let old = entry(key, definition) else {
            throw .notFound(key.kind, key.name)
        }
        try check(options, old, key)
        var new = old
        setPropagationFinalizers(&new, options)
        definition.rules.prepareDelete(&new)
        let grace = gracePeriod(of: old, definition, options)
        let isHeld =
            !new.objectFinalizers.isEmpty || grace > 0
            || (definition.kind == .namespace
                && !(new.at("spec", "finalizers")?.arrayValue ?? []).isEmpty)
        guard isHeld else {
            if definition.returnsDeletedObject { mark(&new, grace: 0, context) }
            remove(new, definition)
            new.set(["metadata", "resourceVersion"], to: .string(String(version)))
            return .gone(presented(new, as: definition))
        }
        if old.isTerminating {
            let current = old.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0
            if grace < current { mark(&new, grace: grace, context) }
        } else {
            mark(&new, grace: grace, context)
        }
        if definition.kind == .namespace {
            new.set(["status", "phase"], to: "Terminating")
        }
        guard new != old else { return .marked(presented(old, as: definition)) }
        let stored = commit(new, definition)
        return .marked(presented(stored, as: definition))
    }

    private func check(
        _ options: DeleteOptions,
        _ old: Document,
        _ key: ResourceKey
    ) throws(APIStatus) {
        // The real server names the kind where it means the resource.
        let named = ResourceKind(
            group: key.kind.group,
            version: key.kind.version,
            kind: key.kind.kind,
            plural: key.kind.kind
        )
        if let uid = options.uid, uid != old.objectUID {
            throw .conflict(
                named,
                key.name,
                "the UID in the precondition (\(uid)) does not match the UID in record "
                    + "(\(old.objectUID)). The object might have been deleted and then recreated"
            )
        }
        if let version = options.resourceVersion, version != old.objectVersion {
            throw .conflict(
                named,
                key.name,
                "the ResourceVersion in the precondition (\(version)) does not match the "
                    + "ResourceVersion in record (\(old.objectVersion)). "
                    + "The object might have been modified"
            )
        }
    }

    private func setPropagationFinalizers(_ object: inout Document, _ options: DeleteOptions) {
        guard let propagation = options.propagation else { return }
        var finalizers = object.objectFinalizers.filter {
            $0 != Self.foregroundFinalizer && $0 != Self.orphanFinalizer
        }
        switch propagation {
        case .background: break
        case .foreground: finalizers.append(Self.foregroundFinalizer)
        case .orphan: finalizers.append(Self.orphanFinalizer)
        }
        guard finalizers != object.objectFinalizers else { return }
        object.set(
            ["metadata", "finalizers"],
            to: finalizers.isEmpty ? nil : .array(finalizers.map(Document.string))
        )
    }

    /// Only pods that a node runs are given time.
    private func gracePeriod(
        of object: Document,
        _ definition: KindDefinition,
        _ options: DeleteOptions
    ) -> Int64 {
        guard definition.kind == .pod else { return 0 }
        let phase = object.at("status", "phase")?.stringValue
        let isBound = !(object.at("spec", "nodeName")?.stringValue ?? "").isEmpty
        guard isBound, phase != "Succeeded", phase != "Failed" else { return 0 }
        let asked =
            options.gracePeriodSeconds
            ?? object.at("spec", "terminationGracePeriodSeconds")?.integerValue ?? 30
        // A negative time means one second; the rest is bounded so that the deadline can be
        // computed.
        return asked < 0 ? 1 : min(asked, 1_000_000_000)
    }

    private func mark(_ object: inout Document, grace: Int64, _ context: WriteContext) {
        if !object.isTerminating, object.objectGeneration > 0 {
            object.set(["metadata", "generation"], to: .integer(object.objectGeneration + 1))
        }
        let deadline = context.now + .seconds(grace)
        object.set(["metadata", "deletionTimestamp"], to: .string(deadline.description))
        object.set(["metadata", "deletionGracePeriodSeconds"], to: .integer(grace))
    }
}
