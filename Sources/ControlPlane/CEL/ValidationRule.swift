import Domain

/// One entry of `x-kubernetes-validations`, compiled.
///
/// Source: "Validation rules" in the Kubernetes documentation of CustomResourceDefinitions. The
/// limits are those of its API server, as far as it bounds the evaluation: costs are not
/// estimated beforehand.
struct ValidationRule: Sendable {
    /// Steps of one rule at most.
    static let stepLimit = 1_000_000
    /// Steps of all rules for one object at most.
    static let budget = 10_000_000
    /// Bytes of a message at most.
    static let messageLimit = 5 * 1024

    let program: CELProgram
    let message: CELProgram?
    /// What is said without a message that was evaluated.
    let fallback: String
    /// What errors of evaluation call the rule.
    let name: String
    let reason: String
    /// Where below the value a complaint points at.
    let path: [FieldPath.Part]
    let usesOldSelf: Bool
    let isOptional: Bool

    static let self_ = "self"
    static let oldSelf = "oldSelf"
    static let reasons = [
        "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired",
    ]

    /// Compiles a rule; `nil` where something is wrong, which is then told.
    init?(
        _ rule: Document, for schema: CELSchema, _ raw: Document, at place: String,
        _ causes: inout [APIStatus.Cause]
    ) {
        let count = causes.count
        let text = (rule["rule"]?.stringValue ?? "").trimmed
        let given = rule["message"]?.stringValue ?? ""
        Self.checkWords(rule, raw, at: place, &causes)
        guard causes.count == count else { return nil }
        isOptional = rule["optionalOldSelf"]?.boolValue ?? false
        let type = schema.type
        let variables = [
            (name: Self.self_, type: type),
            (name: Self.oldSelf, type: isOptional ? CELType.optional(type) : type),
        ]
        func compile(
            _ text: String, _ field: String, _ kind: String, to result: CELType
        ) -> CELProgram? {
            let detail: String
            do {
                let program = try CELProgram(text, variables: variables)
                if program.type == result || program.type.isDynamic && result == .dyn {
                    return program
                }
                detail =
                    result == .bool
                    ? "cel expression must evaluate to a bool"
                    : "messageExpression must evaluate to a string"
            } catch {
                detail = "\(kind): \(error.description)"
            }
            causes.append(
                .init(
                    reason: "FieldValueInvalid",
                    message: "Invalid value: \(Self.printed(rule)): \(detail)",
                    field: "\(place).\(field)"))
            return nil
        }
        guard let program = compile(text, "rule", "compilation failed", to: .bool) else {
            return nil
        }
        self.program = program
        usesOldSelf = program.used.contains(Self.oldSelf)
        if let expression = rule["messageExpression"]?.stringValue, !expression.isEmpty {
            message = compile(
                expression, "messageExpression", "messageExpression compilation failed",
                to: .string)
        } else {
            message = nil
        }
        name = given.isEmpty ? text : given.trimmed
        fallback = given.isEmpty ? "failed rule: \(text)" : given.trimmed
        reason = rule["reason"]?.stringValue ?? "FieldValueInvalid"
        path = ValidationPath.parts(rule["fieldPath"]?.stringValue ?? "", in: raw) ?? []
        if rule["optionalOldSelf"] != nil, !usesOldSelf {
            causes.append(
                .invalid(
                    "\(place).optionalOldSelf", .bool(isOptional),
                    "may not be set if oldSelf is not used in rule"))
        }
        guard causes.count == count else { return nil }
    }

    /// What is wrong with a rule's own members.
    private static func checkWords(
        _ rule: Document, _ raw: Document, at place: String, _ causes: inout [APIStatus.Cause]
    ) {
        let text = rule["rule"]?.stringValue ?? ""
        let message = rule["message"]?.stringValue ?? ""
        if text.trimmed.isEmpty {
            causes.append(.required("\(place).rule", "rule is not specified"))
        } else if !message.isEmpty, message.trimmed.isEmpty {
            causes.append(
                .invalid(
                    "\(place).message", .string(message), "message must be non-empty if specified")
            )
        } else if message.trimmed.hasLineBreak {
            causes.append(
                .invalid(
                    "\(place).message", .string(message), "message must not contain line breaks"))
        } else if text.trimmed.hasLineBreak, message.trimmed.isEmpty {
            causes.append(
                .required(
                    "\(place).message", "message must be specified if rule contains line breaks"))
        }
        if let expression = rule["messageExpression"]?.stringValue, !expression.isEmpty,
            expression.trimmed.isEmpty
        {
            causes.append(
                .required(
                    "\(place).messageExpression",
                    "messageExpression must be non-empty if specified"))
        }
        if let reason = rule["reason"]?.stringValue, !reasons.contains(reason) {
            causes.append(.notSupported("\(place).reason", .string(reason), reasons))
        }
        guard let path = rule["fieldPath"]?.stringValue, !path.isEmpty else { return }
        let complaint: String? =
            if path.trimmed.isEmpty {
                "fieldPath must be non-empty if specified"
            } else if path.hasLineBreak {
                "fieldPath must not contain line breaks"
            } else {
                ValidationPath.parts(path, in: raw) == nil
                    ? "fieldPath must be a valid path" : nil
            }
        if let complaint {
            causes.append(.invalid("\(place).fieldPath", .string(path), complaint))
        }
    }

    /// A rule as Go prints the structure.
    private static func printed(_ rule: Document) -> String {
        func text(_ name: String) -> String { (rule[name] ?? "").inMessage }
        return "{\"Rule\":\(text("rule")),\"Message\":\(text("message")),"
            + "\"MessageExpression\":\(text("messageExpression")),"
            + "\"Reason\":\((rule["reason"] ?? .null).inMessage),"
            + "\"FieldPath\":\(text("fieldPath")),"
            + "\"OptionalOldSelf\":\((rule["optionalOldSelf"] ?? .null).inMessage)}"
    }
}

extension String {
    /// Without white space around it.
    var trimmed: String {
        let kept = unicodeScalars.drop { $0.properties.isWhitespace }.reversed()
            .drop { $0.properties.isWhitespace }.reversed()
        return String(String.UnicodeScalarView(kept))
    }

    var hasLineBreak: Bool { utf8.contains { $0 == UInt8(ascii: "\n") || $0 == 13 } }

    /// So many bytes of it at most, and dots where more stood.
    func cut(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
            end = utf8.index(before: end)
        }
        return "\(self[..<end])..."
    }
}

/// Paths of rules: `.spec.tracks`, `.labels['a.b']`. Elements of lists cannot be named.
enum ValidationPath {
    /// The steps of a path; `nil` if the schema has no such field.
    static func parts(_ text: String, in schema: Document) -> [FieldPath.Part]? {
        var parts: [FieldPath.Part] = []
        var current = schema
        var rest = Substring(text.trimmed)
        while let first = rest.first {
            rest = rest.dropFirst()
            let name: String
            switch first {
            case ".":
                let word = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" }
                rest = rest.dropFirst(word.count)
                name = String(word)
            case "[":
                guard rest.hasPrefix("'"), let end = rest.firstRange(of: "']") else { return nil }
                name = String(rest[..<end.lowerBound].dropFirst())
                rest = rest[end.upperBound...]
            default: return nil
            }
            if current["properties"]?.objectValue?.isEmpty == false {
                guard let next = current.at("properties", name) else { return nil }
                current = next
            } else if let next = current["additionalProperties"], next.objectValue != nil {
                current = next
            } else {
                return nil
            }
            parts.append(.key(name))
        }
        return parts
    }
}
