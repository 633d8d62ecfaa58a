package import Domain

/// One right of the controller: what it does with one resource, and what for.
///
/// ``all`` is the only place that says what the controller may do. The roles of the chart and of
/// `Manifests/install.yaml` are held to it, and a whole run of the controller is held to use
/// everything in it and nothing else.
package struct Right: Hashable, Sendable {
    /// The verbs of the API (kubernetes.io, "Authorization") that the controller uses.
    package enum Verb: String, Hashable, Sendable, CaseIterable {
        case get, list, watch, create, patch, delete
    }

    /// Which role carries it.
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// In every namespace with releases; nothing works without.
        case releases
        /// In every namespace with releases; without it the declared number of replicas is held.
        case autoscalers
        /// In the whole cluster; without it a pod that fails with its node counts against its
        /// version.
        case nodes
        /// In namespaces with releases; without it nobody knows whether a ConfigMap was changed
        /// under a proven version. Not part of an installation unless somebody asks for it.
        case configmaps
        /// The same for Secrets: a right to their content, though only metadata is asked for.
        case secrets
        /// In the controller's own namespace, and there for one Lease alone.
        case election

        /// The controller works without it, and says what it cannot do then.
        package var isOptional: Bool { self != .releases && self != .election }

        /// An installation leaves it out unless somebody asks for it.
        package var isOnRequest: Bool { self == .configmaps || self == .secrets }

        /// Only a ClusterRole can carry it.
        package var isClusterScoped: Bool { self == .nodes }
    }

    package let kind: ResourceKind
    /// Empty for the object itself.
    package let subresource: String
    package let verbs: [Verb]
    package let part: Part
    /// For people: one sentence.
    package let purpose: String

    private init(
        _ kind: ResourceKind, part subresource: String = "", _ verbs: [Verb],
        in part: Part = .releases, _ purpose: String
    ) {
        self.kind = kind
        self.subresource = subresource
        self.verbs = verbs
        self.part = part
        self.purpose = purpose
    }

    /// As roles name it: `modelreleases/status`.
    package var resource: String {
        subresource.isEmpty ? kind.plural : "\(kind.plural)/\(subresource)"
    }
}

extension Right {
    /// Everything that the controller may do. `get` stands only where it looks again before it
    /// decides: after a write whose outcome it does not know, or before it deletes.
    package static let all: [Right] = [
        Right(
            .modelRelease, [.get, .list, .watch, .create, .patch, .delete],
            "Follows releases, applies what Git declares, and prunes what it declares no more."),
        Right(.modelRelease, part: "status", [.patch], "Says how a release stands."),
        Right(.releaseSource, [.get, .list, .watch], "Follows the repositories that are named."),
        Right(.releaseSource, part: "status", [.patch], "Says what was read of a repository."),
        Right(
            .httpRoute, [.get, .list, .watch, .create, .patch, .delete],
            "Moves traffic, and takes it back."),
        Right(.gateway, [.list, .watch], "Knows whether the gateways that a route names exist."),
        Right(
            .deployment, [.get, .list, .watch, .create, .patch, .delete],
            "Makes the pods of every version and puts back what others change."),
        Right(
            .controllerRevision, [.get, .list, .watch, .create, .delete],
            "Keeps how a version was rendered, so that it can come back as it was."),
        Right(
            .service, [.get, .list, .watch, .create, .patch, .delete],
            "Gives every version an address for its route."),
        Right(.pod, [.list, .watch], "Sees readiness, restarts and failures."),
        Right(.endpointSlice, [.list, .watch], "Sees which pods answer."),
        Right(.event, [.create], "Tells what happened, for kubectl describe."),
        Right(
            .horizontalPodAutoscaler, [.list, .watch], in: .autoscalers,
            "Leaves the number of replicas to an autoscaler where there is one."),
        Right(
            .node, [.get, .list, .watch], in: .nodes,
            "Tells a version that fails from a node that fails."),
        Right(
            .configMap, [.get], in: .configmaps,
            "Says when a ConfigMap was changed under a proven version; reads metadata only."),
        Right(
            .secret, [.get], in: .secrets,
            "Says when a Secret was changed under a proven version; reads metadata only."),
        Right(
            .lease, [.get, .patch], in: .election,
            "Leads alone; the Lease comes with the installation, so that none is created."),
    ]

    /// The rules of a role (`rbac.authorization.k8s.io/v1`) with the rights of a part; those of
    /// the election are for the Lease of this name.
    package static func rules(of part: Part, lease: String = defaultLease) -> Document {
        .array(
            all.filter { $0.part == part }.map { right in
                var rule: Document = [
                    "apiGroups": .array([.string(right.kind.group)]),
                    "resources": .array([.string(right.resource)]),
                    "verbs": .array(right.verbs.map { .string($0.rawValue) }),
                ]
                if part == .election { rule["resourceNames"] = .array([.string(lease)]) }
                return rule
            })
    }

    /// A role with the rights of a part, and the binding that gives it to a service account: in one
    /// namespace, or in the whole cluster if that is `nil`.
    package static func grant(
        _ part: Part, to account: NamespacedName, in namespace: String?
    ) -> [Document] {
        let group = "rbac.authorization.k8s.io"
        let version: Document = .string("\(group)/v1")
        let prefix = namespace == nil ? "Cluster" : ""
        let name: Document = .string("slipway-\(part.rawValue)")
        var metadata: Document = ["name": name]
        if let namespace { metadata["namespace"] = .string(namespace) }
        return [
            [
                "apiVersion": version, "kind": .string("\(prefix)Role"), "metadata": metadata,
                "rules": rules(of: part),
            ],
            [
                "apiVersion": version, "kind": .string("\(prefix)RoleBinding"),
                "metadata": metadata,
                "roleRef": [
                    "apiGroup": .string(group), "kind": .string("\(prefix)Role"), "name": name,
                ],
                "subjects": [
                    [
                        "kind": "ServiceAccount", "name": .string(account.name),
                        "namespace": .string(account.namespace),
                    ]
                ],
            ],
        ]
    }

    /// The name of the Lease that candidates take if nobody chooses another.
    package static let defaultLease = "slipway-controller"
}
