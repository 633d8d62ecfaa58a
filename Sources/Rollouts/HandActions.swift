import API
import Domain
import Verdicts

/// What people ask by annotations of the ModelRelease. Each value is carried out once; the status
/// remembers it.
extension ReleaseMachine {
    mutating func takeHandActions() {
        once(Names.retry) { $0.retry($1) }
        once(Names.rollback) { $0.rollBack(to: $1) }
        once(Names.promote) { $0.promote($1) }
        once(Names.approve) { $0.approve($1) }
    }

    /// Somebody or the declaration holds progress; why.
    var held: String? {
        if spec.suspend { return "suspended by spec.suspend" }
        if let value = snapshot.release.metadata.annotation(Names.pause), value != "false" {
            return "paused by hand"
        }
        return nil
    }

    /// Runs an action for an annotation's value that was not handled yet. The action returns
    /// whether the value is used up.
    private mutating func once(
        _ annotation: String,
        _ action: (inout ReleaseMachine, Substring) -> Bool
    ) {
        guard let value = snapshot.release.metadata.annotation(annotation), !value.isEmpty,
            value.utf8.count <= 256,
            !status.handled.contains(where: { $0.annotation == annotation && $0.value == value })
        else { return }
        let subject = value.prefix { $0 != "@" }
        guard action(&self, subject) else { return }
        status.handled.removeAll { $0.annotation == annotation }
        status.handled.append(HandledAction(annotation: annotation, value: value, at: now))
    }

    private func matches(_ digest: Digest, _ text: Substring) -> Bool {
        let hex = text.hasPrefix("sha256:") ? text.dropFirst(7) : text
        return hex.utf8.count >= 8 && digest.hex.hasPrefix(hex)
    }

    /// Lifts the quarantine of a digest and tries it again if it is declared.
    private mutating func retry(_ subject: Substring) -> Bool {
        guard let entry = status.quarantine.first(where: { matches($0.digest, subject) }) else {
            return true
        }
        hit(.retried)
        lift(entry.digest)
        if status.attempt == nil, status.declared.contains(where: { $0.digest == entry.digest }) {
            startAttempt(author: status.history.first?.author ?? "")
        }
        return true
    }

    /// Ends all waits of the attempt that brings this digest.
    private mutating func promote(_ subject: Substring) -> Bool {
        guard let attempt = status.attempt,
            attempt.target.contains(where: { matches($0.digest, subject) })
        else { return true }
        hit(.promotedByHand)
        status.attempt?.promoted = true
        return true
    }

    /// Passes the pause that the attempt stands at: `DIGEST/STEP`, STEP counted from 1.
    private mutating func approve(_ subject: Substring) -> Bool {
        let parts = subject.split(separator: "/")
        guard parts.count == 2, let step = Int(parts[1]), step > 0,
            let attempt = status.attempt,
            attempt.new.contains(where: { matches($0, parts[0]) })
                || isMutated(.approvalOfAnother)
        else { return true }
        // Given ahead of time it stays until the step is reached.
        guard attempt.step == step - 1 else { return attempt.step >= step }
        hit(.approved)
        status.attempt?.approvedStep = attempt.step
        return !isMutated(.approvalUsedTwice)
    }

    /// Back to a proven version: at once if its pods are there. What is declared and left behind is
    /// refused, so that it does not come back by itself, and Git is told.
    private mutating func rollBack(to subject: Substring) -> Bool {
        let proven = status.proven?.shares ?? []
        if let attempt = status.attempt, !attempt.manual,
            subject.isEmpty || proven.contains(where: { matches($0.digest, subject) })
        {
            // A rollout is under way and the way back is its base: the same as if it had failed.
            for digest in attempt.new where !status.isRefused(digest) {
                hit(.rolledBackUnderWay)
                failure = RememberedFailure(
                    digest: digest,
                    intent: attempt.intent,
                    failure: .init(.rolledBack, "taken back by hand")
                )
                break
            }
            return false
        }
        guard let target = rollbackTarget(subject) else { return true }
        hit(.rolledBackToHistory)
        let leaving = status.declared.filter { share in
            share.weight > 0 && !target.shares.contains { $0.digest == share.digest }
        }
        if let attempt = status.attempt { record(.superseded, attempt, evidence: "rolled back") }
        status.intent += 1
        for share in leaving {
            quarantine(
                share.digest,
                version: share.version,
                intent: status.intent,
                .init(.rolledBack, "rolled back by hand to \(names(target.shares))"),
                commit: status.observedCommit
            )
        }
        status.attempt = Attempt(
            intent: status.intent,
            target: target.shares,
            new: [],
            startedAt: now,
            commit: target.commit,
            author: "",
            manual: true
        )
        // Git may declare another split of the same versions: then none of them is refused, and
        // one that gets less stands for the change.
        let left =
            leaving.first
            ?? status.declared.first { share in
                share.weight > target.shares.first { $0.digest == share.digest }?.weight ?? 0
            }
        if let refused = left, !sameSplit(status.declared, target.shares), !target.commit.isEmpty,
            !status.observedCommit.isEmpty, spec.onFailure.git == .revertCommit
        {
            status.pendingRevert = PendingRevert(
                refused: refused.digest,
                intent: status.intent,
                restore: target.commit,
                message: "rolled back by hand to \(names(target.shares))",
                manual: true
            )
        }
        return true
    }

    /// The newest proven split that is meant and that does not serve already; splits of the same
    /// versions differ by their weights. What serves alone already is not looked for.
    private func rollbackTarget(_ subject: Substring) -> HistoryEntry? {
        let proven = (status.proven?.shares ?? []).filter { $0.weight > 0 }
        if !subject.isEmpty, !proven.isEmpty,
            proven.allSatisfy({ matches($0.digest, subject) })
        {
            return nil
        }
        return status.history.first { entry in
            guard entry.verdict == .promoted || entry.verdict == .rolledBack,
                !entry.shares.contains(where: { status.isRefused($0.digest) }),
                !sameSplit(entry.shares, proven)
            else { return false }
            return subject.isEmpty
                || entry.shares.contains { $0.weight > 0 && matches($0.digest, subject) }
        }
    }

    func names(_ shares: [DeclaredShare]) -> String {
        let serving = shares.filter { $0.weight > 0 }
        if serving.count == 1, let only = serving.first { return "version \(only.version)" }
        return serving.map { "\($0.version): \($0.weight)" }.joined(separator: ", ")
    }
}
