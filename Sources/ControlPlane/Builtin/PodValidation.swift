import Domain

/// What is wrong with a pod or a template of one.
struct PodValidation {
    private(set) var causes: [APIStatus.Cause] = []

    /// - Parameter place: the path of the spec.
    init(_ spec: Document, at place: String) {
        let volumes = (spec["volumes"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        checkNames(volumes, place, "volumes")
        let containers = spec["containers"]?.arrayValue ?? []
        if containers.isEmpty { causes.append(.required("\(place).containers")) }
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            check(container, "\(place).containers[\(index)]", volumes, &names)
        }
        for (index, container) in (spec["initContainers"]?.arrayValue ?? []).enumerated() {
            check(container, "\(place).initContainers[\(index)]", volumes, &names)
        }
        checkPolicies(spec, place)
    }

    private mutating func checkNames(_ names: [String], _ place: String, _ list: String) {
        var seen: Set<String> = []
        for (index, name) in names.enumerated() {
            let field = "\(place).\(list)[\(index)].name"
            if let problem = NameRules.label1123(name) {
                causes.append(.invalid(field, .string(name), problem))
            } else if !seen.insert(name).inserted {
                causes.append(.duplicate(field, .string(name)))
            }
        }
    }

    private mutating func checkPolicies(_ spec: Document, _ place: String) {
        choose(spec, "restartPolicy", ["Always", "OnFailure", "Never"], place)
        let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]
        choose(spec, "dnsPolicy", policies, place)
        if spec["dnsPolicy"] == "None", spec["dnsConfig"] == nil {
            causes.append(
                .required(
                    "\(place).dnsConfig",
                    "must provide `dnsConfig` when `dnsPolicy` is None"
                )
            )
        }
        if let grace = spec["terminationGracePeriodSeconds"]?.integerValue, grace < 0 {
            causes.append(.negative("\(place).terminationGracePeriodSeconds", grace))
        }
    }

    private mutating func choose(
        _ object: Document,
        _ key: String,
        _ allowed: [String],
        _ place: String
    ) {
        guard let value = object[key] else { return }
        guard !allowed.contains(value.stringValue ?? "") else { return }
        causes.append(.notSupported("\(place).\(key)", value, allowed))
    }

    private mutating func check(
        _ container: Document,
        _ place: String,
        _ volumes: [String],
        _ names: inout Set<String>
    ) {
        let name = container["name"]?.stringValue ?? ""
        if name.isEmpty {
            causes.append(.required("\(place).name"))
        } else if let problem = NameRules.label1123(name) {
            causes.append(.invalid("\(place).name", .string(name), problem))
        } else if !names.insert(name).inserted {
            causes.append(.duplicate("\(place).name", .string(name)))
        }
        let image = container["image"]?.stringValue ?? ""
        if image.isEmpty { causes.append(.required("\(place).image")) }
        choose(container, "imagePullPolicy", ["Always", "IfNotPresent", "Never"], place)
        choose(
            container,
            "terminationMessagePolicy",
            ["File", "FallbackToLogsOnError"],
            place
        )
        checkPorts(container, place)
        checkEnvironment(container, place)
        checkMounts(container, place, volumes)
        checkResources(container["resources"] ?? [:], "\(place).resources")
    }

    private mutating func checkPorts(_ container: Document, _ place: String) {
        var seen: Set<String> = []
        for (index, port) in (container["ports"]?.arrayValue ?? []).enumerated() {
            let field = "\(place).ports[\(index)]"
            let number = port["containerPort"]?.integerValue ?? 0
            if number == 0 {
                causes.append(.required("\(field).containerPort"))
            } else if !(1...65_535).contains(number) {
                causes.append(.port("\(field).containerPort", .integer(number)))
            }
            if let host = port["hostPort"]?.integerValue, !(1...65_535).contains(host) {
                causes.append(.port("\(field).hostPort", .integer(host)))
            }
            choose(port, "protocol", ["SCTP", "TCP", "UDP"], field)
            if let name = port["name"]?.stringValue, !seen.insert(name).inserted {
                causes.append(.duplicate("\(field).name", .string(name)))
            }
        }
    }

    private mutating func checkEnvironment(_ container: Document, _ place: String) {
        for (index, variable) in (container["env"]?.arrayValue ?? []).enumerated() {
            let field = "\(place).env[\(index)]"
            let name = variable["name"]?.stringValue ?? ""
            if name.isEmpty {
                causes.append(.required("\(field).name"))
            } else if !name.utf8.allSatisfy({ (32...126).contains($0) && $0 != 61 }) {
                causes.append(
                    .invalid(
                        "\(field).name",
                        .string(name),
                        "a valid environment variable name must consist only of printable ASCII "
                            + "characters other than '='"
                    )
                )
            }
            if variable["valueFrom"] != nil, !(variable["value"]?.stringValue ?? "").isEmpty {
                causes.append(
                    .invalid(
                        "\(field).valueFrom",
                        "",
                        "may not be specified when `value` is not empty"
                    )
                )
            }
        }
    }

    private mutating func checkMounts(
        _ container: Document,
        _ place: String,
        _ volumes: [String]
    ) {
        var seen: Set<String> = []
        for (index, mount) in (container["volumeMounts"]?.arrayValue ?? []).enumerated() {
            let field = "\(place).volumeMounts[\(index)]"
            let name = mount["name"]?.stringValue ?? ""
            if name.isEmpty {
                causes.append(.required("\(field).name"))
            } else if !volumes.contains(name) {
                causes.append(
                    .init(
                        reason: "FieldValueNotFound",
                        message: "Not found: \(Document.string(name).inMessage)",
                        field: "\(field).name"
                    )
                )
            }
            let path = mount["mountPath"]?.stringValue ?? ""
            if path.isEmpty {
                causes.append(.required("\(field).mountPath"))
            } else if !seen.insert(path).inserted {
                causes.append(.invalid("\(field).mountPath", .string(path), "must be unique"))
            }
        }
    }

    private mutating func checkResources(_ resources: Document, _ place: String) {
        for member in resources["requests"]?.objectValue?.members ?? [] {
            guard let text = member.value.stringValue, let request = Quantity(text) else {
                continue
            }
            if let bound = resources.at("limits", member.key)?.stringValue,
                let limit = Quantity(bound), request > limit
            {
                causes.append(
                    .invalid(
                        "\(place).requests",
                        .string(text),
                        "must be less than or equal to \(member.key) limit of \(bound)"
                    )
                )
            }
        }
    }

    /// What is wrong with a change of a pod's spec: hardly anything may change.
    static func problems(ofChanged new: Document, _ old: Document) -> [APIStatus.Cause] {
        guard new["spec"] != old["spec"] else { return [] }
        func rest(_ pod: Document) -> Document {
            var spec = pod["spec"] ?? [:]
            for list in ["containers", "initContainers"] {
                let stripped = spec[list]?.arrayValue?.map { container -> Document in
                    var new = container
                    new["image"] = nil
                    return new
                }
                spec[list] = stripped.map(Document.array)
            }
            for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
                spec[key] = nil
            }
            return spec
        }
        guard rest(new) != rest(old) else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,"
                    + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
                    + "`spec.tolerations` (only additions to existing tolerations),"
                    + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                    + "previously negative)"
            )
        ]
    }
}

extension APIStatus.Cause {
    static func port(_ field: String, _ value: Document) -> Self {
        .invalid(field, value, "must be between 1 and 65535, inclusive")
    }

    static func negative(_ field: String, _ value: Int64) -> Self {
        .invalid(field, .integer(value), "must be greater than or equal to 0")
    }
}
