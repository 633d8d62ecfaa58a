import API
import Domain
import Planning
import Verdicts

/// Going forward along the steps.
extension ReleaseMachine {
    /// Moves the attempt as far as the facts allow: at most one step a decision.
    mutating func walk() {
        guard let attempt = status.attempt, let plan = plan(attempt), !plan.steps.isEmpty else {
            return
        }
        relocate(in: plan)
        stepBackIfLost(in: plan)
        guard let step = status.attempt?.step else { return }
        if step < 0 {
            advance(to: 0, in: plan)
        } else {
            stay(at: step, in: plan)
        }
        guard let taken = status.attempt?.step, taken >= 0 else { return }
        routeForStep(plan.steps[taken])
    }

    /// Finds the place in steps that were edited in the middle: the last one that sends no more to
    /// the new versions than they have, so that an edit never raises a share.
    private mutating func relocate(in plan: RolloutPlan) {
        guard let attempt = status.attempt, attempt.step >= 0 else { return }
        let fingerprint = plan.fingerprint
        guard attempt.plan != fingerprint || attempt.step >= plan.steps.count else { return }
        hit(.stepsEdited)
        let share = newShare(attempt)
        status.attempt?.step = plan.steps.lastIndex { $0.newWeight <= share } ?? -1
        if isMutated(.editedStepsJump) { status.attempt?.step = plan.steps.count - 1 }
        status.attempt?.confirmedAt = nil
        status.attempt?.approvedStep = -1
        status.attempt?.plan = fingerprint
    }

    /// Starts over where the new versions lost what they had: no ready endpoint, or a route that
    /// sends them less than the step before (taken back by an earlier life or by hand). Weight
    /// rises again only along the steps.
    private mutating func stepBackIfLost(in plan: RolloutPlan) {
        guard let attempt = status.attempt, attempt.step >= 0, !attempt.new.isEmpty,
            base != nil
        else { return }
        let step = attempt.step
        let hasNone = plan.steps[step].split.serving.contains {
            attempt.new.contains($0) && readyEndpoints($0) == 0
        }
        let floor =
            attempt.confirmedAt != nil
            ? plan.steps[step].newWeight : step > 0 ? plan.steps[step - 1].newWeight : 0
        let isLess = splitInForce != nil && newShare(attempt) < floor
        guard hasNone || isLess else { return }
        hit(.steppedBack)
        status.attempt?.step = -1
        status.attempt?.confirmedAt = nil
        status.attempt?.approvedStep = -1
    }

    /// The share that the stored route sends to the attempt's new versions.
    private func newShare(_ attempt: Attempt) -> Int {
        guard let split = splitInForce else { return 0 }
        return attempt.new.reduce(0) { $0 + split.weight(of: $1) }
    }

    /// Takes the next step if its versions are ready for it.
    private mutating func advance(to next: Int, in plan: RolloutPlan) {
        if let obstacle = held ?? obstacle(to: plan.steps[next]) {
            waitsFor = obstacle
            return
        }
        hit(.advanced)
        status.attempt?.step = next
        if !isMutated(.holdNotCountedAnew) { status.attempt?.confirmedAt = nil }
        status.attempt?.plan = plan.fingerprint
    }

    /// Waits at a step; when it has passed takes the next one or ends the rollout.
    private mutating func stay(at step: Int, in plan: RolloutPlan) {
        guard let attempt = status.attempt else { return }
        let current = plan.steps[step]
        guard case .ours(let state) = snapshot.route,
            state.split?.withoutZeros == reachable(current.split).withoutZeros
        else {
            status.attempt?.confirmedAt = nil
            hit(.waitedForRoute)
            waitsFor = "the route to be written"
            return
        }
        switch state.acceptance {
        case .accepted: break
        case _ where isMutated(.provenBeforeConfirmed): break
        case .pending(let text), .refused(let text):
            waitsFor = text
            return
        }
        guard let confirmed = attempt.confirmedAt else {
            hit(.confirmed)
            status.attempt?.confirmedAt = now
            wake(at: now + snapshot.settings.settle)
            waitsFor = "the gateways to settle"
            return
        }
        if let obstacle = obstacle(to: current) {
            waitsFor = obstacle
            return
        }
        let isUnsettled = isMutated(.provenBeforeConfirmed)
        let settled = confirmed + (isUnsettled ? .zero : snapshot.settings.settle)
        var due = settled
        var what = "the gateways to settle"
        switch current.wait {
        case .hold where isMutated(.holdSkipped): break
        case .bake where isMutated(.bakeSkipped): break
        case .hold(let time) where !attempt.promoted && confirmed + time > settled:
            due = confirmed + time
            what = "the step to pass"
        case .bake(let time) where !attempt.promoted && confirmed + time > settled:
            due = confirmed + time
            what = "the bake to end"
        case .approval where !attempt.promoted && attempt.approvedStep != step:
            hit(.waitedForApproval)
            waitsFor = "approval"
            return
        default: break
        }
        if now < due {
            hit(.waitedForTime)
            waitsFor = what
            waitsUntil = due
            wake(at: due)
        } else if step + 1 < plan.steps.count {
            advance(to: step + 1, in: plan)
        } else if let held {
            waitsFor = held
            hit(.heldAtTheEnd)
        } else if state.split?.withoutZeros != current.split.withoutZeros {
            waitsFor = "a ready pod of what is to get the rest of the traffic"
        } else {
            finish(attempt)
        }
    }

    /// The split of a step as far as it can be had: a proven version without a ready endpoint gets
    /// no more than it has. What it would get stays, until it is back, with those that have it now;
    /// the versions under test get their share all the same, for they may be the remedy.
    private func reachable(_ split: Weights) -> Weights {
        guard let inForce = splitInForce else { return split }
        let proven = status.proven?.shares.map(\.digest) ?? []
        return split.holding(proven.filter { readyEndpoints($0) == 0 }, at: inForce)
    }

    /// The versions that a split gives more than they have and that are not proven by the status
    /// that is stored: what only this decision takes for proven goes there first.
    private func raised(by split: Weights) -> [Digest] {
        guard let inForce = splitInForce else { return [] }
        let proven = snapshot.release.status.proven?.shares.map(\.digest) ?? []
        return split.serving.filter {
            !proven.contains($0) && split.weight(of: $0) > inForce.weight(of: $0)
        }
    }

    /// What stands between the release and a split: `nil` when every version that the split sends
    /// traffic to is complete, healthy and has all its endpoints, and the gateways exist.
    private func obstacle(to step: RolloutPlan.Step) -> String? {
        if case .foreign(let owner) = snapshot.route {
            return "HTTPRoute \(snapshot.release.metadata.name) belongs to \(owner)"
        }
        if case .missing(let text) = snapshot.gateway { return text }
        let proven = status.proven?.shares.map(\.digest) ?? []
        for digest in step.split.serving where !proven.contains(digest) {
            let name = status.attempt?.target.first { $0.digest == digest }?.version ?? digest.tag
            guard let observed = snapshot.version(digest) else {
                return "version \(name) to be made"
            }
            let object = Names.versioned(snapshot.release.metadata.name, digest)
            for presence in [observed.revision, observed.deployment, observed.service] {
                switch presence {
                case .foreign(let owner): return "\(object) belongs to \(owner)"
                case .leaving: return "\(object) to be gone; it is being deleted"
                case .ours, .absent: break
                }
            }
            guard observed.isComplete, observed.deploymentObserved else {
                return "version \(name) to be made"
            }
            if isMutated(.oneEndpointIsEnough), observed.readyEndpoints > 0 { continue }
            switch verdicts[digest] {
            case .healthy: break
            case .starting(let text), .reduced(let text): return "version \(name): \(text)"
            case .failed(let failure): return "version \(name): \(failure.message)"
            case nil: return "version \(name) to be judged"
            }
            let wanted = observed.wanted(spec.serving.replicas)
            guard observed.readyEndpoints >= wanted else {
                return "version \(name): \(observed.readyEndpoints)/\(wanted) endpoints ready"
            }
            guard observed.deploymentReady >= wanted else {
                return "version \(name): its Deployment counts \(observed.deploymentReady)/"
                    + "\(wanted) ready pods"
            }
        }
        return nil
    }

    /// Ends a rollout that passed everything: promotion moves the pointer, nothing else.
    private mutating func finish(_ attempt: Attempt) {
        hit(.proven)
        let target = attempt.target.filter { $0.weight > 0 }
        status.proven = ProvenSplit(shares: target, commit: attempt.commit, since: now)
        record(
            attempt.manual ? .rolledBack : .promoted,
            attempt,
            evidence: attempt.manual
                ? "back to \(names(target)) by hand"
                : attempt.promoted ? "promoted by hand" : "all steps and the bake passed"
        )
        status.attempt = nil
        status.step = nil
    }

    /// The route of a step. It is written if it gives new versions no more than they have, or if
    /// all that it sends traffic to is ready.
    private mutating func routeForStep(_ step: RolloutPlan.Step) {
        let split = registered(reachable(step.split))
        guard splitInForce != nil else {
            var mayStep = held == nil
            if case .absent = snapshot.route { mayStep = true }
            if mayStep, obstacle(to: step) == nil {
                route = RouteIntent(split: split, refused: nil, direction: .forward)
            } else if base != nil {
                hit(.routeLost)
                // The route is gone or says something strange: what is proven serves until the
                // steps can begin anew.
                status.attempt?.step = -1
                status.attempt?.confirmedAt = nil
                status.attempt?.approvedStep = -1
            }
            return
        }
        if raised(by: split).isEmpty {
            hit(.stepWithoutRaise)
            // A status that counts the time of another split goes first, or it would count on.
            let isCounted =
                snapshot.release.status.attempt?.confirmedAt != nil
                && split.withoutZeros != splitInForce && !isMutated(.stepCountsOn)
            route = RouteIntent(
                split: split, refused: nil, direction: isCounted ? .forward : .backward)
        } else if held == nil, let obstacle = obstacle(to: step) {
            waitsFor = obstacle
            hit(.raiseWaits)
        } else if held == nil {
            route = RouteIntent(split: split, refused: nil, direction: .forward)
        }
    }
}
