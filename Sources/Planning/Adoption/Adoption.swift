import API
package import Domain
package import Resources

/// The way from a model that a Deployment serves to one that Slipway releases, decided anew from
/// what is there whenever it is asked, so that it can be left off and gone on with at any point.
///
/// No request is lost on it because something ready is behind the host name and path all the time:
/// of two HTTPRoutes that match the same requests the older one has them (Gateway API,
/// "Conflicts"), so the route that Slipway makes once its pods are ready stands behind the old one
/// and gets everything in the moment in which the old one is detached from its Gateways. The old
/// route keeps its age, and attached again it takes everything back in the same way.
package struct Adoption: Sendable {
    /// What a person asks for.
    package enum Goal: Hashable, Sendable {
        /// Slipway's pods serve.
        case takeOver
        /// The old pods serve again.
        case back
    }

    /// The next thing.
    package enum Action: Hashable, Sendable {
        /// A write, and what to say when it is done.
        case write(WriteRequest, String)
        /// A write after which other pods or another route have the requests: it is sent when it
        /// has been the next thing for as long as gateways may need to put an accepted route in
        /// force, by the clock of whoever sends it. The cluster's times are of others.
        case `switch`(WriteRequest, String)
        /// Nothing can be done until this has come to be.
        case wait(String)
        /// It cannot go on, and why.
        case refused([String])
        /// Nothing is left to do, and how it stands.
        case done(String)
    }

    /// Ages are in whole seconds: a copy is made older than whatever comes next.
    static let copyAge = TimeSpan.seconds(2)

    package let request: AdoptionRequest
    /// The release as it is written if it is not there yet.
    package var object: Document? { carried?.document }
    /// The release as a file: as it is declared in the cluster, or as it would be.
    package var declaration: Document? {
        guard let release = sight.release else { return object }
        let metadata = ObjectMetadata(
            name: release.metadata.name, namespace: release.metadata.namespace)
        return ModelRelease(metadata: metadata, spec: release.spec).document
    }
    /// The release is there, written by this command or from Git.
    package var isDeclared: Bool { sight.release != nil }
    /// What people should know before they begin.
    package private(set) var notes: [String] = []
    /// The requests have moved, and ``Goal/back`` moves them back.
    package var canGoBack: Bool { isDetached }
    /// What served before and is there, as `kubectl` names it.
    package var leftOver: [String] {
        [old.route, old.service, old.deployment].compactMap { $0 }.map {
            "\($0["kind"]?.stringValue?.lowercased() ?? "")/\($0.objectName)"
        }
    }
    let sight: AdoptionSight
    let now: Timestamp
    let old: Incumbent
    let carriedTraffic: CarriedTraffic?
    let carried: CarriedRelease?

    /// - Parameter now: for ages that the cluster tells.
    package init(_ request: AdoptionRequest, _ sight: AdoptionSight, now: Timestamp) {
        self.request = request
        self.sight = sight
        self.now = now
        let old = Incumbent(request, sight)
        self.old = old
        let traffic = old.service.flatMap { service in
            old.route.map {
                CarriedTraffic(
                    route: $0, service: service.objectName, namespace: request.release.namespace)
            }
        }
        carriedTraffic = traffic
        carried = old.deployment.flatMap { deployment in
            old.service.map {
                CarriedRelease(request, deployment: deployment, service: $0, route: traffic)
            }
        }
        notes = collectNotes()
    }

    private func collectNotes() -> [String] {
        guard sight.release == nil || !isDetached else { return [] }
        var notes = (carriedTraffic?.findings.notes ?? []) + old.findings.notes
        if sight.release == nil { notes += carried?.findings.notes ?? [] }
        if let release = sight.release ?? carried?.release, let carried {
            notes += old.dependants(carried.labels(of: release))
        }
        if let release = sight.release, let carried {
            let places = carried.differences(from: release).prefix(3).map(\.description)
            if !places.isEmpty {
                notes.append(
                    "ModelRelease \(request.release) does not declare what "
                        + "\(old.deployment?.title ?? "") runs; it differs at "
                        + places.joined(separator: ", "))
            }
        }
        notes += old.otherRoutes.map {
            "HTTPRoute \($0.meta.id) goes on sending to the old pods"
        }
        if old.route == nil, let service = old.service {
            notes.append(
                "no HTTPRoute leads to \(service.title): who calls it reaches the old pods until "
                    + "it calls the Gateway")
        }
        return notes + sight.unseen
    }

    // MARK: What is

    /// What makes it impossible to begin, or to go on.
    package var problems: [String] {
        var problems = old.findings.problems + (carriedTraffic?.findings.problems ?? [])
        if let original = old.original, let keeper = original.keeper {
            problems.append(
                "\(original.title) has the release's name and is kept by \(keeper), which "
                    + "would put it in the way of Slipway's: give the release another name")
        }
        if sight.release == nil {
            problems += old.missing + (carried?.findings.problems ?? [])
            if let text = refusedAccount { problems.append(text) }
            if old.route == nil, request.traffic == nil, old.missing.isEmpty,
                old.findings.problems.isEmpty
            {
                problems.append(
                    "no HTTPRoute leads to \(old.service?.title ?? "the Service"): say with "
                        + "--gateway, --hostname and --path where the release shall answer")
            }
        } else if let route = old.route, problems.isEmpty, !isDetached {
            problems += uncovered(route)
        }
        if let release = sight.release ?? carried?.release, let carried, !isDetached {
            problems += old.mixedUp(with: carried.labels(of: release))
        }
        return problems + rivals
    }

    /// Other routes that would have the requests instead of Slipway's.
    private var rivals: [String] {
        guard !isDetached, let traffic else { return [] }
        let known = [old.route, old.original].compactMap { $0?.meta.id } + [request.release]
        let others = sight.routes.filter { route in
            !known.contains(route.meta.id)
                && CarriedTraffic.answers(route, like: traffic, in: request.release.namespace)
                && isOlder(route.meta.creationTimestamp)
        }
        return others.map {
            "HTTPRoute \($0.meta.id) answers at \(traffic.summary) too, and of two such routes the "
                + "older one has the requests: detach or remove it first"
        }
    }

    /// Where the release answers.
    private var traffic: GatewayTraffic? {
        guard let release = sight.release else { return carriedTraffic?.traffic ?? request.traffic }
        switch release.spec.traffic {
        case .gateway(let traffic): return traffic
        }
    }

    /// Whether a route is not younger than Slipway's, or than the copy that is to be made.
    private func isOlder(_ created: Timestamp?) -> Bool {
        guard let created, let own = ownRoute?.metadata.creationTimestamp else { return true }
        return created <= own
    }

    /// Who writes a release does not choose the rights of its pods: as the controller has it.
    private var refusedAccount: String? {
        guard let sources = sight.sources, let spec = carried?.release?.spec else { return nil }
        let rule = ServiceAccountRule(
            namespace: request.release.namespace,
            of: sources.map { ($0.metadata.name, $0.spec) })
        return rule.problem(with: spec.serving.serviceAccounts).map {
            "\(old.deployment?.title ?? ""): its pods run as one that a release may not name: \($0)"
        }
    }

    /// The release must answer all that the old route does.
    private func uncovered(_ route: Document) -> [String] {
        guard let release = sight.release, let traffic = carriedTraffic?.traffic else { return [] }
        switch release.spec.traffic {
        case .gateway(let own):
            guard !own.covers(traffic, namespace: request.release.namespace) else { return [] }
            return [
                "\(route.title) answers at \(traffic.summary), and ModelRelease \(request.release) "
                    + "at \(own.summary): declare the same first"
            ]
        }
    }

    /// The old route has been detached.
    var isDetached: Bool { old.route.map(CarriedTraffic.isDetached) ?? false }

    private var ownRoute: HTTPRouteView? {
        sight.routes.first {
            $0.isSlipways && $0.objectName == request.release.name
                && $0.meta.namespace == request.release.namespace
                && $0.meta.label(Names.releaseLabel) == request.release.name
        }.flatMap(HTTPRouteView.init)
    }

    /// What is missing until the release can take all traffic; `nil` if nothing is.
    func obstacle(_ release: ModelRelease) -> String? {
        let status = release.status
        guard status.observedGeneration >= release.metadata.generation else {
            return "the controller to look at ModelRelease \(release.id)"
        }
        guard let route = ownRoute, route.owned.releaseUID == release.metadata.uid else {
            return status.message.isEmpty ? "Slipway's HTTPRoute" : status.message
        }
        if status.phase == .degraded || status.phase == .reverting { return status.message }
        switch release.spec.traffic {
        case .gateway(let traffic):
            if let text = unaccepted(route, traffic) { return text }
        }
        if let attempt = status.attempt {
            guard attempt.step >= 0, attempt.confirmedAt != nil else { return status.message }
        }
        return unready(release, route)
    }

    /// What the gateways have yet to say of a route, Slipway's or not; `nil` if they accepted it.
    func unaccepted(_ route: HTTPRouteView, _ traffic: GatewayTraffic) -> String? {
        let router = GatewayRouter(
            release: ObjectMetadata(
                name: request.release.name, namespace: request.release.namespace),
            traffic: traffic)
        switch router.acceptance(route) {
        case .accepted: return nil
        case .pending(let text), .refused(let text): return text
        }
    }

    private func unready(_ release: ModelRelease, _ route: HTTPRouteView) -> String? {
        let known = release.status.versions.map(\.digest)
        guard let split = route.split(release: release.metadata.name, digests: known) else {
            return "Slipway's HTTPRoute to say what Slipway writes"
        }
        var ready = 0
        for digest in split.serving {
            let name = Names.versioned(release.metadata.name, digest)
            let view = sight.deployments.first { $0.objectName == name }
                .flatMap(DeploymentView.init)
            guard let view, view.isObserved, view.ready >= max(1, view.replicas),
                let entry = release.status.versions.first(where: { $0.digest == digest }),
                entry.ready >= max(1, entry.desired)
            else { return "all pods of Deployment \(name) to be ready" }
            ready += view.ready
        }
        let before = old.deployment.flatMap(DeploymentView.init)
        if let before, before.replicas > ready, !isDetached {
            return "as many pods as \(old.deployment?.title ?? "") has: \(ready) of "
                + "\(before.replicas); raise serving.replicas, or scale that one down"
        }
        return nil
    }
}
