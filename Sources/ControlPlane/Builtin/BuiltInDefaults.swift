import Domain

/// What the API server fills in for the other built-in kinds.
enum BuiltInDefaults {
    /// Brings an object of a built-in kind into the server's form, defaults included. What is as
    /// it was before has that form already.
    static func apply(_ object: inout Document, over old: Document?, _ kind: ResourceKind) {
        // Slices are written by controllers, with nulls that mean something; Events of both groups
        // share one stored form.
        if kind != .endpointSlice, kind.plural != "events",
            let shape = BuiltInShapes.shape(of: kind)
        {
            object = GoForm.normalized(object, over: old, shape)
        }
        let hasOldSpec = old.map { object["spec"] == $0["spec"] } ?? false
        switch kind.description {
        case "secrets": fillSecret(&object)
        case "pods": PodDefaults.fillPod(&object, isSpecFilled: hasOldSpec)
        case _ where hasOldSpec: break
        case "deployments.apps": fillDeployment(&object)
        case "replicasets.apps": fillReplicaSet(&object)
        case "services": fillService(&object)
        case "horizontalpodautoscalers.autoscaling": fillAutoscaler(&object)
        case "leases.coordination.k8s.io": set(&object, ["spec"], [:])
        default: break
        }
    }

    private static func set(_ object: inout Document, _ path: [String], _ value: Document) {
        var current: Document? = object
        for key in path { current = current?[key] }
        if current == nil { object.set(path, to: value) }
    }

    private static func fillTemplate(_ object: inout Document) {
        var spec = object.at("spec", "template", "spec") ?? [:]
        PodDefaults.fill(&spec)
        object.set(["spec", "template", "spec"], to: spec)
        set(&object, ["spec", "template", "metadata"], [:])
    }

    private static func fillDeployment(_ object: inout Document) {
        set(&object, ["spec", "replicas"], 1)
        set(&object, ["spec", "revisionHistoryLimit"], 10)
        set(&object, ["spec", "progressDeadlineSeconds"], 600)
        set(&object, ["spec", "strategy", "type"], "RollingUpdate")
        if object.at("spec", "strategy", "type") == "RollingUpdate" {
            set(&object, ["spec", "strategy", "rollingUpdate", "maxUnavailable"], "25%")
            set(&object, ["spec", "strategy", "rollingUpdate", "maxSurge"], "25%")
        }
        fillTemplate(&object)
    }

    private static func fillReplicaSet(_ object: inout Document) {
        set(&object, ["spec", "replicas"], 1)
        fillTemplate(&object)
    }

    private static func fillService(_ object: inout Document) {
        set(&object, ["spec", "type"], "ClusterIP")
        set(&object, ["spec", "sessionAffinity"], "None")
        if object.at("spec", "sessionAffinity") == "ClientIP" {
            let path = ["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"]
            set(&object, path, 10_800)
        }
        let type = object.at("spec", "type")?.stringValue ?? ""
        if let ports = object.at("spec", "ports")?.arrayValue {
            let filled = ports.map { port -> Document in
                var new = port
                if new["protocol"] == nil { new["protocol"] = "TCP" }
                if new["targetPort"] == nil { new["targetPort"] = new["port"] }
                if type == "ClusterIP" { new["nodePort"] = nil }
                return new
            }
            object.set(["spec", "ports"], to: .array(filled))
        }
        guard type != "ExternalName" else { return }
        set(&object, ["spec", "ipFamilies"], ["IPv4"])
        set(&object, ["spec", "ipFamilyPolicy"], "SingleStack")
        set(&object, ["spec", "internalTrafficPolicy"], "Cluster")
        if type == "NodePort" || type == "LoadBalancer" {
            set(&object, ["spec", "externalTrafficPolicy"], "Cluster")
        }
        if type == "LoadBalancer" {
            set(&object, ["spec", "allocateLoadBalancerNodePorts"], true)
        }
    }

    private static func fillSecret(_ object: inout Document) {
        set(&object, ["type"], "Opaque")
        for member in object["stringData"]?.objectValue?.members ?? [] {
            let text = member.value.stringValue ?? ""
            object.set(["data", member.key], to: .string(base64(Array(text.utf8))))
        }
        object["stringData"] = nil
    }

    /// RFC 4648 with padding.
    static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value: UInt32 = 0
            for byte in group { value = value << 8 | UInt32(byte) }
            value <<= UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                let index = Int(value >> UInt32(18 - 6 * place) & 63)
                out.append(place <= group.count ? letters[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func fillAutoscaler(_ object: inout Document) {
        set(&object, ["spec", "minReplicas"], 1)
        set(
            &object,
            ["spec", "metrics"],
            [
                [
                    "type": "Resource",
                    "resource": [
                        "name": "cpu",
                        "target": ["type": "Utilization", "averageUtilization": 80],
                    ],
                ]
            ]
        )
        guard object.at("spec", "behavior") != nil else { return }
        let up = ["spec", "behavior", "scaleUp"]
        set(&object, up + ["stabilizationWindowSeconds"], 0)
        set(&object, up + ["selectPolicy"], "Max")
        set(
            &object,
            up + ["policies"],
            [
                ["type": "Pods", "value": 4, "periodSeconds": 15],
                ["type": "Percent", "value": 100, "periodSeconds": 15],
            ]
        )
        let down = ["spec", "behavior", "scaleDown"]
        set(&object, down + ["selectPolicy"], "Max")
        set(
            &object,
            down + ["policies"],
            [["type": "Percent", "value": 100, "periodSeconds": 15]]
        )
    }
}
