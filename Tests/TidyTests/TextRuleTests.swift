import Testing

/// Every rule for texts finds what it is for and leaves the rest alone.
@Suite struct TextRuleTests {
    private func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func unfinishedWorkIsFound() {
        let found = TextRules.unfinished(
            path: "a.md",
            lines("fine\n// TO" + "DO: more\nFIX" + "ME")
        )
        #expect(found.map(\.line) == [2, 3])
        #expect(TextRules.unfinished(path: "a.md", lines("todo, AUTO" + "DONE")) == [])
    }

    @Test(arguments: ["work", "home", "root"])
    func pathsOfAMachineAreFound(folder: String) {
        let path = "/" + folder + "/someone"
        #expect(TextRules.machinePaths(path: "a", lines("x\n\"" + path)).map(\.line) == [2])
        #expect(TextRules.machinePaths(path: "a", lines(path)).map(\.line) == [1])
        #expect(TextRules.machinePaths(path: "a", lines("https://a.b" + path)) == [])
    }

    @Test func wordsOfOriginAreFound() {
        let words = "Co-auth" + "ored-by: somebody\nfine, cla" + "uses\nCla" + "ude"
        #expect(TextRules.origin(path: "a", lines(words)).map(\.line) == [1, 3])
    }

    @Test func aPageHasOneTitle() {
        func found(_ text: String) -> [Int] {
            TextRules.oneTitle(path: "a.md", lines(text)).map(\.line)
        }
        #expect(found("# A\n## B\n```\n# a comment\n```\n") == [])
        #expect(found("text") == [1])
        #expect(found("# A\n\n# B") == [3])
        #expect(TextRules.oneTitle(path: "a.swift", lines("text")) == [])
    }
}
