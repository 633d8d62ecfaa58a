import Domain

/// Functions of lists and maps: those of CEL, and Kubernetes' list library.
extension CELFunction {
    static let lists: [String: CELFunction] = [
        "size": CELFunction(
            sized.flatMap { [global([$0], .int), member([$0], .int)] }
        ) { arguments, meter throws(CELFailure) in
            switch arguments[0] {
            case .string(let text):
                try meter.spend(reading: text.utf8.count)
                return .int(Int64(text.unicodeScalars.count))
            case .bytes(let bytes): return .int(Int64(bytes.count))
            case .list(let list): return .int(Int64(list.count))
            case .map(let map): return .int(Int64(map.count))
            default: throw .noOverload
            }
        },
        "isSorted": CELFunction(comparable.map { member([.list($0)], .bool) }) {
            arguments, meter throws(CELFailure) in
            let list = try list(arguments)
            for index in 0..<max(list.count - 1, 0) {
                try meter.spend()
                let order = try order(
                    try list.value(index, &meter), try list.value(index + 1, &meter), &meter)
                if order ?? 1 > 0 { return .bool(false) }
            }
            return .bool(true)
        },
        "sum": CELFunction(
            [CELType.int, .uint, .double, .duration].map { member([.list($0)], $0) }
        ) { arguments, meter throws(CELFailure) in
            let list = try list(arguments)
            // Without elements the kind of number is not known: an int, as for most lists.
            guard list.count > 0 else { return .int(0) }
            var sum = try list.value(0, &meter)
            for index in 1..<max(list.count, 1) {
                try meter.spend()
                sum = try add([sum, try list.value(index, &meter)], &meter)
            }
            return sum
        },
        "min": CELFunction(comparable.map { member([.list($0)], $0) }) {
            arguments, meter throws(CELFailure) in
            try extreme(arguments, "min", &meter) { $0 < 0 }
        },
        "max": CELFunction(comparable.map { member([.list($0)], $0) }) {
            arguments, meter throws(CELFailure) in
            try extreme(arguments, "max", &meter) { $0 > 0 }
        },
    ]

    private static let sized: [CELType] = [.string, .bytes, .list(a), .map(a, b)]
    private static let comparable: [CELType] = [
        .int, .uint, .double, .bool, .duration, .timestamp, .string, .bytes,
    ]

    private static func list(_ arguments: [CELValue]) throws(CELFailure) -> CELList {
        guard case .list(let list) = arguments[0] else { throw .noOverload }
        return list
    }

    private static func extreme(
        _ arguments: [CELValue], _ name: String, _ meter: inout CELMeter,
        _ isBetter: (Int) -> Bool
    ) throws(CELFailure) -> CELValue {
        let list = try list(arguments)
        guard list.count > 0 else { throw CELFailure("\(name) called on empty list") }
        var best = try list.value(0, &meter)
        for index in 1..<max(list.count, 1) {
            try meter.spend()
            let value = try list.value(index, &meter)
            if let order = try order(value, best, &meter), isBetter(order) { best = value }
        }
        return best
    }

    // MARK: Optional values

    /// Functions of values that may be missing.
    static let optionals: [String: CELFunction] = [
        "optional.of": CELFunction([global([a], .optional(a))]) {
            arguments, _ throws(CELFailure) in .optional(arguments[0])
        },
        "optional.none": CELFunction([global([], .optional(a))]) { _, _ throws(CELFailure) in
            .optional(nil)
        },
        "optional.ofNonZeroValue": CELFunction([global([a], .optional(a))]) {
            arguments, _ throws(CELFailure) in
            .optional(isZeroValue(arguments[0]) ? nil : arguments[0])
        },
        "hasValue": CELFunction([member([.optional(a)], .bool)]) {
            arguments, _ throws(CELFailure) in .bool(try optional(arguments[0]) != nil)
        },
        "value": CELFunction([member([.optional(a)], a)]) {
            arguments, _ throws(CELFailure) in
            guard let value = try optional(arguments[0]) else {
                throw CELFailure("optional.none() dereference")
            }
            return value
        },
        // What these two fall back to is evaluated only where it is needed.
        "orValue": CELFunction([member([.optional(a), a], a)], neverCalled),
        "or": CELFunction([member([.optional(a), .optional(a)], .optional(a))], neverCalled),
    ]

    private static let neverCalled: Body = { _, _ throws(CELFailure) in throw .noOverload }

    private static func optional(_ value: CELValue) throws(CELFailure) -> CELValue? {
        guard case .optional(let inner) = value else { throw .noOverload }
        return inner
    }

    private static func isZeroValue(_ value: CELValue) -> Bool {
        switch value {
        case .null, .bool(false), .int(0), .uint(0), .double(0), .string(""), .duration(0): true
        case .bytes(let bytes): bytes.isEmpty
        case .list(let list): list.count == 0
        case .map(let map): map.count == 0
        case .record(let record): record.members.isEmpty
        default: false
        }
    }
}
