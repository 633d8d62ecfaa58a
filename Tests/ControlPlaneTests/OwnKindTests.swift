import API
import Documents
import Domain
import Testing

@testable import ControlPlane

/// A sandbox must refuse what a real server refuses by the rules of Slipway's definitions.
@Suite struct OwnKindTests {
    private static let releases = "/apis/slipway.dev/v1alpha1/namespaces/default/modelreleases"
    private static let sources = "/apis/slipway.dev/v1alpha1/namespaces/default/releasesources"

    private func server() throws -> Server {
        try Server(definitions: APIDefinitions.all.map(\.definition))
    }

    private static func release(_ weights: [Int], runtime: String = "mlserver") -> String {
        let versions = weights.enumerated().map { index, weight in
            #"{"name":"\#(index + 1)","uri":"s3://models/\#(index + 1)","weight":\#(weight)}"#
        }.joined(separator: ",")
        return #"{"apiVersion":"slipway.dev/v1alpha1","kind":"ModelRelease","#
            + #""metadata":{"name":"m"},"spec":{"runtime":"\#(runtime)","versions":[\#(versions)],"#
            + #""traffic":{"gateway":{"parentRefs":[{"name":"edge"}],"hostnames":["m.example"]}}}}"#
    }

    @Test func weightsThatDoNotSumTo100AreRefusedAsTheServersRulesWould() throws {
        var server = try server()
        let answer = try server.send("POST", Self.releases, Self.release([90, 20]))
        #expect(answer.status == 422)
        let words = "Invalid value: weights sum to 110, must be 100"
        #expect(
            answer.document == [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
                "message": .string(
                    "ModelRelease.slipway.dev \"m\" is invalid: spec.versions: \(words)"),
                "reason": "Invalid", "code": 422,
                "details": [
                    "name": "m", "group": "slipway.dev", "kind": "ModelRelease",
                    "causes": [
                        [
                            "reason": "FieldValueInvalid", "message": .string(words),
                            "field": "spec.versions",
                        ]
                    ],
                ],
            ])
        #expect(try server.send("GET", "\(Self.releases)/m").status == 404)
    }

    @Test(arguments: [
        ("PUT", Server.json), ("PATCH", Server.merge), ("PATCH", Server.apply),
        ("PATCH", "application/json-patch+json"),
    ])
    func everyWayToWriteIsHeldToTheRules(method: String, type: String) throws {
        var server = try server()
        let made = try server.send("POST", Self.releases, Self.release([90, 10]))
        #expect(made.status == 201)
        let version = made.document?.objectVersion ?? ""
        let body =
            switch (method, type) {
            case ("PUT", _):
                Self.release([90, 20]).replacing(
                    #""name":"m""#, with: #""name":"m","resourceVersion":"\#(version)""#)
            case (_, "application/json-patch+json"):
                #"[{"op":"replace","path":"/spec/versions/1/weight","value":20}]"#
            default: Self.release([90, 20])
            }
        let answer = try server.send(
            method,
            "\(Self.releases)/m?fieldManager=tester&force=true".replacing(
                type == Server.apply ? "" : "&force=true", with: ""), body, type: type)
        #expect(answer.status == 422)
        #expect(answer.fields == ["spec.versions"])
        let stored = try server.send("GET", "\(Self.releases)/m").document
        #expect(stored?.objectVersion == version)
    }

    @Test func everyErrorIsNamedOnceWithItsValue() throws {
        var server = try server()
        let body = Self.release([90, 20]).replacing("s3://models/1", with: "nowhere/1")
        let answer = try server.send("POST", Self.releases, body)
        #expect(answer.fields.sorted() == ["spec.versions", "spec.versions[0].uri"])
        #expect(answer.message.contains(#"spec.versions[0].uri: Invalid value: "nowhere/1": "#))
    }

    @Test func afterErrorsOfTheSchemaRulesAreNotLookedAt() throws {
        var server = try server()
        let answer = try server.send(
            "POST", Self.releases, Self.release([90, 20], runtime: "nonsense"))
        #expect(answer.fields == ["spec.runtime", "<nil>"])
    }

    /// A release that came in before its rules did.
    private func serverWithAnInvalidRelease() throws -> Server {
        var server = try Server()
        var lax = KindDefinition(.modelRelease)
        lax.hasStatus = true
        server.store.registry.add(lax)
        let made = try server.send(
            "POST", Self.releases,
            Self.release([90, 20]).replacing(
                #""name":"m""#, with: #""name":"m","finalizers":["example.com/hold"]"#))
        #expect(made.status == 201)
        for (_, definition) in APIDefinitions.all {
            try CustomResources.install(
                definition, into: &server.store, now: Timestamp(milliseconds: 0))
        }
        return server
    }

    @Test func statusIsWrittenWhateverTheSpecIs() throws {
        var server = try serverWithAnInvalidRelease()
        let answer = try server.send(
            "PATCH", "\(Self.releases)/m/status", #"{"status":{"phase":"Degraded"}}"#,
            type: Server.merge)
        #expect(answer.status == 200)
        #expect(answer.document?.at("status", "phase") == "Degraded")
        let wrong = try server.send(
            "PATCH", "\(Self.releases)/m/status", #"{"status":{"phase":"Nonsense"}}"#,
            type: Server.merge)
        #expect(wrong.fields.first == "status.phase")
    }

    @Test func aReleaseThatWasStoredInvalidCanBeLabelledAndDeleted() throws {
        var server = try serverWithAnInvalidRelease()
        let labelled = try server.send(
            "PATCH", "\(Self.releases)/m", #"{"metadata":{"labels":{"a":"b"}}}"#,
            type: Server.merge)
        #expect(labelled.status == 200)
        func patch(_ spec: String) throws -> APIResponse {
            try server.send(
                "PATCH", "\(Self.releases)/m", #"{"spec":\#(spec)}"#, type: Server.merge)
        }
        #expect(try patch(#"{"suspend":true}"#).status == 200)
        let version = #"{"name":"1","uri":"s3://models/1","weight":99}"#
        #expect(try patch(#"{"versions":[\#(version)]}"#).fields == ["spec.versions"])
        #expect(try server.send("DELETE", "\(Self.releases)/m").status == 200)
        let released = try server.send(
            "PATCH", "\(Self.releases)/m", #"{"metadata":{"finalizers":null}}"#,
            type: Server.merge)
        #expect(released.status == 200)
        #expect(try server.send("GET", "\(Self.releases)/m").status == 404)
    }
}
