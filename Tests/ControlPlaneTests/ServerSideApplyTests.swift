import Documents
import Domain
import Testing

@testable import ControlPlane

@Suite struct ServerSideApplyTests {
    private func request(
        _ manager: String,
        force: Bool = false,
        subresource: String = "",
        kind: ResourceKind = .configMap
    ) -> ServerSideApply.Request {
        .init(
            manager: manager,
            apiVersion: kind.apiVersion,
            kind: kind.kind,
            subresource: subresource,
            force: force,
            now: Timestamp(milliseconds: 0),
            shape: BuiltInShapes.shape(of: kind) ?? .untyped,
            hasStatus: kind == .deployment
        )
    }

    private func intent(_ data: Document) -> Document {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": data]
    }

    private func fields(_ object: Document, _ manager: String) -> String? {
        object.at("metadata", "managedFields")?.arrayValue?
            .first { $0["manager"]?.stringValue == manager }?["fieldsV1"]?.canonicalJSONString()
    }

    @Test func everyTypeOfTheTableIsDefined() {
        #expect(BuiltInShapes.missing == [])
    }

    @Test func ownsWhatItSets() throws {
        var intent = intent(["k": "1"])
        intent.set(["metadata", "labels"], to: ["x": "1"])
        let made = try ServerSideApply.apply(live: nil, intent: intent, request("alpha")).get()
        #expect(
            fields(made, "alpha") == #"{"f:data":{"f:k":{}},"f:metadata":{"f:labels":{"f:x":{}}}}"#)
        let again = try ServerSideApply.apply(live: made, intent: intent, request("alpha")).get()
        #expect(again == made)
    }

    @Test func removesWhatNobodyAppliesAnyMore() throws {
        let first = try ServerSideApply.apply(
            live: nil, intent: intent(["k": "1", "l": "1"]), request("alpha")
        ).get()
        let second = try ServerSideApply.apply(
            live: first, intent: intent(["k": "1"]), request("beta")
        ).get()
        let third = try ServerSideApply.apply(
            live: second, intent: intent([:]), request("alpha")
        ).get()
        #expect(third["data"] == ["k": "1"])
        let bare: Document = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]]
        let fourth = try ServerSideApply.apply(live: third, intent: bare, request("beta")).get()
        #expect(fourth["data"]?.objectValue?.isEmpty ?? true)
    }

    @Test func conflictsWithOwnersOfOtherValues() throws {
        let live = try ServerSideApply.apply(
            live: nil, intent: intent(["k": "1", "l": "1"]), request("alpha")
        ).get()
        var edited = live
        edited["data"] = ["k": "2", "l": "1"]
        let tracked = ServerSideApply.trackUpdate(from: live, to: edited, request("editor"))
        #expect(fields(tracked, "editor") == #"{"f:data":{"f:k":{}}}"#)
        #expect(fields(tracked, "alpha") == #"{"f:data":{"f:l":{}}}"#)
        let result = ServerSideApply.apply(
            live: tracked, intent: intent(["k": "3", "l": "3"]), request("beta"))
        guard case .failure(let status) = result else {
            Issue.record("was done")
            return
        }
        #expect(status.code == 409)
        #expect(
            status.message
                == "Apply failed with 2 conflicts: conflicts with \"alpha\":\n- .data.l\n"
                + "conflicts with \"editor\" using v1:\n- .data.k")
        let forced = try ServerSideApply.apply(
            live: tracked, intent: intent(["k": "3", "l": "3"]), request("beta", force: true)
        ).get()
        #expect(fields(forced, "alpha") == nil)
        #expect(fields(forced, "beta") == #"{"f:data":{"f:k":{},"f:l":{}}}"#)
    }

    @Test func conflictsWithItsOwnUpdates() throws {
        let made = ServerSideApply.trackUpdate(
            from: nil, to: intent(["k": "1"]), request("slipway"))
        #expect(fields(made, "slipway") == #"{"f:data":{".":{},"f:k":{}}}"#)
        let result = ServerSideApply.apply(
            live: made, intent: intent(["k": "2"]), request("slipway"))
        guard case .failure(let status) = result else {
            Issue.record("was done")
            return
        }
        #expect(
            status.message
                == "Apply failed with 1 conflict: conflict with \"slipway\" using v1: .data.k")
    }

    @Test func listsOfThingsMergeByKey() throws {
        func deployment(_ containers: Document) -> Document {
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "a"],
                "spec": ["template": ["spec": ["containers": containers]]],
            ]
        }
        let ports: Document = [["containerPort": 80]]
        let first = try ServerSideApply.apply(
            live: nil,
            intent: deployment([["name": "server", "image": "1", "ports": ports]]),
            request("alpha", kind: .deployment)
        ).get()
        let second = try ServerSideApply.apply(
            live: first,
            intent: deployment([["name": "proxy", "image": "2"]]),
            request("beta", kind: .deployment)
        ).get()
        let names = second.at("spec", "template", "spec", "containers")?.arrayValue?
            .compactMap { $0["name"]?.stringValue }
        #expect(names == ["server", "proxy"])
        let expected =
            #"{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"server\"}":"#
            + #"{".":{},"f:image":{},"f:name":{},"f:ports":"#
            + #"{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":"#
            + #"{".":{},"f:containerPort":{}}}}}}}}}"#
        #expect(fields(second, "alpha") == expected)
        let third = try ServerSideApply.apply(
            live: second,
            intent: deployment([]),
            request("alpha", kind: .deployment)
        ).get()
        #expect(third.at("spec", "template", "spec", "containers")?.arrayValue?.count == 1)
    }

    @Test(arguments: [
        (#"{"nosuch":1}"#, ".nosuch: field not declared in schema"),
        (#"{"spec":{"replicas":"x"}}"#, ".spec.replicas: expected numeric (int or float), got x"),
        (
            #"{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}}}"#,
            #".spec.template.spec.containers: duplicate entries for key [name="a"]"#
        ),
        (
            #"{"spec":{"template":{"spec":{"containers":[{"image":"a"}]}}}}"#,
            ".spec.template.spec.containers: element 0: associative list with keys has an element "
                + "that omits all key fields [\"name\"] (and doesn't have default values for any "
                + "key fields)"
        ),
    ])
    func saysWhatDoesNotFitTheShape(json: String, expected: String) throws {
        let result = ServerSideApply.apply(
            live: nil, intent: try JSON.parse(json), request("a", kind: .deployment))
        guard case .failure(let status) = result else {
            Issue.record("was done")
            return
        }
        #expect(status.code == 500)
        #expect(
            status.message
                == "failed to create typed patch object (/; apps/v1, Kind=Deployment): " + expected)
    }

    @Test func readsWhatItWrites() throws {
        let text =
            #"{"f:a":{".":{},"k:{\"name\":\"x\"}":{".":{},"f:b":{}},"#
            + #""v:\"s\"":{},"i:3":{}},"f:c":{}}"#
        let set = FieldSet(try JSON.parse(text))
        #expect(set.document == (try JSON.parse(text)))
        #expect(set.contains([.field("a"), .value("s")]))
    }
}
