import ControlPlane
import Domain
import Glibc

/// The Node of the sandbox, as a kubelet registers it.
enum NodeObject {
    static let kind = ResourceKind(group: "", version: "v1", kind: "Node", plural: "nodes")

    /// What the machine has, with the amounts that were asked for in their place.
    static func capacity(_ overrides: [String: String]) -> Document {
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        var capacity: Document = [
            "cpu": .string(String(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            "memory": .string("\(max(pages, 0) / 1024 * page)Ki"), "pods": "110",
        ]
        for (name, amount) in overrides.sorted(by: { $0.key < $1.key }) {
            capacity[name] = .string(amount)
        }
        return capacity
    }

    /// Creates the object, or says once more that the node is alive.
    static func register(
        _ name: String, _ capacity: Document, _ store: inout Store, _ now: Timestamp
    ) {
        let key = ResourceKey(kind, namespace: "", name: name)
        let context = WriteContext(now: now, manager: "kubelet")
        if store.object(key) == nil {
            let object: Document = [
                "metadata": [
                    "name": .string(name),
                    "labels": [
                        "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux",
                        "kubernetes.io/arch": .string(architecture),
                    ],
                ], "spec": [:],
            ]
            _ = try? store.create(kind, namespace: "", object, context)
        }
        var status = context
        status.part = .status
        _ = try? store.update(key, status) { node in
            var new = node
            new["status"] = self.status(name, capacity, node["status"], now)
            return new
        }
    }

    private static func status(
        _ name: String, _ capacity: Document, _ old: Document?, _ now: Timestamp
    ) -> Document {
        let time = Document.string(now.description)
        let findings = [
            (
                "MemoryPressure", false, "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available"
            ),
            ("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            (
                "PIDPressure", false, "KubeletHasSufficientPID",
                "kubelet has sufficient PID available"
            ),
            ("Ready", true, "KubeletReady", "kubelet is posting ready status"),
        ]
        let conditions = findings.map { type, isTrue, reason, message -> Document in
            let before = old?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
            return [
                "type": .string(type), "status": isTrue ? "True" : "False",
                "reason": .string(reason), "message": .string(message),
                "lastHeartbeatTime": time,
                "lastTransitionTime": before?["lastTransitionTime"] ?? time,
            ]
        }
        return [
            "capacity": capacity, "allocatable": capacity, "conditions": .array(conditions),
            "addresses": [
                ["type": "InternalIP", "address": .string(address)],
                ["type": "Hostname", "address": .string(name)],
            ],
            "nodeInfo": [
                "kubeletVersion": "v1.36.0", "kubeProxyVersion": "",
                "containerRuntimeVersion": "process://1", "operatingSystem": "linux",
                "architecture": .string(architecture), "kernelVersion": .string(kernel),
                "osImage": "Linux", "machineID": "", "systemUUID": "", "bootID": "",
            ],
        ]
    }

    /// The node's own address.
    static let address = "127.0.0.1"

    private static var architecture: String {
        #if arch(arm64)
        "arm64"
        #else
        "amd64"
        #endif
    }

    private static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return withUnsafePointer(to: &name.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
        }
    }
}
