import Documents
import Domain
import Testing

@testable import ControlPlane

@Suite struct LinearPatternTests {
    @Test(arguments: [
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", true),
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-", false),
        ("^sha256:[0-9a-f]{8,64}$", "sha256:0123abcd", true),
        ("^sha256:[0-9a-f]{8,64}$", "sha256:zz", false),
        ("b+", "abbc", true), ("^(a|bc)*$", "abcbca", true), ("^(a|bc)*$", "abcb", false),
        ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true),
        (#"^\d+\.\d+$"#, "1.25", true), (#"^[^/]+$"#, "a/b", false),
        (#"^[\w.-]+$"#, "a_b.c-d", true),
        ("^$", "", true), ("^.*$", "line\nbreak", false), (#"^\S+$"#, "a b", false),
        ("^(?:x|y)?z$", "yz", true), ("^[]a]+$", "]a", true), ("^[a-]+$", "a-a", true),
        ("^(?i)ab$", "aB", true), ("^a(?i:b)c$", "aBc", true), ("^a(?i:b)c$", "aBC", false),
        ("^(?i)[^a]$", "A", false), ("^(?s).$", "\n", true), ("^(?P<x>a)(?<y>b)$", "ab", true),
        ("^[[:alpha:]_]+$", "a_B", true), ("^[[:alpha:]]+$", "a1", false),
        ("^[[:^digit:]]$", "a", true), ("^[[:^digit:]]$", "1", false), ("^[[:a]+$", "[:a", true),
        ("^a+?b??c{2}?$", "aabcc", true),
    ])
    func matches(pattern: String, text: String, expected: Bool) throws {
        let pattern = try #require(LinearPattern(pattern))
        #expect(pattern.matches(text) == expected)
    }

    @Test(arguments: [
        "(", "a)", "[a", "*", "(?=a)", "(?<=a)", "(?i", "(?x)", "(?P<>a)", #"\1"#, "a{2000}",
        "((((a{99}){99}){99}){9}){9}",
        // RE2 does not take a quantifier of a quantifier.
        "a**", "a+*", "a?+", "a???", "a{2}{3}", "a{2}*", "a*{2}",
        "a" + String(repeating: "+", count: 100_000),
        // Nothing is repeated, 1000^5 times.
        "(((((){1000}){1000}){1000}){1000}){1000}", "[[:nosuch:]]", "[[:alpha:]-z]+[",
    ])
    func refuses(pattern: String) {
        #expect(LinearPattern(pattern) == nil)
    }

    @Test func staysLinearWhereOthersBlowUp() throws {
        let pattern = try #require(LinearPattern("^(a+)+$"))
        let text = String(repeating: "a", count: 5000) + "b"
        #expect(!pattern.matches(text))
    }
}

@Suite struct StructuralSchemaTests {
    static func schema(_ version: Int = 0) throws -> StructuralSchema {
        let definition = try JSON.parse(
            """
            {"type":"object","required":["spec"],
            "properties":{"spec":{"type":"object","properties":{
            "size":{"type":"integer","default":3,"minimum":1,"maximum":9},
            "mode":{"type":"string","enum":["a","b"],"default":"a"},
            "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
              "properties":{"n":{"type":"integer"}}},
            "items":{"type":"array","maxItems":2,
              "items":{"type":"object","properties":{"on":{"type":"boolean","default":true}}}},
            "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
            "tracks":{"type":"array","x-kubernetes-list-type":"map",
              "x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],
              "properties":{"name":{"type":"string","maxLength":5}}}},
            "limits":{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true,
              "anyOf":[{"type":"integer"},{"type":"string"}]}},
            "note":{"type":"string","nullable":true,"default":"x"},
            "since":{"type":"string","format":"date-time"},
            "count":{"type":"integer","format":"int32"}}}}}
            """)
        return StructuralSchema(definition)
    }

    @Test func prunesAndNamesWhatItDoesNotKnow() throws {
        let (object, unknown) = try Self.schema().pruned([
            "apiVersion": "e/v1", "extra": 1, "metadata": ["name": "w", "odd": 1],
            "spec": [
                "unknown": 1, "open": ["kept": true], "items": [["on": false, "x": 1]],
            ],
        ])
        #expect(unknown == ["extra", "metadata.odd", "spec.items[0].x", "spec.unknown"])
        #expect(
            object == [
                "apiVersion": "e/v1", "metadata": ["name": "w"],
                "spec": ["open": ["kept": true], "items": [["on": false]]],
            ])
    }

    @Test func fillsInDefaultsAlsoForNull() throws {
        let schema = try Self.schema()
        #expect(schema.defaulted(["metadata": [:]]) == ["metadata": [:]])
        let spec = schema.defaulted(["spec": ["size": .null, "note": .null, "items": [[:]]]])[
            "spec"]
        #expect(spec == ["size": 3, "mode": "a", "note": .null, "items": [["on": true]]])
    }

    @Test(arguments: [
        (
            #"{"size":0}"#,
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
        ),
        (
            #"{"items":{}}"#,
            #"spec.items: Invalid value: "object": spec.items in body must be of type array: "#
                + #""object""#
        ),
        (#"{"mode":"c"}"#, #"spec.mode: Unsupported value: "c": supported values: "a", "b""#),
        (#"{"items":[{},{},{}]}"#, "spec.items: Too many: 3: must have at most 2 items"),
        (#"{"tags":["a","a"]}"#, #"spec.tags[1]: Duplicate value: "a""#),
        (
            #"{"tracks":[{"name":"a"},{"name":"a"}]}"#,
            #"spec.tracks[1]: Duplicate value: {"name":"a"}"#
        ),
        (#"{"tracks":[{}]}"#, "spec.tracks[0].name: Required value"),
        (
            #"{"tracks":[{"name":"abcdef"}]}"#,
            "spec.tracks[0].name: Too long: may not be more than 5 bytes"
        ),
        (
            #"{"since":"now"}"#,
            #"spec.since: Invalid value: "now": spec.since in body must be of type date-time: "#
                + #""now""#
        ),
        (
            #"{"limits":{"cpu":true}}"#,
            #"spec.limits.cpu: Invalid value: "boolean": spec.limits.cpu in body must be of type "#
                + #"integer,string: "boolean""#
        ),
    ])
    func saysWhatIsWrong(spec: String, expected: String) throws {
        let problems = try Self.schema().problems(of: ["spec": JSON.parse(spec)])
        #expect(problems.map(\.text) == [expected])
    }

    @Test func acceptsWhatIsRight() throws {
        let spec = try JSON.parse(
            #"{"size":9,"limits":{"cpu":1,"memory":"2Gi"},"note":null,"#
                + #""since":"2026-01-01T00:00:00Z"}"#
        )
        #expect(try Self.schema().problems(of: ["spec": spec]).isEmpty)
        #expect(try Self.schema().problems(of: [:]).map(\.text) == ["spec: Required value"])
    }

    @Test func givesApplyTheTypesOfItsLists() throws {
        let shape = try Self.schema().shape()
        #expect(shape.member("spec").member("tracks").mergeKey == "name")
        let request = ServerSideApply.Request(
            manager: "a", apiVersion: "e/v1", kind: "W", now: Timestamp(milliseconds: 0),
            shape: shape)
        let intent: Document = ["spec": ["tags": ["b"], "tracks": [["name": "x"]]]]
        let object = try ServerSideApply.apply(live: nil, intent: intent, request).get()
        let expected =
            #"{"f:spec":{"f:tags":{"v:\"b\"":{}},"f:tracks":{"k:{\"name\":\"x\"}":"#
            + #"{".":{},"f:name":{}}}}}"#
        let fields = object.at("metadata", "managedFields")?[0]?["fieldsV1"]
        #expect(fields?.canonicalJSONString() == expected)
    }
}

@Suite struct DefinitionRulesTests {
    private func definition(_ schema: String, name: String = "widgets.w.example") throws -> Document
    {
        [
            "metadata": ["name": .string(name)],
            "spec": [
                "group": "w.example", "scope": "Namespaced",
                "names": ["plural": "widgets", "kind": "Widget"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": try JSON.parse(schema)],
                    ]
                ],
            ],
        ]
    }

    private static let root = "spec.validation.openAPIV3Schema.properties[spec]"

    @Test(arguments: [
        (
            #"{"type":"object","properties":{"spec":{"properties":{"a":{"type":"string"}}}}}"#,
            "\(root).type: Required value: must not be empty for specified object fields"
        ),
        (
            #"{"type":"object","properties":{"spec":{"type":"text"}}}"#,
            "\(root).type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", "
                + "\"integer\", \"number\", \"object\", \"string\""
        ),
        (
            #"{"type":"object","properties":{"spec":{"type":"integer","default":"x"}}}"#,
            "\(root).default: Invalid value: \"string\":  in body must be of type integer: "
                + "\"string\""
        ),
    ])
    func schemasMustBeStructural(schema: String, expected: String) throws {
        let problems = DefinitionRules.problems(of: try definition(schema))
        #expect(problems.map(\.text) == [expected])
    }

    @Test func namesMustFit() throws {
        let other = try definition(#"{"type":"object"}"#, name: "other.w.example")
        #expect(
            DefinitionRules.problems(of: other).map(\.text) == [
                "metadata.name: Invalid value: \"other.w.example\": must be "
                    + "spec.names.plural+\".\"+spec.group"
            ])
        #expect(DefinitionRules.problems(of: try definition(#"{"type":"object"}"#)).isEmpty)
    }
}

@Suite struct FieldValidationTests {
    private let deployment = BuiltInShapes.shape(of: .deployment) ?? .untyped

    @Test func findsFieldsThatAKindDoesNotHave() {
        let object: Document = [
            "extra": 1,
            "spec": ["replica": 3, "template": ["spec": ["containers": [["nam": "x"]]]]],
        ]
        #expect(
            deployment.unknownFields(of: object) == [
                "spec.template.spec.containers[0].nam", "spec.replica", "extra",
            ])
        #expect(
            deployment.pruned(object) == [
                "spec": ["template": ["spec": ["containers": [[:]]]]]
            ])
    }

    @Test func namesTheFirstWrongType() {
        #expect(
            deployment.typeProblem(of: ["spec": ["replicas": "three"]])
                == "json: cannot unmarshal string into Go struct field "
                + "DeploymentSpec.spec.replicas of type int32")
        let labels: Document = ["metadata": ["labels": ["k": 1]]]
        #expect(
            deployment.typeProblem(of: labels)
                == "json: cannot unmarshal number into Go struct field "
                + "ObjectMeta.metadata.labels of type string")
        #expect(deployment.typeProblem(of: ["spec": ["paused": .null]]) == nil)
    }

    @Test func readsTheQuery() throws {
        #expect(try FieldValidation.read(nil, options: "CreateOptions").get() == .warn)
        #expect(try FieldValidation.read("Strict", options: "CreateOptions").get() == .strict)
        #expect(throws: APIStatus.self) {
            try FieldValidation.read("Loud", options: "CreateOptions").get()
        }
        #expect(
            FieldValidation.warning(#"unknown field "spec.replica""#)
                == #"299 - "unknown field \"spec.replica\"""#)
    }
}
