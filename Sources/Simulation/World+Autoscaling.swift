import API
import ControlPlane
import Domain
import Resources

/// Autoscalers that people put over versions, and the load that they scale by.
extension World {
    /// Lets the autoscalers look that are due.
    mutating func autoscale() {
        guard autoscalers.hasWork(store, now: now) else { return }
        let loads = loads()
        autoscalers.run(&store, now: now) { _, pod in
            let metadata = ObjectMetadata(of: pod)
            guard let release = metadata.label(Names.releaseLabel),
                let digest = metadata.label(Names.digestLabel)
            else { return nil }
            let service = "\(release)-\(digest.prefix(8))"
            return loads[NamespacedName(namespace: metadata.namespace, name: service)] ?? 0
        }
    }

    /// What each pod of a version has to do, in percent of what it is meant to carry.
    private func loads() -> [NamespacedName: Int] {
        var loads: [NamespacedName: Int] = [:]
        for (route, split) in truth.stored {
            for (service, share) in split where share > 0 {
                let name = NamespacedName(namespace: route.namespace, name: service)
                let pods = truth.readiness[name]?.ready.count ?? 0
                loads[name, default: 0] += load * share / 100 / max(1, pods)
            }
        }
        return loads
    }

    /// A person puts an autoscaler over the n-th version, or changes the one that is there. It
    /// scales down sooner than by default, or most runs would end before it does.
    mutating func addAutoscaler(_ number: Int, least: Int, most: Int) {
        guard let target = some(.deployment, number) else { return }
        truth.rescaled[target] = now
        let context = WriteContext(now: now, manager: "person")
        let spec: Document = [
            "scaleTargetRef": [
                "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(target.name),
            ],
            "minReplicas": .integer(least), "maxReplicas": .integer(most),
            "behavior": ["scaleDown": ["stabilizationWindowSeconds": 30]],
        ]
        let key = ResourceKey(
            .horizontalPodAutoscaler, namespace: target.namespace, name: target.name)
        if store.object(key) == nil {
            _ = try? store.create(
                key.kind, namespace: key.namespace,
                ["metadata": ["name": .string(key.name)], "spec": spec], context)
        } else {
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                changed["spec"] = spec
                return changed
            }
        }
    }

    /// A person takes the n-th autoscaler away.
    mutating func removeAutoscaler(_ number: Int) {
        let all = store.objects(.horizontalPodAutoscaler).map { ObjectMetadata(of: $0) }
        guard !all.isEmpty else { return }
        let metadata = all[number % all.count]
        let key = ResourceKey(
            .horizontalPodAutoscaler, namespace: metadata.namespace, name: metadata.name)
        // They bear the names of what they scale.
        let target = ResourceKey(.deployment, namespace: key.namespace, name: key.name)
        truth.rescaled[target] = now
        _ = try? store.delete(key, options: .init(), WriteContext(now: now, manager: "person"))
    }

    /// The autoscaler of a Deployment, with the time from which on it has been there.
    private func autoscaler(of key: ResourceKey) -> (view: AutoscalerView, since: Timestamp)? {
        for object in store.objects(.horizontalPodAutoscaler, namespace: key.namespace) {
            guard let view = AutoscalerView(object), view.target == key.name else { continue }
            return (view, ObjectMetadata(of: object).creationTimestamp ?? now)
        }
        return nil
    }

    // MARK: Checks

    /// While an autoscaler has a Deployment, and the controller can know of it, no write of the
    /// controller says how many replicas there are to be, and none changes their number.
    mutating func checkReplicas(
        _ request: WriteRequest, from old: Document?, to new: Document?, sent: Timestamp
    ) {
        guard request.key.kind == .deployment, let old, let new,
            let had = old.at("spec", "replicas")?.intValue, had > 0,
            let has = new.at("spec", "replicas")?.intValue,
            let autoscaler = autoscaler(of: request.key)
        else { return }
        // Its time of creation is cut to the second.
        guard autoscaler.since + .seconds(1) <= knownAt(sent) else { return }
        if case .apply(_, let body, _) = request, body.at("spec", "replicas") != nil {
            violate("no fight", "replicas are sent for \(request.key), which is autoscaled")
        }
        if has != had {
            violate("no fight", "\(request.key) is scaled from \(had) to \(has)")
        }
        if has < min(had, autoscaler.view.least) {
            violate("no fight", "\(request.key) is below its autoscaler's minimum: \(has)")
        }
    }

    /// What an autoscaler has is within its bounds in the end, everything else as declared.
    mutating func checkSizes(of release: NamespacedName) {
        let declared = store.object(
            ResourceKey(.modelRelease, namespace: release.namespace, name: release.name))?
            .at("spec", "serving", "replicas")?.intValue
        for object in store.objects(.deployment, namespace: release.namespace) {
            let metadata = ObjectMetadata(of: object)
            guard metadata.label(Names.releaseLabel) == release.name,
                metadata.label(Names.managedByLabel) == Names.managedByValue,
                let has = object.at("spec", "replicas")?.intValue, let declared
            else { continue }
            let key = ResourceKey(
                .deployment, namespace: metadata.namespace, name: metadata.name)
            if let autoscaler = autoscaler(of: key)?.view {
                if !(autoscaler.least...autoscaler.most).contains(has) {
                    violate("settled", "\(key) has \(has) replicas, out of its autoscaler's bounds")
                }
            } else if has != declared {
                violate("settled", "\(key) has \(has) replicas, \(declared) are declared")
            }
        }
    }

    /// Whether a Deployment may have fewer pods than are declared: a write left it as large as its
    /// autoscaler had made it, or that allows no more. Who scales it may have changed since the
    /// controller looked.
    func isSizeOfAutoscaler(
        _ key: ResourceKey, from old: Document?, to new: Document, _ declared: Int, sent: Timestamp
    ) -> Bool {
        if let changed = truth.rescaled[key], changed > knownAt(sent) { return true }
        guard let autoscaler = autoscaler(of: key)?.view else { return false }
        let has = new.at("spec", "replicas")?.intValue ?? 0
        return has == old?.at("spec", "replicas")?.intValue || has >= autoscaler.bounded(declared)
    }

    /// What was so until then the controller can have known when it sent a write.
    func knownAt(_ sent: Timestamp) -> Timestamp {
        min(sent, truth.blindSince ?? sent) - longestLag - .milliseconds(100)
    }
}
