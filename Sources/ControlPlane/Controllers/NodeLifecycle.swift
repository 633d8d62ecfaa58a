package import Domain

/// What the control plane does about nodes that it does not hear of.
///
/// As the node lifecycle and taint eviction controllers do: after a grace the Node's condition
/// `Ready` becomes Unknown; then its pods count as not ready, by their condition `Ready` alone, for
/// nobody knows anything of their containers; the node is tainted, and pods that do not tolerate
/// that any longer get the condition `DisruptionTarget` and are deleted. They are there until their
/// node ends them. When the node says that it is Ready the taints go; its pods are its own matter.
package struct NodeLifecycle: Sendable {
    /// How long things take.
    package struct Pace: Sendable {
        /// How long a node may be silent.
        package var grace: TimeSpan
        /// How long pods tolerate the taint at most, whatever they say.
        package var toleration: TimeSpan

        package init(grace: TimeSpan = .seconds(50), toleration: TimeSpan = .longest) {
            self.grace = grace
            self.toleration = toleration
        }
    }

    /// When something will be due though nothing changes.
    package private(set) var due: Timestamp?
    private var wasSilent: Set<String> = []
    private static let taint = "node.kubernetes.io/unreachable"

    package init() {}

    /// Does what is due.
    ///
    /// - Parameter silent: nodes that are not heard of, with the time they were heard of last.
    package mutating func work(
        _ store: inout Store, silent: [String: Timestamp], pace: Pace, now: Timestamp
    ) {
        due = nil
        guard !silent.isEmpty || !wasSilent.isEmpty else { return }
        for name in wasSilent.sorted() where silent[name] == nil {
            if Self.welcome(name, &store, now) { wasSilent.remove(name) }
        }
        for (name, heard) in silent.sorted(by: { $0.key < $1.key }) {
            let end = heard + pace.grace
            guard now >= end else {
                wake(at: end)
                continue
            }
            wasSilent.insert(name)
            Self.lose(name, &store, now)
            tend(podsOf: name, &store, pace, now)
        }
    }

    private mutating func wake(at time: Timestamp) { due = min(due ?? time, time) }

    /// The node is Unknown, and tainted.
    private static func lose(_ name: String, _ store: inout Store, _ now: Timestamp) {
        let key = ResourceKey(.node, namespace: "", name: name)
        guard let node = store.object(key) else { return }
        if node.conditionStatus("Ready") != "Unknown" {
            _ = try? store.update(key, .controller(now, .status)) { node in
                node.withCondition([
                    "type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
                    "message": "Kubelet stopped posting node status.",
                    "lastTransitionTime": .string(now.description),
                ])
            }
        }
        guard taintedSince(node) == nil else { return }
        _ = try? store.update(key, .controller(now)) { node in
            var tainted = node
            let taints = (node.at("spec", "taints")?.arrayValue ?? []).filter {
                $0["key"]?.stringValue != taint
            }
            tainted.set(
                ["spec", "taints"],
                to: .array(
                    taints + [
                        ["key": .string(taint), "effect": "NoSchedule"],
                        [
                            "key": .string(taint), "effect": "NoExecute",
                            "timeAdded": .string(now.description),
                        ],
                    ]))
            return tainted
        }
    }

    /// Takes the taints off a node that is Ready; false while it is not.
    private static func welcome(
        _ name: String, _ store: inout Store, _ now: Timestamp
    ) -> Bool {
        let key = ResourceKey(.node, namespace: "", name: name)
        guard let node = store.object(key) else { return true }
        guard node.conditionStatus("Ready") == "True" else { return false }
        _ = try? store.update(key, .controller(now)) { node in
            var free = node
            let taints = (node.at("spec", "taints")?.arrayValue ?? []).filter {
                $0["key"]?.stringValue != taint
            }
            free.set(["spec", "taints"], to: taints.isEmpty ? nil : .array(taints))
            return free
        }
        return true
    }

    private static func taintedSince(_ node: Document) -> Timestamp? {
        let taints = node.at("spec", "taints")?.arrayValue ?? []
        let ours = taints.first {
            $0["key"]?.stringValue == taint && $0["effect"] == "NoExecute"
        }
        return ours?["timeAdded"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    // MARK: Pods

    private mutating func tend(
        podsOf name: String, _ store: inout Store, _ pace: Pace, _ now: Timestamp
    ) {
        let node = store.object(ResourceKey(.node, namespace: "", name: name))
        let since = node.flatMap(Self.taintedSince) ?? now
        for pod in store.objects(.pod) where pod.at("spec", "nodeName")?.stringValue == name {
            guard !pod.isTerminating else { continue }
            let key = ResourceKey(.pod, namespace: pod.objectNamespace, name: pod.objectName)
            if pod.conditionStatus("Ready") == "True" {
                _ = try? store.update(key, .controller(now, .status)) { pod in
                    pod.withCondition([
                        "type": "Ready", "status": "False",
                        "lastTransitionTime": .string(now.description),
                    ])
                }
            }
            guard let tolerated = Self.toleration(of: pod) else { continue }
            let end = since + min(tolerated, pace.toleration)
            guard now >= end else {
                wake(at: end)
                continue
            }
            _ = try? store.update(key, .controller(now, .status)) { pod in
                pod.withCondition([
                    "type": "DisruptionTarget", "status": "True",
                    "reason": "DeletionByTaintManager",
                    "message": "Taint manager: deleting due to NoExecute taint",
                    "lastTransitionTime": .string(now.description),
                ])
            }
            let options = DeleteOptions(uid: pod.objectUID)
            _ = try? store.delete(key, options: options, .controller(now))
        }
    }

    /// How long a pod stays on an unreachable node; `nil` for ever.
    private static func toleration(of pod: Document) -> TimeSpan? {
        let tolerations = pod.at("spec", "tolerations")?.arrayValue ?? []
        let fits = tolerations.filter { toleration in
            let key = toleration["key"]?.stringValue
            let effect = toleration["effect"]?.stringValue
            return (key == taint || (key == nil && toleration["operator"] == "Exists"))
                && (effect == nil || effect == "NoExecute")
        }
        guard !fits.isEmpty else { return .zero }
        return fits.compactMap { $0["tolerationSeconds"]?.integerValue }.min()
            .map { .seconds(max(0, $0)) }
    }
}

extension Document {
    /// The status of a condition; `nil` without it.
    fileprivate func conditionStatus(_ type: String) -> String? {
        at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == type }?[
            "status"]?.stringValue
    }

    /// The object with a condition in the place of the one of its type.
    fileprivate func withCondition(_ condition: Document) -> Document {
        var conditions = at("status", "conditions")?.arrayValue ?? []
        if let index = conditions.firstIndex(where: { $0["type"] == condition["type"] }) {
            conditions[index] = condition
        } else {
            conditions.append(condition)
        }
        var changed = self
        changed.set(["status", "conditions"], to: .array(conditions))
        return changed
    }
}
