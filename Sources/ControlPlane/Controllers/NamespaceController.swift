import Domain

/// Gives namespaces their service account, and empties those that are being deleted.
enum NamespaceController {
    static func reconcile(_ keys: [ResourceKey], _ store: inout Store, _ now: Timestamp) {
        for key in keys {
            guard let namespace = store.object(key) else { continue }
            if namespace.isTerminating {
                empty(key, namespace, &store, now)
            } else {
                addServiceAccount(key.name, &store, now)
            }
        }
    }

    private static func addServiceAccount(
        _ namespace: String,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        guard store.registry[.serviceAccount] != nil else { return }
        let key = ResourceKey(.serviceAccount, namespace: namespace, name: "default")
        guard store.object(key) == nil else { return }
        _ = try? store.create(
            .serviceAccount,
            namespace: namespace,
            ["metadata": ["name": "default"]],
            .controller(now)
        )
    }

    private static func empty(
        _ key: ResourceKey,
        _ namespace: Document,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        var isEmpty = true
        for definition in store.registry.definitions where definition.isNamespaced {
            for object in store.objects(definition.kind, namespace: key.name) {
                let child = ResourceKey(
                    definition.kind,
                    namespace: key.name,
                    name: object.objectName
                )
                if !object.isTerminating {
                    let options = DeleteOptions(
                        uid: object.objectUID,
                        propagation: .background
                    )
                    _ = try? store.delete(child, options: options, .controller(now))
                }
                if store.object(child) != nil { isEmpty = false }
            }
        }
        guard isEmpty else { return }
        _ = try? store.update(key, .controller(now, .finalize)) { object in
            var new = object
            let rest = (object.at("spec", "finalizers")?.arrayValue ?? []).filter {
                $0.stringValue != "kubernetes"
            }
            new.set(["spec", "finalizers"], to: rest.isEmpty ? nil : .array(rest))
            return new
        }
    }
}
