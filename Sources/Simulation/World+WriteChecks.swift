import API
import ControlPlane
import Domain
import Engine
import Planning
import Resources
import Rollouts

/// Checks of every write of the controller, when it is sent and when it is applied.
extension World {
    /// A write carries what makes it conditional, also one that the server refuses.
    mutating func checkConditions(of request: WriteRequest) {
        switch request {
        case .create: break
        case .apply(let key, let body, _):
            let uid = body.at("metadata", "uid")?.stringValue ?? ""
            if uid.isEmpty, key.kind != .modelRelease {
                violate("conditional", "an apply of \(key) without a uid")
            }
        case .applyStatus(let key, let body), .handOver(let key, let body):
            if body.at("metadata", "uid") == nil
                || body.at("metadata", "resourceVersion") == nil
            {
                violate("conditional", "a write of \(key) without uid and version")
            }
        case .jsonPatch(let key, let operations):
            let tests = operations.filter { $0.kind == .test }.map(\.path)
            let isFenced =
                tests.contains("/metadata/resourceVersion")
                || tests.contains { $0.hasSuffix("slipway.dev~1seq") }
            if !tests.contains("/metadata/uid") || !isFenced {
                violate("conditional", "a patch of \(key) without its tests")
            }
        case .delete(let key, let uid, _):
            if uid.isEmpty { violate("conditional", "a delete of \(key) without a uid") }
        }
    }

    /// No write is decided on less than the process's own last write of the same object.
    mutating func checkKnowledge(of request: WriteRequest, _ index: Int) {
        guard let least = processes[index].acknowledged[request.key] else { return }
        let based: Int64? =
            switch request {
            case .applyStatus(_, let body), .handOver(_, let body):
                body.at("metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) }
            case .delete(_, _, let version): version.flatMap { Int64($0) }
            case .create, .apply, .jsonPatch: nil
            }
        if let based, based < least {
            violate("read your writes", "\(request.key) at \(based), written at \(least)")
        }
    }

    /// After a write was applied.
    mutating func checkApplied(
        _ request: WriteRequest, from old: Document?, to new: Document?, sent: Timestamp,
        isLate: Bool
    ) {
        let key = request.key
        checkOwnership(request, old, new)
        checkReplicas(request, from: old, to: new, sent: sent)
        if let new {
            // What is put back or made anew is the controller's again.
            let wasTaken = !truth.taken.isEmpty && truth.taken.remove(key) != nil
            if wasTaken { truth.putBack[key] = now }
            switch key.kind {
            case .httpRoute:
                // What a person took away and is put back gives nothing that was not given before.
                let had = old == nil || wasTaken ? truth.lastSplit[key] : nil
                checkRoute(key, from: old, to: new, had, sent: sent, isLate: isLate)
            case .deployment: checkSize(key, from: old, to: new, sent: sent)
            case .modelRelease:
                if case .applyStatus = request { checkStatus(key, from: old, to: new) }
            default: break
            }
        }
        if case .delete = request, let old { checkDelete(key, old, sent: sent, isLate: isLate) }
    }

    /// Only what is Slipway's is changed, and nothing of it has an owner. The Lease is the
    /// installation's.
    private mutating func checkOwnership(
        _ request: WriteRequest, _ old: Document?, _ new: Document?
    ) {
        let key = request.key
        guard ![.modelRelease, .releaseSource, .lease].contains(key.kind) else { return }
        if let old, ObjectMetadata(of: old).label(Names.managedByLabel) != Names.managedByValue {
            violate("ownership", "\(key) is somebody else's and is written")
        }
        if new?.at("metadata", "ownerReferences") != nil {
            violate("ownership", "\(key) has an owner")
        }
    }

    // MARK: The route

    private mutating func checkRoute(
        _ key: ResourceKey, from old: Document?, to new: Document, _ lost: [String: Int]?,
        sent: Timestamp, isLate: Bool
    ) {
        let before = old.map(Self.split) ?? [:]
        let after = Self.split(new)
        let isExplicit = (new.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue ?? [])
            .allSatisfy { $0["weight"] != nil }
        // What a person made of it stays so when only annotations are written.
        let isSame = old?.at("spec", "rules") == new.at("spec", "rules")
        if !isSame,
            after.values.reduce(0, +) != 100 || after.values.contains(where: { $0 < 0 })
                || !isExplicit
        {
            violate("weights", "\(after) of \(key)")
        }
        func number(_ object: Document?, _ name: String) -> Int64 {
            object?.at("metadata", "annotations", name)?.stringValue.flatMap { Int64($0) } ?? 0
        }
        if number(new, Names.sequence) <= number(old, Names.sequence)
            || number(new, Names.epoch) < number(old, Names.epoch)
        {
            violate("fencing", "the numbers of \(key) do not grow")
        }
        let release = store.object(
            ResourceKey(.modelRelease, namespace: key.namespace, name: key.name))
        let status = ReleaseStatus(release?["status"] ?? .null)
        // A write that takes the mark off obeys it all the same.
        let marks = [old, new].compactMap {
            $0?.at("metadata", "annotations", Names.refused)?.stringValue
                .flatMap { RefusedMark($0) }
        }
        for service in after.keys.sorted() {
            guard after[service, default: 0] > before[service, default: 0] else { continue }
            if after[service, default: 0] > (lost ?? before)[service, default: 0] {
                // Where somebody took the route away its steps begin anew, and what is proven has
                // what they leave it, with pods or without.
                let isLeft =
                    before.values.allSatisfy { $0 == 0 } && status.attempt != nil
                    && isProven(digest(service, key.namespace), status)
                let isRelief = isRelief(of: service, (before, after), key)
                if !isLeft { checkReady(key, service, status, isRelief, sent: sent) }
                checkRefused(key, service, status, marks)
            }
            checkGolden(key, service, status, release)
            checkStep(
                key, service, (before, after), status,
                release.flatMap { ModelRelease.decode($0).value }, sent: sent, isLate)
        }
        truth.lastSplit[key] = after
        if let attempt = status.attempt {
            noteShare(
                NamespacedName(namespace: key.namespace, name: key.name), attempt,
                (before, after))
        }
    }

    private func digest(_ service: String, _ namespace: String) -> Digest? {
        let key = ResourceKey(.controllerRevision, namespace: namespace, name: service)
        return store.object(key)?.at("metadata", "annotations", Names.digest)?.stringValue
            .flatMap { Digest($0) }
    }

    private func isProven(_ digest: Digest?, _ status: ReleaseStatus) -> Bool {
        status.proven?.shares.contains { $0.digest == digest && $0.weight > 0 } ?? false
    }

    /// Who gets more could answer when the write was decided: one pod of a proven version, or of
    /// one that takes over from versions without pods; all pods of a new one.
    private mutating func checkReady(
        _ key: ResourceKey, _ service: String, _ status: ReleaseStatus, _ isRelief: Bool,
        sent: Timestamp
    ) {
        let name = NamespacedName(namespace: key.namespace, name: service)
        let readiness = truth.readiness[name]
        let digest = digest(service, key.namespace)
        // Whoever cleared the status did not make what had the traffic a new version.
        let release = NamespacedName(namespace: key.namespace, name: key.name)
        let wasProven =
            status.proven == nil
            && digest.map { truth.proven[release, default: []].contains($0) } == true
        let last =
            isRelief || wasProven || isProven(digest, status)
            ? readiness?.lastSome(now) : readiness?.lastComplete(now)
        guard let last, last >= knownAt(sent) else {
            violate("no traffic to the unready", "\(service) gets more of \(key)")
            return
        }
    }

    /// What is refused gets nothing. What somebody rolled back from is proven until the way back is
    /// done: it serves on where the other version cannot.
    private mutating func checkRefused(
        _ key: ResourceKey, _ service: String, _ status: ReleaseStatus, _ marks: [RefusedMark]
    ) {
        guard let digest = digest(service, key.namespace), !isProven(digest, status) else { return }
        let isMarked = marks.contains {
            $0.digest == digest && $0.intent == status.attempt?.intent
        }
        if status.isRefused(digest) || isMarked {
            violate("abort is sticky", "\(service) is refused and gets more of \(key)")
        }
    }

    /// A new version that answers its golden inferences wrongly, or not at all, gets nothing.
    private mutating func checkGolden(
        _ key: ResourceKey, _ service: String, _ status: ReleaseStatus, _ release: Document?
    ) {
        let probes = release?.at("spec", "health", "probes")?.arrayValue ?? []
        guard !probes.isEmpty, let digest = digest(service, key.namespace),
            !isProven(digest, status), let attempt = status.attempt,
            attempt.new.contains(digest),
            let share = attempt.target.first(where: { $0.digest == digest })
        else { return }
        if (behaviours[share.version] ?? PodBehaviour()).golden != .right {
            violate("right answers first", "\(service) answers wrongly and gets more of \(key)")
        }
    }

    /// A new version gets more only by the step that is stored, and not before the one before it
    /// has had its time.
    private mutating func checkStep(
        _ key: ResourceKey, _ service: String,
        _ splits: (before: [String: Int], after: [String: Int]),
        _ status: ReleaseStatus, _ release: ModelRelease?, sent: Timestamp, _ isLate: Bool
    ) {
        let (before, after) = splits
        // A status that somebody took away says nothing of steps.
        guard let digest = digest(service, key.namespace), !isProven(digest, status),
            let release, !status.declared.isEmpty, !isRelief(of: service, splits, key)
        else { return }
        guard let attempt = status.attempt, attempt.step >= 0,
            let target = Weights(
                attempt.target.map { .init(digest: $0.digest, weight: $0.weight) })
        else {
            if !isLate {
                violate("steps in order", "\(service) gets more of \(key) without a step")
            }
            return
        }
        let plan = RolloutPlan(
            strategy: release.spec.strategy, base: status.proven?.weights, target: target,
            new: attempt.new)
        guard plan.fingerprint == attempt.plan, plan.steps.indices.contains(attempt.step) else {
            return
        }
        // What a proven version without a ready endpoint cannot take stays with those that have it,
        // also if one has become ready of which the controller did not know yet.
        let isHeld = (status.proven?.shares ?? []).contains {
            let name = NamespacedName(
                namespace: key.namespace, name: Names.versioned(key.name, $0.digest))
            return $0.weight > 0
                && truth.readiness[name]?.wasEmpty(since: knownAt(sent)) != false
        }
        for share in plan.steps[attempt.step].split.shares where !isLate {
            let name = Names.versioned(key.name, share.digest)
            let has = after[name, default: 0]
            if isHeld, has > share.weight, has <= before[name, default: 0] { continue }
            if has != share.weight, attempt.new.contains(share.digest) {
                violate("steps in order", "\(service) has \(has) %, not \(share.weight)")
            }
        }
        guard !isLate else { return }
        checkPace(
            NamespacedName(namespace: key.namespace, name: key.name), attempt, plan,
            had: newShare(attempt, before, key.name))
    }

    /// Whether a version that has a share only takes over from others without any pod.
    private func isRelief(
        of service: String, _ splits: (before: [String: Int], after: [String: Int]),
        _ route: ResourceKey
    ) -> Bool {
        guard splits.before[service, default: 0] > 0 else { return false }
        return splits.before.allSatisfy { other, share in
            let name = NamespacedName(namespace: route.namespace, name: other)
            return splits.after[other, default: 0] >= share
                || truth.readiness[name]?.ready.isEmpty != false
        }
    }

    /// No step with a share of its own is left out, and each has had its time. The same share once
    /// more puts back what somebody changed.
    private mutating func checkPace(
        _ release: NamespacedName, _ attempt: Attempt, _ plan: RolloutPlan, had before: Int
    ) {
        let weight = plan.steps[attempt.step].newWeight
        let last = truth.given[release].flatMap { $0.intent == attempt.intent ? $0 : nil }
        let had = last?.weight ?? before
        guard weight > had, attempt.step > 0 else { return }
        if plan.steps[..<attempt.step].contains(where: {
            $0.newWeight > had && $0.newWeight < weight
        }) {
            violate("steps in order", "\(release) goes from \(had) % to \(weight) %")
        }
        if let last, !attempt.promoted, case .hold(let time) = plan.steps[attempt.step - 1].wait,
            now - last.at < time, !clocksDiffer
        {
            violate("steps in order", "\(release) goes on after \(now - last.at)")
        }
    }

    private func newShare(_ attempt: Attempt, _ split: [String: Int], _ release: String) -> Int {
        attempt.new.reduce(0) { $0 + split[Names.versioned(release, $1), default: 0] }
    }

    /// Notes what the new versions have by the controller's own writes.
    private mutating func noteShare(
        _ release: NamespacedName, _ attempt: Attempt,
        _ splits: (before: [String: Int], after: [String: Int])
    ) {
        let share = newShare(attempt, splits.after, release.name)
        let last = truth.given[release]
        // A seal of what a person made of the route takes nothing from anybody.
        let isSeal = splits.before == splits.after
        if let last, last.intent == attempt.intent, isSeal || last.weight == share { return }
        // What an attempt finds in place has its time from the attempt's start.
        let isFound =
            last?.intent != attempt.intent
            && newShare(attempt, splits.before, release.name) == share
        let isLess = last?.intent == attempt.intent && share < last?.weight ?? 0
        var since = isFound ? attempt.startedAt : now
        // Who takes over from versions without pods keeps the time that it has had.
        if let last, last.intent == attempt.intent, share > last.weight {
            let route = ResourceKey(
                .httpRoute, namespace: release.namespace, name: release.name)
            let isTakeover = attempt.new.allSatisfy {
                let service = Names.versioned(release.name, $0)
                return splits.after[service, default: 0] <= splits.before[service, default: 0]
                    || isRelief(of: service, splits, route)
            }
            if isTakeover { since = last.at }
        }
        truth.given[release] = (since, attempt.intent, share, isLess)
    }

    // MARK: Objects

    /// What has a share is never made smaller than declared, but by its autoscaler.
    private mutating func checkSize(
        _ key: ResourceKey, from old: Document?, to new: Document, sent: Timestamp
    ) {
        let metadata = ObjectMetadata(of: new)
        guard let name = metadata.label(Names.releaseLabel),
            let release = store.object(
                ResourceKey(.modelRelease, namespace: key.namespace, name: name)),
            let route = store.object(
                ResourceKey(.httpRoute, namespace: key.namespace, name: name)),
            Self.split(route)[key.name, default: 0] > 0,
            let declared = release.at("spec", "serving", "replicas")?.intValue,
            let has = new.at("spec", "replicas")?.intValue
        else { return }
        if has < declared,
            !isSizeOfAutoscaler(key, from: old, to: new, declared, sent: sent)
        {
            violate("stable floor", "\(key) has a share and \(has) replicas")
        }
    }

    /// Whether a person deleted the route of a version, and it was not made again, so long ago that
    /// it is drained as far as anybody can know: nobody says when proxies have dropped a route.
    private func isRouteLongGone(_ namespace: String, _ object: Document) -> Bool {
        let release = ObjectMetadata(of: object).label(Names.releaseLabel) ?? ""
        let route = ResourceKey(.httpRoute, namespace: namespace, name: release)
        guard truth.taken.contains(route), store.object(route) == nil, let hand = truth.lastHand
        else { return false }
        return now - hand >= settings.rollout.settle + settings.rollout.drain
    }

    /// What goes has been without a share for as long as draining takes.
    private mutating func checkDelete(
        _ key: ResourceKey, _ old: Document, sent: Timestamp, isLate: Bool
    ) {
        checkRemoved(key, after: isLate ? sent : nil)
        switch key.kind {
        case .deployment, .service:
            let name = NamespacedName(namespace: key.namespace, name: key.name)
            // Nobody sees a proxy that is stuck: what is later than it should be goes off the time.
            let drain = settings.rollout.drain - (gateway.hasBeenStuck ? .seconds(3) : .zero)
            if let last = truth.lastServed(name, now), now - last < drain,
                !isRouteLongGone(key.namespace, old)
            {
                violate("drain before shrink", "\(key) had a share at \(last)")
            }
        case .modelRelease:
            checkPruned(key)
            if git.declares(NamespacedName(namespace: key.namespace, name: key.name)) {
                violate("source integrity", "\(key) is declared and is deleted")
            }
        default: break
        }
    }
}
