/// When two values are equal, and which comes first.
extension CELFunction {
    /// Values of kinds that cannot be compared are not equal. Lists that are sets or maps by their
    /// schema are equal in any order.
    static func areEqual(
        _ one: CELValue, _ other: CELValue, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        switch (one, other) {
        case (.null, .null): return true
        case (.bool(let one), .bool(let other)): return one == other
        case (.string(let one), .string(let other)):
            try meter.spend(reading: min(one.utf8.count, other.utf8.count))
            return one == other && one.utf8.elementsEqual(other.utf8)
        case (.bytes(let one), .bytes(let other)):
            try meter.spend(reading: min(one.count, other.count))
            return one == other
        case (.duration(let one), .duration(let other)): return one == other
        case (.timestamp(let one), .timestamp(let other)): return one == other
        case (.type(let one), .type(let other)): return one == other
        case (.quantity(let one), .quantity(let other)):
            return one.billionths == other.billionths
        case (.url(let one), .url(let other)):
            try meter.spend(reading: min(one.length, other.length))
            return one == other
        case (.ip(let one), .ip(let other)), (.cidr(let one), .cidr(let other)):
            return one == other
        case (.list(let one), .list(let other)): return try areEqual(one, other, &meter)
        case (.map(let one), .map(let other)): return try areEqual(one, other, &meter)
        case (.record(let one), .record(let other)): return try areEqual(one, other, &meter)
        case (.optional(let one), .optional(let other)):
            guard let one, let other else { return one == nil && other == nil }
            return try areEqual(one, other, &meter)
        default:
            guard let one = one.asNumber, let other = other.asNumber else { return false }
            return one.order(other) == 0
        }
    }

    private static func areEqual(
        _ one: CELList, _ other: CELList, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        guard one.count == other.count else { return false }
        let isOrdered = one.schema?.isUnordered != true && other.schema?.isUnordered != true
        if isOrdered {
            for index in 0..<one.count {
                try meter.spend()
                let isSame = try areEqual(
                    try one.value(index, &meter), try other.value(index, &meter), &meter)
                guard isSame else { return false }
            }
            return true
        }
        let rest = try other.values(&meter)
        for index in 0..<one.count {
            let wanted = try one.value(index, &meter)
            guard try contains(rest.count, wanted, &meter, { (index, _) in rest[index] }) else {
                return false
            }
        }
        return true
    }

    private static func areEqual(
        _ one: CELMap, _ other: CELMap, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        guard one.count == other.count else { return false }
        try meter.spend(one.count)
        for key in one.keys {
            guard let value = try one.value(key, &meter),
                let match = try other.value(key, &meter),
                try areEqual(value, match, &meter)
            else { return false }
        }
        return true
    }

    private static func areEqual(
        _ one: CELRecord, _ other: CELRecord, _ meter: inout CELMeter
    ) throws(CELFailure) -> Bool {
        for name in one.schema.fieldNames {
            try meter.spend()
            switch (try one.value(name, &meter), try other.value(name, &meter)) {
            case (nil, nil): continue
            case (let value?, let match?):
                guard try areEqual(value, match, &meter) else { return false }
            default: return false
            }
        }
        return true
    }

    /// Whether one of so many values is equal to another.
    static func contains(
        _ count: Int, _ wanted: CELValue, _ meter: inout CELMeter,
        _ value: (Int, inout CELMeter) throws(CELFailure) -> CELValue
    ) throws(CELFailure) -> Bool {
        for index in 0..<count {
            try meter.spend()
            if try areEqual(try value(index, &meter), wanted, &meter) { return true }
        }
        return false
    }

    /// Below, equal or above zero; `nil` beside what is no number.
    static func order(
        _ one: CELValue, _ other: CELValue, _ meter: inout CELMeter
    ) throws(CELFailure) -> Int? {
        switch (one, other) {
        case (.bool(let one), .bool(let other)): return (one ? 1 : 0) - (other ? 1 : 0)
        case (.string(let one), .string(let other)):
            try meter.spend(reading: min(one.utf8.count, other.utf8.count))
            return order(one.utf8, other.utf8)
        case (.bytes(let one), .bytes(let other)):
            try meter.spend(reading: min(one.count, other.count))
            return order(one, other)
        case (.duration(let one), .duration(let other)):
            return one < other ? -1 : one == other ? 0 : 1
        case (.timestamp(let one), .timestamp(let other)):
            return one < other ? -1 : one == other ? 0 : 1
        default:
            guard let one = one.asNumber, let other = other.asNumber else { throw .noOverload }
            return one.order(other)
        }
    }

    private static func order(
        _ one: some Sequence<UInt8>, _ other: some Sequence<UInt8>
    ) -> Int {
        if one.lexicographicallyPrecedes(other) { return -1 }
        return one.elementsEqual(other) ? 0 : 1
    }
}

extension CELSchema {
    /// A list whose order means nothing.
    var isUnordered: Bool { listType == "set" || listType == "map" }
}
