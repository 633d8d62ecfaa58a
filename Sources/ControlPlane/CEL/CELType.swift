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

    /// A value of it may be the key of a map, or what it is is seen when it is there.
    var isKey: Bool {
        switch self {
        case .bool, .int, .uint, .string, .dyn, .wrong, .parameter: true
        default: false
        }
    }
}

/// What stands for what, while the arguments of a call are held to what a function takes.
///
/// All is bounded, since types may be made to grow with each level of an expression.
struct CELTypeMatch {
    /// Parts of a whole type at most; what lies behind them is anything.
    private static let sizeLimit = 300
    /// Comparisons of two types for one expression at most; after that nothing fits any more.
    private static let workLimit = 5_000_000

    private var known: [Int: CELType] = [:]
    private var count = 0
    private var work = 0
    /// What was bound, and what was known of it before, in the order of binding.
    private var trail: [(number: Int, before: CELType?)] = []

    /// How much has been bound so far, for ``forget(to:)``.
    var mark: Int { trail.count }

    /// Forgets what has been bound since that mark.
    mutating func forget(to mark: Int) {
        while trail.count > mark, let last = trail.popLast() { known[last.number] = last.before }
    }

    private mutating func set(_ number: Int, to type: CELType) {
        trail.append((number, known[number]))
        known[number] = type
    }

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
        var left = Self.sizeLimit
        return whole(type, &left)
    }

    private func whole(_ type: CELType, _ left: inout Int) -> CELType {
        left -= 1
        guard left >= 0 else { return .dyn }
        switch outer(type) {
        case .parameter: return .dyn
        case .list(let element): return .list(whole(element, &left))
        case .map(let key, let value): return .map(whole(key, &left), whole(value, &left))
        case .optional(let value): return .optional(whole(value, &left))
        case let other: return other
        }
    }

    /// A parameter stands in a type, with all that is known put in; or the type is too large.
    private func occurs(_ number: Int, in type: CELType) -> Bool {
        var left = Self.sizeLimit
        func search(_ type: CELType) -> Bool {
            left -= 1
            guard left >= 0 else { return true }
            return switch outer(type) {
            case .parameter(let other): other == number
            case .list(let element), .optional(let element): search(element)
            case .map(let key, let value): search(key) || search(value)
            default: false
            }
        }
        return search(type)
    }

    /// Whether a value of one type may stand where the other is asked for; binds parameters.
    mutating func accepts(_ argument: CELType, for asked: CELType) -> Bool {
        work += 1
        guard work <= Self.workLimit else { return false }
        if case .parameter(let number) = asked { return bind(number, argument, asked) }
        let given = outer(argument)
        if case .parameter(let number) = given {
            guard !occurs(number, in: asked) else { return false }
            set(number, to: asked)
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
            // The newer one stands for the older one: chains stay short.
            if case .parameter(let other) = given, other > open {
                set(other, to: current)
                return true
            }
            guard !occurs(open, in: given) else { return false }
            set(open, to: given)
            return true
        }
        guard accepts(given, for: current) else { return false }
        if given == .dyn { set(number, to: .dyn) }
        return true
    }
}
