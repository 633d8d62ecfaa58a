import API
import Domain
import Verdicts

/// What has to be there when nothing moves: the route of what is proven, the objects of what is
/// needed, and the end of what is not.
extension ReleaseMachine {
    /// The route when no step asks for another: what is proven serves.
    func steadyRoute() -> RouteIntent? {
        if let attempt = status.attempt, attempt.step >= 0 { return nil }
        guard holding == nil, let base else { return nil }
        return RouteIntent(split: registered(base), refused: nil, direction: .backward)
    }

    /// No write of a route that is as it has to be, that is not ours, or that gives more to a
    /// version whose Service somebody took away: it is made anew first.
    mutating func dropRouteInForce() {
        guard let wanted = route else { return }
        let missing = wanted.split.serving.first { digest in
            [nil, .absent, .leaving].contains(snapshot.version(digest)?.service)
                && wanted.split.weight(of: digest) > splitInForce?.weight(of: digest) ?? 0
        }
        if let missing {
            hit(.routeWaitsForService)
            waitsFor = "Service \(Names.versioned(snapshot.release.metadata.name, missing))"
            route = nil
        }
        switch snapshot.route {
        case .absent: break
        case .foreign(let owner):
            hit(.routeOfAnother)
            waitsFor = "HTTPRoute \(snapshot.release.metadata.name) belongs to \(owner)"
            route = nil
        case .ours(let state):
            let marked = wanted.refused == nil || wanted.refused == state.refused
            if state.split == wanted.split, marked, !state.drifted { route = nil }
        }
    }

    /// A split with all versions that have a Service registered at 0, except those that are
    /// leaving: gateways know a backend before it gets traffic and until it has drained. What is
    /// declared without a share has none, and gateways refuse a route that names it.
    func registered(_ split: Weights) -> Weights {
        split.withoutZeros.registering(
            snapshot.versions.filter { $0.service == .ours && !isDrained($0.digest) }.map(\.digest)
        )
    }

    /// Versions that must have their objects.
    private var needed: [Digest] {
        let wanted = (status.attempt?.target ?? []) + (status.proven?.shares ?? [])
        return Set(wanted.filter { $0.weight > 0 }.map(\.digest)).subtracting(leftOver)
            .union(serving).sorted()
    }

    /// Whether a version has been without traffic for as long as draining takes.
    private func isDrained(_ digest: Digest) -> Bool {
        if isMutated(.removedBeforeDrained) { return !needed.contains(digest) }
        guard !needed.contains(digest), !isMutated(.neverRemoved),
            let entry = status.versions.first(where: { $0.digest == digest }),
            entry.health == .draining
        else { return false }
        return now >= drainEnd(entry)
    }

    /// When a version has drained: its time counts while somebody watches, so that a clock that
    /// was set in between shortens nothing, and anew when it had a share for a moment, by a late
    /// write or by hand, of which no status tells.
    func drainEnd(_ entry: VersionStatus) -> Timestamp {
        let served = isMutated(.drainedDespiteAShare) ? nil : snapshot.version(entry.digest)?.served
        return max(entry.since, snapshot.watchedSince, served ?? entry.since)
            + snapshot.settings.untilDrained
    }

    /// Which versions are made, repaired, drained and removed. A version is removed when it has
    /// drained and no stored route names it; without a readable route nothing is removed.
    mutating func decideObjects() -> (ensure: [Digest], remove: [Digest], live: [Digest]) {
        let needed = self.needed
        let held = status.attempt?.step == -1 && spec.suspend
        let proven = status.proven?.shares.map(\.digest) ?? []
        let ensure = needed.filter { !held || proven.contains($0) || serving.contains($0) }
        var remove: [Digest] = []
        for observed in snapshot.versions where !needed.contains(observed.digest) {
            guard observed.deployment == .ours || observed.service == .ours else { continue }
            guard isDrained(observed.digest) else {
                if let entry = status.versions.first(where: { $0.digest == observed.digest }),
                    entry.health == .draining
                {
                    wake(at: drainEnd(entry))
                }
                continue
            }
            switch snapshot.route {
            case .absent: remove.append(observed.digest)
            case .ours(let state):
                if let split = state.split, !split.digests.contains(observed.digest),
                    state.acceptance == .accepted
                {
                    hit(.removedWhenDrained)
                    remove.append(observed.digest)
                }
            case .foreign: break
            }
        }
        let live = Set(ensure).union(
            snapshot.versions.filter { $0.deployment != .absent || $0.service != .absent }
                .map(\.digest)
        )
        return (ensure, remove, live.sorted())
    }
}
