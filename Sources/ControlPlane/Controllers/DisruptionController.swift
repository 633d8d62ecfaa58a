import Domain

/// Keeps the status of PodDisruptionBudgets: how many pods may be evicted.
enum DisruptionController {
    static func reconcile(
        _ key: ResourceKey,
        _ store: inout Store,
        _ now: Timestamp,
        _ index: LabelIndex
    ) {
        guard let budget = store.object(key),
            let selector = LabelSelector(budget.at("spec", "selector") ?? [:])
        else { return }
        let pairs = budget.at("spec", "selector", "matchLabels")?.objectValue
        let pods = index.candidates(key.namespace, pairs).compactMap { name -> Document? in
            let pod = store.object(ResourceKey(.pod, namespace: key.namespace, name: name))
            guard let pod, selector.matches(pod.objectLabels), !pod.isFinishedPod else {
                return nil
            }
            return pod
        }
        let expected: Int
        let desired: Int
        if let maximum = budget.at("spec", "maxUnavailable") {
            expected = wanted(pods, store)
            desired = max(expected - RolloutNumbers.resolve(maximum, of: expected, up: true), 0)
        } else if let minimum = budget.at("spec", "minAvailable"), minimum.stringValue != nil {
            expected = wanted(pods, store)
            desired = RolloutNumbers.resolve(minimum, of: expected, up: true)
        } else {
            expected = pods.count
            desired = budget.at("spec", "minAvailable")?.intValue ?? 1
        }
        let leaving = leaving(budget, pods, now)
        let healthy = pods.count {
            $0.isReadyPod && !$0.isTerminating && leaving[$0.objectName] == nil
        }
        let allowed = expected <= 0 ? 0 : max(healthy - desired, 0)
        write(key, budget, (expected, desired, healthy, allowed), leaving, &store, now)
    }

    /// Pods whose eviction was allowed and that have not begun to go. After two minutes it is
    /// taken that they stay.
    private static func leaving(
        _ budget: Document,
        _ pods: [Document],
        _ now: Timestamp
    ) -> Fields {
        let noted = budget.at("status", "disruptedPods")?.objectValue ?? .init()
        guard !noted.isEmpty else { return noted }
        let staying = Set(pods.filter { !$0.isTerminating }.map(\.objectName))
        return Fields(
            noted.members.filter { member in
                let time = member.value.stringValue.flatMap { Timestamp(rfc3339: $0) }
                guard let time, staying.contains(member.key) else { return false }
                return time + .minutes(2) > now
            }
        )
    }

    /// How many pods the controllers of these pods want.
    private static func wanted(_ pods: [Document], _ store: Store) -> Int {
        var total = 0
        var seen: Set<String> = []
        for pod in pods {
            guard var owner = pod.controllerReference.flatMap({ store.owner($0) }) else { continue }
            // A pod belongs to a ReplicaSet, that to a Deployment: no deeper.
            if let next = owner.controllerReference.flatMap({ store.owner($0) }) { owner = next }
            if seen.insert(owner.objectUID).inserted { total += max(owner.specReplicas, 0) }
        }
        return total
    }

    private static func write(
        _ key: ResourceKey,
        _ budget: Document,
        _ numbers: (expected: Int, desired: Int, healthy: Int, allowed: Int),
        _ leaving: Fields,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let old = budget.at("status", "conditions")?.arrayValue?.first {
            $0["type"]?.stringValue == "DisruptionAllowed"
        }
        let state = numbers.allowed > 0 ? "True" : "False"
        let isSame = old?["status"]?.stringValue == state
        let time = Document.string(now.description)
        var status: Document = [
            "observedGeneration": .integer(budget.objectGeneration),
            "disruptionsAllowed": .integer(numbers.allowed),
            "currentHealthy": .integer(numbers.healthy),
            "desiredHealthy": .integer(numbers.desired),
            "expectedPods": .integer(numbers.expected),
            "conditions": [
                [
                    "type": "DisruptionAllowed", "status": .string(state),
                    "observedGeneration": .integer(budget.objectGeneration),
                    "lastTransitionTime": (isSame ? old?["lastTransitionTime"] : nil) ?? time,
                    "reason": numbers.allowed > 0 ? "SufficientPods" : "InsufficientPods",
                    "message": "",
                ]
            ],
        ]
        if !leaving.isEmpty { status["disruptedPods"] = .object(leaving) }
        guard status != budget["status"] else { return }
        _ = try? store.update(key, .controller(now, .status)) { object in
            var new = object
            new["status"] = status
            return new
        }
    }
}

extension Store {
    /// The object a reference names.
    func owner(_ reference: Document) -> Document? {
        reference["uid"]?.stringValue.flatMap(key(uid:)).flatMap(object)
    }
}
