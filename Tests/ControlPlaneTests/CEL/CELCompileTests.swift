import Domain
import Testing

@testable import ControlPlane

/// What is said of expressions that cannot be. The words are cel-go's, which the API server uses;
/// the form of the first is in the recording `crd-validation`.
@Suite struct CELCompileTests {
    static let spec = CELSchema(
        .record,
        fields: [
            "name": .init(name: "name", schema: .text),
            "size": .init(name: "size", schema: CELSchema(.int)),
            "port": .init(name: "port", schema: CELSchema(.anything)),
            "tags": .init(name: "tags", schema: CELSchema(.list, items: .text)),
        ])

    private func complaint(_ expression: String) -> String? {
        do {
            _ = try CELProgram(expression, variables: [("self", .record(Self.spec))])
            return nil
        } catch {
            return error.description
        }
    }

    @Test func thePlaceIsShown() {
        #expect(
            complaint("self.nosuch == 1")
                == "ERROR: <input>:1:5: undefined field 'nosuch'\n | self.nosuch == 1\n | ....^")
        #expect(
            complaint("true &&\n\tself.x")
                == "ERROR: <input>:2:6: undefined field 'x'\n |  self.x\n | .....^")
        #expect(
            complaint("'é' == self.x")
                == "ERROR: <input>:1:12: undefined field 'x'\n | 'é' == self.x\n | .．.........^")
    }

    @Test(arguments: [
        (
            "self.size == 'a'",
            "1:11: found no matching overload for '_==_' applied to '(int, string)'"
        ),
        ("self.size + 1u", "1:11: found no matching overload for '_+_' applied to '(int, uint)'"),
        (
            "self.name.contains(1)",
            "1:19: found no matching overload for 'contains' applied to 'string.(int)'"
        ),
        ("size(1)", "1:5: found no matching overload for 'size' applied to '(int)'"),
        ("nosuch(1)", "1:7: undeclared reference to 'nosuch' (in container '')"),
        ("other == 1", "1:1: undeclared reference to 'other' (in container '')"),
        ("self.size.x", "1:10: type 'int' does not support field selection"),
        (
            "self.size.all(x, true)",
            "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, "
                + "or dynamic)"
        ),
        (
            "self.tags.all(x, x)",
            "1:18: found no matching overload for '_&&_' applied to '(bool, string)'"
        ),
        ("self.tags.all(1, true)", "1:15: argument must be a simple name"),
        ("has(self)", "1:5: invalid argument to has() macro"),
        (
            "self.tags['a']",
            "1:10: found no matching overload for '_[_]' applied to '(list(string), string)'"
        ),
        ("{[1]: 2}", "1:2: unsupported key type 'list(int)'"),
        ("{1.5: 2}", "1:2: unsupported key type 'double'"),
        // A type that would contain itself.
        (
            "[].all(x, [].all(y, x == [y] && y == [x] && x == y))",
            "1:35: found no matching overload for '_==_' applied to '(dyn, list(list(dyn)))'"
        ),
        ("[1, 'a']", "1:5: expected type 'int' but found 'string'"),
        (
            "true ? 1 : 'a'",
            "1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"
        ),
        ("!self.size", "1:1: found no matching overload for '!_' applied to '(int)'"),
        (
            "self.size && true",
            "1:11: found no matching overload for '_&&_' applied to '(int, bool)'"
        ),
        ("self.name.matches('(')", "1:19: invalid matches argument"),
        ("duration('x') == duration('1s')", "1:10: invalid duration argument"),
        ("self.", "1:6: Syntax error: mismatched input '<EOF>' expecting IDENTIFIER"),
        (
            "1 +",
            "1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', "
                + "'!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
                + "IDENTIFIER}"
        ),
        ("1 1", "1:3: Syntax error: mismatched input '1' expecting <EOF>"),
        ("for == 1", "1:1: Syntax error: reserved identifier: for"),
        ("9223372036854775808", "1:1: Syntax error: invalid int literal"),
        ("'a", "1:1: Syntax error: token recognition error at: ''a'"),
    ])
    func saysWhatIsWrong(expression: String, expected: String) {
        let first = complaint(expression)?.split(separator: "\n").first
        #expect(first.map(String.init) == "ERROR: <input>:\(expected)", "\(expression)")
    }

    @Test(arguments: [
        "self.port == 80", "self.port == 'http'", "type(self.port) == int ? self.port > 1 : true",
        "int(self.port) > 1", "self.tags == []", "[] == self.tags", "self == null",
        "self.tags.map(t, size(t)).sum() > 1", "[self.port, 1].size() == 2",
        "self.tags.all(t, t in ['a', 'b'])", "self.port in [1, 2]", "{}.size() == 0",
        // The first overload takes `x` for an int before it does not fit.
        "[].all(x, x + 'b' == 'ab')",
    ])
    func takesWhatIsRight(expression: String) {
        #expect(complaint(expression) == nil)
    }

    /// Nothing that can be written makes the reader, the checker or the evaluator run out of
    /// stack, or runs without end.
    @Test(arguments: [
        ("(", 50_000, ""), ("[", 50_000, ""), ("!(", 50_000, "true"), ("-", 49_999, "self.size ="),
        ("1+", 49_000, "1"), ("self", 1, ".a"), ("a.", 49_000, "a"), ("true?", 10_000, "1"),
        ("[1].map(x,", 5000, ""), ("a", 200_000, ""), ("((1+1)+", 3000, ""), ("'\\\\", 50_000, ""),
        ("{1:", 20_000, ""), ("a ? b : ", 12_000, "c"), ("1 == ", 19_000, "1"),
    ])
    func hostileExpressionsAreRefused(part: String, count: Int, end: String) {
        #expect(complaint(String(repeating: part, count: count) + end) != nil)
    }

    /// Types must not double with each level.
    @Test(.timeLimit(.minutes(1))) func typesAreBounded() {
        var rule = "[{self: self}].all(v0, "
        for level in 1..<25 { rule += "[{v\(level - 1): v\(level - 1)}].all(v\(level), " }
        rule += "true" + String(repeating: ")", count: 25)
        let found = complaint(rule)
        #expect(found?.contains("unsupported key type 'object'") == true)
        #expect(found.map(\.utf8.count) ?? 0 < 20_000)
    }

    @Test func onlyThePlaceOfAComplaintIsShown() {
        let long = "'" + String(repeating: "a", count: 90_000) + "' == 1"
        let found = complaint(long) ?? ""
        #expect(found.hasPrefix("ERROR: <input>:1:90004: found no matching overload"))
        #expect(found.utf8.count < 700)
        #expect(found.hasSuffix("' == 1\n | ..." + String(repeating: ".", count: 200) + "^"))
    }

    @Test func longChainsOfLogicAreNotDeep() {
        let rule = Array(repeating: "self.size > 1", count: 2000).joined(separator: " && ")
        #expect(complaint(rule) == nil)
        #expect(complaint(String(repeating: "!", count: 50_000) + "true") == nil)
    }

    @Test(arguments: [
        "[1,2,3,4,5,6,7,8,9,0].all(a, "
            + "[1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, "
            + "[1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, "
            + "[1,2,3,4,5,6,7,8,9,0].all(f, [1,2,3,4,5,6,7,8,9,0].all(g, true)))))))",
        // Ten times ten times longer, again and again.
        "['aaaaaaaaaa'].map(x, x.replace('a', x)).map(x, x.replace('a', x))"
            + ".map(x, x.replace('a', x)).map(x, x.replace('a', x)).size() == 1",
        "[0].map(x, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')"
            + ".map(x, x.replace('', x)).map(x, x.replace('', x)).map(x, x.replace('', x))"
            + ".map(x, x.matches('(a*)*(a*)*(a*)*b')).size() == 1",
    ])
    func stepsAreBounded(expression: String) {
        #expect(
            CELOutcome.text(expression)
                == "error: operation cancelled: actual cost limit exceeded")
    }
}
