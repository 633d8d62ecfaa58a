import API
import Domain

/// The rules that some definitions carry in CEL, written in Swift: the model has no interpreter.
///
/// For Slipway's own kinds it is the validation that the controller does as well; for HTTPRoutes
/// the rule that every route to a Service meets.
struct WrittenRules: Sendable {
    let problems: @Sendable (Document) -> [APIStatus.Cause]

    /// The rules of a kind; `nil` if it has none that are known here.
    init?(_ kind: ResourceKind) {
        switch (kind.group, kind.kind) {
        case (ResourceKind.modelRelease.group, _): problems = Self.ownProblems
        case ("gateway.networking.k8s.io", "HTTPRoute"): problems = Self.routeProblems
        default: return nil
        }
    }

    /// What is wrong besides what the schema found. As on a real server, some errors of the schema
    /// keep the rules from being looked at, and no field is complained about twice.
    func problems(
        of object: Document, besides found: [APIStatus.Cause]
    ) -> [APIStatus.Cause] {
        guard !found.contains(where: { StructuralSchema.blocking.contains($0.reason) }) else {
            return []
        }
        let named = Set(found.map(\.field))
        return problems(object).filter { !named.contains($0.field) }
    }

    // MARK: Slipway's own kinds

    private static func ownProblems(of object: Document) -> [APIStatus.Cause] {
        APIValidation.errors(for: object).map { error in
            let field = error.path.description
            guard let value = object.value(at: error.path), isShown(value) else {
                return .init(
                    reason: "FieldValueInvalid", message: "Invalid value: \(error.message)",
                    field: field)
            }
            return .invalid(field, value, error.message)
        }
    }

    /// Only values without parts are printed, and none that may hold a password.
    private static func isShown(_ value: Document) -> Bool {
        switch value {
        case .null, .array, .object: false
        case .string(let text): !text.utf8.contains(UInt8(ascii: "@")) && text.utf8.count <= 256
        case .bool, .integer, .double: true
        }
    }

    // MARK: HTTPRoute

    /// A reference to a Service must say which port, in rules and in what filters mirror to.
    private static func routeProblems(of object: Document) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        func check(_ reference: Document?, _ path: FieldPath) {
            guard let reference, reference.objectValue != nil else { return }
            let isService =
                (reference["group"]?.stringValue ?? "").isEmpty
                && (reference["kind"]?.stringValue ?? "Service") == "Service"
            guard isService, reference["port"]?.integerValue == nil else { return }
            causes.append(
                .init(
                    reason: "FieldValueInvalid",
                    message: "Invalid value: Must have port for Service reference",
                    field: path.description))
        }
        func checkFilters(_ holder: Document, _ path: FieldPath) {
            for (index, filter) in (holder["filters"]?.arrayValue ?? []).enumerated() {
                check(
                    filter.at("requestMirror", "backendRef"),
                    path["filters"][index]["requestMirror"]["backendRef"])
            }
        }
        let rules = FieldPath.root["spec"]["rules"]
        for (number, rule) in (object.at("spec", "rules")?.arrayValue ?? []).enumerated() {
            for (index, reference) in (rule["backendRefs"]?.arrayValue ?? []).enumerated() {
                let path = rules[number]["backendRefs"][index]
                check(reference, path)
                checkFilters(reference, path)
            }
            checkFilters(rule, rules[number])
        }
        return causes
    }
}

extension Document {
    /// The value at a path; `nil` if there is none.
    func value(at path: FieldPath) -> Document? {
        var current = self
        for part in path.parts {
            let next: Document? =
                switch part {
                case .key(let key): current[key]
                case .index(let index): current[index]
                }
            guard let next else { return nil }
            current = next
        }
        return current
    }
}
