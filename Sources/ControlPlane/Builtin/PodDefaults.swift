import Domain

/// What the API server fills in where a pod says nothing.
enum PodDefaults {
    /// For a template and for a pod itself.
    static func fill(_ spec: inout Document) {
        set(&spec, "restartPolicy", "Always")
        set(&spec, "terminationGracePeriodSeconds", 30)
        set(&spec, "dnsPolicy", "ClusterFirst")
        set(&spec, "securityContext", [:])
        set(&spec, "schedulerName", "default-scheduler")
        // Two names of one thing.
        if let name = spec["serviceAccountName"] ?? spec["serviceAccount"] {
            spec["serviceAccountName"] = name
            spec["serviceAccount"] = name
        }
        for list in ["initContainers", "containers"] {
            spec[list] = mapped(spec[list], fillContainer)
        }
        spec["volumes"] = mapped(spec["volumes"], fillVolume)
    }

    /// What only a pod has, and no template.
    static func fillPod(_ pod: inout Document, isSpecFilled: Bool) {
        if !isSpecFilled { fillSpec(&pod) }
        guard var status = pod["status"] else { return }
        status["conditions"] = mapped(status["conditions"]) { condition in
            if condition["lastProbeTime"] == nil { condition["lastProbeTime"] = .null }
        }
        for list in ["initContainerStatuses", "containerStatuses"] {
            status[list] = mapped(status[list]) { set(&$0, "lastState", [:]) }
        }
        pod["status"] = status
    }

    private static func fillSpec(_ pod: inout Document) {
        var spec = pod["spec"] ?? [:]
        fill(&spec)
        set(&spec, "enableServiceLinks", true)
        set(&spec, "serviceAccountName", "default")
        spec["serviceAccount"] = spec["serviceAccountName"]
        set(&spec, "priority", 0)
        set(&spec, "preemptionPolicy", "PreemptLowerPriority")
        for list in ["initContainers", "containers"] {
            spec[list] = mapped(spec[list], fillRequests)
        }
        addTolerations(&spec)
        pod["spec"] = spec
    }

    /// How well the pod's resources are guaranteed.
    static func qualityOfService(_ spec: Document) -> String {
        let containers =
            (spec["containers"]?.arrayValue ?? []) + (spec["initContainers"]?.arrayValue ?? [])
        var isGuaranteed = true
        var hasAny = false
        for container in containers {
            let requests = container.at("resources", "requests")
            let limits = container.at("resources", "limits")
            for name in ["cpu", "memory"] {
                let request = requests?[name]?.stringValue.flatMap(Quantity.init)
                let limit = limits?[name]?.stringValue.flatMap(Quantity.init)
                if request?.isPositive ?? false || limit?.isPositive ?? false { hasAny = true }
                if limit == nil || request != limit { isGuaranteed = false }
            }
        }
        guard hasAny else { return "BestEffort" }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }

    private static func set(_ object: inout Document, _ key: String, _ value: Document) {
        if object[key] == nil { object[key] = value }
    }

    private static func mapped(
        _ list: Document?,
        _ change: (inout Document) -> Void
    ) -> Document? {
        guard let elements = list?.arrayValue else { return list }
        return .array(
            elements.map { element in
                var new = element
                if new.objectValue != nil { change(&new) }
                return new
            }
        )
    }

    private static func fillContainer(_ container: inout Document) {
        set(&container, "resources", [:])
        set(&container, "terminationMessagePath", "/dev/termination-log")
        set(&container, "terminationMessagePolicy", "File")
        let image = container["image"]?.stringValue ?? ""
        set(&container, "imagePullPolicy", isMoving(image) ? "Always" : "IfNotPresent")
        container["ports"] = mapped(container["ports"]) { set(&$0, "protocol", "TCP") }
        container["env"] = mapped(container["env"]) { variable in
            guard variable.at("valueFrom", "fieldRef") != nil,
                variable.at("valueFrom", "fieldRef", "apiVersion") == nil
            else { return }
            variable.set(["valueFrom", "fieldRef", "apiVersion"], to: "v1")
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            guard var value = container[probe], value.objectValue != nil else { continue }
            set(&value, "timeoutSeconds", 1)
            set(&value, "periodSeconds", 10)
            set(&value, "successThreshold", 1)
            set(&value, "failureThreshold", 3)
            fillHandler(&value)
            container[probe] = value
        }
        for hook in ["postStart", "preStop"] {
            guard var value = container.at("lifecycle", hook) else { continue }
            fillHandler(&value)
            container.set(["lifecycle", hook], to: value)
        }
    }

    private static func fillHandler(_ handler: inout Document) {
        if var request = handler["httpGet"] {
            set(&request, "path", "/")
            set(&request, "scheme", "HTTP")
            handler["httpGet"] = request
        }
        if handler["grpc"] != nil, handler.at("grpc", "service") == nil {
            handler.set(["grpc", "service"], to: "")
        }
    }

    /// An image without a tag, or with the tag `latest`, means something else tomorrow.
    private static func isMoving(_ image: String) -> Bool {
        guard !image.contains("@") else { return false }
        let last = image.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return true }
        return last[last.index(after: colon)...] == "latest"
    }

    private static func fillRequests(_ container: inout Document) {
        for limit in container.at("resources", "limits")?.objectValue?.members ?? []
        where container.at("resources", "requests", limit.key) == nil {
            container.set(["resources", "requests", limit.key], to: limit.value)
        }
    }

    private static func fillVolume(_ volume: inout Document) {
        for source in ["secret", "configMap", "projected", "downwardAPI"] {
            if volume[source] != nil, volume.at(source, "defaultMode") == nil {
                volume.set([source, "defaultMode"], to: 420)
            }
        }
        if volume["hostPath"] != nil, volume.at("hostPath", "type") == nil {
            volume.set(["hostPath", "type"], to: "")
        }
        if (volume.objectValue?.count ?? 0) <= 1 { volume["emptyDir"] = [:] }
    }

    /// A pod stays five minutes on a node that does not answer.
    private static func addTolerations(_ spec: inout Document) {
        var tolerations = spec["tolerations"]?.arrayValue ?? []
        for name in ["not-ready", "unreachable"] {
            let key = Document.string("node.kubernetes.io/\(name)")
            let isTold = tolerations.contains {
                ($0["key"] == key || ($0["key"] == nil && $0["operator"] == "Exists"))
                    && ($0["effect"] == nil || $0["effect"] == "NoExecute")
            }
            guard !isTold else { continue }
            tolerations.append([
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            ])
        }
        spec["tolerations"] = .array(tolerations)
    }
}
