package import Domain

/// What makes a CustomResourceDefinition valid.
package enum DefinitionRules {
    /// What is wrong with a definition, in the words of the API server.
    package static func problems(of definition: Document) -> [APIStatus.Cause] {
        let spec = definition["spec"] ?? [:]
        let name = definition.objectName
        let plural = spec.at("names", "plural")?.stringValue ?? ""
        let group = spec["group"]?.stringValue ?? ""
        var causes: [APIStatus.Cause] = []
        if name != "\(plural).\(group)" {
            causes.append(
                .invalid(
                    "metadata.name",
                    .string(name),
                    "must be spec.names.plural+\".\"+spec.group"
                )
            )
        }
        causes += nameProblems(spec, plural)
        let versions = spec["versions"]?.arrayValue ?? []
        var budget = ValidationRule.budget
        if versions.count(where: { $0["storage"] == true }) != 1 {
            causes += storageProblems(versions)
        }
        for (index, version) in versions.enumerated() {
            let place = "spec.versions[\(index)]"
            if let problem = NameRules.label1035(version["name"]?.stringValue ?? "") {
                causes.append(.invalid("\(place).name", version["name"] ?? "", problem))
            }
            guard let schema = version.at("schema", "openAPIV3Schema") else {
                causes.append(.required("\(place).schema.openAPIV3Schema"))
                continue
            }
            // With one version the real server speaks of where the schema stood in v1beta1.
            let root =
                versions.count == 1
                ? "spec.validation.openAPIV3Schema" : "\(place).schema.openAPIV3Schema"
            let count = causes.count
            check(schema, root, depth: 0, &causes)
            // Rules over a schema that is wrong would be complained about for that.
            if causes.count == count {
                _ = ValidationSchema(schema, at: root, budget: &budget, &causes)
            }
        }
        return causes
    }

    private static func nameProblems(_ spec: Document, _ plural: String) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let scope = spec["scope"]?.stringValue ?? ""
        if scope.isEmpty {
            causes.append(.required("spec.scope"))
        } else if scope != "Cluster", scope != "Namespaced" {
            causes.append(
                .notSupported("spec.scope", .string(scope), ["Cluster", "Namespaced"])
            )
        }
        for (field, value) in [
            ("plural", plural),
            ("singular", spec.at("names", "singular")?.stringValue ?? ""),
            ("kind", spec.at("names", "kind")?.stringValue ?? ""),
        ] where field != "singular" || !value.isEmpty {
            let checked = field == "kind" ? value.lowercased() : value
            guard let problem = NameRules.label1035(checked) else { continue }
            causes.append(.invalid("spec.names.\(field)", .string(value), problem))
        }
        return causes
    }

    private static func storageProblems(_ versions: [Document]) -> [APIStatus.Cause] {
        // The value is printed as Go prints the structure, without its JSON names.
        let printed = versions.map { version in
            "{\"Name\":\((version["name"] ?? "").inMessage),"
                + "\"Served\":\((version["served"] ?? false).inMessage),"
                + "\"Storage\":\((version["storage"] ?? false).inMessage),"
                + "\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,"
                + "\"Subresources\":null,\"AdditionalPrinterColumns\":null,"
                + "\"SelectableFields\":null}"
        }
        var causes: [APIStatus.Cause] = [
            .init(
                reason: "FieldValueInvalid",
                message: "Invalid value: [\(printed.joined(separator: ","))]: must have exactly "
                    + "one version marked as storage version",
                field: "spec.versions"
            )
        ]
        if !versions.contains(where: { $0["storage"] == true }) {
            causes.append(
                .invalid("status.storedVersions", .null, "must have at least one stored version")
            )
        }
        return causes
    }

    private static let types = ["array", "boolean", "integer", "number", "object", "string"]

    private static func check(
        _ schema: Document,
        _ place: String,
        depth: Int,
        _ causes: inout [APIStatus.Cause]
    ) {
        guard causes.count < SchemaReport.limit else { return }
        guard depth < StructuralSchema.depthLimit else {
            return checkDeep(schema, place, &causes)
        }
        let type = schema["type"]?.stringValue ?? ""
        let isFree =
            schema["x-kubernetes-int-or-string"] == true
            || schema["x-kubernetes-preserve-unknown-fields"] == true
        if type.isEmpty, !isFree {
            let what =
                depth == 0
                ? "must not be empty at the root"
                : place.hasSuffix(".items")
                    ? "must not be empty for specified array items"
                    : "must not be empty for specified object fields"
            causes.append(.required("\(place).type", what))
        } else if !type.isEmpty, !types.contains(type) {
            causes.append(.notSupported("\(place).type", .string(type), types))
        }
        if let pattern = schema["pattern"]?.stringValue, LinearPattern(pattern) == nil {
            causes.append(
                .invalid(
                    "\(place).pattern",
                    .string(pattern),
                    "must be a valid regular expression"
                )
            )
        }
        if let fallback = schema["default"] {
            let problems = StructuralSchema(schema).problems(
                ofDefault: fallback,
                at: "\(place).default"
            )
            causes += problems
        }
        checkList(schema, place, &causes)
        checkCombinations(schema, place, depth: depth, &causes)
        for member in schema["properties"]?.objectValue?.members ?? [] {
            // The root's metadata is Kubernetes' own.
            if depth == 0, member.key == "metadata" { continue }
            check(member.value, "\(place).properties[\(member.key)]", depth: depth + 1, &causes)
        }
        if let element = schema["items"] {
            check(element, "\(place).items", depth: depth + 1, &causes)
        }
        if let other = schema["additionalProperties"], other.objectValue != nil {
            check(other, "\(place).additionalProperties", depth: depth + 1, &causes)
        }
    }

    private static let rules = "x-kubernetes-validations"

    /// Rules that stand deeper than schemas are read are refused: they would not be held to.
    private static func checkDeep(
        _ schema: Document, _ place: String, _ causes: inout [APIStatus.Cause]
    ) {
        var pending = [schema]
        while let next = pending.popLast() {
            guard next[rules]?.arrayValue?.isEmpty ?? true else {
                causes.append(
                    .forbidden(
                        place,
                        "must not hold \(rules) below \(StructuralSchema.depthLimit) levels"))
                return
            }
            pending += next.objectValue?.members.map(\.value) ?? next.arrayValue ?? []
        }
    }

    /// Below `allOf`, `anyOf`, `oneOf` and `not` no rules may stand.
    private static func checkCombinations(
        _ schema: Document, _ place: String, depth: Int, _ causes: inout [APIStatus.Cause]
    ) {
        for name in ["allOf", "anyOf", "oneOf"] {
            for (index, part) in (schema[name]?.arrayValue ?? []).enumerated() {
                checkCombined(part, "\(place).\(name)[\(index)]", depth: depth + 1, &causes)
            }
        }
        if let part = schema["not"] {
            checkCombined(part, "\(place).not", depth: depth + 1, &causes)
        }
    }

    private static func checkCombined(
        _ schema: Document, _ place: String, depth: Int, _ causes: inout [APIStatus.Cause]
    ) {
        guard causes.count < SchemaReport.limit else { return }
        guard depth < StructuralSchema.depthLimit else {
            return checkDeep(schema, place, &causes)
        }
        if schema[rules]?.arrayValue?.isEmpty == false {
            causes.append(.forbidden("\(place).\(rules)", "must be empty to be structural"))
        }
        checkCombinations(schema, place, depth: depth, &causes)
        for member in schema["properties"]?.objectValue?.members ?? [] {
            checkCombined(
                member.value, "\(place).properties[\(member.key)]", depth: depth + 1, &causes)
        }
        for name in ["items", "additionalProperties"] {
            guard let part = schema[name] else { continue }
            checkCombined(part, "\(place).\(name)", depth: depth + 1, &causes)
        }
    }

    private static func checkList(
        _ schema: Document,
        _ place: String,
        _ causes: inout [APIStatus.Cause]
    ) {
        if schema["type"] == "array", schema["items"] == nil {
            causes.append(.required("\(place).items", "must be specified"))
        }
        guard let listType = schema["x-kubernetes-list-type"]?.stringValue else { return }
        let kinds = ["atomic", "map", "set"]
        if !kinds.contains(listType) {
            causes.append(
                .notSupported("\(place).x-kubernetes-list-type", .string(listType), kinds)
            )
        }
        if listType == "map", (schema["x-kubernetes-list-map-keys"]?.arrayValue ?? []).isEmpty {
            causes.append(
                .required(
                    "\(place).x-kubernetes-list-map-keys",
                    "must not be empty if x-kubernetes-list-type is map"
                )
            )
        }
    }
}
