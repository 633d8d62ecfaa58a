import API
import Domain
import Verdicts

/// Judging versions, and the way back.
extension ReleaseMachine {
    /// Judges every version that is under test or proven. Versions under test answer to the
    /// release's whole health policy; proven ones can be `healthy`, `reduced` or `starting`: what
    /// happens to them says nothing new of the version.
    mutating func judge() {
        let proven = status.proven?.shares.map(\.digest) ?? []
        let target = status.attempt?.target.map(\.digest) ?? []
        for digest in Set(proven + target).sorted() {
            let observed = snapshot.version(digest)
            let declared = spec.serving.replicas
            let wanted = observed?.wanted(declared) ?? declared
            var policy = spec.health
            if isMutated(.noDeadline) { policy.progressDeadline = .longest }
            if isMutated(.restartsAreFine) { policy.restartsMax = .max }
            if isMutated(.unreadyIsWaitedFor) { policy.unreadyMax = .max }
            if proven.contains(digest), status.attempt?.new.contains(digest) != true {
                policy.restartsMax = .max
                policy.unreadyMax = .max
                policy.progressDeadline = .longest
            }
            // What may not be rendered has no pods that could be late.
            if snapshot.refusal != nil, observed?.created == nil {
                policy.progressDeadline = .longest
            }
            // A time that is yet to come is another clock's and says nothing; one of an earlier
            // life may be of a clock that was behind.
            let watched = isMutated(.deadlineOfAnotherTerm) ? nil : snapshot.watchedSince
            let since =
                [observed?.created, status.attempt?.startedAt, watched]
                .compactMap { $0 }.filter { $0 <= now }.max() ?? now
            // Of what is proven an autoscaler may ask for more without anything being amiss.
            let isUnderTest = status.attempt?.new.contains(digest) == true
            let judge = HealthJudge(
                policy: policy,
                desired: isUnderTest ? wanted : min(wanted, declared),
                required: min(wanted, declared),
                since: since,
                proberTrusted: snapshot.proberTrusted,
                podsRefused: observed?.podsRefused ?? ""
            )
            let (verdict, recheck) = judge.verdict(observed?.pods ?? [], now: now)
            // The deadline of the attempt runs from its own start.
            if let failure = verdict.failure, failure.reason != .progressDeadline,
                isLeftOver(digest)
            {
                hit(.leftOverPods)
                leftOver.insert(digest)
                verdicts[digest] = .starting("the pods of an earlier attempt are to go")
                continue
            }
            verdicts[digest] = verdict
            if let recheck { wake(at: recheck) }
        }
    }

    /// Whether the pods of a version under test are older than the attempt: what they did then says
    /// nothing about it. Before the first step, while they get no traffic, they can be replaced.
    private func isLeftOver(_ digest: Digest) -> Bool {
        guard let attempt = status.attempt, attempt.step < 0, attempt.new.contains(digest),
            !serving.contains(digest)
        else { return false }
        if case .ours(let state) = snapshot.route, state.split == nil { return false }
        guard let uid = snapshot.version(digest)?.uid, !uid.isEmpty else { return true }
        return attempt.found.contains(uid)
    }

    /// The version that makes the attempt under way fail, if any. A failure that was decided once
    /// stays decided, also if the pods recover before the route is written.
    func failedInAttempt() -> (Digest, VersionVerdict.Failure)? {
        guard let attempt = status.attempt else { return nil }
        for decided in [failure, snapshot.remembered] {
            if let decided, decided.intent == attempt.intent {
                hit(.failureStands)
                return (decided.digest, decided.failure)
            }
        }
        let proven = status.proven?.shares.map(\.digest) ?? []
        // What is declared without a share has no pods to be judged by.
        let wanted = attempt.target.filter { $0.weight > 0 }.map(\.digest)
        let underTest = attempt.new + wanted.filter { !proven.contains($0) }
        for digest in underTest {
            if let failure = verdicts[digest]?.failure { return (digest, failure) }
        }
        return nil
    }

    /// Takes traffic back from an attempt. The route goes first; nothing but the versions that get
    /// the traffic is asked. Without traffic on it the attempt simply ends; with traffic and
    /// nothing better, traffic stays where it is.
    mutating func fail(_ digest: Digest, _ cause: VersionVerdict.Failure) {
        guard let attempt = status.attempt else { return }
        let mark = RefusedMark(digest: digest, intent: attempt.intent)
        let hasTraffic = hasTraffic(attempt)
        guard hasTraffic || mayGetTraffic(attempt, mark), !isMutated(.statusBeforeTraffic) else {
            if case .absent = snapshot.route, attempt.step >= 0, snapshot.isRouteUnderWay {
                // It may be made with all traffic on this version, and there is no mark to void it.
                failure = RememberedFailure(
                    digest: digest, intent: attempt.intent, failure: cause)
                waitsFor = "the write of the route to end"
                return
            }
            hit(.failedWithoutTraffic)
            failure = nil
            conclude(attempt, digest, cause)
            return
        }
        // A share that is only on its way is kept away by the split that is there.
        guard let split = base ?? (hasTraffic ? nil : splitInForce),
            !isMutated(.revertWaitsForTheBad) || readyEndpoints(digest) > 0
        else {
            hit(.nothingToReturnTo)
            failure = nil
            holding = cause
            status.attempt?.confirmedAt = nil
            waitsFor = "a version that can take the traffic: \(cause.message)"
            return
        }
        hit(.reverted)
        failure = RememberedFailure(digest: digest, intent: attempt.intent, failure: cause)
        route = RouteIntent(
            split: registered(split),
            refused: isMutated(.markNotWritten) ? nil : mark,
            direction: .backward
        )
        waitsFor = "the route to give traffic back"
    }

    /// Whether the stored route may send traffic to what the attempt brings. A route that was
    /// edited by hand may.
    private func hasTraffic(_ attempt: Attempt) -> Bool {
        guard case .ours(let state) = snapshot.route else { return false }
        guard let split = state.split else { return true }
        let proven = status.proven?.shares.map(\.digest) ?? []
        let brought = attempt.target.map(\.digest).filter { !proven.contains($0) } + attempt.new
        return brought.contains { split.weight(of: $0) > 0 }
    }

    /// Whether a write that raises the attempt's share may still be on its way: one that was sent
    /// after its step was stored, by this life of the controller or an earlier one. The marked
    /// route makes it void, for every write of the route tests the sequence number.
    private func mayGetTraffic(_ attempt: Attempt, _ mark: RefusedMark) -> Bool {
        guard attempt.step >= 0, case .ours(let state) = snapshot.route else { return false }
        hit(.raiseUnderWay)
        return state.refused != mark
    }

    /// Ends a failed attempt in the status: the digest is refused, the history says why, and Git
    /// is owed a revert where the declaration came from there and something proven can be restored.
    mutating func conclude(_ attempt: Attempt, _ digest: Digest, _ cause: VersionVerdict.Failure) {
        let version = attempt.target.first { $0.digest == digest }?.version ?? digest.tag
        quarantine(
            digest,
            version: version,
            intent: attempt.intent,
            cause,
            commit: attempt.commit
        )
        record(
            attempt.step < 0 ? .rejected : .reverted,
            attempt,
            evidence: "version \(version): \(cause.reason.rawValue): \(cause.message)"
        )
        status.attempt = nil
        if cause.reason == .rolledBack,
            let value = snapshot.release.metadata.annotation(Names.rollback)
        {
            status.handled.removeAll { $0.annotation == Names.rollback }
            status.handled.append(
                HandledAction(annotation: Names.rollback, value: value, at: now)
            )
        }
        guard let proven = status.proven, !proven.provisional, !proven.commit.isEmpty,
            !attempt.commit.isEmpty, !attempt.manual, spec.onFailure.git == .revertCommit
        else { return }
        hit(.revertOwed)
        status.pendingRevert = PendingRevert(
            refused: digest,
            intent: attempt.intent,
            restore: proven.commit,
            message: "version \(version): \(cause.reason.rawValue): \(cause.message)",
            manual: cause.reason == .rolledBack
        )
    }
}
