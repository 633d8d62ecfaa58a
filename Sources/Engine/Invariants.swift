import API
package import Domain
package import Observed
import Planning
package import Resources
import Rollouts

/// What must hold of every write, whichever code wanted it: asked right before a write is sent, in
/// every build. A write that would break a rule is not sent, so traffic stays where it is.
///
/// The rules are the cheap ones of the safety contract, judged from the request and from what is
/// known of the cluster, never from the decision that led to it: shares are well-formed; what gets
/// more exists; what is refused gets nothing; what becomes proven has earned it; every write is
/// conditional; only Slipway's objects are written; releases come and go with whole commits.
package struct Invariants: Sendable {
    /// What a source's commit says of the release that is written.
    package struct Declaration: Sendable {
        /// The commit; empty where none was read completely.
        package let commit: String
        /// What it declares; `nil` where it does not declare the release.
        package let spec: Document?
        /// Files that could not be read may still declare releases.
        package let isWhole: Bool
        package let prunes: Bool
        /// So many releases are about to be pruned at once.
        package let pruned: Int

        package init(commit: String, spec: Document?, isWhole: Bool, prunes: Bool, pruned: Int) {
            self.commit = commit
            self.spec = spec
            self.isWhole = isWhole
            self.prunes = prunes
            self.pruned = pruned
        }
    }

    let view: ClusterView
    /// Of the source that the written release belongs to.
    let declaration: Declaration?
    /// Of this process; `nil` before it leads.
    let term: Term?
    /// Until when it may act.
    let authority: Timestamp
    let now: Timestamp

    package init(
        view: ClusterView, declaration: Declaration?, term: Term?, authority: Timestamp,
        now: Timestamp
    ) {
        self.view = view
        self.declaration = declaration
        self.term = term
        self.authority = authority
        self.now = now
    }

    /// What a write would break, as a sentence; `nil` for one that may be sent.
    package func broken(by request: WriteRequest) -> String? {
        guard let term, now < authority else { return "a write of \(request.key) by no leader" }
        if let text = unconditional(request) ?? notOurs(request) { return text }
        switch request.key.kind {
        case .httpRoute: return badRoute(request, term)
        case .service: return stillServes(request)
        case .deployment: return stillServes(request) ?? badSize(request)
        case .modelRelease:
            switch request {
            case .applyStatus(_, let body): return badStatus(request.key, body)
            case .apply(_, let body, _), .create(_, let body): return undeclared(body)
            case .delete: return declared(request.key)
            case .jsonPatch, .handOver: return "a ModelRelease is never patched"
            }
        default: return nil
        }
    }

    // MARK: Every write is conditional

    private func unconditional(_ request: WriteRequest) -> String? {
        switch request {
        case .create(let key, let body):
            let name = body.at("metadata", "name")?.stringValue
            return name == key.name ? nil : "a create of \(key) with another name"
        case .apply(let key, let body, _):
            let uid = body.at("metadata", "uid")?.stringValue ?? ""
            let isNew = key.kind == .modelRelease && view.releases[key.id] == nil
            if uid.isEmpty, !isNew { return "an apply of \(key) without its uid" }
            let isFenced =
                key.kind == .modelRelease || body.at("metadata", "resourceVersion") != nil
            return isFenced ? nil : "an apply of \(key) without its resourceVersion"
        case .applyStatus(let key, let body), .handOver(let key, let body):
            let isFenced = ["uid", "resourceVersion"].allSatisfy {
                body.at("metadata", $0)?.stringValue?.isEmpty == false
            }
            return isFenced ? nil : "a write of \(key) without uid and resourceVersion"
        case .jsonPatch(let key, let operations):
            let tests = operations.filter { $0.kind == .test }.map(\.path)
            let sequence = "/metadata/annotations/\(PatchOperation.escape(Names.sequence))"
            let isFenced =
                tests.contains("/metadata/uid")
                && (tests.contains(sequence) || tests.contains("/metadata/resourceVersion"))
            return isFenced ? nil : "a patch of \(key) without its tests"
        case .delete(let key, let uid, _):
            return uid.isEmpty ? "a delete of \(key) without its uid" : nil
        }
    }

    // MARK: Only Slipway's objects are written

    /// Kinds of which whole objects are Slipway's, so that their fields may be taken back.
    private static let forced: [ResourceKind] = [.modelRelease, .deployment, .service]

    private func notOurs(_ request: WriteRequest) -> String? {
        let key = request.key
        var body: Document?
        switch request {
        case .create(_, let document), .applyStatus(_, let document),
            .handOver(_, let document):
            body = document
        case .apply(_, let document, let force):
            body = document
            if force, !Self.forced.contains(key.kind) { return "a forced apply of \(key)" }
        case .jsonPatch, .delete: break
        }
        if body?.at("metadata", "ownerReferences") != nil { return "\(key) with an owner" }
        guard let metadata = stored(key), metadata.managedBy != Names.managedByValue else {
            return nil
        }
        return "\(key) is somebody else's"
    }

    /// What is known of an object that may be Slipway's.
    private func stored(_ key: ResourceKey) -> OwnedMetadata? {
        switch key.kind {
        case .httpRoute: view.routes[key.id]?.value.owned
        case .deployment: view.deployments[key.id]?.value.view.metadata
        case .service: view.services[key.id]?.value.view.metadata
        case .controllerRevision: view.revisions[key.id]?.value.metadata
        default: nil
        }
    }

    // MARK: The route

    private func badRoute(_ request: WriteRequest, _ term: Term) -> String? {
        var spec: Document?
        switch request {
        case .create(_, let body): spec = body["spec"]
        case .jsonPatch(_, let operations):
            // A seal leaves the spec as it is.
            guard operations.contains(where: { $0.path.hasPrefix("/spec") }) else { return nil }
            spec = operations.last { $0.path == "/spec" && $0.kind == .replace }?.value
        case .delete: return nil
        case .apply, .applyStatus, .handOver: return "\(request.key) is not applied"
        }
        let stored = view.routes[request.key.id]?.value
        if let seen = stored?.owned.term, term.isOver(bySeeing: seen) {
            return "\(request.key) has a newer leader"
        }
        guard let rules = spec?["rules"]?.arrayValue, rules.count == 1 else {
            return "\(request.key) without its one rule"
        }
        var shares: [(service: String, weight: Int)] = []
        for reference in rules[0]["backendRefs"]?.arrayValue ?? [] {
            guard let service = reference["name"]?.stringValue,
                let weight = reference["weight"]?.intValue, (0...100).contains(weight)
            else { return "\(request.key) with a share that is not 0 to 100" }
            shares.append((service, weight))
        }
        let sum = shares.reduce(0) { $0 + $1.weight }
        guard sum == 100 else { return "the shares of \(request.key) sum to \(sum)" }
        for share in shares where share.weight > stored?.backends?[share.service] ?? 0 {
            if let text = badRaise(of: share.service, request.key, stored) { return text }
        }
        return nil
    }

    /// Who gets more exists, and is not refused.
    private func badRaise(
        of service: String, _ route: ResourceKey, _ stored: HTTPRouteView?
    ) -> String? {
        let name = NamespacedName(namespace: route.namespace, name: service)
        guard let backend = view.services[name]?.value.view, !backend.metadata.isLeaving else {
            return "\(route) gives more to \(service), which is not there"
        }
        guard let status = view.releases[route.id]?.value.status else { return nil }
        func isMeant(_ digest: Digest) -> Bool { Names.versioned(route.name, digest) == service }
        let isProven = status.proven?.shares.contains { isMeant($0.digest) } ?? false
        guard !isProven else { return nil }
        if let digest = backend.metadata.digest,
            !backend.selects(release: route.name, digest: digest)
        {
            return "\(route) gives more to \(service), which selects other pods"
        }
        if status.quarantine.contains(where: { isMeant($0.digest) }) {
            return "\(route) gives more to \(service), which is refused"
        }
        if let mark = stored?.refused, isMeant(mark.digest), mark.intent == status.attempt?.intent {
            return "\(route) gives more to \(service), which it marks as refused"
        }
        return nil
    }

    /// Nothing that has a share is deleted.
    private func stillServes(_ request: WriteRequest) -> String? {
        guard case .delete(let key, _, _) = request, let metadata = stored(key) else { return nil }
        let route = NamespacedName(namespace: key.namespace, name: metadata.release)
        let share = view.routes[route]?.value.backends?[key.name] ?? 0
        return share > 0 ? "a delete of \(key), which has \(share) % of the traffic" : nil
    }

    /// The replicas of what an autoscaler scales are not written, and what is handed over stays
    /// as it is.
    private func badSize(_ request: WriteRequest) -> String? {
        let key = request.key
        guard let has = view.deployments[key.id]?.value.view.replicas else { return nil }
        switch request {
        case .apply(_, let body, _):
            guard has > 0, body.at("spec", "replicas") != nil,
                let autoscaler = view.autoscalers(of: key.id).first
            else { return nil }
            return "the replicas of \(key), which \(autoscaler.name) scales"
        case .handOver(_, let body):
            let isSame = body["spec"] == ["replicas": .integer(has)]
            return isSame ? nil : "more than the replicas of \(key) as they are"
        case .create, .applyStatus, .jsonPatch, .delete: return nil
        }
    }

    // MARK: Where releases come from

    /// A release says what one completely read commit says.
    private func undeclared(_ body: Document) -> String? {
        let commit = body.at("metadata", "annotations", Names.commit)?.stringValue ?? ""
        guard let declaration, !declaration.commit.isEmpty, !commit.isEmpty else {
            return "a declaration without a commit"
        }
        return declaration.spec == body["spec"] ? nil : "a declaration that no commit makes"
    }

    private func declared(_ key: ResourceKey) -> String? {
        guard let declaration, !declaration.commit.isEmpty, declaration.prunes else {
            return "a delete of \(key), which no source prunes"
        }
        if declaration.spec != nil { return "a delete of \(key), which is declared" }
        guard declaration.isWhole else { return "a delete of \(key) while files cannot be read" }
        let limit = max(1, view.releases.count / 5)
        return declaration.pruned > limit
            ? "a delete of \(key) with \(declaration.pruned) others, more than \(limit)" : nil
    }
}

extension ResourceKey {
    /// Without the kind.
    fileprivate var id: NamespacedName { NamespacedName(namespace: namespace, name: name) }
}
