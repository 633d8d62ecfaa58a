import API
import Domain
import Observed
import Resources
import Rollouts

/// Cleaning up after a release that is gone: only when a fresh read says so, and only what was not
/// to be retained: the route, then after draining the Deployments, the Services last.
extension Engine {
    mutating func settleGone(_ id: NamespacedName, now: Timestamp) {
        let subject = Subject.release(id)
        let objects = ownedObjects(of: id)
        guard !objects.isEmpty else {
            releases[id] = nil
            return
        }
        // Git still wants it and it comes back in a moment, or may want it and was not read yet.
        guard claims[id] == nil, areSourcesRead(in: id.namespace) else { return }
        guard releases[id]?.confirmedGone == true || isMutated(.goneWithoutAsking) else {
            let key = ResourceKey(.modelRelease, namespace: id.namespace, name: id.name)
            hit(.goneAsked)
            if flights.isFree(key, of: subject, now: now) { read(key, for: subject) }
            return
        }
        let leaving = objects.filter { !$0.metadata.retained && !$0.metadata.isLeaving }
        let routes = objects.filter { $0.kind == .httpRoute }
        if !routes.isEmpty {
            hit(.goneRoute)
            for route in leaving where route.kind == .httpRoute { delete(route, subject, now) }
            return
        }
        let since = releases[id]?.routeGone ?? now
        releases[id]?.routeGone = since
        let drained = since + settings.rollout.untilDrained
        guard now >= drained else {
            hit(.goneDrains)
            wake(subject, at: drained)
            return
        }
        hit(.goneRemoved)
        let deployments = objects.filter { $0.kind == .deployment }
        for object in leaving {
            if object.kind == .service, !deployments.isEmpty { continue }
            delete(object, subject, now)
        }
    }

    private struct Owned {
        let kind: ResourceKind
        let metadata: OwnedMetadata
    }

    /// What carries the release's label and is Slipway's, ordered.
    private func ownedObjects(of id: NamespacedName) -> [Owned] {
        var objects: [Owned] = []
        if let route = view.routes[id]?.value.owned {
            objects.append(.init(kind: .httpRoute, metadata: route))
        }
        objects += view.deployments.objects(of: id).map {
            .init(kind: .deployment, metadata: $0.entry.value.view.metadata)
        }
        objects += view.services.objects(of: id).map {
            .init(kind: .service, metadata: $0.entry.value.view.metadata)
        }
        objects += view.revisions.objects(of: id).map {
            .init(kind: .controllerRevision, metadata: $0.entry.value.metadata)
        }
        return objects.filter { $0.metadata.managedBy == Names.managedByValue }
    }

    private mutating func delete(_ object: Owned, _ subject: Subject, _ now: Timestamp) {
        let key = ResourceKey(
            object.kind, namespace: object.metadata.namespace, name: object.metadata.name)
        if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
        guard flights.isFree(key, of: subject, now: now) else { return }
        write(
            .delete(
                key, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion),
            for: subject)
    }
}
