/// What is done once with values that stand in the expression itself.
enum CELLiterals {
    /// A complaint about a literal that can never be what the function reads.
    static func problem(_ function: String, _ arguments: [CELCode]) -> String? {
        guard case .constant(let value)? = arguments.last, let text = value.asString else {
            return nil
        }
        let isRight =
            switch (function, arguments.count) {
            case ("matches", 2): LinearPattern(text) != nil
            case ("duration", 1): CELTime.nanoseconds(text) != nil
            case ("timestamp", 1): CELTime(text) != nil
            default: true
            }
        return isRight ? nil : "invalid \(function) argument"
    }

    /// A list; one of constants is a constant.
    static func folded(_ elements: [CELCode.Element]) -> CELCode {
        var values: [CELValue] = []
        for element in elements {
            guard case .constant(let value) = element.value, !element.isOptional else {
                return .list(elements)
            }
            values.append(value)
        }
        return .constant(.list(CELList(values)))
    }

    /// A call; a pattern that stands in the expression is read once.
    static func folded(
        _ name: String, _ body: @escaping CELFunction.Body, _ arguments: [CELCode]
    ) -> CELCode {
        guard name == "matches", case .constant(.string(let text))? = arguments.last,
            let pattern = LinearPattern(text)
        else { return .call(body, arguments) }
        let match: CELFunction.Body = { arguments, meter throws(CELFailure) in
            guard case .string(let text)? = arguments.first else { throw .noOverload }
            return .bool(try CELFunction.match(text, pattern, &meter))
        }
        return .call(match, [arguments[0]])
    }
}
