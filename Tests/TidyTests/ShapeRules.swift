/// Limits of size, and documentation.
enum ShapeRules {
    static let fileLimit = 500
    static let functionLimit = 70
    static let columnLimit = 100

    static func fileLength(_ source: SwiftSource) -> [Violation] {
        // The line end of the last line makes one empty element more.
        let count = source.lines.last == "" ? source.lines.count - 1 : source.lines.count
        guard count > fileLimit else { return [] }
        return [source.violation(count, "\(count) lines in one file, at most \(fileLimit)")]
    }

    /// Lines of code; in tests the lines of a long string (expected output) are as long as they
    /// are.
    static func lineLength(_ source: SwiftSource) -> [Violation] {
        source.lines.enumerated().filter {
            $0.element.utf8.count > columnLimit && $0.element.count > columnLimit
                && (source.isProduct || !source.literalLines.contains($0.offset + 1))
        }.map {
            source.violation(
                $0.offset + 1,
                "\($0.element.count) columns, at most \(columnLimit)"
            )
        }
    }

    /// Functions, initialisers, subscripts and computed properties, from the line of the keyword
    /// to that of the closing brace.
    static func functionLength(_ source: SwiftSource) -> [Violation] {
        var violations: [Violation] = []
        for index in source.tokens.indices where startsFunction(source, index) {
            guard let open = body(of: index, in: source),
                let close = closing(of: open, in: source)
            else { continue }
            let line = source.tokens[index].line
            let count = source.tokens[close].line - line + 1
            guard count > functionLimit else { continue }
            let name = "\(source.token(index)) \(source.token(index + 1))"
            violations.append(
                source.violation(line, "\(name) has \(count) lines, at most \(functionLimit)")
            )
        }
        return violations
    }

    /// Every type that other targets see says what it is.
    static func documentedTypes(_ source: SwiftSource) -> [Violation] {
        let kinds = ["struct", "class", "enum", "actor", "protocol"]
        let modifiers = ["final", "indirect", "nonisolated"]
        var violations: [Violation] = []
        for index in source.tokens.indices where source.token(index) == "package" {
            var next = index + 1
            while modifiers.contains(source.token(next)) { next += 1 }
            guard kinds.contains(source.token(next)),
                !["Iterator", "AsyncIterator"].contains(source.token(next + 1))
            else { continue }
            let line = source.tokens[index].line
            if !isDocumented(source, line) {
                violations.append(
                    source.violation(
                        line,
                        "\(source.token(next)) \(source.token(next + 1)) has no /// comment"
                    )
                )
            }
        }
        return violations
    }

    private static func isDocumented(_ source: SwiftSource, _ line: Int) -> Bool {
        var above = line - 1
        while above >= 1 {
            let text = source.lines[above - 1].drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("//") else { return false }
            above -= 1
        }
        return false
    }

    private static let functionWords = ["func", "init", "deinit", "subscript", "var"]

    private static func startsFunction(_ source: SwiftSource, _ index: Int) -> Bool {
        let previous = source.token(index - 1)
        return functionWords.contains(source.token(index)) && previous != "." && previous != "`"
    }

    /// The brace that opens the body; `nil` for a requirement of a protocol or a stored property.
    private static func body(of start: Int, in source: SwiftSource) -> Int? {
        let stops = ["func", "init", "deinit", "subscript", "var", "let", "case", "}", ";"]
        var depth = 0
        for index in source.tokens.indices.dropFirst(start + 1) {
            let text = source.token(index)
            switch text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            default: if depth == 0, stops.contains(text) { return nil }
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private static func closing(of open: Int, in source: SwiftSource) -> Int? {
        var depth = 0
        for index in source.tokens.indices.dropFirst(open) {
            if source.token(index) == "{" { depth += 1 }
            if source.token(index) == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
