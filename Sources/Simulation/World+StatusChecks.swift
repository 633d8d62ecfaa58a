import API
import Domain
import Planning
import Resources
import Rollouts

/// Checks of every status that the controller stores.
extension World {
    mutating func checkStatus(
        _ key: ResourceKey, from old: Document?, to new: Document
    ) {
        let before = ReleaseStatus(old?["status"] ?? .null)
        let after = ReleaseStatus(new["status"] ?? .null)
        if after.intent < before.intent, !before.declared.isEmpty {
            violate("single attempts", "the number of \(key) falls")
        }
        for entry in before.quarantine where !after.isRefused(entry.digest) {
            let isOurs = new.at("metadata", "annotations", Names.author) == "slipway"
            let isDeclared = after.declared.contains { $0.digest == entry.digest }
            let wasDeclared = before.declared.contains { $0.digest == entry.digest }
            let isAsked = after.handled != before.handled
            if !isAsked, !isDeclared || wasDeclared || isOurs,
                before.quarantine.count < ReleaseStatus.quarantineLimit
            {
                violate("abort is sticky", "\(entry.version) of \(key) is no longer refused")
            }
        }
        checkApproval(key, before, after, ModelRelease.decode(new).value)
        checkWord(key, before, after)
        if let proven = after.proven, !proven.provisional,
            proven.weights?.withoutZeros != before.proven?.weights?.withoutZeros
                || before.proven?.provisional == true
        {
            checkPromotion(key, (before, after), ModelRelease.decode(new).value)
        }
    }

    /// A pause is passed only with an approval of this version and step.
    private mutating func checkApproval(
        _ key: ResourceKey, _ before: ReleaseStatus, _ after: ReleaseStatus,
        _ release: ModelRelease?
    ) {
        guard let old = before.attempt, let new = after.attempt, new.intent == old.intent,
            new.step == old.step + 1, old.step >= 0, !new.promoted, let release,
            let target = Weights(old.target.map { .init(digest: $0.digest, weight: $0.weight) })
        else { return }
        let plan = RolloutPlan(
            strategy: release.spec.strategy, base: before.proven?.weights, target: target,
            new: old.new)
        guard plan.fingerprint == old.plan, plan.steps.indices.contains(old.step),
            plan.steps[old.step].wait == .approval
        else { return }
        let isApproved = after.handled.contains {
            $0.annotation == Names.approve && $0.value.contains("/\(old.step + 1)")
        }
        if !isApproved { violate("approvals", "\(key) passes its pause unasked") }
    }

    /// What becomes proven had the whole traffic that was declared, at the proxies too, for the
    /// time of its bake.
    private mutating func checkPromotion(
        _ key: ResourceKey, _ statuses: (before: ReleaseStatus, after: ReleaseStatus),
        _ release: ModelRelease?
    ) {
        let (before, after) = statuses
        func promotes(_ status: ReleaseStatus) -> [HandledAction] {
            status.handled.filter { $0.annotation == Names.promote }
        }
        guard let attempt = before.attempt,
            let target = Weights(
                attempt.target.map { .init(digest: $0.digest, weight: $0.weight) }),
            let release
        else {
            violate("promotion is earned", "\(key) has something proven without an attempt")
            return
        }
        let plan = RolloutPlan(
            strategy: release.spec.strategy, base: before.proven?.weights, target: target,
            new: attempt.new)
        guard plan.fingerprint == attempt.plan else { return }
        var wanted: [String: Int] = [:]
        for share in target.withoutZeros.shares {
            wanted[Names.versioned(key.name, share.digest)] = share.weight
        }
        let id = NamespacedName(namespace: key.namespace, name: key.name)
        // A proxy that is stuck is seen by nobody: what it serves is as old as that.
        let served = (gateway.inForce[id] ?? []).enumerated()
            .filter { !gateway.stuck.contains($0.offset) }
            .map { $0.element.filter { $0.value > 0 } }
        if attempt.step != plan.steps.count - 1 || served.contains(where: { $0 != wanted }) {
            violate("promotion is earned", "\(key): \(wanted) is proven, \(served) serves")
        }
        if !attempt.promoted, promotes(before) == promotes(after),
            case .bake(let time)? = plan.steps.last?.wait
        {
            // By the world's clock; a process whose clock was set ahead cannot know better.
            let since = truth.given[id].map(\.at) ?? attempt.confirmedAt ?? now
            if now - since < time, !clocksDiffer {
                violate("promotion is earned", "\(key) baked for \(now - since)")
            }
        }
    }
}
