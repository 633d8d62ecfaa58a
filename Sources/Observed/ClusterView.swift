package import Domain
package import Resources

/// Everything known of the cluster, a view per kind.
package struct ClusterView: Sendable {
    package var releases = KindView<ReleaseRecord>()
    package var sources = KindView<SourceRecord>()
    package var routes = KindView<HTTPRouteView>()
    package var gateways = KindView<GatewayView>()
    package var deployments = KindView<DeploymentRecord>()
    package var services = KindView<ServiceRecord>()
    package var revisions = KindView<RevisionView>()
    package var pods = KindView<PodRecord>()
    package var slices = KindView<EndpointSliceView>()
    /// Reading them is a right that an installation may leave out.
    package var nodes = KindView<NodeView>()
    /// By the Deployment that they scale, not by a label: they are other people's.
    package var autoscalers = KindView<AutoscalerView>()

    package init() {}

    /// The kinds that are listed and watched, with the label that objects must carry (`nil`: all).
    package static let kinds: [(kind: ResourceKind, label: String?)] = [
        (.modelRelease, nil), (.releaseSource, nil), (.gateway, nil),
        (.httpRoute, "slipway.dev/release"), (.deployment, "slipway.dev/release"),
        (.service, "slipway.dev/release"), (.controllerRevision, "slipway.dev/release"),
        (.pod, "slipway.dev/release"), (.endpointSlice, "slipway.dev/release"), (.node, nil),
        (.horizontalPodAutoscaler, nil),
    ]

    /// Kinds of these that work goes on without where they cannot be read.
    package static let optionalKinds: [ResourceKind] = [.node, .horizontalPodAutoscaler]

    /// The namespace in which a kind is followed by a controller that follows only one.
    package static func place(of kind: ResourceKind, in namespace: String?) -> String? {
        kind == .node ? nil : namespace
    }

    /// Every kind was listed completely since the start, but for nodes where they cannot be read;
    /// of autoscalers something was heard.
    package var isSynced: Bool {
        releases.isSynced && sources.isSynced && routes.isSynced && gateways.isSynced
            && deployments.isSynced && services.isSynced && revisions.isSynced && pods.isSynced
            && slices.isSynced && nodes.isAnswered && autoscalers.isHeard
    }

    /// The kinds that ``isSynced`` waits for.
    package var missingKinds: [ResourceKind] {
        let known: [(ResourceKind, Bool)] = [
            (.modelRelease, releases.isSynced), (.releaseSource, sources.isSynced),
            (.gateway, gateways.isSynced), (.httpRoute, routes.isSynced),
            (.deployment, deployments.isSynced), (.service, services.isSynced),
            (.controllerRevision, revisions.isSynced), (.pod, pods.isSynced),
            (.endpointSlice, slices.isSynced), (.node, nodes.isAnswered),
            (.horizontalPodAutoscaler, autoscalers.isHeard),
        ]
        return known.filter { !$0.1 }.map(\.0)
    }

    /// A node; `nil` if it is not known or nodes cannot be read.
    package func node(_ name: String) -> NodeView? {
        guard !nodes.isRefused, !name.isEmpty else { return nil }
        return nodes[NamespacedName(namespace: "", name: name)]?.value
    }

    /// Releases that have pods on a node, ordered.
    package func releases(onNode name: String) -> [NamespacedName] { pods.releases(at: name) }

    // Decisions ask for these again and again: here, where the kinds are known, the compiler makes
    // code for each of them.

    /// The pods that carry a release's label, ordered by name.
    package func pods(of release: NamespacedName) -> [PodRecord] { pods.values(of: release) }

    /// The EndpointSlices that carry a release's label, ordered by name.
    package func slices(of release: NamespacedName) -> [EndpointSliceView] {
        slices.values(of: release)
    }

    /// The Deployments that carry a release's label, ordered by name.
    package func deployments(of release: NamespacedName) -> [DeploymentRecord] {
        deployments.values(of: release)
    }

    /// The Services that carry a release's label, ordered by name.
    package func services(of release: NamespacedName) -> [ServiceRecord] {
        services.values(of: release)
    }

    /// The autoscalers of a Deployment, ordered by name.
    package func autoscalers(of deployment: NamespacedName) -> [AutoscalerView] {
        autoscalers.values(of: deployment)
    }

    /// Packs what belongs to a release until it is asked for, see ``KindView/pack(_:)``.
    package mutating func pack(_ release: NamespacedName) {
        routes.pack(release)
        deployments.pack(release)
        services.pack(release)
        revisions.pack(release)
        pods.pack(release)
        slices.pack(release)
    }

    /// Reads what belongs to a release once for everybody who will ask.
    package mutating func unpack(_ release: NamespacedName) {
        routes.unpack(release)
        deployments.unpack(release)
        services.unpack(release)
        revisions.unpack(release)
        pods.unpack(release)
        slices.unpack(release)
    }

    /// What changed: names of objects of a kind and the releases their labels name.
    package struct Change: Hashable, Sendable {
        package let kind: ResourceKind
        package let name: NamespacedName
        package let release: NamespacedName?
        /// The one that it named before, if that was another.
        package let former: NamespacedName?
        /// It was not there before, or is not there any more.
        package let cameOrWent: Bool

        fileprivate init<Value>(_ kind: ResourceKind, _ change: KindView<Value>.Change) {
            self.kind = kind
            name = change.name
            release = change.release
            former = change.former
            cameOrWent = change.cameOrWent
        }
    }

    /// Takes in what a list or watch said.
    package mutating func apply(_ kind: ResourceKind, _ event: ViewEvent) -> [Change] {
        func changes<V>(_ changes: [KindView<V>.Change]) -> [Change] {
            changes.map { Change(kind, $0) }
        }
        switch kind {
        case .modelRelease: return changes(releases.apply(event))
        case .releaseSource: return changes(sources.apply(event))
        case .httpRoute: return changes(routes.apply(event))
        case .gateway: return changes(gateways.apply(event))
        case .deployment: return changes(deployments.apply(event))
        case .service: return changes(services.apply(event))
        case .controllerRevision: return changes(revisions.apply(event))
        case .pod: return changes(pods.apply(event))
        case .endpointSlice: return changes(slices.apply(event))
        case .node: return changes(nodes.apply(event))
        case .horizontalPodAutoscaler: return changes(autoscalers.apply(event))
        default: return []
        }
    }

    /// Takes in that a read found nothing.
    package mutating func remove(_ key: ResourceKey) -> [Change] {
        let name = NamespacedName(namespace: key.namespace, name: key.name)
        func change<V>(_ change: KindView<V>.Change?) -> [Change] {
            change.map { [Change(key.kind, $0)] } ?? []
        }
        switch key.kind {
        case .modelRelease: return change(releases.remove(name, at: nil, uid: nil))
        case .releaseSource: return change(sources.remove(name, at: nil, uid: nil))
        case .httpRoute: return change(routes.remove(name, at: nil, uid: nil))
        case .gateway: return change(gateways.remove(name, at: nil, uid: nil))
        case .deployment: return change(deployments.remove(name, at: nil, uid: nil))
        case .service: return change(services.remove(name, at: nil, uid: nil))
        case .controllerRevision: return change(revisions.remove(name, at: nil, uid: nil))
        case .pod: return change(pods.remove(name, at: nil, uid: nil))
        case .endpointSlice: return change(slices.remove(name, at: nil, uid: nil))
        case .node: return change(nodes.remove(name, at: nil, uid: nil))
        default: return []
        }
    }

    /// Releases that exist or of which objects exist, ordered.
    package var knownReleases: [NamespacedName] {
        var names = Set(releases.names)
        names.formUnion(routes.owners)
        names.formUnion(deployments.owners)
        names.formUnion(services.owners)
        names.formUnion(revisions.owners)
        return names.sorted()
    }
}
