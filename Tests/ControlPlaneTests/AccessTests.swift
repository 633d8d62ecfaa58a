import Documents
import Domain
import Synchronization
import Testing

@testable import ControlPlane

/// Callers and roles, besides what the recorded scenario has.
@Suite struct AccessTests {
    private static let now = Timestamp(milliseconds: 1_767_225_600_000)
    private static let rules = AccessRules(adminToken: "all")

    private func send(
        _ server: inout Server, _ method: String, _ path: String, token: String?,
        _ body: String = "", now: Timestamp = Self.now, rules: AccessRules = Self.rules
    ) throws -> APIResponse {
        var headers = [(name: "Content-Type", value: "application/json")]
        if let token { headers.append((name: "Authorization", value: "Bearer \(token)")) }
        let request = APIRequest(
            method: method, path: path, headers: headers, body: Array(body.utf8))
        let answer = Front.answer(request, store: &server.store, now: now, access: rules)
        guard case .response(let response) = answer else { throw Server.Unexpected("a watch") }
        return response
    }

    /// A server with an account `robot` in `default` and a token of it.
    private func serverWithARobot() throws -> (server: Server, token: String) {
        var server = try Server()
        let accounts = "/api/v1/namespaces/default/serviceaccounts"
        let account = #"{"metadata":{"name":"robot"}}"#
        let made = try send(&server, "POST", accounts, token: "all", account)
        #expect(made.status == 201)
        let answer = try send(
            &server, "POST", "\(accounts)/robot/token", token: "all",
            #"{"spec":{"expirationSeconds":600}}"#)
        let token = try #require(answer.document?.at("status", "token")?.stringValue)
        return (server, token)
    }

    private func bind(
        _ server: inout Server, role rules: String, name: String = "r"
    ) throws {
        let root = "/apis/rbac.authorization.k8s.io/v1"
        let role = try send(
            &server, "POST", "\(root)/clusterroles", token: "all",
            #"{"metadata":{"name":"\#(name)"},"rules":[\#(rules)]}"#)
        #expect(role.status == 201)
        let binding = try send(
            &server, "POST", "\(root)/clusterrolebindings", token: "all",
            #"{"metadata":{"name":"\#(name)"},"roleRef":{"kind":"ClusterRole","name":"\#(name)"},"#
                + #""subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"default"}]}"#)
        #expect(binding.status == 201)
    }

    @Test func withoutRulesEverybodyMayDoEverything() throws {
        var server = try Server()
        let answer = try send(
            &server, "GET", "/api/v1/nodes", token: nil, rules: AccessRules())
        #expect(answer.status == 200)
        let wrong = try send(
            &server, "GET", "/api/v1/nodes", token: "nonsense", rules: AccessRules())
        #expect(wrong.status == 401, "who says who they are must be right")
    }

    /// Rules, and whether they allow to read a ConfigMap `x`, to scale, and to read `/metrics`.
    @Test(arguments: [
        (#"{"verbs":["get"],"apiGroups":[""],"resources":["configmaps"]}"#, [true, false, false]),
        (#"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#, [true, true, false]),
        (
            #"{"verbs":["get"],"apiGroups":[""],"resources":["configmaps"],"#
                + #""resourceNames":["other"]}"#, [false, false, false]
        ),
        (
            #"{"verbs":["patch"],"apiGroups":["apps"],"resources":["*/scale"]}"#,
            [false, true, false]
        ),
        (
            #"{"verbs":["patch"],"apiGroups":["apps"],"resources":["deployments"]}"#,
            [false, false, false]
        ),
        (#"{"verbs":["get"],"nonResourceURLs":["/met*"]}"#, [false, false, true]),
    ])
    func rolesAllowWhatTheySay(rules: String, expected: [Bool]) throws {
        var (server, token) = try serverWithARobot()
        try bind(&server, role: rules)
        let requests = [
            ("GET", "/api/v1/namespaces/default/configmaps/x"),
            ("PATCH", "/apis/apps/v1/namespaces/default/deployments/x/scale"),
            ("GET", "/metrics"),
        ]
        let allowed = try requests.map { method, path in
            try send(&server, method, path, token: token, method == "GET" ? "" : "{}").status
                != 403
        }
        #expect(allowed == expected)
    }

    /// A server-side apply or a PUT that would make an object needs the right to create as well.
    @Test func whatMakesAnObjectNeedsTheRightToCreate() throws {
        var (server, token) = try serverWithARobot()
        let heard = Mutex<[String]>([])
        let rules = AccessRules(adminToken: "all") { decision in
            heard.withLock { $0.append("\(decision.verb) \(decision.isAllowed)") }
        }
        try bind(
            &server,
            role: #"{"verbs":["patch","update"],"apiGroups":["coordination.k8s.io"],"#
                + #""resources":["leases"]}"#)
        let lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/x"
        let body =
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"x"}}"#
        func apply(_ method: String, _ token: String) throws -> APIResponse {
            let request = APIRequest(
                method: method, path: lease, query: [(name: "fieldManager", value: "robot")],
                headers: [
                    (
                        name: "Content-Type",
                        value: method == "PUT" ? "application/json" : "application/apply-patch+yaml"
                    ), (name: "Authorization", value: "Bearer \(token)"),
                ], body: Array(body.utf8))
            let answer = Front.answer(
                request, store: &server.store, now: Self.now, access: rules)
            guard case .response(let response) = answer else { throw Server.Unexpected("a watch") }
            return response
        }
        for method in ["PATCH", "PUT"] {
            let refused = try apply(method, token)
            #expect(refused.status == 403)
            #expect(
                refused.document?["message"]?.stringValue?.contains(#"cannot create resource"#)
                    == true)
        }
        #expect(
            heard.withLock { $0 } == [
                "patch true", "create false", "update true", "create false",
            ])
        #expect(try apply("PATCH", "all").status == 201)
        #expect(try apply("PATCH", token).status == 200, "it is there now")
    }

    @Test func tokensEndAndAreBoundToTheirAccount() throws {
        var (server, token) = try serverWithARobot()
        try bind(&server, role: #"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#)
        let maps = "/api/v1/namespaces/default/configmaps"
        #expect(try send(&server, "GET", maps, token: token).status == 200)
        let late = Self.now + .seconds(601)
        #expect(try send(&server, "GET", maps, token: token, now: late).status == 401)
        var parts = token.split(separator: ".").map(String.init)
        parts[1] = String(parts[1].dropLast(4))
        #expect(
            try send(&server, "GET", maps, token: parts.joined(separator: ".")).status == 401)
        let account = "/api/v1/namespaces/default/serviceaccounts/robot"
        #expect(try send(&server, "DELETE", account, token: "all").status == 200)
        #expect(try send(&server, "GET", maps, token: token).status == 401)
    }

    @Test func rolesAndBindingsAreChecked() throws {
        var server = try Server()
        let root = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        let role = try server.send(
            "POST", "\(root)/roles",
            #"{"metadata":{"name":"r"},"rules":[{"nonResourceURLs":["/x"]},{"verbs":["get"]}]}"#)
        #expect(
            role.fields == [
                "rules[0].verbs", "rules[0].nonResourceURLs", "rules[1].apiGroups",
                "rules[1].resources",
            ])
        let binding = #"{"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"}}"#
        #expect(try server.send("POST", "\(root)/rolebindings", binding).status == 201)
        let changed = try server.send(
            "PATCH", "\(root)/rolebindings/b", #"{"roleRef":{"name":"other"}}"#,
            type: Server.merge)
        #expect(changed.fields == ["roleRef"])
    }
}
