import API
import Domain
import Observed
import Resources
import Rollouts

/// Making void what an earlier leader, or an earlier life of this one, may still have on its way.
///
/// All writes are conditional, so a late one fits only what has not changed since it was decided.
/// A new term changes what its own decisions build on, and nothing else: of ten thousand releases
/// at rest not one is written because the leader is another.
extension Engine {
    /// So many routes are sealed at once: a revert's write always finds room beside them.
    private static let sealsAtOnce = 16

    /// Whether no route of an earlier term is stored. What is not ours cannot be written.
    func isRouteSealed(_ builder: SnapshotBuilder) -> Bool {
        let release = builder.release
        guard let term, let route = view.routes[release.id]?.value.owned,
            route.managedBy == Names.managedByValue, route.release == release.metadata.name,
            !route.isLeaving
        else { return true }
        return route.term == term
    }

    /// Takes the route into this term before anything is decided about it, unless what is decided
    /// is a write of the route itself.
    mutating func sealRoute(_ builder: SnapshotBuilder, now: Timestamp) {
        let subject = Subject.release(builder.release.id)
        let key = builder.router.key
        guard let term, let route = view.routes[builder.release.id]?.value else { return }
        guard flights.isFree(key, of: subject, now: now) else {
            if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
            return
        }
        guard flights.sealing < Self.sealsAtOnce else {
            return wake(subject, at: now + .milliseconds(50))
        }
        flights.seal(key)
        write(.jsonPatch(key, builder.router.seal(route, term)), for: subject)
    }

    /// The seal that a version's objects need now; `nil` where any will do: the version is not
    /// about to get traffic, or has some. What has traffic was sealed before it got it, and nobody
    /// has wanted it gone since.
    func neededSeal(_ digest: Digest, _ attempt: Attempt?, _ builder: SnapshotBuilder) -> Seal? {
        guard let term, let attempt,
            attempt.target.contains(where: { $0.digest == digest && $0.weight > 0 }),
            !isMutated(.raisedUnsealed) || attempt.new.contains(digest)
        else { return nil }
        let service = Names.versioned(builder.release.metadata.name, digest)
        let share = view.routes[builder.release.id]?.value.backends?[service] ?? 0
        return share > 0 ? nil : Seal(term: term, intent: attempt.intent)
    }

    /// Whether every version that a route would give traffic to for the first time is safe from
    /// deletions that were decided before.
    func areRaisedSealed(_ intent: RouteIntent, _ builder: SnapshotBuilder) -> Bool {
        let release = builder.release
        return intent.split.serving.allSatisfy { digest in
            guard let needed = neededSeal(digest, release.status.attempt, builder) else {
                return true
            }
            let name = NamespacedName(
                namespace: release.metadata.namespace,
                name: Names.versioned(release.metadata.name, digest))
            return view.deployments[name]?.value.view.metadata.seal == needed
                && view.services[name]?.value.view.metadata.seal == needed
        }
    }
}
