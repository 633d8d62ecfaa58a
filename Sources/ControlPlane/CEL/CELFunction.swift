/// A function or an operator: what it takes, and what it does.
struct CELFunction: Sendable {
    /// One list of types that it takes.
    struct Overload: Sendable {
        let parameters: [CELType]
        let result: CELType
        /// Called as `a.f(b)`; the first parameter is `a`.
        let isMember: Bool
    }

    typealias Body =
        @Sendable (_ arguments: [CELValue], _ meter: inout CELMeter) throws(CELFailure) -> CELValue

    let overloads: [Overload]
    /// Does it for as many arguments as some overload has; kinds that no overload has are refused.
    let body: Body

    init(_ overloads: [Overload], _ body: @escaping Body) {
        self.overloads = overloads
        self.body = body
    }

    /// Called as `f(a, b)`.
    static func global(_ parameters: [CELType], _ result: CELType) -> Overload {
        .init(parameters: parameters, result: result, isMember: false)
    }

    /// Called as `a.f(b)`.
    static func member(_ parameters: [CELType], _ result: CELType) -> Overload {
        .init(parameters: parameters, result: result, isMember: true)
    }

    /// All functions by their names; operators are called as in `_+_`.
    static let all: [String: CELFunction] = [
        operators, comparisons, conversions, texts, lists, times, optionals, quantities, networks,
        addresses,
    ].reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }

    static let a = CELType.parameter(0)
    static let b = CELType.parameter(1)
}

/// An expression ready to be evaluated.
indirect enum CELCode: Sendable {
    case constant(CELValue)
    /// The value in a slot.
    case variable(Int)
    case select(CELCode, String, isOptional: Bool)
    case has(CELCode, String)
    case index(CELCode, CELCode, isOptional: Bool)
    case call(CELFunction.Body, [CELCode])
    /// What is there, or else the other; the value itself or one that may be missing.
    case alternative(CELCode, CELCode, isUnwrapped: Bool)
    case list([Element])
    case map([Entry])
    case logic(isAnd: Bool, [CELCode])
    case choice(CELCode, CELCode, CELCode)
    case comprehension(Comprehension)

    struct Element: Sendable {
        let value: CELCode
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: CELCode
        let value: CELCode
        let isOptional: Bool
    }

    struct Comprehension: Sendable {
        let kind: CELSyntax.Comprehension.Kind
        let range: CELCode
        let slot: Int
        let condition: CELCode?
        let result: CELCode?
    }
}
