package import Domain

/// The shapes of the built-in kinds.
package enum BuiltInShapes {
    /// The shape of a kind; `nil` if it is not built in.
    package static func shape(of kind: ResourceKind) -> Shape? {
        shapes["\(kind.group)/\(kind.kind)"]
    }

    /// The shape in which clients write a kind, where that is not the one in which it is stored.
    static func written(_ kind: ResourceKind) -> Shape? {
        shapes["\(kind.group)/\(kind.version)/\(kind.kind)"] ?? shape(of: kind)
    }

    /// The shape of `metadata`, the same for every kind.
    package static let metadata: Shape = {
        var table = ShapeTable(texts)
        return table.shape("ObjectMeta")
    }()

    /// What the table names but does not define.
    static let missing: [String] = {
        var table = ShapeTable(texts)
        for (_, type) in kinds { _ = table.shape(type) }
        return table.missing
    }()

    private static let texts = [
        commonTypes, podTypes, volumeTypes, workloadTypes, networkTypes, otherTypes,
    ]

    private static let shapes: [String: Shape] = {
        var table = ShapeTable(texts)
        var all: [String: Shape] = [:]
        for (kind, type) in kinds { all[kind] = table.shape(type) }
        return all
    }()

    private static let kinds: [(String, String)] = [
        ("/ConfigMap", "ConfigMap"), ("/Secret", "Secret"), ("/Pod", "Pod"),
        ("/Service", "Service"), ("/Endpoints", "Endpoints"), ("/Event", "CoreEvent"),
        ("/Namespace", "Namespace"), ("/Node", "Node"), ("/ServiceAccount", "ServiceAccount"),
        ("apps/Deployment", "Deployment"), ("apps/ReplicaSet", "ReplicaSet"),
        ("apps/ControllerRevision", "ControllerRevision"),
        ("discovery.k8s.io/EndpointSlice", "EndpointSlice"),
        ("coordination.k8s.io/Lease", "Lease"), ("events.k8s.io/Event", "Event"),
        ("autoscaling/HorizontalPodAutoscaler", "HorizontalPodAutoscaler"),
        ("autoscaling/v1/HorizontalPodAutoscaler", "OldHorizontalPodAutoscaler"),
        ("policy/PodDisruptionBudget", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io/Role", "Role"),
        ("rbac.authorization.k8s.io/ClusterRole", "ClusterRole"),
        ("rbac.authorization.k8s.io/RoleBinding", "RoleBinding"),
        ("rbac.authorization.k8s.io/ClusterRoleBinding", "RoleBinding"),
        ("networking.k8s.io/Ingress", "Ingress"),
        ("networking.k8s.io/NetworkPolicy", "NetworkPolicy"),
        ("apiextensions.k8s.io/CustomResourceDefinition", "CustomResourceDefinition"),
        ("autoscaling/Scale", "Scale"),
    ]
}
