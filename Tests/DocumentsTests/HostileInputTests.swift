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

    static let yaml: [(String, String)] = [
        ("one long text", repeated("a ")),
        ("one long quoted text", "\"" + repeated("a\n", 1 << 19) + "\""),
        ("blank lines in a block", "a: |\n" + repeated("\n")),
        ("indented blank lines", "a: |\n" + repeated(" \n")),
        ("a folded block", "a: >\n" + repeated(" x\n")), ("comments", repeated("# x\n")),
        ("a flow list", "[" + repeated("a,") + "]"),
        ("a flow mapping", "{" + repeated("a: b,") + "}"),
        ("keys", numbered(40_000) { "k\($0): v\n" }),
        ("falling keys", numbered(40_000) { "k\(100_000 - $0): v\n" }),
        ("one key again and again", repeated("k: v\n", 100_000)),
        ("documents", repeated("--- 1\n")), ("colons", repeated(": ")), ("quotes", repeated("'")),
        ("percents", repeated("%")), ("long first line", repeated("a") + ": 1"),
        ("escapes", "\"" + repeated("\\u0041") + "\""), ("tabs", "a:" + repeated("\t")),
        ("umlauts", numbered(30_000) { "ä\($0): ö\n" }), ("carriage returns", repeated("a\r")),
        ("lists in lists", repeated("- - - - a\n", 200_000)),
        ("unclosed brackets", repeated("[a, ")), ("questions", repeated("? a\n")),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: yaml)
    func yamlCostsWhatItsLengthExplains(_ name: String, _ text: String) {
        let bytes = Array(text.utf8.prefix(1 << 20))
        let took = ContinuousClock().measure { _ = try? YAML.parse(bytes) }
        #expect(took < .seconds(10), "\(name) took \(took)")
    }

    static let json: [(String, String)] = [
        ("falling keys", "{" + numbered(50_000) { "\"k\(1_000_000 - $0)\":1," } + "\"z\":1}"),
        ("one key", "{" + repeated("\"k\":1,") + "\"k\":1}"),
        ("numbers", "[" + repeated("1,", 1 << 19) + "1]"), ("digits", repeated("1")),
        ("a long fraction", "0." + repeated("1")), ("escapes", "\"" + repeated("\\u0041") + "\""),
        ("emoji escapes", "\"" + repeated("\\ud83d\\ude00") + "\""), ("blanks", repeated(" ")),
        ("an open string", "\"" + repeated("a")), ("backslashes", "\"" + repeated("\\\\")),
        ("long keys", "{" + numbered(20_000) { "\"\(repeated("k", 50))\($0)\":1," } + "\"z\":1}"),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: json)
    func jsonCostsWhatItsLengthExplains(_ name: String, _ text: String) {
        let bytes = Array(text.utf8)
        let took = ContinuousClock().measure {
            _ = try? JSON.parse(bytes)
            _ = try? JSON.parseLocated(bytes)
            _ = try? JSON.parse(
                Array("{\"metadata\":{\"managedFields\":".utf8) + bytes + Array("}}".utf8),
                skipping: [.managedFields])
        }
        #expect(took < .seconds(20), "\(name) took \(took)")
    }
}
