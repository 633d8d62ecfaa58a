import Documents
import Domain

/// Whom the front takes at their word.
package struct AccessRules: Sendable {
    /// The bearer token of a caller who may do everything. Without one, callers who bring no
    /// credentials at all may do everything, so that nobody needs any.
    package var adminToken: String?

    package init(adminToken: String? = nil) {
        self.adminToken = adminToken
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
