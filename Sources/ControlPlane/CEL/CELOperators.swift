extension CELFunction {
    static let operators: [String: CELFunction] = [
        "!_": CELFunction([global([.bool], .bool)]) { arguments, _ throws(CELFailure) in
            guard let value = arguments[0].asBool else { throw .noOverload }
            return .bool(!value)
        },
        "-_": CELFunction([global([.int], .int), global([.double], .double)]) {
            arguments, _ throws(CELFailure) in
            switch arguments[0] {
            case .double(let value): return .double(-value)
            case .int(let value):
                guard value != .min else { throw .overflow }
                return .int(-value)
            default: throw .noOverload
            }
        },
        "_+_": CELFunction(
            numbers + [
                global([.string, .string], .string), global([.bytes, .bytes], .bytes),
                global([.list(a), .list(a)], .list(a)),
                global([.duration, .duration], .duration),
                global([.timestamp, .duration], .timestamp),
                global([.duration, .timestamp], .timestamp),
            ], add),
        "_-_": CELFunction(
            numbers + [
                global([.duration, .duration], .duration),
                global([.timestamp, .duration], .timestamp),
                global([.timestamp, .timestamp], .duration),
            ], subtract),
        "_*_": CELFunction(numbers) { arguments, _ throws(CELFailure) in
            try arithmetic(
                arguments, { $0.multipliedReportingOverflow(by: $1) },
                { $0.multipliedReportingOverflow(by: $1) }, *)
        },
        "_/_": CELFunction(numbers) { arguments, _ throws(CELFailure) in
            guard !isZero(arguments[1]) else { throw CELFailure("division by zero") }
            return try arithmetic(
                arguments, { $0.dividedReportingOverflow(by: $1) },
                { $0.dividedReportingOverflow(by: $1) }, /)
        },
        "_%_": CELFunction([global([.int, .int], .int), global([.uint, .uint], .uint)]) {
            arguments, _ throws(CELFailure) in
            guard !isZero(arguments[1]) else { throw CELFailure("modulus by zero") }
            return try arithmetic(
                arguments, { $0.remainderReportingOverflow(dividingBy: $1) },
                { $0.remainderReportingOverflow(dividingBy: $1) }, nil)
        },
    ]

    private static let numbers = [
        global([.int, .int], .int), global([.uint, .uint], .uint),
        global([.double, .double], .double),
    ]

    private static func isZero(_ value: CELValue) -> Bool {
        switch value {
        case .int(let value): value == 0
        case .uint(let value): value == 0
        default: false
        }
    }

    private static func arithmetic(
        _ arguments: [CELValue],
        _ signed: (Int64, Int64) -> (partialValue: Int64, overflow: Bool),
        _ unsigned: (UInt64, UInt64) -> (partialValue: UInt64, overflow: Bool),
        _ real: ((Double, Double) -> Double)?
    ) throws(CELFailure) -> CELValue {
        switch (arguments[0], arguments[1]) {
        case (.int(let one), .int(let other)):
            let (value, overflow) = signed(one, other)
            guard !overflow else { throw .overflow }
            return .int(value)
        case (.uint(let one), .uint(let other)):
            let (value, overflow) = unsigned(one, other)
            guard !overflow else { throw CELFailure("unsigned integer overflow") }
            return .uint(value)
        case (.double(let one), .double(let other)):
            guard let real else { throw .noOverload }
            return .double(real(one, other))
        default: throw .noOverload
        }
    }

    static let add: Body = { arguments, meter throws(CELFailure) in
        switch (arguments[0], arguments[1]) {
        case (.string(let one), .string(let other)):
            try meter.spend(reading: one.utf8.count + other.utf8.count)
            return .string(one + other)
        case (.bytes(let one), .bytes(let other)):
            try meter.spend(reading: one.count + other.count)
            return .bytes(one + other)
        case (.list(let one), .list(let other)): return .list(try join(one, other, &meter))
        case (.duration(let one), .duration(let other)):
            return .duration(try CELTime.sum(one, other))
        case (.timestamp(let time), .duration(let span)),
            (.duration(let span), .timestamp(let time)):
            return .timestamp(try time.adding(span))
        default:
            return try arithmetic(
                arguments, { $0.addingReportingOverflow($1) },
                { $0.addingReportingOverflow($1) }, +)
        }
    }

    private static let subtract: Body = { arguments, _ throws(CELFailure) in
        switch (arguments[0], arguments[1]) {
        case (.duration(let one), .duration(let other)):
            guard other != .min else { throw .overflow }
            return .duration(try CELTime.sum(one, -other))
        case (.timestamp(let time), .duration(let span)):
            guard span != .min else { throw .overflow }
            return .timestamp(try time.adding(-span))
        case (.timestamp(let one), .timestamp(let other)):
            return .duration(try one.since(other))
        default:
            return try arithmetic(
                arguments, { $0.subtractingReportingOverflow($1) },
                { $0.subtractingReportingOverflow($1) }, -)
        }
    }

    /// Of sets the union, of maps the first with the second's values; the order is the first's.
    private static func join(
        _ one: CELList, _ other: CELList, _ meter: inout CELMeter
    ) throws(CELFailure) -> CELList {
        var values = try one.values(&meter)
        let added = try other.values(&meter)
        guard let schema = one.schema, schema.isUnordered else {
            return CELList(values + added)
        }
        for value in added {
            var match: Int?
            for (index, known) in values.enumerated() where match == nil {
                try meter.spend()
                if try isSameElement(known, value, schema, &meter) { match = index }
            }
            if let match { values[match] = value } else { values.append(value) }
        }
        return CELList(values, like: schema)
    }

    /// The same key of a map, or the same value of a set.
    private static func isSameElement(
        _ one: CELValue, _ other: CELValue, _ schema: CELSchema, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        guard schema.listType == "map", case .record(let one) = one,
            case .record(let other) = other
        else { return try areEqual(one, other, &meter) }
        for key in schema.listKeys {
            guard let name = CELSchema.escaped(key) else { return false }
            switch (try one.value(name, &meter), try other.value(name, &meter)) {
            case (nil, nil): continue
            case (let value?, let match?):
                guard try areEqual(value, match, &meter) else { return false }
            default: return false
            }
        }
        return true
    }

    // MARK: Comparisons

    static let comparisons: [String: CELFunction] = {
        var result: [String: CELFunction] = [
            "_==_": CELFunction([global([a, a], .bool)]) { arguments, meter throws(CELFailure) in
                .bool(try areEqual(arguments[0], arguments[1], &meter))
            },
            "_!=_": CELFunction([global([a, a], .bool)]) { arguments, meter throws(CELFailure) in
                let isSame = try areEqual(arguments[0], arguments[1], &meter)
                return .bool(!isSame)
            },
            "@in": CELFunction(
                [global([a, .list(a)], .bool), global([a, .map(a, b)], .bool)]
            ) { arguments, meter throws(CELFailure) in
                switch arguments[1] {
                case .list(let list):
                    return .bool(
                        try contains(list.count, arguments[0], &meter) {
                            (index, meter) throws(CELFailure) in try list.value(index, &meter)
                        })
                case .map(let map): return .bool(try map.value(arguments[0], &meter) != nil)
                default: throw .noOverload
                }
            },
        ]
        let tests: [(String, @Sendable (Int) -> Bool)] = [
            ("_<_", { $0 < 0 }), ("_<=_", { $0 <= 0 }), ("_>_", { $0 > 0 }), ("_>=_", { $0 >= 0 }),
        ]
        for (name, test) in tests {
            result[name] = CELFunction(ordered) { arguments, meter throws(CELFailure) in
                .bool(try order(arguments[0], arguments[1], &meter).map(test) ?? false)
            }
        }
        return result
    }()

    /// Numbers of different kinds have an order too.
    private static let ordered: [Overload] = {
        let numbers: [CELType] = [.int, .uint, .double]
        let alike: [CELType] = [.bool, .string, .bytes, .duration, .timestamp]
        return alike.map { global([$0, $0], .bool) }
            + numbers.flatMap { one in numbers.map { global([one, $0], .bool) } }
    }()
}
