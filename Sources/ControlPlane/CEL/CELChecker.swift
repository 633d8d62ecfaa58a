/// Finds out the types of an expression, and what its names mean.
///
/// The rules and the words are those of the reference implementation, as the API server uses it:
/// literals of lists and maps have one type of elements.
struct CELChecker {
    private struct Variable {
        let name: String
        let type: CELType
    }

    /// What an expression is made into.
    typealias Checked = (code: CELCode, type: CELType)

    private var variables: [Variable]
    private(set) var problems: [CELProblem] = []
    private(set) var used: Set<String> = []
    private var types = CELTypeMatch()
    /// Slots that an evaluation needs.
    private(set) var slots: Int

    /// - Parameter variables: by the order of their slots.
    init(_ variables: [(name: String, type: CELType)]) {
        self.variables = variables.map { Variable(name: $0.name, type: $0.type) }
        slots = variables.count
    }

    /// The whole type of what has been checked.
    func whole(_ type: CELType) -> CELType { types.whole(type) }

    private mutating func wrong(_ position: Int, _ message: String) -> Checked {
        // Those that are not told are only counted.
        let isTold = problems.count < CELErrors.limit
        problems.append(CELProblem(position: position, message: isTold ? message : ""))
        return (.constant(.null), .wrong)
    }

    mutating func check(_ syntax: CELSyntax) -> Checked {
        switch syntax.form {
        case .literal(let value): (.constant(value), Self.type(of: value))
        case .name(let name): checkName(name, syntax.position)
        case .select(let operand, let name, let isOptional):
            checkSelect(operand, name, isOptional, syntax)
        case .has(let operand, let name): checkHas(operand, name, syntax.position)
        case .index(let operand, let key, let isOptional):
            checkIndex(operand, key, isOptional, syntax.position)
        case .call(let name, let target, let arguments):
            checkCall(name, target, arguments, syntax.position)
        case .list(let elements): checkList(elements)
        case .map(let entries): checkMap(entries)
        case .logic(let isAnd, let operands): checkLogic(isAnd, operands, syntax.position)
        case .choice(let condition, let one, let other):
            checkChoice(condition, one, other, syntax.position)
        case .comprehension(let macro): checkComprehension(macro, syntax.position)
        }
    }

    private static func type(of value: CELValue) -> CELType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }

    // MARK: Names

    private static let typeNames: Set<String> = [
        "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint",
        "optional_type", "google.protobuf.Duration", "google.protobuf.Timestamp",
    ]

    private func isVariable(_ name: String) -> Bool { variables.contains { $0.name == name } }

    private mutating func checkName(_ name: String, _ position: Int) -> Checked {
        if let slot = variables.lastIndex(where: { $0.name == name }) {
            used.insert(name)
            return (.variable(slot), variables[slot].type)
        }
        if Self.typeNames.contains(name) { return (.constant(.type(name)), .type) }
        return wrong(position, "undeclared reference to '\(name)' (in container '')")
    }

    private mutating func checkSelect(
        _ operand: CELSyntax, _ name: String, _ isOptional: Bool, _ syntax: CELSyntax
    ) -> Checked {
        if let whole = syntax.qualifiedName, Self.typeNames.contains(whole),
            let root = syntax.root, !isVariable(root)
        {
            return (.constant(.type(whole)), .type)
        }
        let checked = check(operand)
        var type = types.outer(checked.type)
        var wraps = isOptional
        if case .optional(let inner) = type {
            type = types.outer(inner)
            wraps = true
        }
        guard let field = fieldType(name, of: type, syntax.position) else {
            return (.constant(.null), .wrong)
        }
        let code = CELCode.select(checked.code, name, isOptional: isOptional)
        return (code, wraps ? .optional(field) : field)
    }

    private mutating func checkHas(
        _ operand: CELSyntax, _ name: String, _ position: Int
    ) -> Checked {
        let checked = check(operand)
        var type = types.outer(checked.type)
        if case .optional(let inner) = type { type = types.outer(inner) }
        guard fieldType(name, of: type, position) != nil else { return (.constant(.null), .wrong) }
        return (.has(checked.code, name), .bool)
    }

    private mutating func fieldType(
        _ name: String, of type: CELType, _ position: Int
    ) -> CELType? {
        switch type {
        case .dyn, .wrong, .parameter: return .dyn
        case .map(_, let value): return value
        case .record(let schema):
            if let field = schema.fields[name] { return field.schema.type }
            _ = wrong(position, "undefined field '\(name)'")
        default:
            _ = wrong(position, "type '\(whole(type).name)' does not support field selection")
        }
        return nil
    }

    // MARK: Operators

    private mutating func checkIndex(
        _ operand: CELSyntax, _ key: CELSyntax, _ isOptional: Bool, _ position: Int
    ) -> Checked {
        let container = check(operand)
        let key = check(key)
        var type = types.outer(container.type)
        var wraps = isOptional
        if case .optional(let inner) = type {
            type = types.outer(inner)
            wraps = true
        }
        let code = CELCode.index(container.code, key.code, isOptional: isOptional)
        switch type {
        case .list(let element) where types.accepts(key.type, for: .int):
            return (code, wraps ? .optional(element) : element)
        case .map(let keyType, let value) where types.accepts(key.type, for: keyType):
            return (code, wraps ? .optional(value) : value)
        case .dyn, .wrong, .parameter: return (code, wraps ? .optional(.dyn) : .dyn)
        default:
            let name = isOptional ? "_[?_]" : "_[_]"
            return noOverload(name, isMember: false, [container.type, key.type], position)
        }
    }

    private mutating func noOverload(
        _ name: String, isMember: Bool, _ given: [CELType], _ position: Int
    ) -> Checked {
        let names = given.map { whole($0).name }
        let words =
            isMember
            ? "\(names.first ?? "").(\(names.dropFirst().joined(separator: ", ")))"
            : "(\(names.joined(separator: ", ")))"
        return wrong(position, "found no matching overload for '\(name)' applied to '\(words)'")
    }

    private mutating func checkCall(
        _ name: String, _ target: CELSyntax?, _ arguments: [CELSyntax], _ position: Int
    ) -> Checked {
        if let target, let prefix = target.qualifiedName, let root = target.root, !isVariable(root),
            let function = CELFunction.all["\(prefix).\(name)"]
        {
            return call(
                "\(prefix).\(name)", function, isMember: false, arguments.map { check($0) },
                position)
        }
        let given = ([target].compactMap(\.self) + arguments).map { check($0) }
        guard let function = CELFunction.all[name] else {
            return wrong(position, "undeclared reference to '\(name)' (in container '')")
        }
        if let problem = CELLiterals.problem(name, given.map(\.code)) {
            let literal = (arguments.last ?? target)?.position ?? position
            return wrong(literal, problem)
        }
        return call(name, function, isMember: target != nil, given, position)
    }

    /// The function's result for arguments of these types.
    private mutating func call(
        _ name: String, _ function: CELFunction, isMember: Bool, _ given: [Checked],
        _ position: Int
    ) -> Checked {
        if given.contains(where: { $0.type == .wrong }) { return (.constant(.null), .wrong) }
        var result: CELType?
        for overload in function.overloads
        where overload.isMember == isMember && overload.parameters.count == given.count {
            let mark = types.mark
            let fresh = types.fresh(overload.parameters + [overload.result])
            let fits = zip(given, fresh).allSatisfy { types.accepts($0.type, for: $1) }
            guard fits else {
                types.forget(to: mark)
                continue
            }
            let type = types.whole(fresh[given.count])
            // What more than one overload takes is known when it is there.
            result = result == nil || result == type ? type : .dyn
            if !given.contains(where: { types.whole($0.type).isDynamic }) { break }
        }
        guard let result else {
            return noOverload(name, isMember: isMember, given.map(\.type), position)
        }
        return (CELLiterals.folded(name, function.body, given.map(\.code), to: result), result)
    }

    private mutating func checkLogic(
        _ isAnd: Bool, _ operands: [CELSyntax], _ position: Int
    ) -> Checked {
        let checked = operands.map { check($0) }
        let isRight = checked.allSatisfy { types.accepts($0.type, for: .bool) }
        guard isRight else {
            let wrong = checked.firstIndex { !types.accepts($0.type, for: .bool) } ?? 0
            let first = max(wrong - 1, 0)
            return noOverload(
                isAnd ? "_&&_" : "_||_", isMember: false,
                checked[first...min(first + 1, checked.count - 1)].map(\.type), position)
        }
        return (.logic(isAnd: isAnd, checked.map(\.code)), .bool)
    }

    private mutating func checkChoice(
        _ condition: CELSyntax, _ one: CELSyntax, _ other: CELSyntax, _ position: Int
    ) -> Checked {
        let parts = [check(condition), check(one), check(other)]
        if parts.contains(where: { $0.type == .wrong }) { return (.constant(.null), .wrong) }
        let result = types.unknown()
        guard types.accepts(parts[0].type, for: .bool), types.accepts(parts[1].type, for: result),
            types.accepts(parts[2].type, for: result)
        else { return noOverload("_?_:_", isMember: false, parts.map(\.type), position) }
        return (.choice(parts[0].code, parts[1].code, parts[2].code), types.outer(result))
    }

    // MARK: Lists and maps

    private mutating func checkList(_ elements: [CELSyntax.Element]) -> Checked {
        var element: CELType?
        let codes = elements.map { part in
            CELCode.Element(
                value: checkPart(part.value, part.isOptional, &element),
                isOptional: part.isOptional)
        }
        return (CELLiterals.folded(codes), .list(element ?? types.unknown()))
    }

    private mutating func checkMap(_ entries: [CELSyntax.Entry]) -> Checked {
        var key: CELType?
        var value: CELType?
        let codes = entries.map { entry in
            CELCode.Entry(
                key: checkKey(entry.key, &key),
                value: checkPart(entry.value, entry.isOptional, &value),
                isOptional: entry.isOptional)
        }
        return (.map(codes), .map(key ?? types.unknown(), value ?? types.unknown()))
    }

    /// A key of a literal. Keys that have parts would let types double with each level.
    private mutating func checkKey(_ syntax: CELSyntax, _ common: inout CELType?) -> CELCode {
        let code = checkPart(syntax, false, &common)
        guard let type = common.map({ types.outer($0) }), !type.isKey else { return code }
        common = .wrong
        return wrong(syntax.position, "unsupported key type '\(whole(type).name)'").code
    }

    /// A part of a literal, whose parts all have one type.
    private mutating func checkPart(
        _ syntax: CELSyntax, _ isOptional: Bool, _ common: inout CELType?
    ) -> CELCode {
        let checked = check(syntax)
        var type = types.outer(checked.type)
        if isOptional {
            guard case .optional(let inner) = type else {
                guard !type.isDynamic else { return checked.code }
                let found = whole(type).name
                return wrong(
                    syntax.position, "expected type 'optional_type(\(found))' but found '\(found)'"
                ).code
            }
            type = inner
        }
        guard let expected = common else {
            common = type
            return checked.code
        }
        guard types.accepts(type, for: expected) else {
            let names = (whole(expected).name, whole(type).name)
            return wrong(syntax.position, "expected type '\(names.0)' but found '\(names.1)'").code
        }
        return checked.code
    }

    private mutating func checkComprehension(
        _ macro: CELSyntax.Comprehension, _ position: Int
    ) -> Checked {
        let range = check(macro.range)
        let element: CELType
        switch (types.outer(range.type), macro.kind) {
        case (.optional(let inner), .optionalMap), (.optional(let inner), .optionalFlatMap):
            element = inner
        case (.dyn, _), (.wrong, _), (.parameter, _): element = .dyn
        case (.list(let inner), let kind) where !kind.isOptional: element = inner
        case (.map(let key, _), let kind) where !kind.isOptional: element = key
        case (let type, _):
            return wrong(
                macro.range.position,
                "expression of type '\(whole(type).name)' cannot be range of a comprehension "
                    + "(must be list, map, or dynamic)")
        }
        variables.append(Variable(name: macro.variable, type: element))
        slots = max(slots, variables.count)
        let slot = variables.count - 1
        let condition = macro.condition.map { check($0) }
        let result = macro.result.map { check($0) }
        variables.removeLast()
        if let condition, !types.accepts(condition.type, for: .bool) {
            let name = macro.kind.operatorName
            return noOverload(
                name, isMember: false,
                name == "_?_:_"
                    ? [condition.type, range.type, range.type] : [.bool, condition.type],
                macro.condition?.position ?? position)
        }
        let code = CELCode.comprehension(
            .init(
                kind: macro.kind, range: range.code, slot: slot, condition: condition?.code,
                result: result?.code))
        return (code, macro.kind.result(element, result?.type ?? .dyn))
    }
}

extension CELSyntax.Comprehension.Kind {
    /// It takes what may be missing, not a list.
    var isOptional: Bool { self == .optionalMap || self == .optionalFlatMap }

    /// The operator that joins what it finds.
    fileprivate var operatorName: String {
        switch self {
        case .all: "_&&_"
        case .exists: "_||_"
        case .existsOne, .map, .filter, .optionalMap, .optionalFlatMap: "_?_:_"
        }
    }

    fileprivate func result(_ element: CELType, _ result: CELType) -> CELType {
        switch self {
        case .all, .exists, .existsOne: .bool
        case .filter: .list(element)
        case .map: .list(result)
        case .optionalMap: .optional(result)
        case .optionalFlatMap: result
        }
    }
}
