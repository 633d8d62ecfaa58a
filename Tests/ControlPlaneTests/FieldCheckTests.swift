import API
import Documents
import Domain
import Testing

@testable import ControlPlane

/// Fields that nobody knows and keys that stand twice; the recorded scenario has the usual cases.
@Suite struct FieldCheckTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let deployments = "/apis/apps/v1/namespaces/default/deployments"

    @Test(
        arguments: [
            (#"{"a":1}"#, []), (#"{"a":{"b":1,"b":2}}"#, ["a.b"]),
            (#"{"a":[{"b":1},{"b":1, "b" :[]}],"c":0,"c":{}}"#, ["a[1].b", "c"]),
            (#"{"a\"}":"{\"x\":1,\"x\":2}","a\u0022}":1}"#, [#"a"}"#]),
            (#"{"a":1,"a":2,"a":3}"#, ["a"]), (#" [ {} , {"x":null,"x":null} ] "#, ["[1].x"]),
        ] as [(String, [String])])
    func findsKeysThatStandTwice(text: String, expected: [String]) throws {
        _ = try JSON.parse(text)
        #expect(RepeatedKeys(in: Array(text.utf8)).paths == expected)
    }

    @Test func unknownFieldsOfAYAMLBodyAreWarnedOfAndDropped() throws {
        var server = try Server()
        let body = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: m, lables: {a: b}}
            data: {k: v}
            """
        let answer = try server.send("POST", Self.maps, body, type: "application/yaml")
        #expect(answer.status == 201)
        #expect(answer.warnings == [#"299 - "unknown field \"metadata.lables\"""#])
        #expect(answer.document?.at("metadata", "lables") == nil)
        let refused = try server.send(
            "POST", Self.maps + "?fieldValidation=Strict", body, type: "application/yaml")
        #expect(refused.status == 400)
        #expect(
            refused.message == "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: "
                + "strict decoding error: unknown field \"metadata.lables\"")
    }

    @Test(arguments: [
        (Server.merge, #"{"spec":{"replica":3,"replicas":2,"replicas":2}}"#, true),
        ("application/strategic-merge-patch+json", #"{"spec":{"replica":3}}"#, false),
        (
            "application/json-patch+json", #"[{"op":"add","path":"/spec/replica","value":3}]"#,
            false
        ),
    ])
    func patchesAreChecked(type: String, patch: String, repeats: Bool) throws {
        var server = try Server()
        let deployment =
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"#
            + #""selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"#
            + #""spec":{"containers":[{"name":"c","image":"i"}]}}}}"#
        #expect(try server.send("POST", Self.deployments, deployment).status == 201)
        let web = "\(Self.deployments)/web"
        let strict = try server.send("PATCH", "\(web)?fieldValidation=Strict", patch, type: type)
        #expect(strict.status == 422)
        #expect(strict.fields == ["patch"])
        #expect(strict.message.contains(#"unknown field "spec.replica""#))
        let warned = try server.send("PATCH", web, patch, type: type)
        #expect(warned.status == 200)
        let unknown = #"299 - "unknown field \"spec.replica\"""#
        let twice = #"299 - "duplicate field \"spec.replicas\"""#
        #expect(warned.warnings == (repeats ? [twice, unknown] : [unknown]))
        #expect(warned.document?.at("spec", "replica") == nil)
        let silent = try server.send("PATCH", "\(web)?fieldValidation=Ignore", patch, type: type)
        #expect(silent.status == 200)
        #expect(silent.warnings == [])
    }

    @Test func aFieldThatIsNotBuiltYetIsRefusedWhereTheClientAsksForIt() throws {
        var server = try Server(definitions: APIDefinitions.all.map(\.definition))
        let path = "/apis/slipway.dev/v1alpha1/namespaces/default/modelreleases"
        let body = """
            {"apiVersion":"slipway.dev/v1alpha1","kind":"ModelRelease","metadata":{"name":"m"},
            "spec":{"runtime":"mlserver","versions":[{"name":"1","uri":"s3://m/1","mirror":5}],
            "traffic":{"gateway":{"parentRefs":[{"name":"edge"}],"hostnames":["m.example"]}}}}
            """
        let strict = try server.send("POST", "\(path)?fieldValidation=Strict", body)
        #expect(strict.status == 400)
        #expect(strict.message.hasSuffix(#"unknown field "spec.versions[0].mirror""#))
        let warned = try server.send("POST", path, body)
        #expect(warned.status == 201)
        #expect(warned.warnings == [#"299 - "unknown field \"spec.versions[0].mirror\"""#])
    }

    @Test func oldAutoscalersKeepTheirOwnFields() throws {
        var server = try Server()
        let path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
        let answer = try server.send(
            "POST", "\(path)?fieldValidation=Strict",
            #"{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","#
                + #""metadata":{"name":"h"},"spec":{"maxReplicas":3,"#
                + #""targetCPUUtilizationPercentage":50,"#
                + #""scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"w"}}}"#)
        #expect(answer.status == 201)
        #expect(answer.document?.at("spec", "targetCPUUtilizationPercentage") == 50)
    }

    @Test func warningsAreNotMoreThanAHeaderShouldHold() throws {
        var server = try Server()
        let many = (0..<400).map { #""unknown-field-number-\#($0)":1"# }.joined(separator: ",")
        let answer = try server.send(
            "POST", Self.maps,
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},\#(many)}"#)
        #expect(answer.status == 201)
        #expect(!answer.warnings.isEmpty)
        #expect(answer.warnings.map(\.utf8.count).reduce(0, +) <= 4096)
    }
}
