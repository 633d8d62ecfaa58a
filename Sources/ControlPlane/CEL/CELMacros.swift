extension CELParser {
    private static let predicates: [String: CELSyntax.Comprehension.Kind] = [
        "all": .all, "exists": .exists, "exists_one": .existsOne, "existsOne": .existsOne,
        "filter": .filter, "optMap": .optionalMap, "optFlatMap": .optionalFlatMap,
    ]

    /// A call, or what a macro makes of it.
    func call(
        _ name: String, target: CELSyntax?, _ arguments: [CELSyntax], _ position: Int
    ) throws(CELProblem) -> CELSyntax {
        guard let target else {
            guard name == "has", arguments.count == 1 else {
                return try node(.call(name, target: nil, arguments), at: position)
            }
            guard case .select(let operand, let field, false) = arguments[0].form else {
                throw CELProblem(
                    position: arguments[0].position, message: "invalid argument to has() macro")
            }
            return try node(.has(operand, field), at: position)
        }
        let kind: CELSyntax.Comprehension.Kind
        if let predicate = Self.predicates[name], arguments.count == 2 {
            kind = predicate
        } else if name == "map", arguments.count == 2 || arguments.count == 3 {
            kind = .map
        } else {
            return try node(.call(name, target: target, arguments), at: position)
        }
        guard case .name(let variable) = arguments[0].form else {
            throw CELProblem(
                position: arguments[0].position, message: "argument must be a simple name")
        }
        let transforms = kind == .map || kind == .optionalMap || kind == .optionalFlatMap
        let macro = CELSyntax.Comprehension(
            kind: kind, range: target, variable: variable,
            condition: transforms && arguments.count == 2 ? nil : arguments[1],
            result: transforms ? arguments[arguments.count - 1] : nil)
        return try node(.comprehension(macro), at: position)
    }
}
