import Documents
import Domain
import Testing

/// Inputs that are made to cost much: each is read or refused in about the time
/// that its length explains.
@Suite struct HostileInputTests {
    static func repeated(_ part: String, _ bytes: Int = 1 << 18) -> String {
        String(repeating: part, count: bytes / part.utf8.count)
    }

    static func numbered(_ count: Int, _ line: (Int) -> String) -> String {
        (0..<count).map(line).joined()
    }

    static let yaml: [Hostile] = [
        Hostile("one long text", repeated("a ")),
        Hostile("one long quoted text", "\"" + repeated("a\n", 1 << 19) + "\""),
        Hostile("blank lines in a block", "a: |\n" + repeated("\n")),
        Hostile("indented blank lines", "a: |\n" + repeated(" \n")),
        Hostile("a folded block", "a: >\n" + repeated(" x\n")),
        Hostile("comments", repeated("# x\n")),
        Hostile("a flow list", "[" + repeated("a,") + "]"),
        Hostile("a flow mapping", "{" + repeated("a: b,") + "}"),
        Hostile("keys", numbered(40_000) { "k\($0): v\n" }),
        Hostile("falling keys", numbered(40_000) { "k\(100_000 - $0): v\n" }),
        Hostile("one key again and again", repeated("k: v\n", 100_000)),
        Hostile("documents", repeated("--- 1\n")), Hostile("colons", repeated(": ")),
        Hostile("quotes", repeated("'")),
        Hostile("percents", repeated("%")), Hostile("long first line", repeated("a") + ": 1"),
        Hostile("escapes", "\"" + repeated("\\u0041") + "\""),
        Hostile("tabs", "a:" + repeated("\t")),
        Hostile("umlauts", numbered(30_000) { "ä\($0): ö\n" }),
        Hostile("carriage returns", repeated("a\r")),
        Hostile("lists in lists", repeated("- - - - a\n", 200_000)),
        Hostile("unclosed brackets", repeated("[a, ")), Hostile("questions", repeated("? a\n")),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: yaml)
    func yamlCostsWhatItsLengthExplains(_ input: Hostile) {
        let bytes = Array(input.text().utf8)
        let took = ContinuousClock().measure { _ = try? YAML.parse(bytes) }
        #expect(took < .seconds(10), "\(input.name) took \(took)")
    }

    static let json: [Hostile] = [
        Hostile(
            "falling keys", "{" + numbered(50_000) { "\"k\(1_000_000 - $0)\":1," } + "\"z\":1}"),
        Hostile("one key", "{" + repeated("\"k\":1,") + "\"k\":1}"),
        Hostile("numbers", "[" + repeated("1,", 1 << 19) + "1]"), Hostile("digits", repeated("1")),
        Hostile("a long fraction", "0." + repeated("1")),
        Hostile("escapes", "\"" + repeated("\\u0041") + "\""),
        Hostile("emoji escapes", "\"" + repeated("\\ud83d\\ude00") + "\""),
        Hostile("blanks", repeated(" ")),
        Hostile("an open string", "\"" + repeated("a")),
        Hostile("backslashes", "\"" + repeated("\\\\")),
        Hostile(
            "long keys",
            "{" + numbered(20_000) { "\"\(repeated("k", 50))\($0)\":1," } + "\"z\":1}"),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: json)
    func jsonCostsWhatItsLengthExplains(_ input: Hostile) {
        let bytes = Array(input.text().utf8)
        let took = ContinuousClock().measure {
            _ = try? JSON.parse(bytes)
            _ = try? JSON.parseLocated(bytes)
            _ = try? JSON.parse(
                Array("{\"metadata\":{\"managedFields\":".utf8) + bytes + Array("}}".utf8),
                skipping: [.managedFields])
        }
        #expect(took < .seconds(20), "\(input.name) took \(took)")
    }
}

/// One input, made when it is needed and named by its name alone.
struct Hostile: Sendable, CustomTestStringConvertible {
    let name: String
    let text: @Sendable () -> String

    init(_ name: String, _ text: @autoclosure @escaping @Sendable () -> String) {
        self.name = name
        self.text = text
    }

    var testDescription: String { name }
}
