import Domain

/// What a pod template of a release may not ask for: nothing that reaches beyond the pod's own
/// sandbox. (The Kubernetes API itself checks the rest when the Deployment is written.)
struct PodTemplateRules {
    private let problems: Problems

    /// Reports everything that is wrong with a template.
    static func check(_ template: Document, at path: FieldPath, _ problems: Problems) {
        guard case .object(let fields) = template else {
            problems.add(path, "must be an object, not a \(template.kindName)")
            return
        }
        guard depth(template, atMost: Limits.templateDepth) else {
            problems.add(path, "is nested deeper than \(Limits.templateDepth) levels")
            return
        }
        let size = template.canonicalJSON().count
        guard size <= Limits.templateBytes else {
            problems.add(
                path,
                "is \(size) bytes of JSON, at most \(Limits.templateBytes) are allowed"
            )
            return
        }
        for key in fields.keys where key != "metadata" && key != "spec" {
            problems.add(
                path[bounded: key],
                Spelling.unknownField(key, among: ["metadata", "spec"]),
                concernsKey: true
            )
        }
        let rules = PodTemplateRules(problems: problems)
        rules.directives(template, at: path)
        rules.metadata(template["metadata"], at: path["metadata"])
        rules.pod(template["spec"], at: path["spec"])
    }

    private init(problems: Problems) { self.problems = problems }

    /// Whether a document is nested at most so deep.
    static func depth(_ document: Document, atMost limit: Int) -> Bool {
        guard limit >= 0 else { return false }
        switch document {
        case .array(let elements): return elements.allSatisfy { depth($0, atMost: limit - 1) }
        case .object(let fields):
            return fields.members.allSatisfy { depth($0.value, atMost: limit - 1) }
        default: return true
        }
    }

    /// `$patch` and its like would be dropped without a word.
    private func directives(_ document: Document, at path: FieldPath) {
        switch document {
        case .array(let elements):
            for (index, element) in elements.enumerated() { directives(element, at: path[index]) }
        case .object(let fields):
            for member in fields.members {
                if member.key.hasPrefix("$") {
                    problems.add(
                        path[bounded: member.key],
                        "directives such as `$patch` are not supported",
                        concernsKey: true
                    )
                } else {
                    directives(member.value, at: path[bounded: member.key])
                }
            }
        default: break
        }
    }

    private func metadata(_ metadata: Document?, at path: FieldPath) {
        guard let metadata,
            let reader = ObjectReader(
                metadata,
                at: path,
                problems,
                known: ["labels", "annotations"]
            )
        else { return }
        for key in ["labels", "annotations"] {
            guard let map = reader.value(key) else { continue }
            strings(map, at: path[key])
        }
    }

    /// A map of strings without names of Slipway's own.
    private func strings(_ map: Document, at path: FieldPath) {
        guard let members = map.objectValue?.members else {
            problems.add(path, "must be an object, not a \(map.kindName)")
            return
        }
        for member in members {
            if member.key.hasPrefix("slipway.dev/") {
                problems.add(
                    path[bounded: member.key],
                    "names under slipway.dev/ are Slipway's own",
                    concernsKey: true
                )
            } else if member.value.stringValue == nil {
                problems.add(path[bounded: member.key], "must be a string; write it in quotes")
            }
        }
    }

    private func pod(_ spec: Document?, at path: FieldPath) {
        guard let spec, !spec.isNull else { return }
        guard spec.objectValue != nil else {
            problems.add(path, "must be an object, not a \(spec.kindName)")
            return
        }
        for key in ["hostNetwork", "hostPID", "hostIPC"] where isSet(spec[key]) {
            problems.add(path[key], "`\(key)` is not allowed: pods stay in their own namespaces")
        }
        for key in ServiceAccountRule.members {
            guard let account = spec[key], !account.isNull, account != "" else { continue }
            if let name = account.stringValue {
                if let problem = Formats.subdomain(name) { problems.add(path[key], problem) }
            } else {
                problems.add(path[key], "must be a string, not a \(account.kindName)")
            }
        }
        pullSecrets(spec["imagePullSecrets"], at: path["imagePullSecrets"])
        if let policy = spec["restartPolicy"], !policy.isNull, policy != "Always" {
            problems.add(path["restartPolicy"], "must be Always: a model server runs for ever")
        }
        if let ephemeral = spec["ephemeralContainers"], !ephemeral.isNull {
            problems.add(
                path["ephemeralContainers"],
                "`ephemeralContainers` are not allowed in a template",
                concernsKey: true
            )
        }
        security(spec["securityContext"], at: path["securityContext"])
        for (volume, place) in named(spec["volumes"], at: path["volumes"]) {
            if let host = volume["hostPath"], !host.isNull {
                problems.add(
                    place["hostPath"],
                    "`hostPath` is not allowed: pods have no access to the node",
                    concernsKey: true
                )
            }
        }
        for key in ["containers", "initContainers"] {
            for (container, place) in named(spec[key], at: path[key]) {
                check(container: container, at: place)
            }
        }
    }

    /// The names of Secrets in the release's own namespace, which the kubelet reads. An entry
    /// without a name would be taken by the API and give nothing.
    private func pullSecrets(_ list: Document?, at path: FieldPath) {
        for (secret, place) in named(list, at: path) {
            if let name = secret["name"]?.stringValue, !name.isEmpty,
                let problem = Formats.subdomain(name)
            {
                problems.add(place["name"], problem)
            }
            for key in secret.objectValue?.keys ?? [] where key != "name" {
                problems.add(
                    place[bounded: key], Spelling.unknownField(key, among: ["name"]),
                    concernsKey: true)
            }
        }
    }

    /// The elements of a list of objects with distinct names.
    private func named(_ list: Document?, at path: FieldPath) -> [(Document, FieldPath)] {
        guard let list, !list.isNull else { return [] }
        guard let elements = list.arrayValue else {
            problems.add(path, "must be a list, not a \(list.kindName)")
            return []
        }
        var names: Set<String> = []
        var result: [(Document, FieldPath)] = []
        for (index, element) in elements.enumerated() {
            guard element.objectValue != nil else {
                problems.add(path[index], "must be an object, not a \(element.kindName)")
                continue
            }
            if let name = element["name"]?.stringValue, !name.isEmpty {
                if !names.insert(name).inserted {
                    problems.add(path[index]["name"], "`\(name.prefix(64))` stands twice")
                }
            } else {
                problems.add(path[index]["name"], "is required and must be a string")
            }
            result.append((element, path[index]))
        }
        return result
    }

    private func check(container: Document, at path: FieldPath) {
        security(container["securityContext"], at: path["securityContext"])
        for (index, port) in (container["ports"]?.arrayValue ?? []).enumerated() {
            if let host = port["hostPort"], !host.isNull, host != 0 {
                problems.add(
                    path["ports"][index]["hostPort"],
                    "`hostPort` is not allowed: pods take no ports of the node",
                    concernsKey: true
                )
            }
        }
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            handler(container[probe], at: path[probe])
        }
        for hook in ["postStart", "preStop"] {
            handler(container["lifecycle"]?[hook], at: path["lifecycle"][hook])
        }
    }

    /// Probes and hooks run from the node: another host would be reached past every policy.
    private func handler(_ handler: Document?, at path: FieldPath) {
        for action in ["httpGet", "tcpSocket"] {
            guard let host = handler?[action]?["host"], !host.isNull, host != "" else { continue }
            problems.add(
                path[action]["host"],
                "`host` is not allowed: a probe asks its own pod",
                concernsKey: true
            )
        }
    }

    private func security(_ context: Document?, at path: FieldPath) {
        guard let context, !context.isNull else { return }
        for key in ["privileged", "allowPrivilegeEscalation"] where isSet(context[key]) {
            problems.add(path[key], "`\(key)` is not allowed: it must be false or absent")
        }
        if isSet(context["windowsOptions"]?["hostProcess"]) {
            problems.add(
                path["windowsOptions"]["hostProcess"],
                "`hostProcess` is not allowed: it must be false or absent"
            )
        }
        if let mount = context["procMount"], !mount.isNull, mount != "Default" {
            problems.add(path["procMount"], "must be Default or absent")
        }
        let added = context["capabilities"]?["add"]
        if let added, !added.isNull, added.arrayValue == nil {
            problems.add(path["capabilities"]["add"], "must be a list, not a \(added.kindName)")
        }
        for (index, capability) in (added?.arrayValue ?? []).enumerated()
        where capability != "NET_BIND_SERVICE" {
            problems.add(
                path["capabilities"]["add"][index],
                "only the capability NET_BIND_SERVICE may be added"
            )
        }
    }

    /// Anything but false, null and absence counts as set.
    private func isSet(_ value: Document?) -> Bool {
        guard let value, !value.isNull else { return false }
        return value != false
    }
}
