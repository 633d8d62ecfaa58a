import Documents
import Domain

/// Whom the front takes at their word.
package struct AccessRules: Sendable {
    /// The bearer token of a caller who may do everything. Without one, callers who bring no
    /// credentials at all may do everything, so that nobody needs any.
    package var adminToken: String?
    /// Hears of every decision about a caller who may not do everything.
    package var onDecision: (@Sendable (AccessDecision) -> Void)?

    package init(
        adminToken: String? = nil, onDecision: (@Sendable (AccessDecision) -> Void)? = nil
    ) {
        self.adminToken = adminToken
        self.onDecision = onDecision
    }
}

/// Whether somebody may do something, as an audit would keep it.
package struct AccessDecision: Hashable, Sendable, CustomStringConvertible {
    /// `system:serviceaccount:NAMESPACE:NAME` for service accounts.
    package let user: String
    package let verb: String
    /// Empty for the core group, and for requests that name no resource.
    package let group: String
    /// With the subresource, as `deployments/scale`; the path where the request names none.
    package let resource: String
    /// Empty for the whole cluster.
    package let namespace: String
    /// Empty where the request names no object.
    package let name: String
    package let isAllowed: Bool

    init(_ caller: Caller, _ wanted: AccessAttributes, isAllowed: Bool) {
        user = caller.name
        verb = wanted.verb
        group = wanted.group
        resource = wanted.isResource ? wanted.resource : wanted.path
        namespace = wanted.namespace
        name = wanted.name
        self.isAllowed = isAllowed
    }

    package var description: String {
        let what = group.isEmpty ? resource : "\(resource) of \(group)"
        let place = namespace.isEmpty ? "in the whole cluster" : "in \(namespace)"
        return "\(user) \(isAllowed ? "may" : "may not") \(verb) \(what) \(place)"
            + (name.isEmpty ? "" : " (\(name))")
    }
}

/// Who sent a request.
struct Caller: Hashable {
    var name: String
    var groups: [String]
    /// Empty where none is known.
    var uid = ""
    var extra: [Impersonation.Extra] = []
    /// Nothing is forbidden.
    var isAdmin = false

    static let admin = Caller(
        name: "admin", groups: ["system:masters", "system:authenticated"], isAdmin: true)
    static let anonymous = Caller(name: "system:anonymous", groups: ["system:unauthenticated"])

    init(
        name: String, groups: [String], uid: String = "", extra: [Impersonation.Extra] = [],
        isAdmin: Bool = false
    ) {
        self.name = name
        self.groups = groups
        self.uid = uid
        self.extra = extra
        self.isAdmin = isAdmin
    }

    private init(account: ResourceKey, uid: String) {
        self.init(
            name: "system:serviceaccount:\(account.namespace):\(account.name)",
            groups: Self.groups(ofAccountsIn: account.namespace) + ["system:authenticated"],
            uid: uid)
    }

    /// The groups that every service account of a namespace is in.
    static func groups(ofAccountsIn namespace: String) -> [String] {
        ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"]
    }

    /// The caller of a request: who sent it, or whom that one may be taken for and asks to be.
    ///
    /// - Throws: 401 for a token that this server did not issue, or that does not hold any more;
    ///   403 where somebody may not be taken for another.
    init(
        _ request: APIRequest, _ store: inout Store, _ rules: AccessRules, now: Timestamp
    ) throws(APIStatus) {
        let sender = try Caller(authenticating: request, &store, rules, now: now)
        guard let impersonation = try Impersonation(request) else {
            self = sender
            return
        }
        for wanted in impersonation.wanted {
            try Authorization(store: store).check(sender, wanted, rules)
        }
        self = impersonation.caller
    }

    private init(
        authenticating request: APIRequest, _ store: inout Store, _ rules: AccessRules,
        now: Timestamp
    ) throws(APIStatus) {
        guard let token = Self.bearer(request) else {
            self = rules.adminToken == nil ? .admin : .anonymous
            return
        }
        if let adminToken = rules.adminToken, token == adminToken {
            self = .admin
            return
        }
        guard let account = ServiceAccounts.account(of: token, &store, now: now) else {
            throw APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")
        }
        self = Caller(account: account, uid: store.object(account)?.objectUID ?? "")
    }

    private static func bearer(_ request: APIRequest) -> String? {
        guard let text = request.header("authorization") else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
