/// An expression as it is written, macros told from calls.
struct CELSyntax: Sendable {
    indirect enum Form: Sendable {
        case literal(CELValue)
        case name(String)
        /// `a.b`, or `a.?b`.
        case select(CELSyntax, String, isOptional: Bool)
        /// `has(a.b)`.
        case has(CELSyntax, String)
        /// `a[b]`, or `a[?b]`.
        case index(CELSyntax, CELSyntax, isOptional: Bool)
        case call(String, target: CELSyntax?, [CELSyntax])
        case list([Element])
        case map([Entry])
        /// `a && b && …` or `a || b || …`.
        case logic(isAnd: Bool, [CELSyntax])
        case choice(CELSyntax, CELSyntax, CELSyntax)
        case comprehension(Comprehension)
    }

    struct Element: Sendable {
        let value: CELSyntax
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: CELSyntax
        let value: CELSyntax
        let isOptional: Bool
    }

    /// A macro that goes through a list or the keys of a map.
    struct Comprehension: Sendable {
        enum Kind: Hashable, Sendable {
            case all, exists, existsOne, map, filter, optionalMap, optionalFlatMap
        }

        let kind: Kind
        let range: CELSyntax
        let variable: String
        /// Which elements count; `nil` for all.
        let condition: CELSyntax?
        /// What becomes of each.
        let result: CELSyntax?
    }

    let form: Form
    /// Characters from the beginning of the expression to what a complaint points at.
    let position: Int
    /// Levels of it.
    let depth: Int

    init(_ form: Form, at position: Int) {
        self.form = form
        self.position = position
        depth = 1 + (form.parts.map(\.depth).max() ?? 0)
    }

    /// `a.b.c` where only names stand; `nil` for anything else.
    var qualifiedName: String? {
        switch form {
        case .name(let name): name
        case .select(let operand, let name, false):
            operand.qualifiedName.map { "\($0).\(name)" }
        default: nil
        }
    }

    /// The name that a chain of selections begins with.
    var root: String? {
        switch form {
        case .name(let name): name
        case .select(let operand, _, _): operand.root
        default: nil
        }
    }
}

extension CELSyntax.Form {
    fileprivate var parts: [CELSyntax] {
        switch self {
        case .literal, .name: []
        case .select(let operand, _, _), .has(let operand, _): [operand]
        case .index(let operand, let key, _): [operand, key]
        case .call(_, let target, let arguments): [target].compactMap(\.self) + arguments
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .logic(_, let operands): operands
        case .choice(let condition, let one, let other): [condition, one, other]
        case .comprehension(let macro):
            [macro.range, macro.condition, macro.result].compactMap(\.self)
        }
    }
}
