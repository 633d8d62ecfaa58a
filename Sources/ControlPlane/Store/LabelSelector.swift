package import Domain

extension LabelSelector {
    /// Reads the form of a query: `tier=web,track in (a, b),!old`.
    package init(parsing text: String) throws(APIStatus) {
        var parser = LabelSelectorParser(text)
        self.init(try parser.requirements())
    }
}

/// Reads label selectors with the words of the real server's errors.
private struct LabelSelectorParser {
    private enum Token: Equatable {
        case word(String)
        case symbol(String)
        case end

        var text: String {
            switch self {
            case .word(let text), .symbol(let text): text
            case .end: ""
            }
        }
    }

    private var tokens: [Token] = []
    private var position = 0

    init(_ text: String) {
        var word = ""
        var rest = Substring(text)
        func isSpecial(_ character: Character) -> Bool { "=!(),><".contains(character) }
        while let character = rest.first {
            rest.removeFirst()
            guard isSpecial(character) || character.isWhitespace else {
                word.append(character)
                continue
            }
            if !word.isEmpty { tokens.append(.word(word)) }
            word = ""
            guard !character.isWhitespace else { continue }
            if (character == "=" || character == "!"), rest.first == "=" {
                rest.removeFirst()
                tokens.append(.symbol("\(character)="))
            } else {
                tokens.append(.symbol(String(character)))
            }
        }
        if !word.isEmpty { tokens.append(.word(word)) }
    }

    private var next: Token { position < tokens.count ? tokens[position] : .end }

    private mutating func take() -> Token {
        let token = next
        position += 1
        return token
    }

    mutating func requirements() throws(APIStatus) -> [LabelSelector.Requirement] {
        var found: [LabelSelector.Requirement] = []
        guard next != .end else { return [] }
        while true {
            switch next {
            case .word, .symbol("!"): found.append(try requirement())
            default:
                throw .badRequest(
                    "found '\(next.text)', expected: !, identifier, or 'end of string'")
            }
            switch take() {
            case .end: return found
            case .symbol(","):
                guard next == .symbol("!") || isWord(next) else {
                    throw .badRequest("found '\(next.text)', expected: identifier after ','")
                }
            case let other:
                throw .badRequest("found '\(other.text)', expected: ',' or 'end of string'")
            }
        }
    }

    private func isWord(_ token: Token) -> Bool {
        if case .word = token { true } else { false }
    }

    private mutating func requirement() throws(APIStatus) -> LabelSelector.Requirement {
        func problem(_ text: String) -> APIStatus {
            .badRequest("unable to parse requirement: \(text)")
        }
        var token = take()
        let isNegated = token == .symbol("!")
        if isNegated { token = take() }
        guard case .word(let key) = token else {
            throw problem("found '\(token.text)', expected: identifier")
        }
        if let complaint = MetadataRules.labelKeyProblem(key) {
            throw problem("<nil>: Invalid value: \"\(key)\": \(complaint)")
        }
        if isNegated { return .missing(key) }
        if next == .end || next == .symbol(",") { return .exists(key) }
        let sign = take()
        switch sign.text {
        case "in": return .among(key, try values(problem))
        case "notin": return .notAmong(key, try values(problem))
        case "=", "==": return .among(key, [try value(key, problem)])
        case "!=": return .notAmong(key, [try value(key, problem)])
        case ">", "<":
            let text = try value(key, problem)
            guard let number = Int64(text) else {
                throw problem(
                    "values[0][\(key)]: Invalid value: \"\(text)\": for 'Gt', 'Lt' "
                        + "operators, the value must be an integer")
            }
            return sign.text == ">" ? .greater(key, number) : .less(key, number)
        default:
            throw problem("found '\(sign.text)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func value(
        _ key: String, _ problem: (String) -> APIStatus
    ) throws(APIStatus) -> String {
        guard next != .end, next != .symbol(",") else { return "" }
        guard case .word(let text) = take() else {
            throw problem("found '\(tokens[position - 1].text)', expected: identifier")
        }
        if let complaint = MetadataRules.labelValueProblem(text) {
            throw problem("values[0][\(key)]: Invalid value: \"\(text)\": \(complaint)")
        }
        return text
    }

    private mutating func values(_ problem: (String) -> APIStatus) throws(APIStatus) -> [String] {
        let open = take()
        guard open == .symbol("(") else { throw problem("found '\(open.text)' expected: '('") }
        var found: [String] = []
        while true {
            switch take() {
            case .word(let text): found.append(text)
            case .symbol(","): continue
            case .symbol(")"): return found
            case let other: throw problem("found '\(other.text)', expected: ',', ')' or identifier")
            }
        }
    }
}
