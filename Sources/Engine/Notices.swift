import API
import Domain
import Rollouts

/// What people read in `kubectl describe`: told when the status that says it is written.
extension Engine {
    mutating func announce(
        from old: ReleaseStatus, to new: ReleaseStatus, about metadata: ObjectMetadata
    ) {
        let known = Set(old.history.map(\.intent))
        for entry in new.history.reversed() where !known.contains(entry.intent) {
            let isWarning = entry.verdict == .reverted || entry.verdict == .rejected
            tell(
                entry.verdict.rawValue, entry.evidence, metadata, isWarning: isWarning,
                commit: entry.commit)
        }
        if let attempt = new.attempt, attempt.intent != old.attempt?.intent {
            let versions = attempt.target.map(\.version).joined(separator: ", ")
            tell("Started", "releasing \(versions)", metadata, commit: attempt.commit)
        } else if let attempt = new.attempt, let step = new.step,
            attempt.step != old.attempt?.step, attempt.step >= 0
        {
            let versions = attempt.target.filter { $0.weight > 0 }.map(\.version)
            let text =
                step.weight > 0
                ? "step \(step.index) of \(step.of): \(step.weight) % to the new versions"
                : "traffic moves to \(versions.joined(separator: ", "))"
            tell("Step", text, metadata, commit: attempt.commit, step: step.index)
        }
        let configured = new.conditions.first { $0.type == ReleaseMachine.configChanged }
        if let configured, configured.status == .yes,
            configured.message
                != old.conditions.first(where: { $0.type == configured.type })?.message
        {
            tell(configured.type, configured.message, metadata, isWarning: true)
        }
        let refused = "ServiceAccountNotAllowed"
        let sync = new.conditions.first { $0.type == "Synced" }
        if let sync, sync.reason == refused,
            sync.message != old.conditions.first(where: { $0.type == "Synced" })?.message
        {
            tell(refused, sync.message, metadata, isWarning: true)
        }
        if new.phase != old.phase, new.phase == .degraded || new.phase == .paused {
            tell(
                new.phase.rawValue, new.message, metadata, isWarning: new.phase == .degraded,
                commit: new.attempt?.commit ?? new.observedCommit, step: new.step?.index)
        }
    }

    /// An object of an earlier release of the same name is taken over.
    mutating func announce(adopted key: ResourceKey, _ release: ModelRelease) {
        tell(
            "Adopted", "\(key) was made for an earlier release of this name and is taken over",
            release.metadata)
    }

    mutating func tell(
        _ reason: String, _ message: String, _ metadata: ObjectMetadata, isWarning: Bool = false,
        commit: String = "", step: Int? = nil
    ) {
        let notice = Notice(
            about: ResourceKey(
                .modelRelease, namespace: metadata.namespace, name: metadata.name),
            uid: metadata.uid, isWarning: isWarning, reason: reason,
            message: String(message.prefix(1000)), commit: commit, step: step)
        if settings.observes { return wanted.words.append(notice) }
        effects.append(.emit(notice))
    }
}
