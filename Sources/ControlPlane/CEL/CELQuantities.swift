/// Kubernetes' quantity library.
extension CELFunction {
    static let quantities: [String: CELFunction] = [
        "quantity": CELFunction([global([.string], quantity)]) {
            arguments, _ throws(CELFailure) in
            guard let text = arguments[0].asString else { throw .noOverload }
            guard let value = Quantity(text) else { throw CELFailure(Quantity.complaint) }
            return .quantity(value)
        },
        "isQuantity": CELFunction([global([.string], .bool)]) {
            arguments, _ throws(CELFailure) in
            guard let text = arguments[0].asString else { throw .noOverload }
            return .bool(Quantity(text) != nil)
        },
        "sign": CELFunction([member([quantity], .int)]) { arguments, _ throws(CELFailure) in
            .int(Int64(try value(arguments[0]).billionths.signum()))
        },
        "isInteger": CELFunction([member([quantity], .bool)]) {
            arguments, _ throws(CELFailure) in .bool(try value(arguments[0]).whole != nil)
        },
        "asInteger": CELFunction([member([quantity], .int)]) {
            arguments, _ throws(CELFailure) in
            guard let whole = try value(arguments[0]).whole else {
                throw CELFailure("cannot convert value to integer")
            }
            return .int(whole)
        },
        "asApproximateFloat": CELFunction([member([quantity], .double)]) {
            arguments, _ throws(CELFailure) in
            .double(Double(try value(arguments[0]).billionths) / 1e9)
        },
        "add": CELFunction(sums) { arguments, _ throws(CELFailure) in
            .quantity(try sum(arguments[0], try value(arguments[1]).billionths))
        },
        "sub": CELFunction(sums) { arguments, _ throws(CELFailure) in
            .quantity(try sum(arguments[0], -(try value(arguments[1]).billionths)))
        },
        "compareTo": CELFunction([member([quantity, quantity], .int)]) {
            arguments, _ throws(CELFailure) in
            let (one, other) = (try value(arguments[0]), try value(arguments[1]))
            return .int(one < other ? -1 : other < one ? 1 : 0)
        },
        "isGreaterThan": CELFunction([member([quantity, quantity], .bool)]) {
            arguments, _ throws(CELFailure) in
            .bool(try value(arguments[1]) < value(arguments[0]))
        },
        "isLessThan": CELFunction([member([quantity, quantity], .bool)]) {
            arguments, _ throws(CELFailure) in
            .bool(try value(arguments[0]) < value(arguments[1]))
        },
    ]

    private static let quantity = CELType.opaque("kubernetes.Quantity")
    private static let sums = [
        member([quantity, quantity], quantity), member([quantity, .int], quantity),
    ]

    private static func sum(
        _ one: CELValue, _ billionths: Int128
    ) throws(CELFailure) -> Quantity {
        guard let sum = try value(one).adding(billionths) else {
            throw CELFailure("quantity overflow")
        }
        return sum
    }

    private static func value(_ value: CELValue) throws(CELFailure) -> Quantity {
        switch value {
        case .quantity(let quantity): return quantity
        case .int(let whole):
            guard let quantity = Quantity(String(whole)) else { throw .overflow }
            return quantity
        default: throw .noOverload
        }
    }
}

extension Quantity {
    /// The number without a fraction; `nil` if it has one or does not fit.
    fileprivate var whole: Int64? {
        let (whole, rest) = billionths.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest == 0 ? Int64(exactly: whole) : nil
    }
}
