import API
import Domain
import Observed
import Resources
import Rollouts

/// Looking after one release.
extension Engine {
    /// Decides for a release and starts what follows: a route that takes traffic back before
    /// anything else, progress only on a status that is stored.
    mutating func settleRelease(_ id: NamespacedName, now: Timestamp) {
        let subject = Subject.release(id)
        note(id)
        view.unpack(id)
        wakes[subject] = nil
        defer { timers.set(subject, at: due(subject)) }
        let doubts = resolveDoubts(of: subject, now: now)
        guard let record = view.releases[id]?.value else {
            settleGone(id, now: now)
            applyDeclaration(id, over: nil, now: now)
            return
        }
        releases[id, default: .init()].confirmedGone = false
        releases[id]?.routeGone = nil
        let decoded = readings.read(record)
        switch decoded {
        case .refused(let errors):
            hit(.specInvalid)
            complain(record, errors, now: now)
        case .decoded(let release):
            noteGateways(release)
            let blocked = doubts.contains {
                $0.kind == .httpRoute || $0.kind == .modelRelease
            }
            if !blocked, !isAttemptEnding(release) { decide(release, now: now) }
        }
        applyDeclaration(id, over: decoded.value, now: now)
    }

    /// Notes who has to look again when a Gateway comes or goes.
    private mutating func noteGateways(_ release: ModelRelease) {
        switch release.spec.traffic {
        case .gateway(let traffic):
            for reference in traffic.parentRefs {
                let gateway = NamespacedName(
                    namespace: reference.namespace ?? release.metadata.namespace,
                    name: reference.name)
                gatewayUsers[gateway, default: []].insert(release.id)
            }
        }
    }

    /// Whether a status under way ends the attempt that is seen, or begins another: nothing is
    /// decided about an attempt that may be over, or it would be proven and reverted at once.
    private func isAttemptEnding(_ release: ModelRelease) -> Bool {
        guard let attempt = release.status.attempt,
            case .applyStatus(_, let body) = flights.write(of: Self.key(release.id))
        else { return false }
        return body.at("status", "attempt", "intent")?.integerValue != attempt.intent
    }

    private static func key(_ release: NamespacedName) -> ResourceKey {
        ResourceKey(.modelRelease, namespace: release.namespace, name: release.name)
    }

    private mutating func decide(_ release: ModelRelease, now: Timestamp) {
        let id = release.id
        let subject = Subject.release(id)
        let pods = view.pods(of: id)
        askNodes(of: pods, release, now: now)
        releases[id, default: .init()].note(view.routes[id]?.value.backends, now: now)
        let builder = SnapshotBuilder(
            view: view, release: release, pods: pods, memory: releases[id] ?? .init(),
            settings: settings.rollout, namespace: settings.namespace,
            watchedSince: began ?? now, now: now)
        var snapshot = builder.snapshot(
            trouble: trouble(id, builder, now: now), refusal: refusedAccount(release))
        snapshot.configuration = configuration(of: release)
        snapshot.isRouteUnderWay = flights.isBusy(builder.router.key)
        let decision = ReleaseMachine.decide(snapshot, now: now)
        remember(decision, release)
        if let time = decision.wake { wake(subject, at: time) }
        let isStored = release.status.essential == decision.status.essential
        // Who only observes makes nothing void.
        let isSealed = settings.observes || isRouteSealed(builder)
        let isBackward =
            decision.route?.direction == .backward && !isMutated(.statusBeforeTraffic)
        // What a status under way will say may be something else than what is seen.
        let isCurrent = isStored && !flights.isBusy(Self.key(id))
        if let intent = decision.route,
            isBackward || isCurrent && (settings.observes || areRaisedSealed(intent, builder))
        {
            // Every write of the route is its seal too: a revert waits for none.
            writeRoute(intent, builder, now: now)
        } else if !isSealed, decision.status.attempt != nil || !isStored || !decision.remove.isEmpty
        {
            sealRoute(builder, now: now)
        }
        // A revert's route goes before its status; else the status goes before all progress.
        let revertStands = decision.failure != nil
        if !revertStands, isStored || isSealed {
            writeStatus(decision.status, over: release.status, release.metadata, now: now)
        }
        if isStored || !revertStands {
            ensureVersions(
                decision.ensure, for: decision.status.attempt, builder, now: now)
            if isSealed { removeVersions(decision.remove, builder, now: now) }
        }
        ask(decision.probe, builder, now: now)
        lookAtConfiguration(of: release, now: now)
        if isStored {
            settleGit(release, now: now)
            removeRevisions(release, now: now)
        }
        forgetTroubles(id, builder, now: now)
        forgetViolation(of: id)
    }

    /// A write that failed and is not wanted any more, because the object came to be as it has to
    /// be by another way, is no trouble: nothing was started for it now, though nothing was in the
    /// way.
    private mutating func forgetTroubles(
        _ id: NamespacedName, _ builder: SnapshotBuilder, now: Timestamp
    ) {
        let subject = Subject.release(id)
        guard flights.hasTroubles else { return }
        let violated = releases[id]?.violation.map { [$0.key] } ?? []
        for key in objects(of: id, builder) + violated where flights.failure(key) != nil {
            if let until = flights.waitEnd(key, now: now) {
                wake(subject, at: until)
            } else if flights.isFree(key, of: subject, now: now) {
                hit(.troubleForgotten)
                flights.succeed(key)
                wake(subject, at: now)
            }
        }
    }

    /// The objects that stand between a release and what it declares.
    private func objects(of id: NamespacedName, _ builder: SnapshotBuilder) -> [ResourceKey] {
        [builder.router.key]
            + builder.release.declaredShares.flatMap { share in
                [ResourceKind.controllerRevision, .deployment, .service].map {
                    ResourceKey(
                        $0, namespace: id.namespace,
                        name: Names.versioned(id.name, share.digest))
                }
            }
    }

    /// Keeps the failure that a route write acts on until the status tells of it.
    private mutating func remember(_ decision: Decision, _ release: ModelRelease) {
        let id = release.id
        if let failure = decision.failure {
            // Who only observes acts on nothing, and follows what the cluster says.
            releases[id]?.remembered = settings.observes ? nil : failure
        } else if let old = releases[id]?.remembered,
            release.status.attempt?.intent != old.intent
        {
            releases[id]?.remembered = nil
        }
        if let settled = releases[id]?.settledRevert,
            release.status.pendingRevert?.intent != settled.intent
        {
            releases[id]?.settledRevert = nil
        }
    }

    /// What keeps writes for a release from succeeding, in words.
    private mutating func trouble(
        _ id: NamespacedName, _ builder: SnapshotBuilder, now: Timestamp
    ) -> String? {
        guard flights.hasTroubles else { return nil }
        for key in objects(of: id, builder) {
            if let failure = flights.failure(key) { return "\(key): \(failure)" }
            if let quarrel = flights.quarrel(key, now: now) {
                wake(.release(id), at: quarrel.until + .milliseconds(1))
                hit(.quarrelTold)
                return "\(key) \(quarrel.reason)"
            }
        }
        return nil
    }

    private mutating func writeRoute(
        _ intent: RouteIntent, _ builder: SnapshotBuilder, now: Timestamp
    ) {
        let subject = Subject.release(builder.release.id)
        let router = builder.router
        guard flights.isFree(router.key, of: subject, now: now) else {
            if let until = flights.waitEnd(router.key, now: now) { wake(subject, at: until) }
            return
        }
        guard let term else { return }
        let content = GatewayRouter.Content(
            split: intent.split, refused: intent.refused?.description, term: term)
        if intent.refused == nil, !settings.observes,
            releases[builder.release.id]?.routed == intent
        {
            // The same once more: somebody changes it.
            if let until = flights.repairEnd(router.key, now: now) {
                wake(subject, at: until)
                return
            }
            flights.repair(
                router.key, now: now, longest: patience(router.key), jitter: &jitter)
        }
        releases[builder.release.id]?.routed = intent
        if let stored = view.routes[builder.release.id]?.value {
            if stored.owned.releaseUID != builder.release.metadata.uid {
                hit(.routeAdopted)
                announce(adopted: router.key, builder.release)
            }
            write(.jsonPatch(router.key, router.patch(stored, content)), for: subject)
        } else {
            write(.create(router.key, router.object(content)), for: subject)
        }
    }

    /// Stores the status if it says something new.
    private mutating func writeStatus(
        _ status: ReleaseStatus, over stored: ReleaseStatus, _ metadata: ObjectMetadata,
        now: Timestamp
    ) {
        let id = metadata.id
        let subject = Subject.release(id)
        let key = Self.key(id)
        // Texts are cut when they are stored: only what is stored differently is written.
        guard status != stored else { return }
        // The end of what is under way brings another decision.
        if flights.isBusy(key), flights.waitEnd(key, now: now) == nil { return }
        let document = status.document
        guard document != stored.document else { return }
        guard flights.isFree(key, of: subject, now: now) else {
            if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
            return
        }
        announce(from: stored, to: status, about: metadata)
        write(.applyStatus(key, statusBody(document, of: key, metadata)), for: subject)
    }

    func statusBody(_ status: Document, of key: ResourceKey, _ seen: ObjectMetadata) -> Document {
        body(of: key, uid: seen.uid, resourceVersion: seen.resourceVersion, "status", status)
    }

    /// The body of a write of one field: its preconditions are the uid and version that were seen.
    func body(
        of key: ResourceKey, uid: String, resourceVersion: String, _ field: String,
        _ value: Document
    ) -> Document {
        [
            "apiVersion": .string(key.kind.apiVersion), "kind": .string(key.kind.kind),
            "metadata": [
                "name": .string(key.name), "namespace": .string(key.namespace),
                "uid": .string(uid), "resourceVersion": .string(resourceVersion),
            ],
            field: value,
        ]
    }

    /// A ModelRelease that cannot be read: everything stays as it is, and the status says why.
    private mutating func complain(
        _ record: ReleaseRecord, _ errors: [FieldError], now: Timestamp
    ) {
        let stored = record.status
        var status = stored
        let text = errors.prefix(5).map(\.description).joined(separator: "; ")
        status.message = "the spec is invalid, nothing changes until it is mended: \(text)"
        status.observedGeneration = record.metadata.generation
        let condition = Condition(
            type: "Synced", status: .no, reason: "Invalid", message: status.message,
            observedGeneration: record.metadata.generation, lastTransition: now)
        if let index = status.conditions.firstIndex(where: { $0.type == "Synced" }) {
            let old = status.conditions[index]
            status.conditions[index] = condition
            if old.status == .no {
                status.conditions[index].lastTransition = old.lastTransition
            }
        } else {
            status.conditions.append(condition)
        }
        writeStatus(status, over: stored, record.metadata, now: now)
    }
}
