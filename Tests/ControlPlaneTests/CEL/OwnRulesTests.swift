import API
import ControlPlane
import Domain
import Testing

/// The rules of Slipway's definitions and the controller's own validation say the same: what the
/// one refuses the other refuses, and what the rule takes is read.
@Suite struct OwnRulesTests {
    struct Case: CustomTestStringConvertible {
        /// The rule, by the message that stands beside it.
        let message: String
        let path: [String]
        let broken: Document
        let right: Document
        /// Where the complaint points at, and what it says.
        let complaint: String
        var kind = ResourceKind.modelRelease

        var testDescription: String { message }
    }

    private static let version: Document = ["name": "1", "uri": "s3://models/1", "weight": 100]

    private static func steps(_ steps: Document) -> Document { ["canary": ["steps": steps]] }

    private static func versions(_ members: [(String, Int?)]) -> Document {
        .array(
            members.map { name, weight in
                var entry = version
                entry["name"] = .string(name)
                entry["weight"] = weight.map { .integer($0) }
                return entry
            })
    }

    static let cases: [Case] = [
        Case(
            message: "runtime custom needs serving.template with a container named model",
            path: ["runtime"], broken: "custom", right: "mlserver",
            complaint:
                "spec: Invalid value: runtime custom needs serving.template with a container "
                + "named model"),
        Case(
            message: "weights must sum to 100; only a single version may leave its weight out",
            path: ["versions"], broken: versions([("1", 90), ("2", 20)]),
            right: versions([("1", 90), ("2", 10)]),
            complaint: "spec.versions: Invalid value: weights sum to 110, must be 100"),
        Case(
            message: "weights must sum to 100; only a single version may leave its weight out",
            path: ["versions"], broken: versions([("1", 100), ("2", nil)]),
            right: versions([("1", nil)]),
            complaint: "spec.versions: Invalid value: weight is required where there are several "
                + "versions"),
        Case(
            message: "names of versions must be distinct", path: ["versions"],
            broken: versions([("1", 90), ("1", 10)]), right: versions([("1", 90), ("3", 10)]),
            complaint: "spec.versions: Invalid value: names of versions must be distinct"),
        Case(
            message: "one of uri and image is needed: where is the model?", path: ["versions"],
            broken: [["name": "1", "uri": "s3://models/1", "image": "model:1"]],
            right: [["name": "1", "image": "model:1"]],
            complaint: "spec.versions[0]: Invalid value: one of uri and image is needed: where is "
                + "the model?"),
        Case(
            message: "one of uri and image is needed: where is the model?", path: ["versions"],
            broken: [["name": "1"]], right: [["name": "1", "uri": "s3://models/1"]],
            complaint: "spec.versions[0]: Invalid value: one of uri and image is needed: where is "
                + "the model?"),
        Case(
            message: "a pause needs either approval: required or a time", path: ["strategy"],
            broken: steps([["pause": ["approval": "required", "for": "1m"]]]),
            right: steps([["pause": ["for": "1m"]]]),
            complaint: "spec.strategy.canary.steps[0].pause: Invalid value: a pause needs either "
                + "approval: required or a time"),
        Case(
            message: "a pause needs either approval: required or a time", path: ["strategy"],
            broken: steps([["pause": [:]]]), right: steps([["pause": ["approval": "required"]]]),
            complaint: "spec.strategy.canary.steps[0].pause: Invalid value: a pause needs either "
                + "approval: required or a time"),
        Case(
            message: "a step needs either a weight or a pause", path: ["strategy"],
            broken: steps([["weight": 5, "pause": ["for": "1m"]]]),
            right: steps([["weight": 5], ["pause": ["for": "1m"]]]),
            complaint: "spec.strategy.canary.steps[0]: Invalid value: a step needs either a weight "
                + "or a pause"),
        Case(
            message: "for belongs to a weight; a pause has its own: pause: {for: 10m}",
            path: ["strategy"], broken: steps([["for": "1m", "pause": ["for": "1m"]]]),
            right: steps([["for": "1m", "weight": 5]]),
            complaint: "spec.strategy.canary.steps[0]: Invalid value: for belongs to a weight; a "
                + "pause has its own: pause: {for: 10m}"),
        Case(
            message: "weights of steps must ascend", path: ["strategy"],
            broken: steps([["weight": 5], ["weight": 5]]),
            right: steps([["weight": 5], ["pause": ["for": "1m"]], ["weight": 25]]),
            complaint: "spec.strategy.canary.steps: Invalid value: weights of steps must ascend"),
        Case(
            message: "weights of steps must ascend", path: ["strategy"],
            broken: steps([["weight": 25], ["weight": 5]]), right: steps([["weight": 5]]),
            complaint: "spec.strategy.canary.steps: Invalid value: weights of steps must ascend"),
        Case(
            message: "the record needs a branch of its own, not the one that is followed",
            path: ["writeBack"], broken: ["stateBranch": "main"], right: ["stateBranch": "state"],
            complaint:
                "spec: Invalid value: the record needs a branch of its own, not the one that "
                + "is followed", kind: .releaseSource),
    ]

    private static func object(_ kind: ResourceKind, _ path: [String], _ value: Document)
        -> Document
    {
        let spec: Document =
            kind == .releaseSource
            ? ["url": "https://git.example.com/models.git", "branch": "main"]
            : [
                "runtime": "mlserver", "versions": [version],
                "traffic": [
                    "gateway": ["parentRefs": [["name": "edge"]], "hostnames": ["m.example"]]
                ],
            ]
        var object: Document = [
            "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
            "metadata": ["name": "m"], "spec": spec,
        ]
        object.set(["spec"] + path, to: value)
        return object
    }

    private func decoded(_ kind: ResourceKind, _ object: Document) -> [FieldError] {
        kind == .releaseSource
            ? ReleaseSource.decode(object).errors
            : ModelRelease.decode(object, resolved: true).errors
    }

    @Test(arguments: cases) func theRuleAndTheDecoderAgree(example: Case) throws {
        var server = try Server(definitions: APIDefinitions.all.map(\.definition))
        let path = "/apis/slipway.dev/v1alpha1/namespaces/default/\(example.kind.plural)"
        let broken = Self.object(example.kind, example.path, example.broken)
        let refused = try server.send("POST", path, broken.canonicalJSONString())
        #expect(refused.status == 422)
        let causes = refused.document?.at("details", "causes")?.arrayValue ?? []
        #expect(
            causes.map { "\($0["field"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
                == [example.complaint])
        #expect(!decoded(example.kind, broken).isEmpty)
        let right = Self.object(example.kind, example.path, example.right)
        let taken = try server.send("POST", path, right.canonicalJSONString())
        #expect(taken.status == 201, "\(taken.message)")
        #expect(decoded(example.kind, right).isEmpty)
    }

    /// The rules of the compact definitions of the Gateway API: references to Services.
    @Test func routesMustNameThePortsOfServices() throws {
        for definition in GatewayDefinitions.all + [GatewayDefinitions.referenceGrant] {
            #expect(DefinitionRules.problems(of: definition) == [])
        }
        var server = try Server(definitions: GatewayDefinitions.all)
        let path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"
        func send(_ reference: String, name: String) throws -> APIResponse {
            let mirror = #"{"type":"RequestMirror","requestMirror":{"backendRef":\#(reference)}}"#
            return try server.send(
                "POST", path,
                #"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"#
                    + #""name":"\#(name)"},"spec":{"rules":[{"backendRefs":[\#(reference)],"#
                    + #""filters":[\#(mirror)]}]}}"#)
        }
        let refused = try send(#"{"name":"a"}"#, name: "a")
        #expect(
            refused.fields == [
                "spec.rules[0].backendRefs[0]",
                "spec.rules[0].filters[0].requestMirror.backendRef",
            ])
        #expect(refused.message.contains("Invalid value: Must have port for Service reference"))
        #expect(try send(#"{"name":"a","port":80}"#, name: "b").status == 201)
        #expect(try send(#"{"name":"a","group":"x.example","kind":"Y"}"#, name: "c").status == 201)
    }

    @Test func everyRuleHasItsCases() {
        var messages: Set<String> = []
        func walk(_ value: Document) {
            switch value {
            case .object(let fields):
                for rule in fields["x-kubernetes-validations"]?.arrayValue ?? [] {
                    messages.insert(rule["message"]?.stringValue ?? "")
                }
                fields.members.forEach { walk($0.value) }
            case .array(let elements): elements.forEach(walk)
            default: break
            }
        }
        APIDefinitions.all.forEach { walk($0.definition) }
        #expect(messages == Set(Self.cases.map(\.message)))
        #expect(messages.count == 9)
    }
}
