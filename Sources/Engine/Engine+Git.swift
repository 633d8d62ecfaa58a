import API
import Domain
import Observed
import Rollouts

/// Writing into Git what happened: the revert, and the record on the state branch.
extension Engine {
    /// Starts what Git is owed for a release whose status is stored.
    mutating func settleGit(_ release: ModelRelease, now: Timestamp) {
        let id = release.id
        guard let source = release.metadata.annotation(Names.source).flatMap({ NamespacedName($0) })
        else {
            dropRevert(release, "the release does not come from Git")
            return
        }
        guard let spec = view.sources[source]?.value.decoded.value?.spec else {
            if view.sources[source] == nil {
                dropRevert(release, "ReleaseSource \(source) does not exist")
            }
            return
        }
        guard spec.writeBack.enabled else {
            dropRevert(release, "writeBack is off in ReleaseSource \(source)")
            return
        }
        guard let memory = releases[id] else { return }
        if let pending = release.status.pendingRevert, !memory.revertInFlight,
            memory.settledRevert == nil
        {
            let order = RevertOrder(
                source: source, spec: spec, release: id, refused: pending.refused,
                restore: pending.restore, reason: pending.message, manual: pending.manual,
                at: now)
            if settings.observes {
                intend(Intention(order), for: .release(id))
            } else if memory.revertBackoff.isOver(now) {
                releases[id]?.revertInFlight = true
                start(.revert(intent: pending.intent), for: .release(id)) { .revert($0, order) }
            } else {
                wake(.release(id), at: memory.revertBackoff.until)
            }
        }
        settleRecord(release, source: source, spec: spec, now: now)
    }

    private mutating func dropRevert(_ release: ModelRelease, _ reason: String) {
        guard let pending = release.status.pendingRevert,
            releases[release.id]?.settledRevert == nil
        else { return }
        releases[release.id]?.settledRevert = SettledRevert(
            intent: pending.intent, note: "no revert in Git: \(reason)")
        touch(.release(release.id))
    }

    private mutating func settleRecord(
        _ release: ModelRelease, source: NamespacedName, spec: SourceSpec, now: Timestamp
    ) {
        let from = RecordedStatus(release.status)
        guard let memory = releases[release.id], !memory.recordInFlight,
            from != memory.recordedFrom, let content = record(of: release, from)
        else { return }
        guard memory.recordBackoff.isOver(now) else {
            wake(.release(release.id), at: memory.recordBackoff.until)
            return
        }
        let order = RecordOrder(
            source: source, spec: spec, release: release.id, content: content, at: now)
        if settings.observes { return intend(Intention(order), for: .release(release.id)) }
        releases[release.id]?.recordInFlight = true
        start(.record(from), for: .release(release.id)) { .record($0, order) }
    }

    /// What the state branch says of a release; `nil` while there is nothing to say.
    private func record(of release: ModelRelease, _ from: RecordedStatus) -> Document? {
        let status = release.status
        guard from.proven != nil || !from.quarantine.isEmpty else { return nil }
        var content: Document = [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion), "kind": "ReleaseRecord",
            "cluster": .string(settings.cluster),
            "release": .string(release.id.description),
            "lastAppliedCommit": .string(status.observedCommit),
        ]
        content["proven"] = from.proven?.document
        if !status.quarantine.isEmpty {
            content["quarantine"] = .array(status.quarantine.map(\.document))
        }
        content["evidence"] = status.history.first?.document
        return content
    }

    /// Takes in how a write into Git ended.
    mutating func wroteGit(
        _ id: NamespacedName, _ purpose: Flights.Purpose, _ outcome: GitOutcome, now: Timestamp
    ) {
        switch (purpose, outcome) {
        case (.revert(let intent), .pushed(let commit)):
            hit(.revertPushed)
            releases[id]?.revertInFlight = false
            releases[id]?.revertBackoff = .init()
            releases[id]?.settledRevert = SettledRevert(
                intent: intent, note: "reverted in Git by \(commit.prefix(7))")
            if let source = keeper(of: id) {
                sources[source]?.nextFetch = now
                touch(.source(source))
            }
        case (.revert(let intent), .dropped(let reason)):
            hit(.revertDropped)
            releases[id]?.revertInFlight = false
            releases[id]?.revertBackoff = .init()
            releases[id]?.settledRevert = SettledRevert(
                intent: intent, note: "no revert in Git: \(reason)")
        case (.revert, .failed(let reason)):
            hit(.revertFailed)
            releases[id]?.revertInFlight = false
            releases[id]?.revertBackoff.fail(reason, now: now, jitter: &jitter)
        case (.record(let from), .pushed), (.record(let from), .dropped):
            releases[id]?.recordInFlight = false
            releases[id]?.recordBackoff = .init()
            releases[id]?.recordedFrom = from
        case (.record, .failed(let reason)):
            hit(.recordFailed)
            releases[id]?.recordInFlight = false
            releases[id]?.recordBackoff.fail(reason, now: now, jitter: &jitter)
        default: break
        }
    }
}
