import Domain

/// Evaluates expressions. It reads no clock and nothing but what it is given.
struct CELEvaluator {
    private var slots: [CELValue]
    var meter: CELMeter

    /// - Parameter values: of the variables, by their slots.
    /// - Parameter slots: at least as many as there are values.
    init(_ values: [CELValue], slots: Int, limit: Int) {
        self.slots = values + Array(repeating: .null, count: max(slots - values.count, 0))
        meter = CELMeter(limit)
    }

    mutating func evaluate(_ code: CELCode) throws(CELFailure) -> CELValue {
        // Every part of an expression is a step.
        try meter.spend()
        switch code {
        case .constant(let value):
            if case .list(let list) = value { try meter.spend(10 + list.count) }
            return value
        case .variable(let slot): return slots[slot]
        case .select(let operand, let name, let isOptional):
            return try select(try evaluate(operand), name, isOptional)
        case .has(let operand, let name):
            let container = try evaluate(operand)
            return .bool(try field(name, of: container) != nil)
        case .alternative(let one, let other, let isUnwrapped):
            guard case .optional(let inner) = try evaluate(one) else { throw .noOverload }
            guard let inner else { return try evaluate(other) }
            return isUnwrapped ? inner : .optional(inner)
        case .index(let operand, let key, let isOptional):
            return try index(operand, key, isOptional)
        case .call(let body, let arguments): return try call(body, arguments)
        case .list(let elements): return try list(elements)
        case .map(let entries): return try map(entries)
        case .logic(let isAnd, let operands): return try logic(isAnd, operands)
        case .choice(let condition, let one, let other):
            return try evaluate(try holds(condition) ? one : other)
        case .comprehension(let macro): return try comprehension(macro)
        }
    }

    private mutating func call(
        _ body: CELFunction.Body, _ arguments: [CELCode]
    ) throws(CELFailure) -> CELValue {
        var values: [CELValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try evaluate(argument)) }
        return try body(values, &meter)
    }

    // MARK: Parts

    /// The value of a field or key; `nil` where it is absent.
    private mutating func field(
        _ name: String, of value: CELValue
    ) throws(CELFailure) -> CELValue? {
        switch value {
        case .record(let record): return try record.value(name, &meter)
        case .map(let map): return try map.value(.string(name), &meter)
        case .optional(let inner):
            guard let inner else { return nil }
            return try field(name, of: inner)
        default: throw .noOverload
        }
    }

    private mutating func select(
        _ operand: CELValue, _ name: String, _ isOptional: Bool
    ) throws(CELFailure) -> CELValue {
        let value = try field(name, of: operand)
        if case .optional = operand { return .optional(value) }
        if isOptional { return .optional(value) }
        guard let value else { throw .noKey(name) }
        return value
    }

    private mutating func index(
        _ operand: CELCode, _ key: CELCode, _ isOptional: Bool
    ) throws(CELFailure) -> CELValue {
        var container = try evaluate(operand)
        let key = try evaluate(key)
        var wraps = isOptional
        if case .optional(let inner) = container {
            guard let inner else { return .optional(nil) }
            container = inner
            wraps = true
        }
        let found = try element(key, of: container)
        if wraps { return .optional(found) }
        if let found { return found }
        if case .list = container {
            throw CELFailure("index out of bounds: \(CELKey(key)?.description ?? "")")
        }
        throw .noKey(CELKey(key)?.description ?? "")
    }

    private mutating func element(
        _ key: CELValue, of container: CELValue
    ) throws(CELFailure) -> CELValue? {
        switch container {
        case .list(let list):
            guard case .int(let index)? = CELKey(key) else { throw .noOverload }
            guard index >= 0, index < Int64(list.count) else { return nil }
            return try list.value(Int(index), &meter)
        case .map(let map):
            guard CELKey(key) != nil else { throw .noOverload }
            return try map.value(key, &meter)
        default: throw .noOverload
        }
    }

    // MARK: Literals

    private mutating func list(_ elements: [CELCode.Element]) throws(CELFailure) -> CELValue {
        try meter.spend(10)
        var values: [CELValue] = []
        for element in elements {
            let value = try evaluate(element.value)
            guard element.isOptional else {
                values.append(value)
                continue
            }
            guard case .optional(let inner) = value else { throw .noOverload }
            if let inner { values.append(inner) }
        }
        return .list(CELList(values))
    }

    private mutating func map(_ entries: [CELCode.Entry]) throws(CELFailure) -> CELValue {
        try meter.spend(30)
        var values: [(key: CELValue, value: CELValue)] = []
        var seen: Set<CELKey> = []
        for entry in entries {
            let key = try evaluate(entry.key)
            var value = try evaluate(entry.value)
            if entry.isOptional {
                guard case .optional(let inner) = value else { throw .noOverload }
                guard let inner else { continue }
                value = inner
            }
            guard let identity = CELKey(key) else { throw CELFailure("unsupported key type") }
            guard seen.insert(identity).inserted else {
                throw CELFailure("Failed with repeated key")
            }
            values.append((key, value))
        }
        return .map(CELMap(values))
    }

    // MARK: Logic

    private mutating func holds(_ code: CELCode) throws(CELFailure) -> Bool {
        guard let holds = try evaluate(code).asBool else { throw .noOverload }
        return holds
    }

    /// What decides wins, whatever the others are; else an error wins.
    private mutating func logic(
        _ isAnd: Bool, _ operands: [CELCode]
    ) throws(CELFailure) -> CELValue {
        var failure: CELFailure?
        for operand in operands {
            do throws(CELFailure) {
                if try holds(operand) != isAnd { return .bool(!isAnd) }
            } catch {
                guard !error.isExhausted else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(isAnd)
    }

    // MARK: Macros

    private mutating func comprehension(
        _ macro: CELCode.Comprehension
    ) throws(CELFailure) -> CELValue {
        let range = try evaluate(macro.range)
        switch macro.kind {
        case .all: return try decide(range, macro, isAnd: true)
        case .exists: return try decide(range, macro, isAnd: false)
        case .existsOne:
            var count = 0
            try forEach(range, macro) { (_, _) throws(CELFailure) in count += 1 }
            return .bool(count == 1)
        case .filter:
            var kept: [CELValue] = []
            try forEach(range, macro) { (value, _) throws(CELFailure) in kept.append(value) }
            return .list(CELList(kept))
        case .map:
            guard let result = macro.result else { return range }
            var made: [CELValue] = []
            try forEach(range, macro) { (_, evaluator) throws(CELFailure) in
                made.append(try evaluator.evaluate(result))
            }
            return .list(CELList(made))
        case .optionalMap, .optionalFlatMap:
            guard case .optional(let inner) = range, let result = macro.result else {
                throw .noOverload
            }
            guard let inner else { return range }
            slots[macro.slot] = inner
            let value = try evaluate(result)
            return macro.kind == .optionalMap ? .optional(value) : value
        }
    }

    /// Hands over each element for which the condition holds.
    private mutating func forEach(
        _ range: CELValue, _ macro: CELCode.Comprehension,
        _ body: (CELValue, inout CELEvaluator) throws(CELFailure) -> Void
    ) throws(CELFailure) {
        let source = try Range(range, &meter)
        for index in 0..<source.count {
            try meter.spend()
            let value = try source.value(index, &meter)
            slots[macro.slot] = value
            if let condition = macro.condition {
                guard try holds(condition) else { continue }
            }
            try body(value, &self)
        }
    }

    /// `all` or `exists`: an element that decides wins over errors of others.
    private mutating func decide(
        _ range: CELValue, _ macro: CELCode.Comprehension, isAnd: Bool
    ) throws(CELFailure) -> CELValue {
        guard let condition = macro.condition else { throw .noOverload }
        let source = try Range(range, &meter)
        var failure: CELFailure?
        for index in 0..<source.count {
            try meter.spend()
            slots[macro.slot] = try source.value(index, &meter)
            do throws(CELFailure) {
                if try holds(condition) != isAnd { return .bool(!isAnd) }
            } catch {
                guard !error.isExhausted else { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return .bool(isAnd)
    }

    /// What a macro goes through.
    private enum Range {
        case list(CELList)
        case keys([CELValue])

        init(_ value: CELValue, _ meter: inout CELMeter) throws(CELFailure) {
            switch value {
            case .list(let list): self = .list(list)
            case .map(let map):
                try meter.spend(map.count)
                self = .keys(map.keys)
            default: throw .noOverload
            }
        }

        var count: Int {
            switch self {
            case .list(let list): list.count
            case .keys(let keys): keys.count
            }
        }

        func value(_ index: Int, _ meter: inout CELMeter) throws(CELFailure) -> CELValue {
            switch self {
            case .list(let list): try list.value(index, &meter)
            case .keys(let keys): keys[index]
            }
        }
    }
}
