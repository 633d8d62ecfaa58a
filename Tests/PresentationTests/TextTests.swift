import Domain
import Testing

@testable import Presentation

@Suite struct TextTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\nb\tc\r", "a b c"), ("\u{1B}[31mred", "\\u{1B}[31mred"),
        ("\u{202E}txt", "\\u{202E}txt"), ("\u{9B}2J", "\\u{9B}2J"), ("größe ✔", "größe ✔"),
    ])
    func textFromOutsideCannotMoveTheCursor(text: String, expected: String) {
        #expect(printable(text) == expected)
    }

    @Test func longTextIsCutVisibly() {
        #expect(shortened("12345", to: 5) == "12345")
        #expect(shortened("123456", to: 5) == "12...")
        #expect(shortened("123456", to: 2) == "...")
    }

    @Test func columnsLineUpAndLinesHaveNoSpaceAtTheEnd() {
        var table = TextTable(["NAME", "X", "LAST"])
        table.add(["a-long-name", "1", "end"])
        table.add(["b", "", "ü\nz", "too much"])
        table.add(["c"])
        #expect(
            table.text() == """
                NAME          X   LAST
                a-long-name   1   end
                b             -   ü z
                c             -   -

                """)
        #expect(table.text(heading: false).hasPrefix("a-long-name   1   end\n"))
    }

    @Test(arguments: [
        (0, "0s"), (119, "119s"), (120, "2m"), (250, "4m10s"), (600, "10m"), (10_799, "179m"),
        (10_800, "3h"), (11_520, "3h12m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"),
        (180_000, "2d2h"), (777_600, "9d"), (66_528_000, "2y40d"), (252_288_000, "8y"),
    ])
    func agesAreCoarserTheLongerTheyAre(seconds: Int64, text: String) {
        #expect("\(Age(.seconds(seconds)))" == text)
    }

    @Test func aMomentInTheFutureHasNoAge() {
        #expect("\(Age(of: Samples.now + .hours(1), at: Samples.now))" == "0s")
    }

    @Test(arguments: [
        (true, ["LANG": "C.UTF-8"], true, true), (false, ["LANG": "de_DE.utf8"], false, true),
        (true, ["NO_COLOR": "1", "LANG": "C"], false, false),
        (true, ["TERM": "dumb"], false, false),
        (true, ["LC_ALL": "C", "LANG": "C.UTF-8"], true, false),
        (true, ["NO_COLOR": "", "LC_ALL": "", "LANG": "C.UTF-8"], true, true),
    ])
    func theTerminalDecidesTheStyle(
        terminal: Bool, environment: [String: String], colour: Bool, unicode: Bool
    ) {
        let style = Style(isTerminal: terminal) { environment[$0] }
        #expect(style == Style(colour: colour, unicode: unicode))
    }

    @Test func marksFallBackToASCII() {
        #expect(Style.plain.line(.done, "approved") == "ok: approved")
        #expect(Style(colour: false, unicode: true).line(.waiting, "a\u{7}") == "◎ a\\u{7}")
        #expect(Style(colour: true, unicode: true).line(.failed, "x") == "\u{1B}[31m✗\u{1B}[0m x")
        let ascii = Style.Mark.allCases.map { Style.plain.line($0, "") }
        #expect(ascii.allSatisfy { $0.utf8.allSatisfy { $0 < 128 } })
    }

    @Test func aTableThatIsDrawnAnewFitsTheScreen() {
        let screen = Screen(columns: 20, rows: 4)
        #expect(screen.fit("a\nb\nc\n") == "a\nb\nc\n")
        #expect(screen.fit("a\nb\nc\nd\n") == "a\nb\n... and 2 more\n")
        let wide = String(repeating: "x", count: 30)
        #expect(screen.fit(wide + "\n") == String(repeating: "x", count: 20) + "\n")
    }
}
