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
    /// Nothing is forbidden.
    var isAdmin = false

    static let admin = Caller(
        name: "admin", groups: ["system:masters", "system:authenticated"], isAdmin: true)
    static let anonymous = Caller(name: "system:anonymous", groups: ["system:unauthenticated"])

    private init(name: String, groups: [String], isAdmin: Bool = false) {
        self.name = name
        self.groups = groups
        self.isAdmin = isAdmin
    }

    private init(account: ResourceKey) {
        self.init(
            name: "system:serviceaccount:\(account.namespace):\(account.name)",
            groups: [
                "system:serviceaccounts", "system:serviceaccounts:\(account.namespace)",
                "system:authenticated",
            ])
    }

    /// The caller of a request.
    ///
    /// - Throws: 401 for a token that this server did not issue, or that does not hold any more.
    init(
        _ request: APIRequest, _ store: Store, _ rules: AccessRules, now: Timestamp
    ) throws(APIStatus) {
        guard let token = Self.bearer(request) else {
            self = rules.adminToken == nil ? .admin : .anonymous
            return
        }
        if let adminToken = rules.adminToken, token == adminToken {
            self = .admin
            return
        }
        guard let account = ServiceAccounts.account(of: token, store, now: now) else {
            throw APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")
        }
        self = Caller(account: account)
    }

    private static func bearer(_ request: APIRequest) -> String? {
        guard let text = request.header("authorization") else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
