package import API
package import Domain
import Planning
import Resources
import Verdicts

/// What the status says to people.
extension ReleaseMachine {
    mutating func present(live: [Digest]) {
        status.observedGeneration = snapshot.release.metadata.generation
        presentVersions(live)
        presentStep()
        let (phase, message) = phaseAndMessage()
        let changed = presentConfiguration()
        let troubles = [message, snapshot.refusal, snapshot.trouble, changed].compactMap { $0 }
        status.phase = phase
        status.message = String(troubles.joined(separator: "; ").prefix(1000))
        presentConditions()
    }

    private mutating func presentVersions(_ live: [Digest]) {
        let wanted = (status.attempt?.target ?? []) + (status.proven?.shares ?? [])
        let old = status.versions
        status.versions = live.map { digest in
            let observed = snapshot.version(digest)
            let before = old.first { $0.digest == digest }
            let weight = splitInForce?.weight(of: digest) ?? 0
            let name =
                wanted.first { $0.digest == digest }?.version ?? observed?.version
                ?? before?.version ?? digest.tag
            let (health, text) = healthAndText(digest, weight: weight, wanted: wanted)
            var since = before?.since ?? now
            if (health == .draining) != (before?.health == .draining) { since = now }
            let entry = VersionStatus(
                digest: digest,
                version: name,
                weight: weight,
                ready: observed?.readyEndpoints ?? 0,
                desired: health == .draining
                    ? 0 : observed?.wanted(spec.serving.replicas) ?? spec.serving.replicas,
                health: health,
                message: String(text.prefix(300)),
                since: since
            )
            if health == .draining { wakes.append(drainEnd(entry)) }
            return entry
        }
        wakes = wakes.filter { $0 > now }
    }

    private func healthAndText(
        _ digest: Digest,
        weight: Int,
        wanted: [DeclaredShare]
    ) -> (VersionStatus.Health, String) {
        let isWanted =
            wanted.contains { $0.digest == digest && $0.weight > 0 } && !leftOver.contains(digest)
        guard isWanted || weight > 0 else {
            // Draining begins when the gateways have taken the route that leaves it out.
            if case .ours(let state) = snapshot.route, state.acceptance != .accepted,
                !isMutated(.drainedFromTheWrite),
                status.versions.first(where: { $0.digest == digest })?.health != .draining
            {
                hit(.drainNotBegun)
                return (.unknown, "the gateways have not accepted the route yet")
            }
            return (.draining, "")
        }
        switch verdicts[digest] {
        case .healthy: return (.healthy, "")
        case .starting(let text): return (.starting, text)
        case .reduced(let text): return (.starting, text)
        case .failed(let failure):
            return (.failed, "\(failure.reason.rawValue): \(failure.message)")
        case nil: return (.unknown, "")
        }
    }

    private mutating func presentStep() {
        guard let attempt = status.attempt, let plan = plan(attempt) else {
            status.step = nil
            return
        }
        let index = max(0, attempt.step)
        status.step = StepStatus(
            index: index + 1,
            of: plan.steps.count,
            weight: attempt.step < 0 ? 0 : plan.steps[min(index, plan.steps.count - 1)].newWeight,
            waitsFor: String(waitsFor.prefix(300)),
            until: waitsUntil
        )
    }

    private func phaseAndMessage() -> (ReleaseStatus.Phase, String) {
        if let failure, let attempt = status.attempt {
            let version = attempt.target.first { $0.digest == failure.digest }?.version ?? ""
            return (
                .reverting,
                "version \(version): \(failure.failure.reason.rawValue): \(failure.failure.message)"
            )
        }
        if let holding {
            return (
                .degraded,
                "\(holding.reason.rawValue): \(holding.message); nothing proven to return to"
            )
        }
        if let attempt = status.attempt {
            if let held { return (.paused, held) }
            if isMutated(.healthyTooEarly), attempt.step >= 0 { return (.healthy, "") }
            let going = attempt.manual ? "rolling back to" : "releasing"
            let text =
                "\(going) \(names(attempt.target))"
                + (waitsFor.isEmpty ? "" : ": waiting for \(waitsFor)")
            return (waitsFor == "approval" ? .paused : .progressing, text)
        }
        if let refused = status.declared.first(where: {
            $0.weight > 0 && status.isRefused($0.digest)
        }) {
            let entry = status.quarantine.first { $0.digest == refused.digest }
            let before = status.history.first { $0.intent == entry?.intent }?.verdict == .rejected
            let serves = status.proven.map { "; \(names($0.shares)) serves" } ?? ""
            return (
                before ? .rejected : .reverted,
                "version \(refused.version) refused: \(entry?.reason ?? ""): "
                    + "\(entry?.message ?? "")\(serves)"
            )
        }
        guard let proven = status.proven else { return (.pending, "nothing released yet") }
        if case .foreign(let owner) = snapshot.route {
            return (
                .degraded,
                "HTTPRoute \(snapshot.release.metadata.name) belongs to \(owner)"
            )
        }
        for share in proven.shares where share.weight > 0 {
            if let verdict = verdicts[share.digest], !verdict.isHealthy {
                return (.degraded, "version \(share.version): \(describe(verdict))")
            }
        }
        return (.healthy, "\(names(proven.shares)) serves")
    }

    private func describe(_ verdict: VersionVerdict) -> String {
        switch verdict {
        case .starting(let text), .reduced(let text): text
        case .healthy: "healthy"
        case .failed(let failure): "\(failure.reason.rawValue): \(failure.message)"
        }
    }

    private mutating func presentConditions() {
        let phase = status.phase
        presentSync()
        set(
            "Healthy",
            phase == .healthy || phase == .reverted || phase == .rejected
                ? (status.proven == nil ? .unknown : .yes)
                : phase == .degraded ? .no : .unknown,
            phase.rawValue,
            status.message
        )
        set(
            "Progressing",
            status.attempt == nil ? .no : .yes,
            phase.rawValue,
            status.step.map { "step \($0.index) of \($0.of)" } ?? ""
        )
        set(
            "Proven",
            status.proven.map { $0.provisional ? .no : .yes } ?? .no,
            status.proven == nil ? "NothingProven" : "SplitProven",
            status.proven.map { names($0.shares) } ?? ""
        )
        status.note(
            violation: snapshot.violation, generation: snapshot.release.metadata.generation,
            now: now)
        presentAutoscaling()
        let unpinned = spec.versions.filter { $0.pin == nil }.map(\.name)
        set(
            "Pinned",
            unpinned.isEmpty ? .yes : .no,
            unpinned.isEmpty ? "AllPinned" : "Unpinned",
            unpinned.isEmpty ? "" : "no digest is declared for \(unpinned.joined(separator: ", "))"
        )
    }

    /// Whether what Git declares serves, and if not, why.
    private mutating func presentSync() {
        let isAtRest = status.attempt == nil
        if let refusal = snapshot.refusal {
            set("Synced", .no, "ServiceAccountNotAllowed", refusal)
        } else if status.declared.contains(where: { $0.weight > 0 && status.isRefused($0.digest) })
        {
            set("Synced", .no, "Refused", status.message)
        } else if isAtRest, let proven = status.proven, sameSplit(proven.shares, status.declared) {
            set("Synced", .yes, "DeclarationServes", "")
        } else if isAtRest, status.history.first?.verdict == .rolledBack {
            let text = "rolled back by hand; Git declares \(names(status.declared))"
            set("Synced", .no, "RolledBack", text)
        } else {
            set("Synced", .no, "Releasing", status.message)
        }
    }

    /// Says who decides about the size of versions, and where that may be too few pods to take all
    /// traffic back: Slipway holds nobody else's autoscaler up.
    private mutating func presentAutoscaling() {
        let declared = spec.serving.replicas
        let scaled = snapshot.versions.compactMap(\.autoscaler)
        guard !scaled.isEmpty else {
            status.conditions.removeAll { $0.type == "Autoscaled" }
            return
        }
        let isLow = scaled.contains { $0.least < declared }
        let texts = scaled.prefix(3).map {
            "HorizontalPodAutoscaler \($0.name) scales \($0.target) from \($0.least) to \($0.most)"
        }
        set(
            "Autoscaled", .yes, isLow ? "MinimumBelowDeclared" : "ByOthers",
            texts.joined(separator: "; ")
                + (isLow ? "; a version without traffic may shrink below \(declared)" : ""))
    }

    mutating func set(
        _ type: String,
        _ value: Condition.Status,
        _ reason: String,
        _ message: String
    ) {
        let old = status.conditions.first { $0.type == type }
        let changed = old?.status != value
        let condition = Condition(
            type: type,
            status: value,
            reason: reason.isEmpty ? "Unknown" : reason,
            message: message,
            observedGeneration: snapshot.release.metadata.generation,
            lastTransition: changed ? now : old?.lastTransition ?? now
        )
        if let index = status.conditions.firstIndex(where: { $0.type == type }) {
            status.conditions[index] = condition
        } else {
            status.conditions.append(condition)
        }
    }
}

extension ReleaseStatus {
    /// The condition `InvariantViolated`: there only while a write is held back for it.
    package mutating func note(violation: String?, generation: Int64, now: Timestamp) {
        let old = conditions.first { $0.type == "InvariantViolated" }
        conditions.removeAll { $0.type == "InvariantViolated" }
        guard let violation else { return }
        conditions.append(
            Condition(
                type: "InvariantViolated", status: .yes, reason: "WriteRefused",
                message: violation, observedGeneration: generation,
                lastTransition: old?.lastTransition ?? now))
    }
}
