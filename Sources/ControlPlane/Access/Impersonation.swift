import Domain

/// Whom a request asks to be taken for: `Impersonate-User`, `-Uid`, `-Group`, `-Extra-KEY`
/// (kubernetes.io, "User impersonation"). The verb `impersonate` decides; the newer verbs that bind
/// it to single requests (`impersonate-on:…`) are not known here.
struct Impersonation: Hashable {
    /// One key of what is known of a user besides name and groups.
    struct Extra: Hashable {
        let key: String
        var values: [String]
    }

    private(set) var name = ""
    private(set) var uid = ""
    private(set) var groups: [String] = []
    /// In the order in which the keys come first.
    private(set) var extra: [Extra] = []

    /// So many groups and values, and so many bytes of all of them, are read at most.
    private static let countLimit = 256
    private static let sizeLimit = 32 << 10

    /// - Returns: `nil` for a request that asks for nobody else.
    /// - Throws: 400 where something is asked for without a user, or too much.
    init?(_ request: APIRequest) throws(APIStatus) {
        var (count, size) = (0, 0)
        for (name, value) in request.headers {
            let field = name.lowercased()
            guard field.hasPrefix("impersonate-") else { continue }
            (count, size) = (count + 1, size + name.utf8.count + value.utf8.count)
            guard count <= Self.countLimit, size <= Self.sizeLimit else {
                throw .badRequest(
                    "impersonation asks for more than \(Self.countLimit) values or "
                        + "\(Self.sizeLimit) bytes")
            }
            switch field {
            case "impersonate-user": if self.name.isEmpty { self.name = value }
            case "impersonate-uid": if uid.isEmpty { uid = value }
            case "impersonate-group": groups.append(value)
            case _ where field.hasPrefix(Self.extraPrefix):
                add(value, to: Self.unescaped(field.dropFirst(Self.extraPrefix.count)))
            default: break
            }
        }
        guard !name.isEmpty else {
            if uid.isEmpty, groups.isEmpty, extra.isEmpty { return nil }
            throw .badRequest("requested \(description) without impersonating a user name")
        }
    }

    private static let extraPrefix = "impersonate-extra-"

    private mutating func add(_ value: String, to key: String) {
        guard let index = extra.firstIndex(where: { $0.key == key }) else {
            return extra.append(Extra(key: key, values: [value]))
        }
        extra[index].values.append(value)
    }

    /// A key with its escapes resolved; one with a broken escape stays as it is.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ isHexDigit($0) }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return String(text) }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte | 0x20)
    }

    /// As the real server, written in Go, prints it.
    private var description: String {
        func list(_ values: [String]) -> String {
            "[]string{\(values.map { "\"\($0)\"" }.joined(separator: ", "))}"
        }
        let pairs = extra.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\(list($0.values))" }
        return "&user.DefaultInfo{Name:\"\", UID:\"\(uid)\", "
            + "Groups:\(groups.isEmpty ? "[]string(nil)" : list(groups)), "
            + "Extra:map[string][]string"
            + (pairs.isEmpty ? "(nil)" : "{\(pairs.joined(separator: ", "))}") + "}"
    }

    // MARK: Rights and identity

    /// Namespace and name of the service account that is asked for; `nil` for other users.
    private var account: (namespace: String, name: String)? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount",
            MetadataRules.isLabel(parts[2]), MetadataRules.isSubdomain(parts[3])
        else { return nil }
        return (parts[2], parts[3])
    }

    /// Every right that is needed for it, in the order in which they are asked for.
    var wanted: [AccessAttributes] {
        func right(
            _ resource: String, _ name: String, group: String = "", namespace: String = ""
        ) -> AccessAttributes {
            AccessAttributes(
                verb: "impersonate", group: group, resource: resource, namespace: namespace,
                name: name)
        }
        let authentication = SelfReview.group
        var rights =
            if let account {
                [right("serviceaccounts", account.name, namespace: account.namespace)]
            } else { [right("users", name)] }
        if !uid.isEmpty { rights.append(right("uids", uid, group: authentication)) }
        rights += groups.map { right("groups", $0) }
        for extra in extra {
            rights += extra.values.map {
                right("userextras/\(extra.key)", $0, group: authentication)
            }
        }
        return rights
    }

    /// Whom the request is from, from then on: their rights hold, also where the one who asks may
    /// do everything.
    var caller: Caller {
        var groups = groups
        if groups.isEmpty, let account { groups = Caller.groups(ofAccountsIn: account.namespace) }
        let known = "system:authenticated"
        let unknown = "system:unauthenticated"
        let missing = name == Caller.anonymous.name ? unknown : known
        if !groups.contains(missing), !groups.contains(unknown) { groups.append(missing) }
        return Caller(
            name: name, groups: groups, uid: uid, extra: extra,
            isAdmin: groups.contains("system:masters"))
    }
}
