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

    private static func zero(_ type: CELType) -> CELValue? {
        switch type {
        case .double: .double(0)
        case .uint: .uint(0)
        case .duration: .duration(0)
        default: nil
        }
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

    /// A call; a pattern that stands in the expression is read once, and the sum of no elements is
    /// a number of the kind that they would have.
    static func folded(
        _ name: String, _ body: @escaping CELFunction.Body, _ arguments: [CELCode],
        to result: CELType
    ) -> CELCode {
        if name == "sum", let zero = zero(result) {
            let sum: CELFunction.Body = { arguments, meter throws(CELFailure) in
                if case .list(let list)? = arguments.first, list.count == 0 { return zero }
                return try body(arguments, &meter)
            }
            return .call(sum, arguments)
        }
        if name == "or" || name == "orValue", arguments.count == 2 {
            return .alternative(arguments[0], arguments[1], isUnwrapped: name == "orValue")
        }
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
