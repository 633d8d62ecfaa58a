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
        note("VIOLATION \(rule): \(what)")
    }

    /// After every event.
    mutating func check() {
        let isBlind =
            apiIsAway || areWatchesLost || frozen != nil
            || processes.indices.contains(where: { processes[$0].waiting != nil })
        let isDisturbed =
            isBlind || callFaults != CallFaults()
            || processes.indices.contains(where: {
                !processes[$0].isBuried && !processes[$0].isAlive
            })
        // A disturbance lasts until the event that ends it: none may have happened in between.
        if isDisturbed || truth.isDisturbed { truth.disturbed = now }
        truth.isDisturbed = isDisturbed
        if isBlind, truth.blindSince == nil { truth.blindSince = now }
        if !isBlind, let since = truth.blindSince, now > since,
            now - truth.disturbed > longestLag + .seconds(1)
        {
            truth.blindSince = nil
        }
        checkLeaders()
        let isNew = truth.look(store, gateway, now: now)
        guard isNew || truth.badSince.values.contains(where: { !$0.isEmpty }) else { return }
        for (route, split) in truth.stored.sorted(by: { $0.key < $1.key }) {
            let serving = split.filter { $0.value > 0 }
            if isNew { noteSplit(route, serving) }
            checkReturn(route, serving)
        }
        if isNew {
            for service in truth.serving.sorted() { checkBackend(service) }
        }
    }

    /// At most one process may act at any time. While none may, nothing can be expected.
    private mutating func checkLeaders() {
        guard processes.count > 1 else { return }
        var acting: [Int] = []
        for index in processes.indices {
            if let authority = processes[index].authority,
                now + processes[index].clock < authority
            {
                acting.append(processes[index].life)
            }
        }
        if acting.isEmpty { truth.disturbed = now }
        if acting.count > 1 { violate("one leader", "\(acting) may act") }
    }

    private mutating func noteSplit(_ route: NamespacedName, _ serving: [String: Int]) {
        guard truth.noted[route] != serving else { return }
        truth.noted[route] = serving
        truth.splitChanged[route] = now
        splits.append((at: now, split: serving))
    }

    /// The controller never sees later than this, while the API is there.
    var longestLag: TimeSpan {
        max(delays.lags.values.max() ?? .zero, delays.watch, truth.slowest)
            + (watchesAreOneBehind ? Self.patience : .zero)
    }

    /// What has a share has a Service and a Deployment, unless a person took them away.
    private mutating func checkBackend(_ name: NamespacedName) {
        for kind in [ResourceKind.service, .deployment] {
            let key = ResourceKey(kind, namespace: name.namespace, name: name.name)
            guard !truth.taken.contains(key) else { continue }
            let object = store.object(key)
            if object == nil || object?.at("metadata", "deletionTimestamp") != nil {
                guard !truth.taken.contains(where: { $0.kind == .namespace }) else { continue }
                truth.taken.insert(key)
                violate("no dangling backend", "\(key) has a share and is not there")
            }
        }
    }

    /// A version under test that is plainly bad loses its share within seconds, and while it has
    /// one there is something to return to.
    private mutating func checkReturn(_ release: NamespacedName, _ serving: [String: Int]) {
        guard let status = truth.statuses[release], let attempt = status.attempt,
            let proven = status.proven
        else {
            truth.badSince[release] = nil
            return
        }
        let back = proven.shares.filter { $0.weight > 0 }.map {
            NamespacedName(
                namespace: release.namespace, name: Names.versioned(release.name, $0.digest))
        }
        for digest in attempt.new {
            let service = Names.versioned(release.name, digest)
            let name = NamespacedName(namespace: release.namespace, name: service)
            let canReturn = back.contains { truth.readiness[$0]?.ready.isEmpty == false }
            guard serving[service, default: 0] > 0, canReturn, isBad(name) else {
                truth.badSince[release]?[service] = nil
                continue
            }
            let since = truth.badSince[release]?[service] ?? now
            truth.badSince[release, default: [:]][service] = since
            let deadline = max(since, truth.disturbed) + .seconds(6) + longestLag
            if now > deadline {
                violate("bounded return", "\(service) is bad since \(since) and has a share")
                truth.badSince[release]?[service] = now + .hours(1)
            }
        }
    }

    /// A pod lost its readiness or was started again.
    private func isBad(_ version: NamespacedName) -> Bool {
        store.objects(.pod, namespace: version.namespace).compactMap(PodView.init).contains {
            guard "\($0.metadata.release)-\($0.metadata.digestLabel.prefix(8))" == version.name,
                !$0.isLeaving
            else { return false }
            return !isOfNode($0)
                && ($0.restarts > 0 || !$0.ready && kubelet.wasReady($0.metadata.uid))
        }
    }

    /// What became of a pod came with its node: that is not Ready, or it became Ready again after
    /// the pod was written off.
    private func isOfNode(_ pod: PodView) -> Bool {
        guard !hidesNodes,
            let node = store.object(ResourceKey(.node, namespace: "", name: pod.node))
                .flatMap(NodeView.init)
        else { return false }
        guard node.isReady else { return true }
        guard !pod.ready, let since = node.since, let lost = pod.readyChanged else { return false }
        return lost <= since
    }
}
