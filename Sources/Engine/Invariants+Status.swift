import API
import Domain
import Observed
import Planning
import Resources
import Rollouts

/// What must hold of a status that is written: refusals stick, and what becomes proven has earned
/// it.
extension Invariants {
    func badStatus(_ key: ResourceKey, _ body: Document) -> String? {
        let id = NamespacedName(namespace: key.namespace, name: key.name)
        guard let record = view.releases[id]?.value else { return nil }
        let before = record.status
        let after = ReleaseStatus(body["status"] ?? .null)
        if after.intent < before.intent { return "the number of attempts of \(key) falls" }
        return forgotten(before, after, record.metadata)
            ?? unearned(before, after, record, id)
    }

    /// A refusal goes only when somebody asks for it, when Git declares the version anew, or to
    /// make room for newer ones.
    private func forgotten(
        _ before: ReleaseStatus, _ after: ReleaseStatus, _ metadata: ObjectMetadata
    ) -> String? {
        let isFull = after.quarantine.count >= ReleaseStatus.quarantineLimit
        let isAsked = after.handled.contains {
            $0.annotation == Names.retry && !before.handled.contains($0)
        }
        let isOurs = metadata.annotation(Names.author) == Names.fieldManager
        for entry in before.quarantine where !after.isRefused(entry.digest) {
            let was = before.declared.contains { $0.digest == entry.digest }
            let isDeclared = after.declared.contains { $0.digest == entry.digest }
            guard !isFull, !isAsked, isOurs || was || !isDeclared else { continue }
            return "version \(entry.version) would no longer be refused"
        }
        return nil
    }

    /// What becomes proven stood at its last step, confirmed, with the traffic that was declared.
    private func unearned(
        _ before: ReleaseStatus, _ after: ReleaseStatus, _ record: ReleaseRecord,
        _ id: NamespacedName
    ) -> String? {
        guard let proven = after.proven else {
            return before.proven == nil ? nil : "nothing would be proven any more"
        }
        let split = proven.weights?.withoutZeros
        guard !proven.provisional,
            split != before.proven?.weights?.withoutZeros || before.proven?.provisional == true
        else { return nil }
        guard let attempt = before.attempt, let confirmed = attempt.confirmedAt,
            let target = Weights(
                attempt.target.map { .init(digest: $0.digest, weight: $0.weight) }
            ), target.withoutZeros == split
        else { return "a split would be proven that no rollout has reached" }
        if let refused = target.serving.first(where: { after.isRefused($0) }) {
            return "version \(refused.tag) would be proven and is refused"
        }
        var wanted: [String: Int] = [:]
        for share in target.withoutZeros.shares {
            wanted[Names.versioned(id.name, share.digest)] = share.weight
        }
        guard view.routes[id]?.value.backends?.filter({ $0.value > 0 }) == wanted else {
            return "a split would be proven that the route does not have"
        }
        guard let spec = record.decoded.value?.spec else { return nil }
        let plan = RolloutPlan(
            strategy: spec.strategy, base: before.proven?.weights, target: target,
            new: attempt.new)
        // Steps that were edited since are not those that were walked.
        guard plan.fingerprint == attempt.plan, let last = plan.steps.last else { return nil }
        guard attempt.step == plan.steps.count - 1 else {
            return "a split would be proven before its last step"
        }
        let isPromoted =
            attempt.promoted
            || after.handled.contains {
                $0.annotation == Names.promote && !before.handled.contains($0)
            }
        if !isPromoted, case .bake(let time) = last.wait, now - confirmed < time {
            return "a split would be proven before its bake has ended"
        }
        return nil
    }
}
