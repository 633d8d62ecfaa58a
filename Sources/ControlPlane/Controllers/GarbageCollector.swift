import Domain

/// Deletes what no owner is left of, and lets go of owners that wait for their dependents.
enum GarbageCollector {
    /// Looks at one object: as a dependent and as an owner that is being deleted.
    static func reconcile(_ key: ResourceKey, _ store: inout Store, _ now: Timestamp) {
        guard let object = store.object(key) else { return }
        if object.isTerminating {
            let finalizers = object.objectFinalizers
            if finalizers.contains(Store.orphanFinalizer) {
                release(key, object, &store, now)
            } else if finalizers.contains(Store.foregroundFinalizer) {
                deleteDependents(key, object, &store, now)
            }
            return
        }
        checkOwners(key, object, &store, now)
    }

    private enum Owner {
        case there
        /// It is being deleted and waits for its dependents.
        case waiting
        case gone
        /// Nothing can be said about it (its kind is not served): it counts as there.
        case unknown
    }

    private static func owner(
        _ reference: Document,
        of object: Document,
        _ store: Store
    ) -> Owner {
        guard let apiVersion = reference["apiVersion"]?.stringValue,
            let kindName = reference["kind"]?.stringValue,
            let name = reference["name"]?.stringValue,
            let definition = store.registry.find(apiVersion: apiVersion, kind: kindName)
        else { return .unknown }
        // Owners are in the same namespace or in none.
        if definition.isNamespaced, object.objectNamespace.isEmpty { return .unknown }
        let namespace = definition.isNamespaced ? object.objectNamespace : ""
        let key = ResourceKey(definition.kind, namespace: namespace, name: name)
        guard let owner = store.object(key), owner.objectUID == reference["uid"]?.stringValue else {
            return .gone
        }
        let isWaiting =
            owner.isTerminating && owner.objectFinalizers.contains(Store.foregroundFinalizer)
        return isWaiting ? .waiting : .there
    }

    private static func checkOwners(
        _ key: ResourceKey,
        _ object: Document,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let references = object.at("metadata", "ownerReferences")?.arrayValue ?? []
        guard !references.isEmpty else { return }
        let owners = references.map { ($0, owner($0, of: object, store)) }
        let isHeld = owners.contains { $0.1 == .there || $0.1 == .unknown }
        let waits = owners.contains { $0.1 == .waiting }
        if isHeld {
            let lost = owners.filter { $0.1 == .gone || $0.1 == .waiting }.map(\.0)
            guard !lost.isEmpty else { return }
            _ = try? store.update(key, .controller(now)) { object in
                object.removingOwners { lost.contains($0) }
            }
            return
        }
        var options = DeleteOptions(uid: object.objectUID, propagation: .background)
        if waits, !store.dependents(of: object.objectUID).isEmpty {
            options.propagation = .foreground
        } else if object.objectFinalizers.contains(Store.orphanFinalizer) {
            options.propagation = .orphan
        } else if object.objectFinalizers.contains(Store.foregroundFinalizer) {
            options.propagation = .foreground
        }
        _ = try? store.delete(key, options: options, .controller(now))
    }

    /// Orphaning: the dependents lose the reference, then the owner its finalizer.
    private static func release(
        _ key: ResourceKey,
        _ object: Document,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let uid = object.objectUID
        for dependent in store.dependents(of: uid) {
            _ = try? store.update(dependent, .controller(now)) { object in
                object.removingOwners { $0["uid"]?.stringValue == uid }
            }
        }
        removeFinalizer(Store.orphanFinalizer, key, &store, now)
    }

    /// Foreground: the dependents first; those that block hold the owner until they are gone.
    private static func deleteDependents(
        _ key: ResourceKey,
        _ object: Document,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let uid = object.objectUID
        var isBlocked = false
        for dependent in store.dependents(of: uid) {
            guard let child = store.object(dependent) else { continue }
            if !child.isTerminating { checkOwners(dependent, child, &store, now) }
            guard let left = store.object(dependent), left.objectUID == child.objectUID else {
                continue
            }
            let references = left.at("metadata", "ownerReferences")?.arrayValue ?? []
            let blocks = references.contains {
                $0["uid"]?.stringValue == uid && $0["blockOwnerDeletion"]?.boolValue == true
            }
            if blocks { isBlocked = true }
        }
        if !isBlocked { removeFinalizer(Store.foregroundFinalizer, key, &store, now) }
    }

    private static func removeFinalizer(
        _ finalizer: String,
        _ key: ResourceKey,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        _ = try? store.update(key, .controller(now)) { object in
            var new = object
            let rest = object.objectFinalizers.filter { $0 != finalizer }
            new.set(
                ["metadata", "finalizers"],
                to: rest.isEmpty ? nil : .array(rest.map(Document.string))
            )
            return new
        }
    }
}
