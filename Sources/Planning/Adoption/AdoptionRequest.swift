package import API
package import Domain

/// What somebody wants Slipway to take over.
package struct AdoptionRequest: Hashable, Sendable {
    /// The release that it becomes.
    package var release: NamespacedName
    /// The Deployment that serves now, in the release's namespace.
    package var deployment: String
    /// Its Service; `nil` for the one that selects its pods.
    package var service: String?
    /// The HTTPRoute that leads to the Service; `nil` for the only one.
    package var route: String?
    /// The container that serves; `nil` for the one with the Service's port.
    package var container: String?
    /// The name of the version; `nil` for the tag of the image.
    package var version: String?
    /// Where the release answers if no HTTPRoute leads to the Service.
    package var traffic: GatewayTraffic?
    /// The words that choose the cluster, for the same request as a command.
    package var cluster: [String] = []

    package init(
        release: NamespacedName, deployment: String, service: String? = nil, route: String? = nil,
        container: String? = nil, version: String? = nil, traffic: GatewayTraffic? = nil
    ) {
        self.release = release
        self.deployment = deployment
        self.service = service
        self.route = route
        self.container = container
        self.version = version
        self.traffic = traffic
    }

    /// The same request as a command, to be given with another flag.
    package func command(_ flag: String) -> String {
        var words = ["slipway", "adopt", release.name]
        if deployment != release.name { words += ["--deployment", deployment] }
        for (name, value) in [
            ("service", service), ("route", route), ("container", container),
            ("version-name", version),
        ] {
            if let value { words += ["--\(name)", value] }
        }
        if let traffic, let parent = traffic.parentRefs.first {
            words += ["--gateway", (parent.namespace.map { "\($0)/" } ?? "") + parent.name]
            for host in traffic.hostnames { words += ["--hostname", host] }
            if traffic.path != "/" { words += ["--path", traffic.path] }
        }
        return (words + cluster + ["-n", release.namespace, flag]).joined(separator: " ")
    }
}

/// What was read of the cluster, all of it anew for every decision.
package struct AdoptionSight: Sendable {
    /// Of the release's namespace.
    package var deployments: [Document]
    /// Of the release's namespace.
    package var services: [Document]
    /// Of all namespaces that may be read.
    package var routes: [Document]
    /// What may depend on the Deployment or the Service: autoscalers, disruption budgets, network
    /// policies, Ingresses and GRPCRoutes of the namespace.
    package var referrers: [Document]
    package var release: ModelRelease?
    /// Of the release's namespace: they say which service accounts its pods may have. `nil` where
    /// they cannot be read.
    package var sources: [ReleaseSource]?
    /// What could not be looked at, and why.
    package var unseen: [String]

    package init(
        deployments: [Document] = [], services: [Document] = [], routes: [Document] = [],
        referrers: [Document] = [], release: ModelRelease? = nil,
        sources: [ReleaseSource]? = [], unseen: [String] = []
    ) {
        self.deployments = deployments
        self.services = services
        self.routes = routes
        self.referrers = referrers
        self.release = release
        self.sources = sources
        self.unseen = unseen
    }
}

/// Collects what is found on the way, for people: what makes a take-over impossible, and what they
/// should know.
struct AdoptionFindings: Hashable, Sendable {
    private(set) var problems: [String] = []
    private(set) var notes: [String] = []

    mutating func refuse(_ text: String) { if !problems.contains(text) { problems.append(text) } }

    mutating func note(_ text: String) { if !notes.contains(text) { notes.append(text) } }
}

extension Document {
    var meta: ObjectMetadata { ObjectMetadata(of: self) }

    var objectName: String { at("metadata", "name")?.stringValue ?? "" }

    /// `HTTPRoute fraud`.
    var title: String { "\(self["kind"]?.stringValue ?? "object") \(objectName)" }

    /// The elements of a list that is a member; none where it is none.
    func elements(_ key: String) -> [Document] { self[key]?.arrayValue ?? [] }

    /// Slipway made it.
    var isSlipways: Bool {
        meta.label(Names.managedByLabel) == Names.managedByValue
            && meta.label(Names.releaseLabel) != nil
    }

    /// Who puts an object back when it is changed: its controller, or the tool that installed it.
    var keeper: String? {
        let owners = at("metadata", "ownerReferences")?.arrayValue ?? []
        if let owner = owners.first(where: { $0["controller"] == true }) {
            return "\(owner["kind"]?.stringValue ?? "") \(owner["name"]?.stringValue ?? "")"
        }
        let meta = meta
        if let helm = meta.annotation("meta.helm.sh/release-name") { return "Helm release \(helm)" }
        if meta.annotation("argocd.argoproj.io/tracking-id") != nil { return "Argo CD" }
        for kind in ["kustomize", "helm"] {
            if let flux = meta.label("\(kind).toolkit.fluxcd.io/name") { return "Flux (\(flux))" }
        }
        return nil
    }
}

/// `a, b and c`.
func listed(_ words: some Sequence<String>) -> String {
    let words = Array(words)
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) and \(last)"
}
