import Domain

/// What `kubectl get` shows of built-in kinds.
enum BuiltInColumns {
    static func columns(_ kind: ResourceKind) -> [Tables.Column] {
        switch (kind.group, kind.plural) {
        case ("", "configmaps"): return [data, Tables.age]
        case ("", "secrets"):
            return [.init("Type") { $0["type"]?.stringValue ?? "" }, data, Tables.age]
        case ("", "namespaces"):
            return [.init("Status") { text($0, "status", "phase") }, Tables.age]
        case ("", "pods"): return pods
        case ("", "services"): return services
        case ("", "events"): return events
        case ("apps", "deployments"): return deployments
        case ("apps", "replicasets"):
            return [
                count("Desired", "spec", "replicas"), count("Current", "status", "replicas"),
                count("Ready", "status", "readyReplicas"), Tables.age,
            ]
        case ("coordination.k8s.io", "leases"):
            return [.init("Holder") { text($0, "spec", "holderIdentity") }, Tables.age]
        case ("discovery.k8s.io", "endpointslices"): return slices
        case ("", "nodes"): return nodes
        case ("autoscaling", "horizontalpodautoscalers"): return autoscalers
        case ("policy", "poddisruptionbudgets"): return budgets
        case (AccessKinds.group, "rolebindings"), (AccessKinds.group, "clusterrolebindings"):
            return [
                .init("Role") { "\(text($0, "roleRef", "kind"))/\(text($0, "roleRef", "name"))" },
                Tables.age,
            ]
        case ("apiextensions.k8s.io", "customresourcedefinitions"):
            return [
                .init("Created At") { text($0, "metadata", "creationTimestamp") }
            ]
        default: return [Tables.age]
        }
    }

    private static let data = Tables.Column(
        name: "Data",
        cell: { object, _ in
            let plain = object["data"]?.objectValue?.count ?? 0
            return .integer(plain + (object["binaryData"]?.objectValue?.count ?? 0))
        })

    private static let pods: [Tables.Column] = [
        .init("Ready") { pod in
            let statuses = pod.at("status", "containerStatuses")?.arrayValue ?? []
            let ready = statuses.count { $0["ready"]?.boolValue == true }
            return "\(ready)/\(pod.at("spec", "containers")?.arrayValue?.count ?? 0)"
        },
        .init("Status", podStatus),
        .init("Restarts") { pod in
            let statuses = pod.at("status", "containerStatuses")?.arrayValue ?? []
            let counts = statuses.map { min($0["restartCount"]?.integerValue ?? 0, 1 << 31) }
            return String(counts.reduce(0, +))
        },
        Tables.age,
        .init("IP", priority: 1) { orNone(text($0, "status", "podIP")) },
        .init("Node", priority: 1) { orNone(text($0, "spec", "nodeName")) },
    ]

    /// The most telling word: a container's reason before the pod's phase.
    private static func podStatus(_ pod: Document) -> String {
        if pod.isTerminating { return "Terminating" }
        for status in pod.at("status", "containerStatuses")?.arrayValue ?? [] {
            for state in ["waiting", "terminated"] {
                if let reason = status.at("state", state, "reason")?.stringValue { return reason }
            }
        }
        let reason = text(pod, "status", "reason")
        return reason.isEmpty ? text(pod, "status", "phase") : reason
    }

    private static let services: [Tables.Column] = [
        .init("Type") { text($0, "spec", "type") },
        .init("Cluster-IP") { orNone(text($0, "spec", "clusterIP")) },
        .init("External-IP") { _ in "<none>" },
        .init("Port(s)") { service in
            let ports = (service.at("spec", "ports")?.arrayValue ?? []).map { port in
                let number = port["port"]?.integerValue ?? 0
                let node = port["nodePort"]?.integerValue.map { ":\($0)" } ?? ""
                return "\(number)\(node)/\(port["protocol"]?.stringValue ?? "TCP")"
            }
            return ports.isEmpty ? "<none>" : ports.joined(separator: ",")
        },
        Tables.age,
    ]

    private static let deployments: [Tables.Column] = [
        .init("Ready") { object in
            let ready = object.at("status", "readyReplicas")?.integerValue ?? 0
            return "\(ready)/\(object.at("spec", "replicas")?.integerValue ?? 0)"
        },
        count("Up-to-date", "status", "updatedReplicas"),
        count("Available", "status", "availableReplicas"),
        Tables.age,
    ]

    private static let events: [Tables.Column] = [
        .init(
            name: "Last Seen",
            cell: { event, now in
                let times = ["lastTimestamp", "eventTime", "deprecatedLastTimestamp"]
                let time = times.compactMap { event[$0]?.stringValue }.first
                return .string(
                    Tables.age(time ?? text(event, "metadata", "creationTimestamp"), now))
            }),
        .init("Type") { $0["type"]?.stringValue ?? "" },
        .init("Reason") { $0["reason"]?.stringValue ?? "" },
        .init("Object") { event in
            let object = event["involvedObject"] ?? event["regarding"] ?? .null
            let kind = object["kind"]?.stringValue ?? ""
            return "\(kind.lowercased())/\(object["name"]?.stringValue ?? "")"
        },
        .init("Message") { ($0["message"] ?? $0["note"])?.stringValue ?? "" },
    ]

    private static let slices: [Tables.Column] = [
        .init("AddressType") { $0["addressType"]?.stringValue ?? "" },
        .init("Ports") { slice in
            let ports = (slice["ports"]?.arrayValue ?? []).compactMap { $0["port"]?.integerValue }
            return ports.isEmpty ? "<unset>" : ports.map(String.init).joined(separator: ",")
        },
        .init("Endpoints") { slice in
            let addresses = (slice["endpoints"]?.arrayValue ?? []).flatMap {
                ($0["addresses"]?.arrayValue ?? []).compactMap(\.stringValue)
            }
            return addresses.isEmpty ? "<unset>" : addresses.joined(separator: ",")
        },
        Tables.age,
    ]

    private static let nodes: [Tables.Column] = [
        .init("Status") { node in
            let ready = (node.at("status", "conditions")?.arrayValue ?? []).first {
                $0["type"] == "Ready"
            }
            let words = ready?["status"] == "True" ? "Ready" : "NotReady"
            let isClosed = node.at("spec", "unschedulable")?.boolValue == true
            return words + (isClosed ? ",SchedulingDisabled" : "")
        },
        .init("Roles") { _ in "<none>" },
        Tables.age,
        .init("Version") {
            $0.at("status", "nodeInfo", "kubeletVersion")?.stringValue ?? ""
        },
    ]

    private static let autoscalers: [Tables.Column] = [
        .init("Reference") { object in
            let target = object.at("spec", "scaleTargetRef") ?? [:]
            return "\(target["kind"]?.stringValue ?? "")/\(target["name"]?.stringValue ?? "")"
        },
        .init("Targets") { object in
            let metrics = object.at("spec", "metrics")?.arrayValue ?? []
            let texts = metrics.compactMap { metric -> String? in
                guard let name = metric.at("resource", "name")?.stringValue,
                    let share = metric.at("resource", "target", "averageUtilization")
                else { return nil }
                return "\(name): <unknown>/\(share.inMessage)%"
            }
            return texts.isEmpty ? "<unknown>" : texts.joined(separator: ", ")
        },
        .init(
            name: "MinPods", type: "integer",
            cell: { object, _ in .integer(object.at("spec", "minReplicas")?.integerValue ?? 1) }),
        count("MaxPods", "spec", "maxReplicas"), count("Replicas", "status", "currentReplicas"),
        Tables.age,
    ]

    private static let budgets: [Tables.Column] = [
        limit("Min Available", "minAvailable"), limit("Max Unavailable", "maxUnavailable"),
        count("Allowed Disruptions", "status", "disruptionsAllowed"), Tables.age,
    ]

    private static func limit(_ name: String, _ field: String) -> Tables.Column {
        .init(name) { object in
            guard let value = object.at("spec", field) else { return "N/A" }
            return value.stringValue ?? value.inMessage
        }
    }

    private static func count(_ name: String, _ first: String, _ second: String) -> Tables.Column {
        .init(
            name: name, type: "integer",
            cell: { object, _ in .integer(object.at(first, second)?.integerValue ?? 0) })
    }

    private static func text(_ object: Document, _ first: String, _ second: String) -> String {
        object.at(first, second)?.stringValue ?? ""
    }

    private static func orNone(_ text: String) -> String { text.isEmpty ? "<none>" : text }
}
