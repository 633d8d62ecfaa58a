import Domain

extension Discovery {
    /// The name of a subresource, the kind that goes over the wire, and its verbs.
    struct Subresource {
        var name: String
        var kind: ResourceKind
        var verbs: [String]
        /// The server has it, but needs a kubelet for it that it has not.
        var needsKubelet = false
    }

    /// The parts of a kind's objects, in the order in which a real server lists them.
    static func subresources(_ definition: KindDefinition) -> [Subresource] {
        let scale = definition.scale.map { _ in
            Subresource(name: "scale", kind: kind("Scale", "autoscaling"), verbs: usual)
        }
        let status =
            definition.hasStatus
            ? Subresource(name: "status", kind: definition.kind, verbs: usual) : nil
        // Custom resources name their status first.
        let ordered = definition.customDefinition == nil ? [scale, status] : [status, scale]
        return own(definition.kind) + ordered.compactMap { $0 }
    }

    private static let usual = ["get", "patch", "update"]

    private static func own(_ kind: ResourceKind) -> [Subresource] {
        switch kind {
        case .pod: podParts
        case .namespace: [.init(name: "finalize", kind: .namespace, verbs: ["update"])]
        case .serviceAccount:
            [
                .init(
                    name: "token", kind: self.kind("TokenRequest", "authentication.k8s.io"),
                    verbs: ["create"])
            ]
        default: []
        }
    }

    private static let podParts: [Subresource] = [
        connection("attach", "PodAttachOptions", ["create", "get"]),
        .init(name: "binding", kind: kind("Binding", ""), verbs: ["create"]),
        .init(name: "ephemeralcontainers", kind: .pod, verbs: usual, needsKubelet: true),
        .init(name: "eviction", kind: kind("Eviction", "policy"), verbs: ["create"]),
        connection("exec", "PodExecOptions", ["create", "get"]),
        .init(name: "log", kind: .pod, verbs: ["get"]),
        connection("portforward", "PodPortForwardOptions", ["create", "get"]),
        connection("proxy", "PodProxyOptions", ["create", "delete", "get", "patch", "update"]),
        .init(name: "resize", kind: .pod, verbs: usual, needsKubelet: true),
    ]

    private static func connection(
        _ name: String, _ kind: String, _ verbs: [String]
    ) -> Subresource {
        .init(name: name, kind: self.kind(kind, ""), verbs: verbs, needsKubelet: true)
    }

    private static func kind(_ name: String, _ group: String) -> ResourceKind {
        ResourceKind(group: group, version: "v1", kind: name, plural: name.lowercased() + "s")
    }
}
