import Documents
import Domain
import Testing

@testable import ControlPlane

/// Rules and definitions by which somebody tries to keep the server busy, or that must not be
/// passed over.
@Suite struct HostileRulesTests {
    // MARK: Steps

    private func steps(
        _ expression: String, _ schema: CELSchema = .text, _ document: Document = "",
        limit: Int = ValidationRule.stepLimit
    ) throws -> Int {
        var meter = CELMeter(limit)
        let program = try CELProgram(expression, variables: [("self", schema.type)])
        let value = try schema.value(of: document, &meter)
        return program.evaluate([value], limit: limit).steps
    }

    /// Literals cost their length, whether they are made once or each time.
    @Test func literalsArePaidFor() throws {
        #expect(try steps("[1, 2, 3, 4] == []") == 27)
        #expect(try steps("[self, self, self].size() == 3") >= 13)
        #expect(try steps("true ? true : false") == 3)
    }

    private static let long = Document.string(String(repeating: "A", count: 100_000))

    @Test(arguments: [
        "isCIDR(self)", "isIP(self)", "self.contains('b')", "self.startsWith(self)",
        "self.endsWith(self)", "self.matches('b')", "int(self) == 1 || true",
        "{'a': 1}[?self].hasValue()", "isURL(self)",
    ])
    func longTextsArePaidFor(expression: String) throws {
        #expect(try steps(expression, .text, Self.long) >= 10_000)
    }

    @Test func bytesArePaidForAtEachSelection() throws {
        let schema = CELSchema(
            .record, fields: ["data": .init(name: "data", schema: CELSchema(.bytes))])
        let document: Document = ["data": Self.long]
        #expect(try steps("has(self.data) && has(self.data)", schema, document) >= 20_000)
        let list = CELSchema(.list, items: CELSchema(.bytes))
        #expect(try steps("b'' in self", list, [Self.long, Self.long]) >= 20_000)
    }

    @Test func keysOfMapsArePaidFor() throws {
        let schema = CELSchema(.map, items: .text)
        let keys = (0..<5000).map { ("k\($0)", Document.string("")) }
        let document = Document.object(Fields(keys.map { .init(key: $0.0, value: $0.1) }))
        #expect(try steps("self.exists(k, true)", schema, document) >= 5000)
    }

    /// A short pattern may be a large program.
    @Test func patternsArePaidForByTheirSize() throws {
        let text = Document.string(String(repeating: "a", count: 1000))
        #expect(try steps("self.matches('((a{99}){99})b')", .text, text) >= 200_000)
        #expect(try steps("'a'.matches('(a{99}){99}' + self)") >= 9801)
    }

    // MARK: Objects

    private static func rule(_ rule: String, _ more: String = "") -> String {
        #""x-kubernetes-validations":[{"rule":\#(Document.string(rule).inMessage)\#(more)}]"#
    }

    private func compiled(_ schema: String) throws -> ValidationSchema {
        try #require(ValidationSchema.compiled(try JSON.parse(schema)))
    }

    private static func numbers(_ count: Int) -> Document {
        .array((0..<count).map { .integer(Int64($0)) })
    }

    @Test func everyValueTakesFromTheBudget() throws {
        let schema = try compiled(
            #"{"type":"array","items":{"type":"integer",\#(Self.rule("self == oldSelf"))}}"#)
        let found = schema.problems(of: Self.numbers(1000), old: nil, budget: 100)
        #expect(found.map(\.message).count == 1)
        #expect(found.first?.message.contains("running out of cost budget") == true)
        #expect(schema.problems(of: Self.numbers(1000), old: nil).isEmpty)
    }

    @Test func complaintsAreBounded() throws {
        let long = String(repeating: "m", count: 50_000)
        let schema = try compiled(
            #"{"type":"array","items":{"type":"integer","#
                + #"\#(Self.rule("self < 0", #","message":"\#(long)""#))}}"#)
        let found = schema.problems(of: Self.numbers(1000), old: nil)
        #expect(found.count == 100)
        #expect(found.allSatisfy { $0.message.utf8.count < 6000 })
    }

    @Test(.timeLimit(.minutes(1))) func elementsAreFoundWithoutASearch() throws {
        let schema = try compiled(
            #"{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"#
                + #""items":{"type":"object","properties":{"k":{"type":"integer"},"#
                + #""v":{"type":"integer",\#(Self.rule("self == oldSelf"))}}}}"#)
        func list(_ value: Int64) -> Document {
            .array((0..<20_000).map { ["k": .integer(Int64($0)), "v": .integer(value)] })
        }
        #expect(schema.problems(of: list(1), old: list(1)).isEmpty)
        #expect(schema.problems(of: list(1), old: list(2)).count == 100)
    }

    /// What is in force though it cannot be compiled is broken by everything.
    @Test func rulesThatCannotBeCompiledNeverHold() throws {
        let schema = try compiled(#"{"type":"object",\#(Self.rule("self.nosuch == 1"))}"#)
        let found = schema.problems(of: [:], old: nil)
        #expect(found.count == 1)
        #expect(found.first?.message.contains("rule compile error: ") == true)
        #expect(found.first?.message.contains("undefined field 'nosuch'") == true)
        #expect(schema.problems(of: ["a": 1], old: ["a": 1]).isEmpty)
    }

    /// Atomic maps are replaced as a whole: below them nothing was anything before.
    @Test func partsOfAtomicMapsWereNothingBefore() throws {
        let map =
            #"{"type":"object","x-kubernetes-map-type":"atomic","properties":{"#
            + #""a":{"type":"integer",\#(Self.rule("self == oldSelf"))}}}"#
        let schema = try compiled(map)
        #expect(schema.problems(of: ["a": 2], old: ["a": 1]).isEmpty)
        let place = "\(Self.place).properties[m]"
        #expect(
            try problems(#"{"type":"object","properties":{"m":\#(map)}}"#) == [
                "\(place).properties[a].x-kubernetes-validations[0].rule: Invalid value: "
                    + "\"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion "
                    + "of the schema within \(place)"
            ])
        let granular = map.replacing("atomic", with: "granular")
        #expect(try compiled(granular).problems(of: ["a": 2], old: ["a": 1]).count == 1)
    }

    // MARK: Definitions

    private static let place = "spec.validation.openAPIV3Schema.properties[spec]"

    private func problems(_ schema: String) throws -> [String] {
        DefinitionRules.problems(of: try ValidationRuleTests.definition(schema)).map(\.text)
    }

    @Test func defaultsShareOneBudget() throws {
        let part = #"{"type":"integer","default":1,\#(Self.rule("[1,2,3,4].all(x, x > 0)"))}"#
        let schema = try JSON.parse(
            #"{"type":"object","properties":{"a":\#(part),"b":\#(part)}}"#)
        func found(_ budget: Int) -> [APIStatus.Cause] {
            var budget = budget
            var causes: [APIStatus.Cause] = []
            _ = ValidationSchema(schema, at: "", budget: &budget, &causes)
            return causes
        }
        #expect(found(1000).isEmpty)
        #expect(found(60).count == 1)
    }

    @Test func rulesNeedAType() throws {
        let free = #"{"x-kubernetes-preserve-unknown-fields":true,\#(Self.rule("true"))}"#
        #expect(
            try problems(#"{"type":"object","properties":{"free":\#(free)}}"#) == [
                "\(Self.place).properties[free].x-kubernetes-validations: Internal error: internal "
                    + "error: failed to retrieve type information for x-kubernetes-validations"
            ])
    }

    @Test(arguments: [
        (#""allOf":[{RULE}]"#, ".allOf[0]"), (#""anyOf":[{},{RULE}]"#, ".anyOf[1]"),
        (#""oneOf":[{"properties":{"a":{RULE}}}]"#, ".oneOf[0].properties[a]"),
        (#""not":{"items":{RULE}}"#, ".not.items"),
    ])
    func combinationsHaveNoRules(member: String, place: String) throws {
        let schema =
            #"{"type":"object",\#(member.replacing("RULE", with: Self.rule("true")))}"#
        #expect(
            try problems(schema) == [
                "\(Self.place)\(place).x-kubernetes-validations: Forbidden: must be empty to be "
                    + "structural"
            ])
    }

    @Test func rulesBelowTheBoundOfDepthAreRefused() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"type":"array","items":"#, count: levels)
                + #"{"type":"integer",\#(Self.rule("self > 0"))}"#
                + String(repeating: "}", count: levels)
        }
        #expect(try problems(nested(20)) == [])
        let found = try problems(nested(70))
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix("must not hold x-kubernetes-validations below 64 levels") == true
        )
    }

    @Test func messagesHaveOneLine() throws {
        let schema =
            #"{"type":"object","x-kubernetes-validations":[{"rule":"true","message":"a\rb"}]}"#
        #expect(try problems(schema).first?.contains("must not contain line breaks") == true)
    }
}
