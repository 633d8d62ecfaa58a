import API
package import Domain
import Planning
import Verdicts

/// The decision loop of one release: a pure function from what is to what is to be done.
///
/// The order in it is the order of importance: what the route remembers, what Git or a person
/// wants, what the pods say, then the walk along the steps. Each part stands in a file of its own
/// as an extension.
package struct ReleaseMachine {
    let snapshot: ReleaseSnapshot
    let now: Timestamp
    var status: ReleaseStatus
    /// Verdicts of the versions that matter now, filled by ``judge()``.
    var verdicts: [Digest: VersionVerdict] = [:]
    var route: RouteIntent?
    var failure: RememberedFailure?
    var wakes: [Timestamp] = []
    /// What progress waits for, for people.
    var waitsFor = ""
    /// When that wait ends by time.
    var waitsUntil: Timestamp?
    /// Versions of the attempt whose pods are left over from an earlier one that failed: they go
    /// and are made anew.
    var leftOver: Set<Digest> = []
    /// Traffic is on a failed version and there is nothing better.
    var holding: VersionVerdict.Failure?

    /// What is to be done for the release in the snapshot.
    package static func decide(_ snapshot: ReleaseSnapshot, now: Timestamp) -> Decision {
        var machine = ReleaseMachine(snapshot: snapshot, now: now, status: snapshot.release.status)
        return machine.run()
    }

    private init(snapshot: ReleaseSnapshot, now: Timestamp, status: ReleaseStatus) {
        self.snapshot = snapshot
        self.now = now
        self.status = status
    }

    private mutating func run() -> Decision {
        forgetTheFuture()
        settleRevert()
        adoptWhatServes()
        absorbMark()
        takeDeclaration()
        takeHandActions()
        judge()
        if let (digest, failure) = failedInAttempt(),
            !isMutated(.pauseBlocksRevert) || held == nil
        {
            fail(digest, failure)
        } else {
            walk()
        }
        if route == nil { route = steadyRoute() }
        dropRouteInForce()
        let objects = decideObjects()
        present(live: objects.live)
        return Decision(
            status: status,
            route: route,
            ensure: objects.ensure,
            remove: objects.remove,
            probe: probed,
            failure: failure,
            wake: wakes.min()
        )
    }

    /// Times that are yet to come were written by a process whose clock was ahead: what they began
    /// begins now, or a step would wait until that time has come.
    private mutating func forgetTheFuture() {
        if let attempt = status.attempt {
            status.attempt?.startedAt = min(attempt.startedAt, now)
            status.attempt?.confirmedAt = attempt.confirmedAt.map { min($0, now) }
        }
        for index in status.versions.indices {
            status.versions[index].since = min(status.versions[index].since, now)
        }
    }

    /// Versions that answer golden inferences: those that the attempt brings, else those that are
    /// declared and serve. The golden answers in the spec are the declared versions' own, so an
    /// older version is not asked them.
    private var probed: [Digest] {
        guard !spec.health.probes.isEmpty else { return [] }
        if let attempt = status.attempt { return attempt.new }
        return status.declared.filter { $0.weight > 0 && serving.contains($0.digest) }
            .map(\.digest).sorted()
    }

    var spec: ReleaseSpec { snapshot.release.spec }

    /// The split that traffic returns to: the proven one, without what cannot answer.
    var base: Weights? {
        guard let split = status.proven?.weights else { return nil }
        if isMutated(.revertToTheDead) { return split }
        let enough = isMutated(.revertWantsAllOfStable) ? spec.serving.replicas : 1
        let gone = Set(split.serving.filter { readyEndpoints($0) < enough })
        return gone.isEmpty ? split : split.removing(gone)
    }

    /// The stored split without the versions at 0; `nil` if there is none or it was edited.
    var splitInForce: Weights? {
        guard case .ours(let state) = snapshot.route else { return nil }
        return state.split?.withoutZeros
    }

    /// Versions that get traffic by the stored route.
    var serving: [Digest] { splitInForce?.serving ?? [] }

    func readyEndpoints(_ digest: Digest) -> Int { snapshot.version(digest)?.readyEndpoints ?? 0 }

    mutating func wake(at time: Timestamp) {
        if time > now { wakes.append(time) }
    }

    /// Adds to the history, newest first, bounded.
    mutating func record(_ verdict: HistoryEntry.Verdict, _ attempt: Attempt, evidence: String) {
        let entry = HistoryEntry(
            verdict: verdict,
            intent: attempt.intent,
            shares: attempt.target,
            commit: attempt.commit,
            author: attempt.author,
            evidence: String(evidence.prefix(1000)),
            startedAt: attempt.startedAt,
            endedAt: now
        )
        status.history.insert(entry, at: 0)
        status.history.removeLast(max(0, status.history.count - ReleaseStatus.historyLimit))
    }

    /// Refuses a digest; newest first, bounded, one entry a digest.
    mutating func quarantine(
        _ digest: Digest,
        version: String,
        intent: Int64,
        _ failure: VersionVerdict.Failure,
        commit: String
    ) {
        status.quarantine.removeAll { $0.digest == digest }
        status.quarantine.insert(
            QuarantineEntry(
                digest: digest,
                version: version,
                intent: intent,
                reason: failure.reason.rawValue,
                message: String(failure.message.prefix(500)),
                commit: commit,
                at: now
            ),
            at: 0
        )
        status.quarantine.removeLast(
            max(0, status.quarantine.count - ReleaseStatus.quarantineLimit)
        )
    }

    /// The steps of the attempt under way.
    func plan(_ attempt: Attempt) -> RolloutPlan? {
        guard
            let target = Weights(
                attempt.target.map { .init(digest: $0.digest, weight: $0.weight) }
            )
        else { return nil }
        return RolloutPlan(
            strategy: spec.strategy,
            base: status.proven?.weights,
            target: target,
            new: attempt.new
        )
    }
}
