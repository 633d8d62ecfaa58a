import ControlPlane
import Documents
import Domain
import Testing

@Suite struct JSONPatchTests {
    private let document: Document = [
        "data": ["k": "1", "l": "3"], "list": [1, 2, 3], "metadata": ["annotations": ["a/b": "x"]],
    ]

    @Test(arguments: [
        (#"[{"op":"add","path":"/list/1","value":9}]"#, "list", "[1,9,2,3]"),
        (#"[{"op":"add","path":"/list/-","value":9}]"#, "list", "[1,2,3,9]"),
        (#"[{"op":"remove","path":"/list/0"}]"#, "list", "[2,3]"),
        (
            #"[{"op":"replace","path":"/data/nosuch","value":"n"}]"#, "data",
            #"{"k":"1","l":"3","nosuch":"n"}"#
        ),
        (
            #"[{"op":"copy","from":"/data/k","path":"/data/c"}]"#, "data",
            #"{"c":"1","k":"1","l":"3"}"#
        ),
        (#"[{"op":"move","from":"/data/l","path":"/data/m"}]"#, "data", #"{"k":"1","m":"3"}"#),
        (
            #"[{"op":"replace","path":"/metadata/annotations/a~1b","value":"y"}]"#, "metadata",
            #"{"annotations":{"a/b":"y"}}"#
        ),
        (
            #"[{"op":"test","path":"/list/0","value":1.0},{"op":"remove","path":"/list/2"}]"#,
            "list", "[1,2]"
        ),
        (#"[{"op":"test","path":"/nosuch","value":null}]"#, "list", "[1,2,3]"),
    ])
    func changesWhatItNames(patch: String, member: String, expected: String) throws {
        let result = try JSONPatch.apply(JSON.parse(patch), to: document).get()
        #expect(result[member]?.canonicalJSONString() == expected)
    }

    @Test(arguments: [
        #"[{"op":"remove","path":"/data/k"},{"op":"test","path":"/data/k","value":"1"}]"#,
        #"[{"op":"remove","path":"/data/nosuch"}]"#,
        #"[{"op":"add","path":"/nosuch/deep","value":"1"}]"#,
        #"[{"op":"add","path":"/list/4","value":"1"}]"#,
        #"[{"op":"add","path":"/list/-1","value":"1"}]"#,
        #"[{"op":"add","path":"list","value":"1"}]"#,
        #"[{"op":"move","from":"/data","path":"/data/k"}]"#,
        #"[{"op":"frobnicate","path":"/data/k","value":"1"}]"#,
    ])
    func refusesWhatCannotBeDone(patch: String) throws {
        let result = JSONPatch.apply(try JSON.parse(patch), to: document)
        guard case .failure(let status) = result else {
            Issue.record("was done")
            return
        }
        #expect(status.code == 422)
        #expect(status.document["details"] == [:])
    }

    @Test func copiesAreBounded() throws {
        let big = String(repeating: "x", count: 300_000)
        let copies = (0..<20).map { index -> Document in
            ["op": "copy", "from": "/big", "path": .string("/c\(index)")]
        }
        let result = JSONPatch.apply(.array(copies), to: ["big": .string(big)])
        #expect(throws: APIStatus.self) { try result.get() }
    }

    @Test func namesWhatIsNoPatch() throws {
        let result = JSONPatch.apply(["data": [:]], to: document)
        guard case .failure(let status) = result else { return }
        #expect(
            status.message
                == "error decoding patch: json: cannot unmarshal object into Go value of type "
                + "[]handlers.jsonPatchOp")
    }
}

@Suite struct StrategicMergePatchTests {
    private let pod = BuiltInShapes.shape(of: .pod) ?? .untyped

    private func spec(_ document: String, _ patch: String) throws -> String? {
        let document: Document = ["spec": try JSON.parse(document)]
        let patch: Document = ["spec": try JSON.parse(patch)]
        let result = StrategicMergePatch.apply(patch, to: document, shape: pod)
        return try result.get()["spec"]?.canonicalJSONString()
    }

    @Test func mergesListsByTheirKey() throws {
        let result = try spec(
            #"{"containers":[{"name":"a","image":"1","env":[{"name":"A","value":"1"},"#
                + #"{"name":"B","value":"2"}]}]}"#,
            #"{"containers":[{"name":"a","env":[{"name":"B","value":"3"},"#
                + #"{"name":"C","value":"4"}]}]}"#
        )
        let expected =
            #"{"containers":[{"env":[{"name":"A","value":"1"},{"name":"B","value":"3"},"#
            + #"{"name":"C","value":"4"}],"image":"1","name":"a"}]}"#
        #expect(result == expected)
    }

    @Test func putsWhatIsNewBeforeWhatOnlyTheServerHas() throws {
        let result = try spec(
            #"{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":81}]}]}"#
        )
        let expected =
            #"{"containers":[{"name":"a","ports":[{"containerPort":81},{"containerPort":80}]}]}"#
        #expect(result == expected)
    }

    @Test(arguments: [
        (#"{"containers":[{"name":"b","$patch":"delete"}]}"#, #"{"containers":[{"name":"a"}]}"#),
        (
            #"{"containers":[{"$patch":"replace"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"c"}]}"#
        ),
        (
            #"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"a"}]}"#
        ),
        (#"{"$patch":"replace","nodeName":"n"}"#, #"{"nodeName":"n"}"#),
        (#"{"containers":null}"#, "{}"),
        (
            #"{"tolerations":[{"key":"x","value":null}]}"#,
            #"{"containers":[{"name":"a"},{"name":"b"}],"tolerations":[{"key":"x"}]}"#
        ),
    ])
    func followsDirectives(patch: String, expected: String) throws {
        #expect(try spec(#"{"containers":[{"name":"a"},{"name":"b"}]}"#, patch) == expected)
    }

    @Test func wantsTheMergeKey() {
        let patch: Document = ["spec": ["containers": [["image": "no-name:1"]]]]
        let document: Document = ["spec": ["containers": [["name": "a"]]]]
        let result = StrategicMergePatch.apply(patch, to: document, shape: pod)
        guard case .failure(let status) = result else {
            Issue.record("was done")
            return
        }
        #expect(status.code == 500)
        #expect(
            status.message == "map: map[image:no-name:1] does not contain declared merge key: name")
    }
}
