import Documents
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

    /// A pod's service account must exist; `default` comes with the namespace. Whoever makes the
    /// pod, controllers too, is refused as a real server's admission does it: a pod without a name
    /// is named by what its name will begin with.
    static func admit(
        _ pod: Document, in namespace: String, _ store: Store
    ) throws(APIStatus) {
        let written = pod.at("spec", "serviceAccountName") ?? pod.at("spec", "serviceAccount")
        guard let name = written?.stringValue, !name.isEmpty, name != "default",
            store.registry[.serviceAccount] != nil
        else { return }
        let account = ResourceKey(.serviceAccount, namespace: namespace, name: name)
        guard store.object(account) == nil else { return }
        let prefix = pod.at("metadata", "generateName")?.stringValue ?? "Unknown"
        throw .forbidden(
            .pod, pod.objectName.isEmpty ? prefix : pod.objectName,
            "error looking up service account \(namespace)/\(name): "
                + "serviceaccount \"\(name)\" not found")
    }

    /// For whom tokens are that this server takes.
    private static let audience: Document = "https://kubernetes.default"

    /// A request for a token with what the server fills in.
    static func completed(_ request: Document, _ account: Document) -> Document {
        var answer = request
        for member in ["name", "namespace", "uid", "creationTimestamp"] {
            answer.set(["metadata", member], to: account.at("metadata", member))
        }
        if (request.at("spec", "audiences")?.arrayValue ?? []).isEmpty {
            answer.set(["spec", "audiences"], to: [audience])
        }
        if request.at("spec", "expirationSeconds") == nil {
            answer.set(["spec", "expirationSeconds"], to: 3600)
        }
        if request.at("spec", "boundObjectRef") == nil {
            answer.set(["spec", "boundObjectRef"], to: .null)
        }
        return answer
    }

    /// A token in the form of a JWT, for a request that is ``completed(_:_:)``. It keeps callers
    /// of a sandbox apart; it is no protection, since the key is drawn from the store's seed.
    static func token(
        _ account: ResourceKey, uid: String, request: Document, key: String, now: Timestamp
    ) -> (text: String, expires: Timestamp) {
        let asked = request.at("spec", "expirationSeconds")?.integerValue ?? 3600
        let expires = now + .seconds(min(max(asked, 600), 1 << 32))
        let header: Document = ["alg": "HS256", "typ": "JWT"]
        let payload: Document = [
            "aud": request.at("spec", "audiences") ?? [audience],
            "exp": .integer(expires.milliseconds / 1000),
            "iat": .integer(now.milliseconds / 1000),
            "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
            "uid": .string(uid),
        ]
        let signed =
            "\(Base64.encode(header.canonicalJSON()))."
            + Base64.encode(payload.canonicalJSON())
        return ("\(signed).\(signature(signed, key))", expires)
    }

    private static func signature(_ text: String, _ key: String) -> String {
        Base64.encode(Array(SHA256.hex(Array("\(key).\(text)".utf8)).utf8))
    }

    /// Whose token this is; `nil` if it is none of this server's, has expired, is for others, or
    /// if the account is gone.
    static func account(
        of token: String, _ store: inout Store, now: Timestamp
    ) -> ResourceKey? {
        guard let claims = store.knownTokens.claims(of: token, key: store.tokenKey),
            now.milliseconds / 1000 < claims.expires,
            store.object(claims.account)?.objectUID == claims.uid
        else { return nil }
        return claims.account
    }

    /// What a token says, if this server signed it and it is for this server.
    fileprivate static func claims(of token: String, key: String) -> TokenClaims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= 8192, parts.count == 3,
            signature("\(parts[0]).\(parts[1])", key) == parts[2],
            case .success(let bytes) = Base64.decode(String(parts[1])),
            let payload = try? JSON.parse(bytes),
            let expires = payload["exp"]?.integerValue,
            payload["aud"]?.arrayValue?.contains(audience) == true
        else { return nil }
        let subject = (payload["sub"]?.stringValue ?? "").split(separator: ":")
        guard subject.count == 4 else { return nil }
        let account = ResourceKey(
            .serviceAccount, namespace: String(subject[2]), name: String(subject[3]))
        return TokenClaims(
            account: account, uid: payload["uid"]?.stringValue, expires: expires)
    }
}

/// What a service account's token says.
struct TokenClaims: Sendable {
    let account: ResourceKey
    let uid: String?
    /// In seconds since 1970.
    let expires: Int64
}

/// Tokens whose signature has been checked: a caller sends the same one with every request.
struct KnownTokens: Sendable {
    private var claims: [String: TokenClaims] = [:]

    /// What a token says; `nil` for one that ``ServiceAccounts`` did not sign with this key.
    mutating func claims(of token: String, key: String) -> TokenClaims? {
        if let known = claims[token] { return known }
        guard let checked = ServiceAccounts.claims(of: token, key: key) else { return nil }
        if claims.count >= 64 { claims = [:] }
        claims[token] = checked
        return checked
    }
}
