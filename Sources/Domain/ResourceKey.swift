/// A kind of Kubernetes object: group, version, kind and the plural name used in paths.
package struct ResourceKind: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Empty for the core group.
    package let group: String
    package let version: String
    package let kind: String
    package let plural: String

    package init(group: String, version: String, kind: String, plural: String) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
    }

    /// `v1` or `apps/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `deployments.apps` or `services`.
    package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    package static func < (left: ResourceKind, right: ResourceKind) -> Bool {
        (left.group, left.plural, left.version) < (right.group, right.plural, right.version)
    }

    /// Kinds of the same plural are rare: their other names need no hash.
    package func hash(into hasher: inout Hasher) { hasher.combine(plural) }

    /// The path of the collection: `/apis/apps/v1/namespaces/NS/deployments`, without the
    /// namespace for all namespaces or cluster-scoped kinds.
    package func path(namespace: String?) -> String {
        let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        guard let namespace, !namespace.isEmpty else { return "\(root)/\(plural)" }
        return "\(root)/namespaces/\(namespace)/\(plural)"
    }
}

extension ResourceKind {
    package static let pod = ResourceKind(group: "", version: "v1", kind: "Pod", plural: "pods")
    package static let node = ResourceKind(group: "", version: "v1", kind: "Node", plural: "nodes")
    package static let service = ResourceKind(
        group: "",
        version: "v1",
        kind: "Service",
        plural: "services"
    )
    package static let namespace = ResourceKind(
        group: "",
        version: "v1",
        kind: "Namespace",
        plural: "namespaces"
    )
    package static let configMap = ResourceKind(
        group: "",
        version: "v1",
        kind: "ConfigMap",
        plural: "configmaps"
    )
    package static let secret = ResourceKind(
        group: "",
        version: "v1",
        kind: "Secret",
        plural: "secrets"
    )
    package static let deployment = ResourceKind(
        group: "apps",
        version: "v1",
        kind: "Deployment",
        plural: "deployments"
    )
    package static let replicaSet = ResourceKind(
        group: "apps",
        version: "v1",
        kind: "ReplicaSet",
        plural: "replicasets"
    )
    package static let controllerRevision = ResourceKind(
        group: "apps",
        version: "v1",
        kind: "ControllerRevision",
        plural: "controllerrevisions"
    )
    package static let endpointSlice = ResourceKind(
        group: "discovery.k8s.io",
        version: "v1",
        kind: "EndpointSlice",
        plural: "endpointslices"
    )
    package static let lease = ResourceKind(
        group: "coordination.k8s.io",
        version: "v1",
        kind: "Lease",
        plural: "leases"
    )
    package static let event = ResourceKind(
        group: "events.k8s.io",
        version: "v1",
        kind: "Event",
        plural: "events"
    )
    package static let horizontalPodAutoscaler = ResourceKind(
        group: "autoscaling",
        version: "v2",
        kind: "HorizontalPodAutoscaler",
        plural: "horizontalpodautoscalers"
    )
    package static let httpRoute = ResourceKind(
        group: "gateway.networking.k8s.io",
        version: "v1",
        kind: "HTTPRoute",
        plural: "httproutes"
    )
    package static let gateway = ResourceKind(
        group: "gateway.networking.k8s.io",
        version: "v1",
        kind: "Gateway",
        plural: "gateways"
    )
    package static let modelRelease = ResourceKind(
        group: "slipway.dev",
        version: "v1alpha1",
        kind: "ModelRelease",
        plural: "modelreleases"
    )
    package static let releaseSource = ResourceKind(
        group: "slipway.dev",
        version: "v1alpha1",
        kind: "ReleaseSource",
        plural: "releasesources"
    )
}

/// The name of one object: kind, namespace (empty for cluster-scoped kinds) and name.
package struct ResourceKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let kind: ResourceKind
    package let namespace: String
    package let name: String

    package init(_ kind: ResourceKind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// The path of the object in the API.
    package var path: String { "\(kind.path(namespace: namespace))/\(name)" }

    /// `Deployment prod/web`.
    package var description: String {
        namespace.isEmpty ? "\(kind.kind) \(name)" : "\(kind.kind) \(namespace)/\(name)"
    }

    package static func < (left: ResourceKey, right: ResourceKey) -> Bool {
        (left.kind, left.namespace, left.name) < (right.kind, right.namespace, right.name)
    }
}

/// `NAMESPACE/NAME`: names a release or a source where the kind is known.
package struct NamespacedName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Reads `NAMESPACE/NAME`; `nil` if there is not exactly one slash with text at both sides.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }

    package var description: String { "\(namespace)/\(name)" }

    package static func < (left: NamespacedName, right: NamespacedName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}
