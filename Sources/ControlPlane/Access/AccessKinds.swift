import Domain

/// Roles and their bindings.
enum AccessKinds {
    static let group = "rbac.authorization.k8s.io"

    static let role = kind("Role", "roles")
    static let clusterRole = kind("ClusterRole", "clusterroles")
    static let roleBinding = kind("RoleBinding", "rolebindings")
    static let clusterRoleBinding = kind("ClusterRoleBinding", "clusterrolebindings")

    static let all: [KindDefinition] = [
        definition(role, problems: { ruleProblems(of: $0, isNamespaced: true) }),
        definition(
            clusterRole, isNamespaced: false,
            problems: { ruleProblems(of: $0, isNamespaced: false) }),
        binding(roleBinding, isNamespaced: true),
        binding(clusterRoleBinding, isNamespaced: false),
    ]

    private static func kind(_ name: String, _ plural: String) -> ResourceKind {
        ResourceKind(group: group, version: "v1", kind: name, plural: plural)
    }

    private static func definition(
        _ kind: ResourceKind, isNamespaced: Bool = true,
        problems: @escaping @Sendable (Document) -> [APIStatus.Cause]
    ) -> KindDefinition {
        var definition = KindDefinition(kind, isNamespaced: isNamespaced)
        definition.names = .pathSegment
        definition.allowsCreateOnUpdate = true
        definition.rules.validateCreate = problems
        definition.rules.validateUpdate = { new, _ in problems(new) }
        BuiltInRules.configure(&definition)
        return definition
    }

    private static func binding(_ kind: ResourceKind, isNamespaced: Bool) -> KindDefinition {
        let problems: @Sendable (Document) -> [APIStatus.Cause] = {
            bindingProblems(of: $0, isNamespaced: isNamespaced)
        }
        var definition = definition(kind, isNamespaced: isNamespaced, problems: problems)
        let rules = definition.rules
        definition.rules.applyDefaults = { object, old in
            rules.applyDefaults(&object, old)
            fillBinding(&object)
        }
        definition.rules.validateUpdate = { new, old in
            let known = rules.validateUpdate(new, old)
            guard let reference = new["roleRef"], reference != old["roleRef"] else { return known }
            return known + [.invalid("roleRef", reference, "cannot change roleRef")]
        }
        return definition
    }

    private static func fillBinding(_ object: inout Document) {
        if object.at("roleRef", "apiGroup") == nil, object["roleRef"] != nil {
            object.set(["roleRef", "apiGroup"], to: .string(group))
        }
        guard let subjects = object["subjects"]?.arrayValue else { return }
        object["subjects"] = .array(
            subjects.map { subject in
                guard subject["apiGroup"] == nil, subject["kind"] != "ServiceAccount" else {
                    return subject
                }
                var filled = subject
                filled["apiGroup"] = .string(group)
                return filled
            })
    }

    // MARK: Rules

    private static func ruleProblems(
        of role: Document, isNamespaced: Bool
    ) -> [APIStatus.Cause] {
        (role["rules"]?.arrayValue ?? []).enumerated().flatMap { index, rule in
            ruleProblems(rule, "rules[\(index)]", isNamespaced: isNamespaced)
        }
    }

    private static func ruleProblems(
        _ rule: Document, _ place: String, isNamespaced: Bool
    ) -> [APIStatus.Cause] {
        func isEmpty(_ name: String) -> Bool { (rule[name]?.arrayValue ?? []).isEmpty }
        var causes: [APIStatus.Cause] = []
        if isEmpty("verbs") {
            causes.append(.required("\(place).verbs", "verbs must contain at least one value"))
        }
        guard isEmpty("nonResourceURLs") else {
            let field = "\(place).nonResourceURLs"
            let value = rule["nonResourceURLs"] ?? .null
            if isNamespaced {
                let words = "namespaced rules cannot apply to non-resource URLs"
                causes.append(.invalid(field, value, words))
            }
            if !isEmpty("apiGroups") || !isEmpty("resources") || !isEmpty("resourceNames") {
                let words = "rules cannot apply to both regular resources and non-resource URLs"
                causes.append(.invalid(field, value, words))
            }
            return causes
        }
        if isEmpty("apiGroups") {
            let words = "resource rules must supply at least one api group"
            causes.append(.required("\(place).apiGroups", words))
        }
        if isEmpty("resources") {
            let words = "resource rules must supply at least one resource"
            causes.append(.required("\(place).resources", words))
        }
        return causes
    }

    private static func bindingProblems(
        of binding: Document, isNamespaced: Bool
    ) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let reference = binding["roleRef"] ?? [:]
        if reference["apiGroup"]?.stringValue != group {
            causes.append(
                .notSupported("roleRef.apiGroup", reference["apiGroup"] ?? "", [group]))
        }
        let kinds = isNamespaced ? ["ClusterRole", "Role"] : ["ClusterRole"]
        if !kinds.contains(reference["kind"]?.stringValue ?? "") {
            causes.append(.notSupported("roleRef.kind", reference["kind"] ?? "", kinds))
        }
        if (reference["name"]?.stringValue ?? "").isEmpty {
            causes.append(.required("roleRef.name"))
        }
        for (index, subject) in (binding["subjects"]?.arrayValue ?? []).enumerated() {
            let place = "subjects[\(index)]"
            if (subject["name"]?.stringValue ?? "").isEmpty {
                causes.append(.required("\(place).name"))
            }
            let kind = subject["kind"] ?? ""
            if kind == "ServiceAccount", !isNamespaced,
                (subject["namespace"]?.stringValue ?? "").isEmpty
            {
                causes.append(.required("\(place).namespace"))
            }
            if !["Group", "ServiceAccount", "User"].contains(kind.stringValue ?? "") {
                causes.append(
                    .notSupported("\(place).kind", kind, ["Group", "ServiceAccount", "User"]))
            }
        }
        return causes
    }
}
