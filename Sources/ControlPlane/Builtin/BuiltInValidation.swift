import Domain

/// What is wrong with objects of the built-in kinds besides their metadata.
enum BuiltInValidation {
    static func problems(of object: Document, _ kind: ResourceKind) -> [APIStatus.Cause] {
        let spec = object["spec"] ?? [:]
        switch kind.description {
        case "pods": return PodValidation(spec, at: "spec").causes
        case "deployments.apps": return deployment(spec)
        case "replicasets.apps": return workload(spec, "replica set")
        case "services": return service(spec)
        case "configmaps": return configMap(object)
        case "horizontalpodautoscalers.autoscaling": return autoscaler(spec)
        case "poddisruptionbudgets.policy": return budget(spec)
        default: return []
        }
    }

    /// For an update: the rules for the new object, and what may not change.
    static func problems(
        ofUpdated new: Document,
        _ old: Document,
        _ kind: ResourceKind
    ) -> [APIStatus.Cause] {
        if kind == .pod { return PodValidation.problems(ofChanged: new, old) }
        var causes: [APIStatus.Cause] = []
        if new["spec"] != old["spec"] || new["data"] != old["data"]
            || new["binaryData"] != old["binaryData"]
        {
            causes += problems(of: new, kind)
        }
        switch kind {
        case .deployment, .replicaSet:
            if let selector = new.at("spec", "selector"), selector != old.at("spec", "selector") {
                causes.append(.invalid("spec.selector", selector, "field is immutable"))
            }
        case .configMap, .secret: causes += frozen(new, old)
        case .controllerRevision:
            if new["data"] != old["data"] {
                causes.append(.invalid("data", new["data"] ?? .null, "field is immutable"))
            }
        default: break
        }
        return causes
    }

    private static func frozen(_ new: Document, _ old: Document) -> [APIStatus.Cause] {
        guard old["immutable"] == true else { return [] }
        let words = "field is immutable when `immutable` is set"
        return ["immutable", "data", "binaryData"].compactMap { key in
            new[key] == old[key] ? nil : .forbidden(key, words)
        }
    }

    // MARK: Workloads

    private static func workload(_ spec: Document, _ noun: String) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        for key in ["replicas", "minReadySeconds", "revisionHistoryLimit"] {
            if let number = spec[key]?.integerValue, number < 0 {
                causes.append(.negative("spec.\(key)", number))
            }
        }
        let labels = spec.at("template", "metadata", "labels")
        var isChosen = false
        if let selector = spec["selector"] {
            if let parsed = LabelSelector(selector) {
                isChosen = !parsed.isEmpty && parsed.matches(labels?.objectValue ?? .init())
                if parsed.isEmpty {
                    let words = "empty selector is invalid for \(noun)"
                    causes.append(.invalid("spec.selector", selector, words))
                    isChosen = true
                }
            }
        } else {
            causes.append(.required("spec.selector"))
        }
        if !isChosen {
            causes.append(
                .invalid(
                    "spec.template.metadata.labels",
                    labels ?? .null,
                    "`selector` does not match template `labels`"
                )
            )
        }
        let pod = spec.at("template", "spec") ?? [:]
        causes += PodValidation(pod, at: "spec.template.spec").causes
        if let policy = pod["restartPolicy"]?.stringValue, policy != "Always",
            ["OnFailure", "Never"].contains(policy)
        {
            let field = "spec.template.spec.restartPolicy"
            causes.append(.notSupported(field, .string(policy), ["Always"]))
        }
        return causes
    }

    private static func deployment(_ spec: Document) -> [APIStatus.Cause] {
        var causes = workload(spec, "deployment")
        let strategy = spec["strategy"] ?? [:]
        switch strategy["type"]?.stringValue {
        case "Recreate":
            if strategy["rollingUpdate"] != nil {
                causes.append(
                    .forbidden(
                        "spec.strategy.rollingUpdate",
                        "may not be specified when strategy `type` is 'Recreate'"
                    )
                )
            }
        case "RollingUpdate":
            let update = strategy["rollingUpdate"] ?? [:]
            let parts = ["maxSurge", "maxUnavailable"].map { update[$0] ?? 0 }
            for (name, value) in zip(["maxSurge", "maxUnavailable"], parts) {
                causes += share(
                    value, "spec.strategy.rollingUpdate.\(name)", isBounded: name != "maxSurge")
            }
            if parts.allSatisfy({ $0 == 0 || $0 == "0%" }) {
                causes.append(
                    .invalid(
                        "spec.strategy.rollingUpdate.maxUnavailable",
                        parts[1],
                        "may not be 0 when `maxSurge` is 0"
                    )
                )
            }
        default:
            // Printed as Go prints the structure, without its JSON names.
            let type = (strategy["type"] ?? "").inMessage
            causes.append(
                .init(
                    reason: "FieldValueNotSupported",
                    message: "Unsupported value: {\"Type\":\(type),\"RollingUpdate\":null}: "
                        + "supported values: \"Recreate\", \"RollingUpdate\"",
                    field: "spec.strategy"
                )
            )
        }
        let deadline = spec["progressDeadlineSeconds"]?.integerValue ?? 600
        if deadline <= spec["minReadySeconds"]?.integerValue ?? 0 {
            causes.append(
                .invalid(
                    "spec.progressDeadlineSeconds",
                    .integer(deadline),
                    "must be greater than minReadySeconds"
                )
            )
        }
        return causes
    }

    /// A number or a percentage.
    private static func share(
        _ value: Document,
        _ field: String,
        isBounded: Bool
    ) -> [APIStatus.Cause] {
        if let number = value.integerValue {
            return number < 0 ? [.negative(field, number)] : []
        }
        guard let text = value.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()),
            percent >= 0
        else {
            return [
                .invalid(
                    field,
                    value,
                    "a valid percent string must be a numeric string followed by an ending '%' "
                        + "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
                )
            ]
        }
        guard isBounded, percent > 100 else { return [] }
        return [.invalid(field, value, "must not be greater than 100%")]
    }

    // MARK: Others

    private static func service(_ spec: Document) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let type = spec["type"]?.stringValue ?? "ClusterIP"
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        if !types.contains(type) {
            causes.append(.notSupported("spec.type", .string(type), types))
        }
        let ports = spec["ports"]?.arrayValue ?? []
        let isHeadless = spec["clusterIP"] == "None"
        if ports.isEmpty, !isHeadless, type != "ExternalName" {
            causes.append(.required("spec.ports"))
        }
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let place = "spec.ports[\(index)]"
            let name = port["name"]?.stringValue ?? ""
            if name.isEmpty {
                if ports.count > 1 { causes.append(.required("\(place).name")) }
            } else if let problem = NameRules.label1123(name) {
                causes.append(.invalid("\(place).name", .string(name), problem))
            } else if !names.insert(name).inserted {
                causes.append(.duplicate("\(place).name", .string(name)))
            }
            let number = port["port"]?.integerValue ?? 0
            if !(1...65_535).contains(number) {
                causes.append(.port("\(place).port", .integer(number)))
            }
            let transport = port["protocol"]?.stringValue ?? ""
            let transports = ["SCTP", "TCP", "UDP"]
            if !transports.contains(transport) {
                causes.append(.notSupported("\(place).protocol", .string(transport), transports))
            }
            if let target = port["targetPort"]?.integerValue, !(1...65_535).contains(target) {
                causes.append(.port("\(place).targetPort", .integer(target)))
            }
        }
        return causes
    }

    private static func configMap(_ object: Document) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let binary = object["binaryData"]?.objectValue ?? .init()
        var size = 0
        for (list, fields) in [
            ("data", object["data"]?.objectValue ?? .init()), ("binaryData", binary),
        ] {
            for member in fields.members {
                size += member.value.stringValue?.utf8.count ?? 0
                let key = Document.string(member.key)
                let field = "\(list)[\(member.key)]"
                if let problem = configKey(member.key) {
                    causes.append(.invalid(field, key, problem))
                }
                if list == "data", binary[member.key] != nil {
                    causes.append(
                        .invalid(field, key, "duplicate of key present in binaryData")
                    )
                }
            }
        }
        if size > 1_048_576 {
            causes.append(
                .init(
                    reason: "FieldValueTooLong",
                    message: "Too long: may not be more than 1048576 bytes",
                    field: "[]"
                )
            )
        }
        return causes
    }

    private static func configKey(_ key: String) -> String? {
        if key.utf8.count > 253 { return "must be no more than 253 characters" }
        let isRight =
            !key.isEmpty
            && key.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || "0123456789-._".unicodeScalars.contains($0))
            }
        if isRight { return key == "." || key == ".." ? "must not be '\(key)'" : nil }
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
            + "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
            + "'[-._a-zA-Z0-9]+')"
    }

    private static func autoscaler(_ spec: Document) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let least = spec["minReplicas"]?.integerValue ?? 1
        let most = spec["maxReplicas"]?.integerValue ?? 0
        if least < 1 {
            let words = "must be greater than or equal to 1"
            causes.append(.invalid("spec.minReplicas", .integer(least), words))
        }
        if most < 1 {
            causes.append(.required("spec.maxReplicas", "must be set and greater than 0"))
        } else if most < least {
            let words = "must be greater than or equal to `minReplicas`"
            causes.append(.invalid("spec.maxReplicas", .integer(most), words))
        }
        let target = spec["scaleTargetRef"] ?? [:]
        for key in ["kind", "name"] where (target[key]?.stringValue ?? "").isEmpty {
            causes.append(.required("spec.scaleTargetRef.\(key)"))
        }
        let version = target["apiVersion"]?.stringValue ?? ""
        if !version.contains("/") {
            let words = "apiVersion must specify API group"
            causes.append(.invalid("spec.scaleTargetRef.apiVersion", .string(version), words))
        }
        let metrics = spec["metrics"]?.arrayValue ?? []
        for (index, metric) in metrics.enumerated() {
            guard
                let share = metric.at("resource", "target", "averageUtilization")?.integerValue,
                share < 1
            else { continue }
            let field = "spec.metrics[\(index)].resource.target.averageUtilization"
            causes.append(.invalid(field, .integer(share), "must be greater than 0"))
        }
        let scalesToZero = metrics.contains { $0["type"] == "Object" || $0["type"] == "External" }
        if least == 0, !scalesToZero {
            causes.append(
                .forbidden(
                    "spec.metrics",
                    "must specify at least one Object or External metric to support scaling to "
                        + "zero replicas"
                )
            )
        }
        return causes
    }

    private static func budget(_ spec: Document) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        if let least = spec["minAvailable"], let most = spec["maxUnavailable"] {
            let selector = (spec["selector"] ?? .null).inMessage
            causes.append(
                .init(
                    reason: "FieldValueInvalid",
                    message: "Invalid value: {\"MinAvailable\":\(least.inMessage),\"Selector\":"
                        + "\(selector),\"MaxUnavailable\":\(most.inMessage),"
                        + "\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable "
                        + "cannot be both set",
                    field: "spec"
                )
            )
        }
        for key in ["minAvailable", "maxUnavailable"] {
            guard let value = spec[key] else { continue }
            causes += share(value, "spec.\(key)", isBounded: true)
        }
        return causes
    }
}
