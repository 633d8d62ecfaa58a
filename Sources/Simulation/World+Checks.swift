import API
import ControlPlane
import Domain
import Engine
import Resources

/// Checks after every event against what really is in the store and at the proxies, not against
/// what the controller believes.
extension World {
    mutating func violate(_ rule: String, _ what: String) {
        let line = "\(now) \(rule): \(what)"
        if violations.count < 50 { violations.append(line) }
        trace.append("VIOLATION \(line)")
    }

    /// After every event.
    mutating func check() {
        let isBlind = apiIsAway || areWatchesLost
        if engine == nil || isBlind || callFaults != CallFaults() { truth.disturbed = now }
        if isBlind, truth.blindSince == nil { truth.blindSince = now }
        if !isBlind, let since = truth.blindSince, now > since,
            now - truth.disturbed > longestLag + .seconds(1)
        {
            truth.blindSince = nil
        }
        truth.note(store, now: now)
        for route in store.objects(.httpRoute) { check(route: route) }
        for (route, split) in gateway.inForce {
            for service in split.keys where split[service, default: 0] > 0 {
                let name = NamespacedName(namespace: route.namespace, name: service)
                truth.lastServed[name] = now
                checkBackend(name, "at the proxies")
            }
        }
    }

    /// The controller never sees later than this, while the API is there.
    var longestLag: TimeSpan { max(delays.lags.values.max() ?? .zero, delays.watch) }

    private mutating func check(route: Document) {
        let metadata = ObjectMetadata(of: route)
        guard metadata.label(Names.managedByLabel) == Names.managedByValue else { return }
        let serving = Self.split(route).filter { $0.value > 0 }
        if splits.last?.split != serving { splits.append((at: now, split: serving)) }
        for service in serving.keys.sorted() {
            let name = NamespacedName(namespace: metadata.namespace, name: service)
            truth.lastServed[name] = now
            checkBackend(name, "in the route")
        }
        checkReturn(metadata.id, serving)
    }

    /// What has a share has a Service and a Deployment, unless a person took them away.
    private mutating func checkBackend(_ name: NamespacedName, _ place: String) {
        for kind in [ResourceKind.service, .deployment] {
            let key = ResourceKey(kind, namespace: name.namespace, name: name.name)
            guard !truth.taken.contains(key) else { continue }
            let object = store.object(key)
            if object == nil || object?.at("metadata", "deletionTimestamp") != nil {
                guard !truth.taken.contains(where: { $0.kind == .namespace }) else { continue }
                truth.taken.insert(key)
                violate("no dangling backend", "\(key) has a share \(place) and is not there")
            }
        }
    }

    /// A version under test that is plainly bad loses its share within seconds, and while it has
    /// one there is something to return to.
    private mutating func checkReturn(_ release: NamespacedName, _ serving: [String: Int]) {
        let key = ResourceKey(
            .modelRelease, namespace: release.namespace, name: release.name)
        guard let object = store.object(key) else { return }
        let status = ReleaseStatus(object["status"] ?? .null)
        guard let attempt = status.attempt, let proven = status.proven else { return }
        let back = proven.shares.filter { $0.weight > 0 }.map {
            NamespacedName(
                namespace: release.namespace, name: Names.versioned(release.name, $0.digest))
        }
        for digest in attempt.new {
            let service = Names.versioned(release.name, digest)
            let name = NamespacedName(namespace: release.namespace, name: service)
            let canReturn = back.contains { truth.readiness[$0]?.ready ?? 0 > 0 }
            guard serving[service, default: 0] > 0, canReturn, isBad(name) else {
                truth.badSince[name] = nil
                continue
            }
            let since = truth.badSince[name] ?? now
            truth.badSince[name] = since
            let deadline = max(since, truth.disturbed) + .seconds(6) + longestLag
            if now > deadline {
                violate("bounded return", "\(service) is bad since \(since) and has a share")
                truth.badSince[name] = now + .hours(1)
            }
        }
    }

    /// A pod lost its readiness or was started again.
    private func isBad(_ version: NamespacedName) -> Bool {
        store.objects(.pod, namespace: version.namespace).compactMap(PodView.init).contains {
            guard "\($0.metadata.release)-\($0.metadata.digestLabel.prefix(8))" == version.name,
                !$0.isLeaving
            else { return false }
            let wasReady = ($0.readyChanged ?? now) > ($0.started ?? now)
            return $0.restarts > 0 || (!$0.ready && wasReady)
        }
    }
}
