/// Reads expressions. What is read is bounded: its length, and how deep it is, since each level
/// costs stack when it is evaluated.
struct CELParser {
    /// Characters of an expression at most.
    static let lengthLimit = 100_000
    /// Levels of brackets at most.
    static let nestingLimit = 60
    /// Levels of an expression at most; every link of `a + b + c` or `a.b.c` is one.
    static let depthLimit = 150

    private let tokens: [CELToken]
    private var place = 0
    private var nesting = 0

    /// - Throws: what is wrong with it, and where.
    static func parse(_ scalars: [Unicode.Scalar]) throws(CELProblem) -> CELSyntax {
        guard scalars.count <= lengthLimit else {
            throw CELProblem(
                position: 0,
                message: "expression code point size exceeds limit: size: \(scalars.count), "
                    + "limit \(lengthLimit)")
        }
        var parser = CELParser(tokens: try CELLexer.tokens(scalars))
        let syntax = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected("<EOF>") }
        return syntax
    }

    private init(tokens: [CELToken]) { self.tokens = tokens }

    private var token: CELToken { tokens[place] }

    private func isSymbol(_ text: String) -> Bool { token.kind == .symbol && token.text == text }

    private mutating func take(_ text: String) -> Int? {
        guard isSymbol(text) else { return nil }
        defer { advance() }
        return token.position
    }

    private mutating func advance() { place = min(place + 1, tokens.count - 1) }

    @discardableResult
    private mutating func expect(_ text: String) throws(CELProblem) -> Int {
        guard let position = take(text) else { throw unexpected("'\(text)'") }
        return position
    }

    private static let operand =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, "
        + "STRING, BYTES, IDENTIFIER}"

    private func unexpected(_ expected: String) -> CELProblem {
        CELProblem(
            position: token.position,
            message: "Syntax error: mismatched input '\(token.text)' expecting \(expected)")
    }

    private func tooDeep(_ limit: Int) -> CELProblem {
        CELProblem(
            position: token.position, message: "expression recursion limit exceeded: \(limit)")
    }

    /// An expression of some form, unless it is too deep.
    func node(_ form: CELSyntax.Form, at position: Int) throws(CELProblem) -> CELSyntax {
        let result = CELSyntax(form, at: position)
        guard result.depth <= Self.depthLimit else { throw tooDeep(Self.depthLimit) }
        return result
    }

    // MARK: Operators

    /// `a ? b : c`, and all that binds closer.
    private mutating func expression() throws(CELProblem) -> CELSyntax {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.nestingLimit else { throw tooDeep(Self.nestingLimit) }
        let condition = try logic(isAnd: false)
        guard let position = take("?") else { return condition }
        let one = try logic(isAnd: false)
        try expect(":")
        return try node(.choice(condition, one, try expression()), at: position)
    }

    private mutating func logic(isAnd: Bool) throws(CELProblem) -> CELSyntax {
        var operands: [CELSyntax] = []
        var first: Int?
        while true {
            operands.append(isAnd ? try binary(0) : try logic(isAnd: true))
            guard let position = take(isAnd ? "&&" : "||") else { break }
            first = first ?? position
        }
        guard let first else { return operands[0] }
        return try node(.logic(isAnd: isAnd, operands), at: first)
    }

    private static let levels: [Set<String>] = [
        ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"],
    ]

    private mutating func binary(_ level: Int) throws(CELProblem) -> CELSyntax {
        guard level < Self.levels.count else { return try unary() }
        var left = try binary(level + 1)
        while token.kind == .symbol || (token.kind == .identifier && token.text == "in"),
            Self.levels[level].contains(token.text)
        {
            let name = token.text == "in" ? "@in" : "_\(token.text)_"
            let position = token.position
            advance()
            let right = try binary(level + 1)
            left = try node(.call(name, target: nil, [left, right]), at: position)
        }
        return left
    }

    private mutating func unary() throws(CELProblem) -> CELSyntax {
        guard token.kind == .symbol, token.text == "!" || token.text == "-" else {
            return try member()
        }
        let sign = token.text
        let position = token.position
        var count = 0
        while isSymbol(sign) {
            if sign == "-", tokens[place + 1].kind == .int || tokens[place + 1].kind == .double {
                break
            }
            count += 1
            advance()
        }
        let operand = try member()
        guard count % 2 == 1 else { return operand }
        let name = sign == "!" ? "!_" : "-_"
        return try node(.call(name, target: nil, [operand]), at: position)
    }

    // MARK: Members

    private mutating func member() throws(CELProblem) -> CELSyntax {
        var operand = try primary()
        while true {
            if let position = take(".") {
                let isOptional = take("?") != nil
                let name = token
                guard name.kind == .identifier, !Self.words.contains(name.text) else {
                    throw unexpected("IDENTIFIER")
                }
                advance()
                guard !isOptional, isSymbol("(") else {
                    operand = try node(
                        .select(operand, name.text, isOptional: isOptional), at: position)
                    continue
                }
                let open = try expect("(")
                let arguments = try arguments(until: ")")
                operand = try call(name.text, target: operand, arguments, open)
            } else if let position = take("[") {
                let isOptional = take("?") != nil
                let key = try expression()
                try expect("]")
                operand = try node(.index(operand, key, isOptional: isOptional), at: position)
            } else {
                return operand
            }
        }
    }

    private mutating func arguments(until end: String) throws(CELProblem) -> [CELSyntax] {
        var result: [CELSyntax] = []
        if take(end) != nil { return result }
        while true {
            result.append(try expression())
            if take(end) != nil { return result }
            try expect(",")
        }
    }

    private static let words: Set<String> = ["in", "true", "false", "null"]
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    ]

    private mutating func primary() throws(CELProblem) -> CELSyntax {
        if let literal = try literal() { return literal }
        let first = token
        if take("(") != nil {
            let inner = try expression()
            try expect(")")
            return inner
        }
        if take("[") != nil { return try list(first.position) }
        if take("{") != nil { return try map(first.position) }
        let isRooted = take(".") != nil
        let name = token
        guard name.kind == .identifier, !Self.words.contains(name.text) else {
            throw unexpected(isRooted ? "IDENTIFIER" : Self.operand)
        }
        advance()
        if isSymbol("(") {
            let open = try expect("(")
            return try call(name.text, target: nil, try arguments(until: ")"), open)
        }
        guard !Self.reserved.contains(name.text) else {
            throw CELProblem(
                position: name.position, message: "Syntax error: reserved identifier: \(name.text)")
        }
        return try node(.name(name.text), at: name.position)
    }

    private mutating func list(_ position: Int) throws(CELProblem) -> CELSyntax {
        var elements: [CELSyntax.Element] = []
        while take("]") == nil {
            let isOptional = take("?") != nil
            elements.append(.init(value: try expression(), isOptional: isOptional))
            if take(",") != nil { continue }
            try expect("]")
            break
        }
        return try node(.list(elements), at: position)
    }

    private mutating func map(_ position: Int) throws(CELProblem) -> CELSyntax {
        var entries: [CELSyntax.Entry] = []
        while take("}") == nil {
            let isOptional = take("?") != nil
            let key = try expression()
            try expect(":")
            entries.append(.init(key: key, value: try expression(), isOptional: isOptional))
            if take(",") != nil { continue }
            try expect("}")
            break
        }
        return try node(.map(entries), at: position)
    }

    private mutating func literal() throws(CELProblem) -> CELSyntax? {
        let isNegative =
            isSymbol("-") && (tokens[place + 1].kind == .int || tokens[place + 1].kind == .double)
        let number = isNegative ? tokens[place + 1] : token
        let position = token.position
        let sign = isNegative ? "-" : ""
        let isHex = number.text.hasPrefix("0x") || number.text.hasPrefix("0X")
        let digits = isHex ? String(number.text.dropFirst(2)) : number.text
        let value: CELValue?
        switch number.kind {
        case .int: value = Int64(sign + digits, radix: isHex ? 16 : 10).map(CELValue.int)
        case .uint: value = UInt64(digits, radix: isHex ? 16 : 10).map(CELValue.uint)
        case .double: value = Double(sign + digits).map(CELValue.double)
        case .string: value = .string(number.text)
        case .bytes: value = .bytes(number.bytes)
        case .identifier:
            switch number.text {
            case "true": value = .bool(true)
            case "false": value = .bool(false)
            case "null": value = .null
            default: return nil
            }
        case .symbol, .end: return nil
        }
        guard let value else {
            let kind = number.kind == .uint ? "uint" : "int"
            throw CELProblem(
                position: position, message: "Syntax error: invalid \(kind) literal")
        }
        if isNegative { advance() }
        advance()
        return try node(.literal(value), at: position)
    }
}
