/// A piece of an expression in the Common Expression Language.
///
/// Source of the grammar: the CEL language definition, github.com/google/cel-spec.
struct CELToken: Sendable {
    enum Kind: Hashable, Sendable {
        case identifier, int, uint, double, string, bytes, symbol, end
    }

    let kind: Kind
    /// The characters of it; of a string those that it stands for.
    let text: String
    /// What a bytes literal stands for.
    var bytes: [UInt8] = []
    /// Where it begins: characters from the beginning of the expression.
    let position: Int
}

/// A complaint about an expression, made before it is evaluated.
struct CELProblem: Error, Hashable, Sendable {
    /// Characters from the beginning of the expression.
    let position: Int
    let message: String
}

/// Cuts expressions into tokens.
struct CELLexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    /// All tokens, an `end` last.
    static func tokens(_ scalars: [Unicode.Scalar]) throws(CELProblem) -> [CELToken] {
        var lexer = CELLexer(scalars)
        var tokens: [CELToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        place + ahead < scalars.count ? scalars[place + ahead] : nil
    }

    private func text(from start: Int) -> String {
        String(String.UnicodeScalarView(scalars[start..<place]))
    }

    private mutating func skipBlank() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let next = peek(), next != "\n" { place += 1 }
            } else if scalar == " " || ("\t"..."\r").contains(scalar) {
                place += 1
            } else {
                return
            }
        }
    }

    private mutating func next() throws(CELProblem) -> CELToken {
        skipBlank()
        let start = place
        guard let scalar = peek() else {
            return CELToken(kind: .end, text: "<EOF>", position: start)
        }
        if let literal = try string() { return literal }
        if scalar.isCELWord, !scalar.isCELDigit {
            while let next = peek(), next.isCELWord { place += 1 }
            return CELToken(kind: .identifier, text: text(from: start), position: start)
        }
        if scalar.isCELDigit || (scalar == "." && peek(1)?.isCELDigit == true) {
            return number()
        }
        let pair = peek(1).map { String(scalar) + String($0) } ?? ""
        place += Self.pairs.contains(pair) ? 2 : 1
        guard place - start == 2 || Self.symbols.contains(scalar) else {
            throw CELProblem(
                position: start,
                message: "Syntax error: token recognition error at: '\(text(from: start))'")
        }
        return CELToken(kind: .symbol, text: text(from: start), position: start)
    }

    private static let pairs: Set<String> = ["==", "!=", "<=", ">=", "&&", "||"]
    private static let symbols = Set("()[]{}.,?:+-*/%<>!".unicodeScalars)

    // MARK: Numbers

    private mutating func digits() {
        while let next = peek(), next.isCELDigit { place += 1 }
    }

    private mutating func number() -> CELToken {
        let start = place
        var kind = CELToken.Kind.int
        if peek() == "0", peek(1) == "x" || peek(1) == "X", peek(2)?.hexValue != nil {
            place += 2
            while peek()?.hexValue != nil { place += 1 }
        } else {
            digits()
            if peek() == ".", peek(1)?.isCELDigit == true {
                kind = .double
                place += 1
                digits()
            }
            if peek() == "e" || peek() == "E" {
                let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
                if peek(1 + sign)?.isCELDigit == true {
                    kind = .double
                    place += 1 + sign
                    digits()
                }
            }
        }
        let written = text(from: start)
        if kind == .int, peek() == "u" || peek() == "U" {
            place += 1
            kind = .uint
        }
        return CELToken(kind: kind, text: written, position: start)
    }

    // MARK: Strings

    /// A literal of a string or of bytes, if one begins here.
    private mutating func string() throws(CELProblem) -> CELToken? {
        var ahead = 0
        var isRaw = false
        var isBytes = false
        if peek() == "b" || peek() == "B" {
            isBytes = true
            ahead += 1
        }
        if peek(ahead) == "r" || peek(ahead) == "R" {
            isRaw = true
            ahead += 1
        }
        guard let quote = peek(ahead), quote == "\"" || quote == "'" else { return nil }
        let start = place
        place += ahead + 1
        var width = 1
        if peek() == quote, peek(1) == quote {
            width = 3
            place += 2
        }
        var content = Content(isBytes: isBytes)
        while !closes(quote, width) {
            guard let scalar = peek(), width == 3 || (scalar != "\n" && scalar != "\r") else {
                throw CELProblem(
                    position: start,
                    message: "Syntax error: token recognition error at: '\(text(from: start))'")
            }
            place += 1
            if scalar == "\\", !isRaw {
                try escape(&content)
            } else {
                content.append(scalar)
            }
        }
        place += width
        return CELToken(
            kind: isBytes ? .bytes : .string, text: String(content.scalars),
            bytes: content.bytes, position: start)
    }

    private func closes(_ quote: Unicode.Scalar, _ width: Int) -> Bool {
        (0..<width).allSatisfy { peek($0) == quote }
    }

    private struct Content {
        let isBytes: Bool
        var scalars = String.UnicodeScalarView()
        var bytes: [UInt8] = []

        mutating func append(_ scalar: Unicode.Scalar) {
            if isBytes { bytes += Array(String(scalar).utf8) } else { scalars.append(scalar) }
        }
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{B}",
        "\\": "\\", "?": "?", "\"": "\"", "'": "'", "`": "`",
    ]

    /// What stands after a backslash.
    private mutating func escape(_ content: inout Content) throws(CELProblem) {
        let start = place - 1
        let problem = CELProblem(
            position: start, message: "Syntax error: token recognition error at: '\\'")
        guard let scalar = peek() else { throw problem }
        place += 1
        if let simple = Self.escapes[scalar] { return content.append(simple) }
        let (count, radix): (Int, UInt32)
        switch scalar {
        case "x", "X": (count, radix) = (2, 16)
        case "u": (count, radix) = (4, 16)
        case "U": (count, radix) = (8, 16)
        case "0"..."3":
            place -= 1
            (count, radix) = (3, 8)
        default: throw problem
        }
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = peek()?.hexValue, digit < radix else { throw problem }
            value = value &* radix &+ digit
            place += 1
        }
        if content.isBytes, count < 4, value < 256 {
            content.bytes.append(UInt8(truncatingIfNeeded: value))
        } else if !content.isBytes, let result = Unicode.Scalar(value) {
            content.append(result)
        } else {
            throw problem
        }
    }
}

extension Unicode.Scalar {
    var isCELDigit: Bool { ("0"..."9").contains(self) }

    /// It may stand in a name.
    var isCELWord: Bool {
        isCELDigit || self == "_" || ("a"..."z").contains(self) || ("A"..."Z").contains(self)
    }

    fileprivate var hexValue: UInt32? {
        switch self {
        case "0"..."9": value - 48
        case "a"..."f": value - 87
        case "A"..."F": value - 55
        default: nil
        }
    }
}
