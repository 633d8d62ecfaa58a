import Domain

/// The rules of a schema, where they stand in it.
final class ValidationSchema: Sendable {
    /// What its expressions see of a value; `nil` where they see nothing of it.
    let type: CELSchema?
    private let rules: [ValidationRule]
    private let items: ValidationSchema?
    private let additional: ValidationSchema?
    private let properties: [String: ValidationSchema]
    private let isValueShown: Bool
    private let typeName: String
    /// Here or below stands a rule that compares with what was.
    let hasTransitions: Bool
    /// Here or below stands a rule.
    let hasRules: Bool

    /// Where a schema stands.
    private struct Place {
        /// The path in the definition.
        var path: String
        var depth = 0
        var isObject = true
        /// The list whose elements cannot be told from each other.
        var uncorrelated: String?

        func below(_ name: String) -> Place {
            Place(
                path: "\(path).\(name)", depth: depth + 1, isObject: false,
                uncorrelated: uncorrelated)
        }
    }

    /// Compiles the rules of `openAPIV3Schema`; what is wrong with them is added to `causes`.
    convenience init(
        _ schema: Document, at path: String, _ causes: inout [APIStatus.Cause]
    ) {
        self.init(schema, Place(path: path), &causes)
    }

    private init(
        _ schema: Document, _ place: Place, _ causes: inout [APIStatus.Cause]
    ) {
        let isDeep = place.depth >= StructuralSchema.depthLimit
        let isObject =
            place.isObject || schema["x-kubernetes-embedded-resource"]?.boolValue == true
        let listType = schema["x-kubernetes-list-type"]?.stringValue ?? "atomic"
        var properties: [String: ValidationSchema] = [:]
        for member in schema["properties"]?.objectValue?.members ?? [] where !isDeep {
            // An object's own members are not the schema's business.
            if isObject, StructuralSchema.objectMembers.contains(member.key) { continue }
            properties[member.key] = ValidationSchema(
                member.value, place.below("properties[\(member.key)]"), &causes)
        }
        var inner = place.below("items")
        if listType != "map", inner.uncorrelated == nil { inner.uncorrelated = place.path }
        func part(_ name: String, _ place: Place) -> ValidationSchema? {
            guard !isDeep, let part = schema[name], part.objectValue != nil else { return nil }
            return ValidationSchema(part, place, &causes)
        }
        let items = part("items", inner)
        let additional = part("additionalProperties", place.below("additionalProperties"))
        let type = Self.type(
            of: schema, isObject, properties: properties, items: items, additional: additional)
        var rules: [ValidationRule] = []
        for (index, rule) in (schema["x-kubernetes-validations"]?.arrayValue ?? []).enumerated() {
            guard let type, causes.count < 100 else { continue }
            let path = "\(place.path).x-kubernetes-validations[\(index)]"
            guard let compiled = ValidationRule(rule, for: type, schema, at: path, &causes) else {
                continue
            }
            rules.append(compiled)
            guard compiled.usesOldSelf, let list = place.uncorrelated else { continue }
            causes.append(
                .invalid(
                    "\(path).rule", rule["rule"] ?? "",
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within "
                        + list))
        }
        let parts = [items, additional].compactMap(\.self) + Array(properties.values)
        self.properties = properties.filter { $0.value.hasRules }
        self.items = items?.hasRules == true ? items : nil
        self.additional = additional?.hasRules == true ? additional : nil
        self.type = type
        self.rules = rules
        typeName = schema["type"]?.stringValue ?? ""
        isValueShown = typeName != "object" && typeName != "array"
        hasRules = !rules.isEmpty || parts.contains(where: \.hasRules)
        hasTransitions =
            rules.contains(where: \.usesOldSelf) || parts.contains(where: \.hasTransitions)
        if hasRules, let fallback = schema["default"] {
            checkDefault(fallback, at: "\(place.path).default", &causes)
        }
    }

    /// What is filled in must keep the rules too.
    private func checkDefault(
        _ value: Document, at path: String, _ causes: inout [APIStatus.Cause]
    ) {
        for cause in problems(of: value, old: nil) {
            let place = cause.field == "<nil>" ? "" : cause.field
            let separator = place.isEmpty || place.hasPrefix("[") ? "" : "."
            causes.append(
                .init(
                    reason: cause.reason, message: cause.message, field: path + separator + place))
        }
    }

    /// The rules of a schema that is in force; `nil` if it has none.
    static func compiled(_ schema: Document) -> ValidationSchema? {
        var causes: [APIStatus.Cause] = []
        let result = ValidationSchema(schema, at: "", &causes)
        return result.hasRules ? result : nil
    }

    private static func type(
        of schema: Document, _ isObject: Bool, properties: [String: ValidationSchema],
        items: ValidationSchema?, additional: ValidationSchema?
    ) -> CELSchema? {
        if schema["x-kubernetes-int-or-string"]?.boolValue == true { return CELSchema(.anything) }
        switch schema["type"]?.stringValue {
        case "boolean": return CELSchema(.bool)
        case "integer": return CELSchema(.int)
        case "number": return CELSchema(.double)
        case "string":
            return switch schema["format"]?.stringValue {
            case "byte": CELSchema(.bytes)
            case "duration": CELSchema(.duration)
            case "date", "date-time": CELSchema(.timestamp)
            default: CELSchema(.string)
            }
        case "array":
            guard let element = items?.type else { return nil }
            return CELSchema(
                .list, items: element,
                listType: schema["x-kubernetes-list-type"]?.stringValue ?? "atomic",
                listKeys: (schema["x-kubernetes-list-map-keys"]?.arrayValue ?? [])
                    .compactMap(\.stringValue))
        case "object":
            if schema["additionalProperties"]?.objectValue != nil {
                return (additional?.type).map { CELSchema(.map, items: $0) }
            }
            var fields = isObject ? CELSchema.objectFields : [:]
            for (name, property) in properties {
                guard let type = property.type, let escaped = CELSchema.escaped(name) else {
                    continue
                }
                fields[escaped] = .init(name: name, schema: type)
            }
            return CELSchema(.record, fields: fields)
        default: return nil
        }
    }

    // MARK: Objects

    /// What breaks a rule in an object, which must fit the schema.
    ///
    /// Of an update only what it changes is complained about.
    ///
    /// - Parameter old: the object that is updated; `nil` for a new one.
    func problems(of new: Document, old: Document?) -> [APIStatus.Cause] {
        var walk = Walk()
        check(new, old, isUnchanged: false, &walk)
        return walk.causes
    }

    private struct Walk {
        var path = FieldPath.root
        var causes: [APIStatus.Cause] = []
        var budget = ValidationRule.budget
        var isOver = false

        /// The path as complaints name it; that of the whole object has no name.
        func field(_ below: [FieldPath.Part] = []) -> String {
            let parts = path.parts + below
            return parts.isEmpty ? "<nil>" : FieldPath(parts).description
        }
    }

    private func check(_ new: Document, _ old: Document?, isUnchanged: Bool, _ walk: inout Walk) {
        guard !new.isNull, !walk.isOver else { return }
        let isUnchanged = isUnchanged || old == new
        // What is as it was may break its rules, unless they compare it with what it was.
        if isUnchanged, !hasTransitions { return }
        let old = old?.isNull == true ? nil : old
        for rule in rules where !walk.isOver && !(isUnchanged && !rule.usesOldSelf) {
            apply(rule, new, old, &walk)
        }
        switch new {
        case .object(let fields):
            guard !properties.isEmpty || additional != nil else { return }
            for member in fields.members {
                guard let schema = properties[member.key] ?? additional else { continue }
                walk.path.parts.append(.key(member.key))
                schema.check(member.value, old?[member.key], isUnchanged: isUnchanged, &walk)
                walk.path.parts.removeLast()
            }
        case .array(let elements):
            guard let items else { return }
            for (index, element) in elements.enumerated() {
                walk.path.parts.append(.index(index))
                items.check(
                    element, match(element, old), isUnchanged: isUnchanged, &walk)
                walk.path.parts.removeLast()
            }
        default: break
        }
    }

    /// The element that an element of a list was before: the one with the same keys.
    private func match(_ element: Document, _ old: Document?) -> Document? {
        guard let type, type.listType == "map", let list = old?.arrayValue else { return nil }
        return list.first { other in type.listKeys.allSatisfy { other[$0] == element[$0] } }
    }

    private func apply(
        _ rule: ValidationRule, _ new: Document, _ old: Document?, _ walk: inout Walk
    ) {
        guard let type else { return }
        if rule.usesOldSelf, old == nil, !rule.isOptional { return }
        let values: [CELValue]
        do {
            let before = try old.map { (old) throws(CELFailure) in try type.value(of: old) }
            values = [
                try type.value(of: new), rule.isOptional ? .optional(before) : before ?? .null,
            ]
        } catch {
            complain("\(error.message) evaluating rule: \(rule.name)", &walk)
            return
        }
        let limit = min(ValidationRule.stepLimit, walk.budget)
        let (result, steps) = rule.program.evaluate(values, limit: limit)
        walk.budget -= steps
        switch result {
        case .success(.bool(true)): return
        case .success: refuse(rule, new, values, &walk)
        case .failure(let failure) where failure.isExhausted:
            walk.isOver = true
            complain(
                walk.budget < 0
                    ? "validation failed due to running out of cost budget, no further validation "
                        + "rules will be run"
                    : "'\(failure.message)': no further validation rules will be run due to call "
                        + "cost exceeds limit for rule: \(rule.name)", &walk)
        case .failure(let failure):
            complain(
                failure == .noOverload
                    ? "'\(failure.message)': call arguments did not match a supported operator, "
                        + "function or macro signature for rule: \(rule.name)"
                    : "\(failure.message) evaluating rule: \(rule.name)", &walk)
        }
    }

    /// A rule that could not be evaluated.
    private func complain(_ detail: String, _ walk: inout Walk) {
        walk.causes.append(.invalid(walk.field(), .string(typeName), detail))
    }

    /// A rule that does not hold.
    private func refuse(
        _ rule: ValidationRule, _ new: Document, _ values: [CELValue], _ walk: inout Walk
    ) {
        var detail = rule.fallback
        if let message = rule.message {
            let limit = min(ValidationRule.stepLimit, walk.budget)
            let (result, steps) = message.evaluate(values, limit: limit)
            walk.budget -= steps
            // A message that cannot be made is replaced by the one that is written.
            if case .success(.string(let text)) = result {
                let text = text.trimmed
                if !text.isEmpty, !text.hasLineBreak,
                    text.utf8.count <= ValidationRule.messageLimit
                {
                    detail = text
                }
            } else if case .failure(let failure) = result, failure.isExhausted {
                walk.isOver = true
                complain(
                    "messageExpression evaluation failed due to running out of cost budget, no "
                        + "further validation rules will be run", &walk)
                return
            }
        }
        let path = walk.field(rule.path)
        let cause: APIStatus.Cause =
            switch rule.reason {
            case "FieldValueForbidden": .forbidden(path, detail)
            case "FieldValueRequired": .required(path, detail)
            case "FieldValueDuplicate":
                isValueShown
                    ? .duplicate(path, new)
                    : .init(reason: rule.reason, message: "Duplicate value", field: path)
            default:
                isValueShown
                    ? .invalid(path, new, detail)
                    : .init(
                        reason: "FieldValueInvalid", message: "Invalid value: \(detail)",
                        field: path)
            }
        walk.causes.append(cause)
    }
}
