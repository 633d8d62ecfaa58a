import Domain

/// The rules of a schema, where they stand in it.
final class ValidationSchema: Sendable {
    /// What its expressions see of a value; `nil` where they see nothing of it.
    let type: CELSchema?
    private let rules: [ValidationRule]
    /// Why rules could not be compiled that are in force all the same; they never hold.
    private let broken: [String]
    /// What stands below it is replaced as a whole: nothing there was something before.
    private let isAtomicMap: Bool
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

    /// What is found while rules are compiled.
    private struct Findings {
        var causes: [APIStatus.Cause] = []
        /// Steps left for the rules of defaults; `nil` for a schema in force, whose defaults are
        /// not looked at and whose rules all count, whatever is wrong with them.
        var budget: Int?

        var isFull: Bool { budget != nil && causes.count >= SchemaReport.limit }
    }

    /// Compiles the rules of `openAPIV3Schema`; what is wrong with them is added to `causes`.
    ///
    /// - Parameter budget: steps that the rules of its defaults may take, less those they took.
    convenience init(
        _ schema: Document, at path: String, budget: inout Int, _ causes: inout [APIStatus.Cause]
    ) {
        var findings = Findings(causes: causes, budget: budget)
        self.init(schema, Place(path: path), &findings)
        causes = findings.causes
        budget = findings.budget ?? 0
    }

    private init(_ schema: Document, _ place: Place, _ findings: inout Findings) {
        let isDeep = place.depth >= StructuralSchema.depthLimit
        let isObject =
            place.isObject || schema["x-kubernetes-embedded-resource"]?.boolValue == true
        let listType = schema["x-kubernetes-list-type"]?.stringValue ?? "atomic"
        isAtomicMap = schema["x-kubernetes-map-type"]?.stringValue == "atomic"
        let isAtomic = isAtomicMap
        func member(_ name: String) -> Place {
            var inner = place.below(name)
            if isAtomic, inner.uncorrelated == nil { inner.uncorrelated = place.path }
            return inner
        }
        var properties: [String: ValidationSchema] = [:]
        for property in schema["properties"]?.objectValue?.members ?? [] where !isDeep {
            // An object's own members are not the schema's business.
            if isObject, StructuralSchema.objectMembers.contains(property.key) { continue }
            properties[property.key] = ValidationSchema(
                property.value, member("properties[\(property.key)]"), &findings)
        }
        var inner = place.below("items")
        if listType != "map", inner.uncorrelated == nil { inner.uncorrelated = place.path }
        func part(_ name: String, _ place: Place) -> ValidationSchema? {
            guard !isDeep, let part = schema[name], part.objectValue != nil else { return nil }
            return ValidationSchema(part, place, &findings)
        }
        let items = part("items", inner)
        let additional = part("additionalProperties", member("additionalProperties"))
        let type = Self.type(
            of: schema, isObject, properties: properties, items: items, additional: additional)
        let (rules, broken) = Self.rules(of: schema, type, place, &findings)
        let parts = [items, additional].compactMap(\.self) + Array(properties.values)
        self.properties = properties.filter { $0.value.hasRules }
        self.items = items?.hasRules == true ? items : nil
        self.additional = additional?.hasRules == true ? additional : nil
        self.type = type
        self.rules = rules
        self.broken = broken
        typeName = schema["type"]?.stringValue ?? ""
        isValueShown = typeName != "object" && typeName != "array"
        hasRules = !rules.isEmpty || !broken.isEmpty || parts.contains(where: \.hasRules)
        hasTransitions =
            rules.contains(where: \.usesOldSelf) || parts.contains(where: \.hasTransitions)
        if hasRules, let fallback = schema["default"] {
            checkDefault(fallback, at: "\(place.path).default", &findings)
        }
    }

    /// The rules that stand in a schema itself, and what is wrong with those that are in force but
    /// cannot be compiled.
    private static func rules(
        of schema: Document, _ type: CELSchema?, _ place: Place, _ findings: inout Findings
    ) -> (rules: [ValidationRule], broken: [String]) {
        var rules: [ValidationRule] = []
        var broken: [String] = []
        for (index, rule) in (schema["x-kubernetes-validations"]?.arrayValue ?? []).enumerated() {
            guard !findings.isFull else { break }
            let path = "\(place.path).x-kubernetes-validations[\(index)]"
            var causes: [APIStatus.Cause] = []
            var compiled: ValidationRule?
            if let type {
                compiled = ValidationRule(rule, for: type, schema, at: path, &causes)
            } else if index == 0 || findings.budget == nil {
                causes.append(
                    .init(
                        reason: "InternalError",
                        message: "Internal error: internal error: failed to retrieve type "
                            + "information for x-kubernetes-validations",
                        field: "\(place.path).x-kubernetes-validations"))
            }
            if let compiled {
                rules.append(compiled)
                if compiled.usesOldSelf, let outer = place.uncorrelated {
                    causes.append(
                        .invalid(
                            "\(path).rule", rule["rule"] ?? "",
                            "oldSelf cannot be used on the uncorrelatable portion of the schema "
                                + "within \(outer)"))
                }
            } else {
                broken.append("rule compile error: \(causes.first?.message ?? "")")
            }
            if findings.budget != nil { findings.causes += causes }
        }
        return (rules, broken)
    }

    /// What is filled in must keep the rules too.
    private func checkDefault(
        _ value: Document, at path: String, _ findings: inout Findings
    ) {
        guard let budget = findings.budget, !findings.isFull else { return }
        var walk = Walk(budget: budget)
        check(value, nil, isUnchanged: false, &walk)
        findings.budget = max(walk.budget, 0)
        for cause in walk.causes {
            let place = cause.field == "<nil>" ? "" : cause.field
            let separator = place.isEmpty || place.hasPrefix("[") ? "" : "."
            findings.causes.append(
                .init(
                    reason: cause.reason, message: cause.message, field: path + separator + place))
        }
    }

    /// The rules of a schema that is in force; `nil` if it has none. One that cannot be compiled
    /// is broken by every object.
    static func compiled(_ schema: Document) -> ValidationSchema? {
        var findings = Findings()
        let result = ValidationSchema(schema, Place(path: ""), &findings)
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
    /// - Parameter budget: steps that all of its rules may take.
    func problems(
        of new: Document, old: Document?, budget: Int = ValidationRule.budget
    ) -> [APIStatus.Cause] {
        var walk = Walk(budget: budget)
        check(new, old, isUnchanged: false, &walk)
        return walk.causes
    }

    private struct Walk {
        /// Bytes of all complaints after which no more are looked for.
        private static let textLimit = 1_000_000

        var path = FieldPath.root
        private(set) var causes: [APIStatus.Cause] = []
        var budget: Int
        var isOver = false
        private var length = 0

        init(budget: Int) { self.budget = budget }

        mutating func add(_ cause: APIStatus.Cause) {
            causes.append(cause)
            length += cause.message.utf8.count
            if causes.count >= SchemaReport.limit || length > Self.textLimit { isOver = true }
        }

        /// The path as complaints name it; that of the whole object has no name.
        func field(_ below: [FieldPath.Part] = []) -> String {
            let parts = path.parts + below
            return parts.isEmpty ? "<nil>" : FieldPath(parts).description
        }
    }

    private func check(_ new: Document, _ old: Document?, isUnchanged: Bool, _ walk: inout Walk) {
        guard !new.isNull, pays(&walk) else { return }
        let isUnchanged = isUnchanged || old == new
        // What is as it was may break its rules, unless they compare it with what it was.
        if isUnchanged, !hasTransitions { return }
        let old = old?.isNull == true ? nil : old
        for text in broken where !isUnchanged && pays(&walk) { complain(text, &walk) }
        for rule in rules where !(isUnchanged && !rule.usesOldSelf) && pays(&walk) {
            apply(rule, new, old, &walk)
        }
        switch new {
        case .object(let fields):
            guard !properties.isEmpty || additional != nil else { return }
            for member in fields.members {
                guard let schema = properties[member.key] ?? additional else { continue }
                walk.path.parts.append(.key(member.key))
                schema.check(
                    member.value, isAtomicMap ? nil : old?[member.key], isUnchanged: isUnchanged,
                    &walk)
                walk.path.parts.removeLast()
            }
        case .array(let elements):
            guard let items else { return }
            let before = elementsByKeys(old)
            for (index, element) in elements.enumerated() {
                walk.path.parts.append(.index(index))
                items.check(
                    element, before[keys(of: element)], isUnchanged: isUnchanged, &walk)
                walk.path.parts.removeLast()
            }
        default: break
        }
    }

    /// Takes a step of the budget, which each value and each rule costs at least; complains once
    /// if none is left.
    private func pays(_ walk: inout Walk) -> Bool {
        guard !walk.isOver else { return false }
        walk.budget -= 1
        guard walk.budget < 0 else { return true }
        walk.isOver = true
        complain(Self.noBudget, &walk)
        return false
    }

    private static let noBudget =
        "validation failed due to running out of cost budget, no further validation rules will "
        + "be run"

    /// What tells an element of the list from the others.
    private func keys(of element: Document) -> [Document?] {
        (type?.listKeys ?? []).map { element[$0] }
    }

    /// What the elements of a list were before: those with the same keys.
    private func elementsByKeys(_ old: Document?) -> [[Document?]: Document] {
        guard let type, type.listType == "map", let list = old?.arrayValue else { return [:] }
        return Dictionary(list.map { (keys(of: $0), $0) }) { first, _ in first }
    }

    private func apply(
        _ rule: ValidationRule, _ new: Document, _ old: Document?, _ walk: inout Walk
    ) {
        guard let type else { return }
        if rule.usesOldSelf, old == nil, !rule.isOptional { return }
        let limit = min(ValidationRule.stepLimit, walk.budget)
        var meter = CELMeter(limit)
        var values: [CELValue] = []
        var result: Result<CELValue, CELFailure>
        do {
            var before: CELValue?
            if let old { before = try type.value(of: old, &meter) }
            values = [
                try type.value(of: new, &meter),
                rule.isOptional ? .optional(before) : before ?? .null,
            ]
            walk.budget -= limit - meter.left
            let (outcome, steps) = rule.program.evaluate(values, limit: meter.left)
            walk.budget -= steps
            result = outcome
        } catch {
            walk.budget -= limit - max(meter.left, -1)
            result = .failure(error)
        }
        switch result {
        case .success(.bool(true)): return
        case .success: refuse(rule, new, values, &walk)
        case .failure(let failure) where failure.isExhausted:
            walk.isOver = true
            complain(
                walk.budget < 0
                    ? Self.noBudget
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
        let text = detail.cut(to: ValidationRule.messageLimit)
        walk.add(.invalid(walk.field(), .string(typeName), text))
    }

    /// A rule that does not hold.
    private func refuse(
        _ rule: ValidationRule, _ new: Document, _ values: [CELValue], _ walk: inout Walk
    ) {
        var detail = rule.fallback.cut(to: ValidationRule.messageLimit)
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
        walk.add(cause)
    }
}
