import Domain
import Synchronization
import Testing

@testable import ControlPlane

/// Requests that ask to be taken for somebody else.
@Suite struct ImpersonationTests {
    private typealias Fields = [(name: String, value: String)]

    private static let now = Timestamp(milliseconds: 1_767_225_600_000)
    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    private var server: Server
    /// What was decided about those who may not do everything.
    private var decisions: [String] = []

    init() throws { server = try Server() }

    private mutating func send(
        _ method: String, _ path: String, token: String? = nil, as fields: Fields = [],
        _ body: String = "", isFree: Bool = false
    ) throws -> APIResponse {
        var headers: Fields = [(name: "Content-Type", value: "application/json")]
        if let token { headers.append((name: "Authorization", value: "Bearer \(token)")) }
        let request = APIRequest(
            method: method, path: path, headers: headers + fields, body: Array(body.utf8))
        let heard = Mutex<[String]>([])
        let rules = AccessRules(adminToken: isFree ? nil : "all") { decision in
            heard.withLock { $0.append(decision.description) }
        }
        let answer = Front.answer(request, store: &server.store, now: Self.now, access: rules)
        let new = heard.withLock { $0 }
        decisions += new
        guard case .response(let response) = answer else { throw Server.Unexpected("a watch") }
        return response
    }

    /// An account with a token, and a role with these rules for it.
    private mutating func account(_ name: String, rules: String = "") throws -> String {
        let accounts = "/api/v1/namespaces/default/serviceaccounts"
        _ = try send("POST", accounts, token: "all", #"{"metadata":{"name":"\#(name)"}}"#)
        if !rules.isEmpty {
            try bind(
                #"{"kind":"ServiceAccount","name":"\#(name)","namespace":"default"}"#, name, rules)
        }
        let answer = try send("POST", "\(accounts)/\(name)/token", token: "all", #"{"spec":{}}"#)
        return try #require(answer.document?.at("status", "token")?.stringValue)
    }

    private mutating func bind(_ subject: String, _ name: String, _ rules: String) throws {
        let root = "/apis/rbac.authorization.k8s.io/v1"
        let role = try send(
            "POST", "\(root)/clusterroles", token: "all",
            #"{"metadata":{"name":"\#(name)"},"rules":[\#(rules)]}"#)
        let binding = try send(
            "POST", "\(root)/clusterrolebindings", token: "all",
            #"{"metadata":{"name":"\#(name)"},"roleRef":{"kind":"ClusterRole","name":"\#(name)"},"#
                + #""subjects":[\#(subject)]}"#)
        #expect(role.status == 201 && binding.status == 201)
    }

    private static func impersonate(_ resources: String, _ more: String = "") -> String {
        #"{"verbs":["impersonate"],"apiGroups":["","authentication.k8s.io"],"#
            + #""resources":[\#(resources)]\#(more)}"#
    }

    private static let readsMaps =
        #"{"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"]}"#

    // MARK: Rights

    @Test mutating func whoIsTakenForAnotherHasTheirRightsAndNoOther() throws {
        try bind(#"{"kind":"User","name":"jane"}"#, "jane", Self.readsMaps)
        let token = try account(
            "robot",
            rules: Self.impersonate(#""users""#)
                + #",{"verbs":["create"],"apiGroups":[""],"resources":["configmaps"]}"#)
        let jane: Fields = [(name: "Impersonate-User", value: "jane")]
        #expect(try send("GET", Self.maps, token: token).status == 403)
        #expect(try send("GET", Self.maps, token: token, as: jane).status == 200)
        let refused = try send(
            "POST", Self.maps, token: token, as: jane, #"{"metadata":{"name":"x"}}"#)
        #expect(
            refused.message
                == #"configmaps is forbidden: User "jane" cannot create resource "configmaps" "#
                + #"in API group "" in the namespace "default""#)
        #expect(
            decisions.suffix(2) == [
                "system:serviceaccount:default:robot may impersonate users in the whole cluster "
                    + "(jane)",
                "jane may not create configmaps in default",
            ])
    }

    /// Header fields, and what the refusal says cannot be impersonated.
    @Test(arguments: [
        (["User": "jane"], #"users "jane""#, #"resource "users" in API group "" at"#),
        (
            ["User": "system:serviceaccount:default:other"], #"serviceaccounts "other""#,
            #"resource "serviceaccounts" in API group "" in the namespace "default""#
        ),
        (
            ["User": "ok", "Group": "devs"], #"groups "devs""#,
            #"resource "groups" in API group "" at"#
        ),
        (
            ["User": "ok", "Uid": "7"], #"uids.authentication.k8s.io "7""#,
            #"resource "uids" in API group "authentication.k8s.io" at"#
        ),
        (
            ["User": "ok", "Extra-example.org%2fScopes": "all"],
            #"userextras.authentication.k8s.io "all""#,
            #"resource "userextras/example.org/scopes" in API group "authentication.k8s.io" at"#
        ),
    ])
    mutating func withoutTheRightForEachPartItIsRefused(
        parts: [String: String], subject: String, what: String
    ) throws {
        let token = try account(
            "robot", rules: Self.impersonate(#""users""#, #","resourceNames":["ok"]"#))
        let fields = parts.map { (name: "Impersonate-\($0.key)", value: $0.value) }
        let answer = try send("GET", "/version", token: token, as: fields)
        #expect(answer.status == 403)
        #expect(answer.document?["reason"] == "Forbidden")
        #expect(
            answer.message.hasPrefix(
                subject + #" is forbidden: User "system:serviceaccount:default:robot" "#
                    + "cannot impersonate " + what))
    }

    /// A role that names an extra's key allows that key alone.
    @Test mutating func rightsForExtrasNameTheirKey() throws {
        let token = try account(
            "robot",
            rules: Self.impersonate(#""users","userextras/example.org/scopes","uids""#))
        func fields(_ key: String) -> Fields {
            [
                (name: "impersonate-user", value: "jane"), (name: "impersonate-uid", value: "7"),
                (name: "impersonate-extra-\(key)", value: "all"),
            ]
        }
        let allowed = try send(
            "POST", Self.whoAmI, token: token, as: fields("Example.org%2FScopes"), "{}")
        #expect(allowed.document?.at("status", "userInfo", "extra", "example.org/scopes") != nil)
        for key in ["example.org", "example.org%2fscopes%2fmore", "example.org%2"] {
            #expect(
                try send("POST", Self.whoAmI, token: token, as: fields(key), "{}").status == 403)
        }
    }

    @Test mutating func groupsDecideAndTheGroupOfMastersMayDoEverything() throws {
        try bind(#"{"kind":"Group","name":"readers"}"#, "readers", Self.readsMaps)
        let token = try account("robot", rules: Self.impersonate(#""users","groups""#))
        func get(_ groups: String...) throws -> Int {
            try send(
                "GET", Self.maps, token: token,
                as: [(name: "Impersonate-User", value: "jane")]
                    + groups.map { (name: "Impersonate-Group", value: $0) }
            ).status
        }
        #expect(try get() == 403)
        #expect(try get("others", "readers") == 200)
        #expect(try get("system:masters") == 200)
    }

    /// The one who asks is checked, not what they were taken for: an account that may not
    /// impersonate cannot reach it by being somebody who may.
    @Test mutating func nobodyIsTakenForAnotherWithoutCredentials() throws {
        let answer = try send(
            "GET", "/version", as: [(name: "Impersonate-User", value: "admin")])
        #expect(
            answer.message
                == #"users "admin" is forbidden: User "system:anonymous" cannot impersonate "#
                + #"resource "users" in API group "" at the cluster scope"#)
        let wrong = try send(
            "GET", "/version", token: "wrong", as: [(name: "Impersonate-User", value: "admin")])
        #expect(wrong.status == 401)
    }

    // MARK: Identity

    /// Header fields after the user's name, and the groups that follow.
    @Test(arguments: [
        ("jane", [], ["system:authenticated"]),
        ("jane", ["devs"], ["devs", "system:authenticated"]),
        ("jane", ["system:unauthenticated"], ["system:unauthenticated"]),
        ("system:anonymous", [], ["system:unauthenticated"]),
        (
            "system:serviceaccount:default:a", [],
            [
                "system:serviceaccounts", "system:serviceaccounts:default",
                "system:authenticated",
            ]
        ),
        ("system:serviceaccount:default:a", ["devs"], ["devs", "system:authenticated"]),
        // No account's name: a user who is called so.
        ("system:serviceaccount:default:A:b", [], ["system:authenticated"]),
    ])
    mutating func groupsFollowFromTheUserUnlessTheyAreGiven(
        user: String, groups: [String], expected: [String]
    ) throws {
        let fields = groups.map { (name: "Impersonate-Group", value: $0) }
        for isFree in [true, false] {
            let answer = try send(
                "POST", Self.whoAmI, token: isFree ? nil : "all",
                as: [(name: "Impersonate-User", value: user)] + fields, "{}", isFree: isFree)
            // The review of oneself needs a known caller.
            guard expected.contains("system:authenticated") else {
                #expect(answer.status == 403)
                continue
            }
            #expect(answer.status == 201)
            let info = answer.document?.at("status", "userInfo")
            #expect(info?["username"] == .string(user))
            #expect(info?["groups"] == .array(expected.map { .string($0) }))
        }
    }

    /// Where nobody needs a token, and where the administrator has one.
    @Test(arguments: [true, false])
    mutating func whoMayDoEverythingMayNoMoreThanWhomTheyAreTakenFor(isFree: Bool) throws {
        let jane: Fields = [(name: "Impersonate-User", value: "jane")]
        let token = isFree ? nil : "all"
        let nodes = "/api/v1/nodes"
        #expect(try send("GET", nodes, token: token, isFree: isFree).status == 200)
        #expect(try send("GET", nodes, token: token, as: jane, isFree: isFree).status == 403)
        #expect(decisions == ["jane may not list nodes in the whole cluster"])
        let review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        let body = #"{"spec":{"resourceAttributes":{"verb":"list","resource":"nodes"}}}"#
        for (fields, isAllowed) in [(jane, false), ([], true)] {
            let answer = try send("POST", review, token: token, as: fields, body, isFree: isFree)
            #expect(answer.document?.at("status", "allowed") == .bool(isAllowed))
        }
    }

    // MARK: Bad requests

    @Test mutating func partsWithoutAUserAreABadRequest() throws {
        let groups = try send(
            "GET", "/version", token: "all", as: [(name: "Impersonate-Group", value: "devs")])
        #expect(groups.status == 400)
        #expect(
            groups.message
                == #"requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"devs"}, "#
                + "Extra:map[string][]string(nil)} without impersonating a user name")
        let others = try send(
            "GET", "/version", token: "all",
            as: [
                (name: "Impersonate-Uid", value: "7"), (name: "Impersonate-Extra-B", value: "c"),
                (name: "Impersonate-Extra-a", value: "b"), (name: "Impersonate-User", value: ""),
            ])
        #expect(
            others.message
                == #"requested &user.DefaultInfo{Name:"", UID:"7", Groups:[]string(nil), "#
                + #"Extra:map[string][]string{"a":[]string{"b"}, "b":[]string{"c"}}} "#
                + "without impersonating a user name")
    }

    @Test(arguments: [(256, 1), (1, 40_000)])
    mutating func moreThanAnybodyNeedsIsRefused(count: Int, size: Int) throws {
        let value = String(repeating: "g", count: size)
        let answer = try send(
            "GET", "/version", token: "all",
            as: [(name: "Impersonate-User", value: "jane")]
                + (0..<count).map { _ in (name: "Impersonate-Group", value: value) })
        #expect(answer.status == 400)
    }
}
