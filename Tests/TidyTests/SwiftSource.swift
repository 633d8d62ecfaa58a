/// A Swift file, cut into what the rules look at: raw lines, comments, and tokens of the code
/// without comments and without the text of string literals.
struct SwiftSource {
    /// A word (with a leading `@` or `#` where it has one) or a single other character.
    struct Token: Equatable {
        let text: String
        /// 1-based.
        let line: Int
    }

    /// Relative to the repository: `Sources/Domain/Digest.swift`.
    let path: String
    let lines: [Substring]
    /// What stands in comments, by line; index 0 is line 1.
    let comments: [String]
    let tokens: [Token]
    /// Lines that begin inside a string of several lines.
    let literalLines: Set<Int>

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var lexer = Lexer(text)
        lexer.run()
        comments = String(decoding: lexer.comments, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                line.utf8.contains { $0 != 32 }
                    ? line.split(separator: " ").joined(separator: " ") : ""
            }
        tokens = Self.tokens(of: lexer.code)
        literalLines = lexer.literalLines
    }

    /// The folder below `Sources` or `Tests`; empty for `Package.swift`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var isProduct: Bool { path.hasPrefix("Sources/") }

    /// The token at an index; an empty one outside.
    func token(_ index: Int) -> String {
        tokens.indices.contains(index) ? tokens[index].text : ""
    }

    /// The comment that belongs to a line: on it, or in the lines of comment right above it.
    func comment(at line: Int) -> String {
        var words = comment(onLine: line)
        var above = line - 1
        while above >= 1, lines[above - 1].drop(while: { $0 == " " }).hasPrefix("//") {
            words = comment(onLine: above) + " " + words
            above -= 1
        }
        return words
    }

    private func comment(onLine line: Int) -> String {
        comments.indices.contains(line - 1) ? comments[line - 1] : ""
    }

    private static func tokens(of code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = 0
        while index < code.count {
            let byte = code[index]
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte > 32 else {
                index += 1
                continue
            }
            let start = index
            index += 1
            if isWord(byte) || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#") {
                while index < code.count, isWord(code[index]) { index += 1 }
            }
            tokens.append(
                Token(text: String(decoding: code[start..<index], as: UTF8.self), line: line)
            )
        }
        return tokens
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 128...255:
            true
        default: false
        }
    }
}

/// Separates code from comments and from the text of string literals; what is interpolated into
/// a string counts as code. Regex literals are not known.
private struct Lexer {
    private enum Mode {
        /// Code, with the depth of its parentheses; `interpolated` ends at the one that closes it.
        case code(depth: Int, interpolated: Bool)
        case string(hashes: Int, multiline: Bool)
        case lineComment
        case blockComment(depth: Int)
    }

    private let text: [UInt8]
    private var index = 0
    private var modes: [Mode] = [.code(depth: 0, interpolated: false)]
    /// As long as the text; a space stands for what is not code, line ends stay.
    private(set) var code: [UInt8] = []
    /// The same for comments.
    private(set) var comments: [UInt8] = []
    private(set) var literalLines: Set<Int> = []
    private var line = 1

    init(_ text: String) {
        self.text = Array(text.utf8)
        code.reserveCapacity(self.text.count)
        comments.reserveCapacity(self.text.count)
    }

    mutating func run() {
        while index < text.count {
            switch modes.last ?? .code(depth: 0, interpolated: false) {
            case .code(let depth, let interpolated):
                scanCode(depth: depth, interpolated: interpolated)
            case .string(let hashes, let multiline):
                scanString(hashes: hashes, multiline: multiline)
            case .lineComment:
                if text[index] == UInt8(ascii: "\n") { modes.removeLast() }
                emit(1, comment: true)
            case .blockComment(let depth): scanBlockComment(depth: depth)
            }
        }
    }

    private mutating func scanCode(depth: Int, interpolated: Bool) {
        let byte = text[index]
        if byte == UInt8(ascii: "/"), sees("//") {
            modes.append(.lineComment)
            return
        }
        if byte == UInt8(ascii: "/"), sees("/*") {
            modes.append(.blockComment(depth: 0))
            return
        }
        if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\""),
            let opening = stringOpening()
        {
            modes.append(.string(hashes: opening.hashes, multiline: opening.multiline))
            emit(opening.length)
            return
        }
        if byte == UInt8(ascii: "(") {
            replace(.code(depth: depth + 1, interpolated: interpolated))
        }
        if byte == UInt8(ascii: ")") {
            if interpolated, depth == 0 {
                modes.removeLast()
                emit(1)
                return
            }
            replace(.code(depth: depth - 1, interpolated: interpolated))
        }
        emit(1, code: true)
    }

    private mutating func scanString(hashes: Int, multiline: Bool) {
        let byte = text[index]
        guard byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") else {
            if !multiline, byte == UInt8(ascii: "\n") { modes.removeLast() }
            emit(1)
            return
        }
        let pounds = String(repeating: "#", count: hashes)
        if sees("\\" + pounds + "(") {
            modes.append(.code(depth: 0, interpolated: true))
            emit(2 + hashes)
        } else if sees("\\" + pounds) {
            emit(min(2 + hashes, text.count - index))
        } else if sees((multiline ? "\"\"\"" : "\"") + pounds) {
            modes.removeLast()
            emit((multiline ? 3 : 1) + hashes)
        } else {
            emit(1)
        }
    }

    private mutating func scanBlockComment(depth: Int) {
        if sees("/*") {
            replace(.blockComment(depth: depth + 1))
            emit(2, comment: true)
        } else if sees("*/") {
            if depth > 1 { replace(.blockComment(depth: depth - 1)) } else { modes.removeLast() }
            emit(2, comment: true)
        } else {
            emit(1, comment: true)
        }
    }

    private func stringOpening() -> (hashes: Int, multiline: Bool, length: Int)? {
        var hashes = 0
        while index + hashes < text.count, text[index + hashes] == UInt8(ascii: "#") { hashes += 1 }
        guard index + hashes < text.count, text[index + hashes] == UInt8(ascii: "\"") else {
            return nil
        }
        let multiline = sees(String(repeating: "#", count: hashes) + "\"\"\"")
        return (hashes, multiline, hashes + (multiline ? 3 : 1))
    }

    private func sees(_ word: String) -> Bool {
        text[index...].starts(with: word.utf8)
    }

    private mutating func replace(_ mode: Mode) {
        modes[modes.count - 1] = mode
    }

    private mutating func emit(_ count: Int, code isCode: Bool = false, comment: Bool = false) {
        for byte in text[index..<index + count] {
            let isLineEnd = byte == UInt8(ascii: "\n")
            if isLineEnd {
                line += 1
                if case .string(_, multiline: true) = modes.last { literalLines.insert(line) }
            }
            code.append(isCode || isLineEnd ? byte : UInt8(ascii: " "))
            comments.append(comment || isLineEnd ? byte : UInt8(ascii: " "))
        }
        index += count
    }
}
