/// Rules for every tracked text, not only for Swift.
enum TextRules {
    /// Unfinished work stands in issues. The words are put together here so that this file
    /// keeps its own rule.
    static func unfinished(path: String, _ lines: [Substring]) -> [Violation] {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        return find(path: path, lines, words, ignoringCase: false) {
            "\($0): finish it or write an issue"
        }
    }

    /// What is tracked works on every machine.
    static func machinePaths(path: String, _ lines: [Substring]) -> [Violation] {
        let folders = ["work", "home", "root"].map { "/" + $0 + "/" }
        return lines.enumerated().flatMap { number, line in
            guard line.utf8.contains(UInt8(ascii: "/")) else { return [Violation]() }
            return folders.filter { folder in
                line.ranges(of: folder).contains { range in
                    guard range.lowerBound > line.startIndex else { return true }
                    let before = line[line.index(before: range.lowerBound)]
                    return !(before.isLetter || before.isNumber || "._-}~".contains(before))
                }
            }.map {
                Violation(path: path, line: number + 1, message: "\($0) is a path of one machine")
            }
        }
    }

    /// Slipway's texts speak of Slipway, not of what they were typed with.
    static func origin(path: String, _ lines: [Substring]) -> [Violation] {
        let words = [
            "cla" + "ude", "anth" + "ropic", "copi" + "lot", "chat" + "gpt", "ai-gen" + "erated",
            "co-auth" + "ored-by", "as an " + "ai ",
        ]
        return find(path: path, lines, words, ignoringCase: true) { "\"\($0)\" has no place here" }
    }

    /// A page has one title, outside of code blocks.
    static func oneTitle(path: String, _ lines: [Substring]) -> [Violation] {
        guard path.hasSuffix(".md") else { return [] }
        var fenced = false
        var titles: [Int] = []
        for (number, line) in lines.enumerated() {
            if line.hasPrefix("```") { fenced.toggle() }
            if !fenced, line.hasPrefix("# ") { titles.append(number + 1) }
        }
        guard titles.count != 1 else { return [] }
        return [
            Violation(
                path: path,
                line: titles.dropFirst().first ?? 1,
                message: "\(titles.count) titles in one page, it must be 1"
            )
        ]
    }

    private static func find(
        path: String,
        _ lines: [Substring],
        _ words: [String],
        ignoringCase: Bool,
        message: (String) -> String
    ) -> [Violation] {
        lines.enumerated().flatMap { number, line in
            let text = ignoringCase ? line.lowercased() : String(line)
            return words.filter { contains($0, in: text) }.map {
                Violation(path: path, line: number + 1, message: message($0))
            }
        }
    }

    private static func contains(_ word: String, in text: String) -> Bool {
        text.utf8.count >= word.utf8.count
            && text.ranges(of: word).contains { range in
                let before = text[..<range.lowerBound].last
                let after = text[range.upperBound...].first
                return !(before?.isLetter ?? false) && !(after?.isLetter ?? false)
            }
    }
}
