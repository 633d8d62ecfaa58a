import API
import Domain
import Testing

struct ServiceAccountRuleTests {
    private func rule(_ lists: [(String, [String])]) -> ServiceAccountRule {
        ServiceAccountRule(
            namespace: "risk",
            of: lists.map { (name: $0.0, spec: SourceSpec(url: "", serviceAccounts: $0.1)) })
    }

    @Test func onlyDefaultAndWhatIsListedIsAllowed() {
        let rule = rule([("models", ["loader"]), ("others", ["s3", "loader"])])
        #expect(rule.allowed == ["loader", "s3"])
        #expect(rule.problem(with: []) == nil)
        #expect(rule.problem(with: ["default", "loader", "s3"]) == nil)
        #expect(rule.problem(with: ["loader", "admin"])?.contains("`admin`") == true)
    }

    @Test func theProblemSaysWhoAllowsWhatAndWhatToDo() {
        #expect(
            rule([("models", ["loader"])]).problem(with: ["admin"])
                == "service account `admin` is not allowed: ReleaseSource risk/models allows "
                + "`default`, `loader`; add it to spec.serviceAccounts there, "
                + "or use one of these")
        #expect(
            rule([]).problem(with: ["admin"])
                == "service account `admin` is not allowed: no ReleaseSource in namespace risk "
                + "lists it in spec.serviceAccounts; there is none, so only `default` is allowed")
        let several = rule([("b", []), ("a", [])]).problem(with: ["admin"])
        #expect(several?.contains("(risk/a, risk/b) allow `default`; add it") == true)
        let long = rule([("models", (1...64).map { "a\($0)" })]).problem(with: ["admin"])
        #expect((long?.count ?? 0) < 400)
    }

    @Test func bothMembersOfATemplateCount() {
        func accounts(_ spec: Document) -> [String] {
            ServiceAccountRule.accounts(in: ["spec": spec])
        }
        #expect(ServiceAccountRule.accounts(in: nil) == [])
        #expect(accounts(["serviceAccountName": "default", "serviceAccount": ""]) == [])
        #expect(accounts(["serviceAccountName": "a", "serviceAccount": "a"]) == ["a"])
        #expect(accounts(["serviceAccountName": "a", "serviceAccount": "b"]) == ["a", "b"])
        #expect(accounts(["serviceAccount": "b"]) == ["b"])
    }
}
