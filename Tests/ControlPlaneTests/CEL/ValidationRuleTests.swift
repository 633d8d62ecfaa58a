import Documents
import Domain
import Testing

@testable import ControlPlane

/// `x-kubernetes-validations` as the Kubernetes documentation of CustomResourceDefinitions
/// describes them ("Validation rules", "Transition rules", "Validation ratcheting").
@Suite struct ValidationRuleTests {
    private static let widgets = "/apis/w.example/v1/namespaces/default/widgets"

    static func definition(_ spec: String) throws -> Document {
        [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "widgets.w.example"],
            "spec": [
                "group": "w.example", "scope": "Namespaced",
                "names": ["plural": "widgets", "kind": "Widget"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "subresources": ["status": [:]],
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object", "properties": ["spec": try JSON.parse(spec)],
                            ]
                        ],
                    ]
                ],
            ],
        ]
    }

    private static func widget(_ spec: String) -> String {
        #"{"apiVersion":"w.example/v1","kind":"Widget","metadata":{"name":"w"},"spec":\#(spec)}"#
    }

    /// The complaints about a new object, or about the update of another.
    private func complaints(
        _ schema: String, _ new: String, old: String? = nil
    ) throws -> [String] {
        var server = try Server(definitions: [Self.definition(schema)])
        var answer: APIResponse
        if let old {
            let made = try server.send("POST", Self.widgets, Self.widget(old))
            try #require(made.status == 201, "\(made.message)")
            var object = try JSON.parse(Self.widget(new))
            object.set(
                ["metadata", "resourceVersion"],
                to: made.document?.at("metadata", "resourceVersion"))
            answer = try server.send("PUT", "\(Self.widgets)/w", object.canonicalJSONString())
        } else {
            answer = try server.send("POST", Self.widgets, Self.widget(new))
        }
        if answer.status < 300 { return [] }
        return (answer.document?.at("details", "causes")?.arrayValue ?? []).map {
            "\($0["field"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")"
        }
    }

    private static func rule(_ rule: String, _ more: String = "") -> String {
        #""x-kubernetes-validations":[{"rule":\#(Document.string(rule).inMessage)\#(more)}]"#
    }

    private static func schema(_ rule: String, _ properties: String, _ more: String = "") -> String
    {
        #"{"type":"object",\#(Self.rule(rule, more)),"properties":{\#(properties)}}"#
    }

    private static let size = #""size":{"type":"integer"},"note":{"type":"string"}"#

    @Test(arguments: [
        ("", "spec: Invalid value: failed rule: self.size < 3"),
        (#","message":"too large""#, "spec: Invalid value: too large"),
        (
            #","message":"m","messageExpression":"'is ' + string(self.size)""#,
            "spec: Invalid value: is 5"
        ),
        (#","message":"m","messageExpression":"string(1 / 0)""#, "spec: Invalid value: m"),
        (#","message":"m","messageExpression":"' '""#, "spec: Invalid value: m"),
        (#","message":"m","reason":"FieldValueForbidden""#, "spec: Forbidden: m"),
        (#","message":"m","reason":"FieldValueRequired""#, "spec: Required value: m"),
        (#","message":"m","reason":"FieldValueDuplicate""#, "spec: Duplicate value"),
        (#","message":"m","fieldPath":".size""#, "spec.size: Invalid value: m"),
    ])
    func whatIsSaid(more: String, expected: String) throws {
        let schema = Self.schema("self.size < 3", Self.size, more)
        #expect(try complaints(schema, #"{"size":5}"#) == [expected])
        #expect(try complaints(schema, #"{"size":2}"#) == [])
    }

    @Test(arguments: [
        ("self.size < 3", "no such key: size evaluating rule: self.size < 3"),
        (
            "self.port > 1",
            "'no such overload': call arguments did not match a supported operator, function or "
                + "macro signature for rule: self.port > 1"
        ),
        ("1 / (self.zero) == 1", "division by zero evaluating rule: 1 / (self.zero) == 1"),
        (
            "self.many.all(a, self.many.all(b, self.many.all(c, self.many.all(d, true))))",
            "'operation cancelled: actual cost limit exceeded': no further validation rules will "
                + "be run due to call cost exceeds limit for rule: self.many.all(a, "
                + "self.many.all(b, self.many.all(c, self.many.all(d, true))))"
        ),
    ])
    func errorsOfEvaluation(rule: String, expected: String) throws {
        let schema = Self.schema(
            rule,
            #""zero":{"type":"integer"},"port":{"x-kubernetes-int-or-string":true},"#
                + #""many":{"type":"array","items":{"type":"integer"}},\#(Self.size)"#)
        let many = (0..<60).map(String.init).joined(separator: ",")
        #expect(
            try complaints(schema, #"{"port":"http","zero":0,"many":[\#(many)]}"#) == [
                #"spec: Invalid value: "object": \#(expected)"#
            ])
    }

    @Test func theBudgetOfAnObjectIsShared() throws {
        let nested =
            "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, "
            + "[1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, "
            + "[1,2,3,4,5,6,7,8,9].all(e, true)))))"
        let schema =
            #"{"type":"object","properties":{"many":{"type":"array","items":{"type":"integer","#
            + #"\#(Self.rule(nested))}}}}"#
        let many = Array(repeating: "1", count: 10_000).joined(separator: ",")
        #expect(try complaints(schema, #"{"many":[1]}"#) == [])
        let found = try complaints(schema, #"{"many":[\#(many)]}"#)
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "validation failed due to running out of cost budget, no further validation rules "
                    + "will be run") == true)
    }

    @Test func oneValueIsShownWhereItHasNoParts() throws {
        let schema =
            #"{"type":"object","properties":{"size":{"type":"integer","#
            + #"\#(Self.rule("self < 3"))},"list":{"type":"array","#
            + #"\#(Self.rule("self.size() < 2")),"items":{"type":"integer"}}}}"#
        #expect(
            try complaints(schema, #"{"size":4,"list":[1,2]}"#) == [
                "spec.list: Invalid value: failed rule: self.size() < 2",
                "spec.size: Invalid value: 4: failed rule: self < 3",
            ])
    }

    @Test func rulesAtTheRootSeeTheName() throws {
        var definition = try Self.definition(#"{"type":"object"}"#)
        var version = try #require(definition.at("spec", "versions")?[0])
        version.set(
            ["schema", "openAPIV3Schema", "x-kubernetes-validations"],
            to: [["rule": "self.metadata.name != 'w' && self.kind == 'Widget'", "message": "m"]])
        definition.set(["spec", "versions"], to: [version])
        var server = try Server(definitions: [definition])
        let refused = try server.send("POST", Self.widgets, Self.widget("{}"))
        #expect(refused.message == #"Widget.w.example "w" is invalid: <nil>: Invalid value: m"#)
    }

    // MARK: What expressions see

    @Test(arguments: [
        // "Escaping": names that are no names of CEL, or are its words.
        ("self.__namespace__ > 0", #"{"namespace":1}"#, #"{"namespace":0}"#),
        ("self.x__dash__prop > 0", #"{"x-prop":1}"#, #"{"x-prop":0}"#),
        ("self.redact__underscores__d > 0", #"{"redact__d":1}"#, #"{"redact__d":0}"#),
        ("self.a__dot__b__slash__c > 0", #"{"a.b/c":1}"#, #"{"a.b/c":0}"#),
        // Lists that are sets or maps are equal in any order.
        ("self.set == ['a', 'b']", #"{"set":["b","a"]}"#, #"{"set":["b","c"]}"#),
        ("self.atomic == ['a', 'b']", #"{"atomic":["a","b"]}"#, #"{"atomic":["b","a"]}"#),
        // "+" of sets is their union.
        ("(self.set + ['b', 'c']).size() == 3", #"{"set":["a","b"]}"#, #"{"set":["a","d"]}"#),
        (
            "type(self.port) == int ? self.port > 0 : self.port == 'http'", #"{"port":80}"#,
            #"{"port":"ftp"}"#
        ),
        (
            "self.labels.all(k, self.labels[k] != '')", #"{"labels":{"a":"b"}}"#,
            #"{"labels":{"a":""}}"#
        ),
        (
            "'a' in self.labels && self.labels.a == 'b'", #"{"labels":{"a":"b"}}"#,
            #"{"labels":{"b":"b"}}"#
        ),
        (
            "self.since > timestamp('2026-01-01T00:00:00Z')", #"{"since":"2026-01-01T00:00:01Z"}"#,
            #"{"since":"2025-01-01T00:00:00Z"}"#
        ),
        ("self.wait < duration('1m')", #"{"wait":"59s"}"#, #"{"wait":"2m"}"#),
        ("self.data == b'ab'", #"{"data":"YWI="}"#, #"{"data":"YWE="}"#),
        ("self.share < 1.0", #"{"share":0}"#, #"{"share":1}"#),
        ("!has(self.share) || self.share > 0.0", "{}", #"{"share":0}"#),
        ("self.?share.orValue(2.0) > 1.0", "{}", #"{"share":0.5}"#),
    ])
    func values(rule: String, right: String, wrong: String) throws {
        let schema = Self.schema(
            rule,
            ["namespace", "x-prop", "redact__d", "a.b/c"].map { #""\#($0)":{"type":"integer"},"# }
                .joined()
                + #""set":{"type":"array","x-kubernetes-list-type":"set","#
                + #""items":{"type":"string"}},"atomic":{"type":"array","#
                + #""items":{"type":"string"}},"#
                + #""port":{"x-kubernetes-int-or-string":true},"labels":{"type":"object","#
                + #""additionalProperties":{"type":"string"}},"#
                + #""since":{"type":"string","format":"date-time"},"#
                + #""wait":{"type":"string","format":"duration"},"#
                + #""data":{"type":"string","format":"byte"},"share":{"type":"number"}"#)
        #expect(try complaints(schema, right) == [])
        #expect(try complaints(schema, wrong) == ["spec: Invalid value: failed rule: \(rule)"])
    }

    // MARK: Updates

    @Test(arguments: [
        // Maps are equal in any order; of a sum the second's values win, in the first's places.
        ("self == oldSelf", #"[{"k":"b","v":2},{"k":"a","v":1}]"#, #"[{"k":"a","v":1}]"#),
        (
            "(self + oldSelf).map(e, e.k) == ['c', 'a', 'b']", #"[{"k":"c"},{"k":"a"}]"#,
            #"[{"k":"a"},{"k":"c"}]"#
        ),
        ("(self + oldSelf).all(e, e.v < 3)", #"[{"k":"a","v":9}]"#, #"[{"k":"c","v":9}]"#),
    ])
    func listsThatAreMaps(rule: String, right: String, wrong: String) throws {
        let schema =
            #"{"type":"object","properties":{"list":{"type":"array","#
            + #""x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"#
            + #"\#(Self.rule(rule)),"items":{"type":"object","required":["k"],"properties":{"#
            + #""k":{"type":"string"},"v":{"type":"integer"}}}}}}"#
        let old = #"{"list":[{"k":"a","v":1},{"k":"b","v":2}]}"#
        #expect(try complaints(schema, #"{"list":\#(right)}"#, old: old) == [])
        #expect(
            try complaints(schema, #"{"list":\#(wrong)}"#, old: old) == [
                "spec.list: Invalid value: failed rule: \(rule)"
            ])
    }

    @Test func whatWasIsComparedOnlyWhereThereWasSomething() throws {
        let schema =
            #"{"type":"object","properties":{"size":{"type":"integer","#
            + #"\#(Self.rule("self >= oldSelf"))},"note":{"type":"string"}}}"#
        #expect(try complaints(schema, #"{"size":1}"#) == [])
        #expect(try complaints(schema, #"{"size":1}"#, old: "{}") == [])
        #expect(try complaints(schema, #"{"size":2}"#, old: #"{"size":1}"#) == [])
        #expect(try complaints(schema, #"{}"#, old: #"{"size":1}"#) == [])
        #expect(
            try complaints(schema, #"{"size":0}"#, old: #"{"size":1}"#) == [
                "spec.size: Invalid value: 0: failed rule: self >= oldSelf"
            ])
    }

    @Test func whatWasMayBeOptional() throws {
        let schema = Self.schema(
            "oldSelf.hasValue() ? self.size >= oldSelf.value().size : self.size == 1", Self.size,
            #","optionalOldSelf":true,"message":"grows from 1""#)
        #expect(try complaints(schema, #"{"size":1}"#) == [])
        #expect(try complaints(schema, #"{"size":2}"#) == ["spec: Invalid value: grows from 1"])
        #expect(try complaints(schema, #"{"size":2}"#, old: #"{"size":1}"#) == [])
        #expect(
            try complaints(schema, #"{"size":0}"#, old: #"{"size":1}"#) == [
                "spec: Invalid value: grows from 1"
            ])
    }

    @Test func elementsOfMapsAreFoundByTheirKeys() throws {
        let schema =
            #"{"type":"object","properties":{"list":{"type":"array","#
            + #""x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"#
            + #""type":"object","required":["k"],"properties":{"k":{"type":"string"},"#
            + #""v":{"type":"integer","#
            + #"\#(Self.rule("self == oldSelf", #","message":"fixed""#))}}}}}}"#
        let old = #"{"list":[{"k":"a","v":1},{"k":"b","v":2}]}"#
        #expect(
            try complaints(schema, #"{"list":[{"k":"b","v":2},{"k":"c","v":9}]}"#, old: old) == [])
        #expect(
            try complaints(schema, #"{"list":[{"k":"c","v":9},{"k":"b","v":1}]}"#, old: old) == [
                "spec.list[1].v: Invalid value: 1: fixed"
            ])
    }

    /// An object that broke a rule before the rule was there stays writable where it does.
    @Test func whatStaysAsItWasIsNotComplainedAbout() throws {
        let schema =
            #"{"type":"object","properties":{"a":{"type":"object",\#(Self.rule("self.x > 1")),"#
            + #""properties":{"x":{"type":"integer"},"y":{"type":"integer"}}},"#
            + #""b":{"type":"integer",\#(Self.rule("self > 1"))}}}"#
        var server = try Server(
            definitions: [
                Self.definition(schema.replacing("self.x > 1", with: "true"))
            ])
        let made = try server.send(
            "POST", Self.widgets, Self.widget(#"{"a":{"x":0,"y":1},"b":2}"#))
        #expect(made.status == 201)
        try CustomResources.bringUpToDate(
            try Self.definition(schema), in: &server.store, now: Timestamp(milliseconds: 0))
        func patch(_ spec: String) throws -> [String] {
            try server.send(
                "PATCH", "\(Self.widgets)/w", #"{"spec":\#(spec)}"#, type: Server.merge
            ).fields
        }
        #expect(try patch(#"{"b":3}"#) == [])
        #expect(try patch(#"{"b":1}"#) == ["spec.b"])
        #expect(try patch(#"{"a":{"y":2}}"#) == ["spec.a"])
        #expect(try patch(#"{"a":{"x":2}}"#) == [])
    }

    // MARK: Definitions

    private static let place = "spec.validation.openAPIV3Schema.properties[spec]"

    @Test(arguments: [
        (#"{"rule":" "}"#, ".rule: Required value: rule is not specified"),
        (
            #"{"rule":"true","message":" "}"#,
            #".message: Invalid value: " ": message must be non-empty if specified"#
        ),
        (
            #"{"rule":"true","message":"a\nb"}"#,
            #".message: Invalid value: "a\nb": message must not contain line breaks"#
        ),
        (
            #"{"rule":"true ||\n false"}"#,
            ".message: Required value: message must be specified if rule contains line breaks"
        ),
        (
            #"{"rule":"true","reason":"Bad"}"#,
            #".reason: Unsupported value: "Bad": supported values: "FieldValueDuplicate", "#
                + #""FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired""#
        ),
        (
            #"{"rule":"true","fieldPath":".nosuch"}"#,
            #".fieldPath: Invalid value: ".nosuch": fieldPath must be a valid path"#
        ),
        (
            #"{"rule":"true","optionalOldSelf":true}"#,
            ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
        ),
        (
            #"{"rule":"self.size"}"#,
            #".rule: Invalid value: {"Rule":"self.size","Message":"","MessageExpression":"","#
                + #""Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must "#
                + "evaluate to a bool"
        ),
        (
            #"{"rule":"true","messageExpression":"1"}"#,
            #".messageExpression: Invalid value: {"Rule":"true","Message":"","#
                + #""MessageExpression":"1","Reason":null,"FieldPath":"","#
                + #""OptionalOldSelf":null}: messageExpression must evaluate to a string"#
        ),
    ])
    func rulesThemselvesAreHeldToTheirForm(rule: String, expected: String) throws {
        let schema =
            #"{"type":"object","x-kubernetes-validations":[\#(rule)],"properties":{\#(Self.size)}}"#
        let problems = DefinitionRules.problems(of: try Self.definition(schema))
        #expect(
            problems.map(\.text) == ["\(Self.place).x-kubernetes-validations[0]\(expected)"])
    }

    @Test func oldSelfNeedsElementsThatCanBeFound() throws {
        let schema =
            #"{"type":"object","properties":{"list":{"type":"array","items":{"type":"integer","#
            + #"\#(Self.rule("self == oldSelf"))}}}}"#
        let place = "\(Self.place).properties[list]"
        #expect(
            DefinitionRules.problems(of: try Self.definition(schema)).map(\.text) == [
                "\(place).items.x-kubernetes-validations[0].rule: Invalid value: "
                    + "\"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion "
                    + "of the schema within \(place)"
            ])
    }

    @Test func defaultsMustKeepTheRules() throws {
        let schema =
            #"{"type":"object","default":{"size":5},"properties":{"size":{"type":"integer","#
            + #"\#(Self.rule("self < 3"))}}}"#
        #expect(
            DefinitionRules.problems(of: try Self.definition(schema)).map(\.text) == [
                "\(Self.place).default.size: Invalid value: 5: failed rule: self < 3"
            ])
        let right = schema.replacing(#""size":5"#, with: #""size":2"#)
        #expect(DefinitionRules.problems(of: try Self.definition(right)) == [])
    }

    @Test func whatASchemaDoesNotDescribeIsNotSeen() throws {
        for (rule, property) in [
            ("has(self.free)", #""free":{"x-kubernetes-preserve-unknown-fields":true}"#),
            ("has(self.free.x)", #""free":{"type":"object"}"#),
            ("self.__in > 1", #""in":{"type":"integer"}"#),
        ] {
            let problems = DefinitionRules.problems(
                of: try Self.definition(Self.schema(rule, property)))
            #expect(problems.count == 1)
            #expect(problems.first?.message.contains("undefined field") == true)
        }
    }

    @Test func aDefinitionIsNotTakenInWithAWrongRule() throws {
        var server = try Server(definitions: [Self.definition(Self.schema("true", Self.size))])
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let wrong = try Self.definition(Self.schema("self.nosuch == 1", Self.size))
        let patch: Document = ["spec": wrong["spec"] ?? [:]]
        let answer = try server.send(
            "PATCH", "\(path)/widgets.w.example", patch.canonicalJSONString(), type: Server.merge)
        #expect(answer.status == 422)
        #expect(answer.message.contains("ERROR: <input>:1:5: undefined field 'nosuch'"))
    }
}
