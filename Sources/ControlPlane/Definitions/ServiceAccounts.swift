import Domain

/// Every namespace has a service account `default`.
enum ServiceAccounts {
    static func reconcile(_ store: inout Store, now: Timestamp) {
        let context = WriteContext(now: now, manager: "kube-controller-manager")
        for namespace in store.objects(.namespace) where !namespace.isTerminating {
            let key = ResourceKey(
                .serviceAccount, namespace: namespace.objectName, name: "default")
            guard store.object(key) == nil else { continue }
            _ = try? store.create(
                .serviceAccount, namespace: key.namespace, ["metadata": ["name": "default"]],
                context)
        }
    }

    /// A token in the form of a JWT. The model asks nobody who they are, so nothing checks it.
    static func token(_ account: ResourceKey, uid: String, request: Document, now: Timestamp)
        -> (text: String, expires: Timestamp)
    {
        let asked = request.at("spec", "expirationSeconds")?.integerValue ?? 3600
        let expires = now + .seconds(min(max(asked, 600), 1 << 32))
        let audiences = request.at("spec", "audiences") ?? ["https://kubernetes.default.svc"]
        let header: Document = ["alg": "HS256", "typ": "JWT"]
        let payload: Document = [
            "aud": audiences, "exp": .integer(expires.milliseconds / 1000),
            "iat": .integer(now.milliseconds / 1000),
            "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
            "uid": .string(uid),
        ]
        let signed =
            "\(Base64.encode(header.canonicalJSON()))."
            + Base64.encode(payload.canonicalJSON())
        let signature = Base64.encode(Array(SHA256.hex(Array(signed.utf8)).utf8))
        return ("\(signed).\(signature)", expires)
    }
}
