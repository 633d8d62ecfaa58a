/// The type of an expression, known before it is evaluated.
indirect enum CELType: Equatable, Sendable {
    /// Anything; what it is is seen when it is there.
    case dyn
    /// Stands for an expression that is wrong; nothing more is said of it.
    case wrong
    case null, bool, int, uint, double, string, bytes, duration, timestamp
    /// A type itself, as `int` in `type(x) == int`.
    case type
    case list(CELType)
    case map(CELType, CELType)
    case optional(CELType)
    /// An object with the fields that a schema names.
    case record(CELSchema)
    /// A type of Kubernetes' libraries.
    case opaque(String)
    /// Whatever fits, the same wherever the number stands.
    case parameter(Int)

    var isDynamic: Bool { self == .dyn || self == .wrong }

    /// As the server's messages write it.
    var name: String {
        switch self {
        case .dyn: "dyn"
        case .wrong: "!error!"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .duration: "duration"
        case .timestamp: "timestamp"
        case .type: "type"
        case .list(let element): "list(\(element.name))"
        case .map(let key, let value): "map(\(key.name), \(value.name))"
        case .optional(let value): "optional_type(\(value.name))"
        case .record: "object"
        case .opaque(let name): name
        case .parameter(let number): "_var\(number)"
        }
    }

    func contains(_ parameter: Int) -> Bool {
        switch self {
        case .parameter(let number): number == parameter
        case .list(let element), .optional(let element): element.contains(parameter)
        case .map(let key, let value): key.contains(parameter) || value.contains(parameter)
        default: false
        }
    }
}

/// What stands for what, while the arguments of a call are held to what a function takes.
struct CELTypeMatch {
    private var known: [Int: CELType] = [:]
    private var count = 0

    /// A type that is not known yet.
    mutating func unknown() -> CELType {
        count += 1
        return .parameter(count - 1)
    }

    /// A signature's types with parameters of their own.
    mutating func fresh(_ types: [CELType]) -> [CELType] {
        let first = count
        count += 3
        func shifted(_ type: CELType) -> CELType {
            switch type {
            case .parameter(let number): .parameter(first + number)
            case .list(let element): .list(shifted(element))
            case .map(let key, let value): .map(shifted(key), shifted(value))
            case .optional(let value): .optional(shifted(value))
            default: type
            }
        }
        return types.map(shifted)
    }

    /// The type itself; only what stands inside of it may still be open.
    func outer(_ type: CELType) -> CELType {
        var current = type
        // Bindings never form a circle, since what is bound does not contain what it is bound to.
        while case .parameter(let number) = current, let next = known[number] { current = next }
        return current
    }

    /// The type with all that is known put in; what is open is anything.
    func whole(_ type: CELType) -> CELType {
        switch outer(type) {
        case .parameter: .dyn
        case .list(let element): .list(whole(element))
        case .map(let key, let value): .map(whole(key), whole(value))
        case .optional(let value): .optional(whole(value))
        case let other: other
        }
    }

    /// Whether a value of one type may stand where the other is asked for; binds parameters.
    mutating func accepts(_ argument: CELType, for asked: CELType) -> Bool {
        if case .parameter(let number) = asked { return bind(number, argument, asked) }
        let given = outer(argument)
        if case .parameter(let number) = given {
            guard !asked.contains(number) else { return false }
            known[number] = asked
            return true
        }
        if given.isDynamic || asked.isDynamic { return true }
        switch (given, asked) {
        case (.null, .record), (.null, .duration), (.null, .timestamp), (.null, .opaque),
            (.null, .optional), (.record, .null), (.duration, .null), (.timestamp, .null),
            (.opaque, .null):
            return true
        case (.list(let one), .list(let other)), (.optional(let one), .optional(let other)):
            return accepts(one, for: other)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return accepts(key, for: otherKey) && accepts(value, for: otherValue)
        default: return given == asked
        }
    }

    private mutating func bind(_ number: Int, _ argument: CELType, _ asked: CELType) -> Bool {
        let given = outer(argument)
        let current = outer(asked)
        if given == current { return true }
        if case .parameter(let open) = current {
            let plain = whole(given).contains(open) ? CELType.dyn : given
            guard !plain.contains(open) else { return false }
            known[open] = plain
            return true
        }
        guard accepts(given, for: current) else { return false }
        if given == .dyn { known[number] = .dyn }
        return true
    }
}
