import Domain

/// Keeps as many pods as a ReplicaSet asks for.
struct ReplicaSetController {
    /// Pods made or deleted in one round at most.
    static let burst = 500
    /// The wait after a pod was refused.
    static let patience = TimeSpan.seconds(5)

    private let key: ResourceKey
    private let now: Timestamp
    private let set: Document
    private var store: Store
    /// Owned pods that are not finished.
    private var pods: [Document] = []
    private var failure: Document?

    /// One round for one ReplicaSet.
    ///
    /// - Returns: when it has to be looked at again though nothing changes.
    static func reconcile(
        _ key: ResourceKey,
        _ store: inout Store,
        _ now: Timestamp,
        _ orphans: Orphans
    ) -> Timestamp? {
        guard let set = store.object(key),
            let selector = LabelSelector(set.at("spec", "selector") ?? [:]), !selector.isEmpty
        else { return nil }
        var controller = Self(key: key, now: now, set: set, store: store)
        // The store is a value; held twice, every write would copy.
        store = Store.placeholder
        controller.claim(selector, orphans)
        if !set.isTerminating { controller.manage() }
        let due = controller.writeStatus()
        store = controller.store
        return due
    }

    /// Reads the owned pods, lets go of those whose labels do not fit, adopts orphans that do.
    private mutating func claim(_ selector: LabelSelector, _ orphans: Orphans) {
        for pod in store.dependents(of: set.objectUID) where pod.kind == .pod {
            guard let object = store.object(pod),
                object.controllerReference?["uid"]?.stringValue == set.objectUID
            else { continue }
            if selector.matches(object.objectLabels) {
                if !object.isFinishedPod { pods.append(object) }
            } else if !set.isTerminating {
                let uid = set.objectUID
                _ = try? store.update(pod, .controller(now)) { object in
                    object.removingOwners { $0["uid"]?.stringValue == uid }
                }
            }
        }
        guard !set.isTerminating else { return }
        let reference = Document.controllerReference(to: set, .replicaSet)
        for orphan in orphans.keys(.pod, key.namespace) {
            guard let object = store.object(orphan), object.controllerReference == nil,
                !object.isTerminating, !object.isFinishedPod,
                selector.matches(object.objectLabels)
            else { continue }
            let adopted = try? store.update(orphan, .controller(now)) { object in
                object.addingOwner(reference)
            }
            if let adopted { pods.append(adopted) }
        }
    }

    private var active: [Document] { pods.filter { !$0.isTerminating } }

    private mutating func manage() {
        let active = active
        let missing = max(set.specReplicas, 0) - active.count
        if missing > 0 {
            for _ in 0..<min(missing, Self.burst) {
                guard create() else { return }
            }
        } else if missing < 0 {
            let ranked = active.map { (rank: DeletionRank($0, among: active), pod: $0) }
                .sorted { $0.rank < $1.rank }
            for (_, pod) in ranked.prefix(min(-missing, Self.burst)) {
                let podKey = ResourceKey(.pod, namespace: key.namespace, name: pod.objectName)
                _ = try? store.delete(
                    podKey,
                    options: DeleteOptions(uid: pod.objectUID),
                    .controller(now)
                )
                pods.removeAll { $0.objectUID == pod.objectUID }
                if let left = store.object(podKey), left.objectUID == pod.objectUID {
                    pods.append(left)
                }
            }
        }
    }

    private mutating func create() -> Bool {
        let template = set.at("spec", "template") ?? [:]
        var metadata: Document = [
            "generateName": .string("\(key.name)-"),
            "ownerReferences": [.controllerReference(to: set, .replicaSet)],
        ]
        for member in ["labels", "annotations", "finalizers"] {
            metadata[member] = template.at("metadata", member)
        }
        let pod: Document = [
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": template["spec"] ?? [:],
        ]
        do throws(APIStatus) {
            try ServiceAccounts.admit(pod, in: key.namespace, store)
            pods.append(
                try store.create(.pod, namespace: key.namespace, pod, .controller(now))
            )
            return true
        } catch {
            failure = [
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": .string(error.message),
            ]
            return false
        }
    }

    private mutating func writeStatus() -> Timestamp? {
        let active = active
        let labels = set.at("spec", "template", "metadata", "labels")?.objectValue?.members ?? []
        let minimum = min(max(set.at("spec", "minReadySeconds")?.integerValue ?? 0, 0), 1 << 40)
        var ready = 0
        var available = 0
        var labelled = 0
        var due: Timestamp?
        for pod in active {
            if labels.allSatisfy({ pod.objectLabels[$0.key] == $0.value }) { labelled += 1 }
            guard pod.isReadyPod else { continue }
            ready += 1
            let since = pod.readyCondition?["lastTransitionTime"]?.stringValue
                .flatMap { Timestamp(rfc3339: $0) }
            let from = (since ?? now) + .seconds(minimum)
            if minimum == 0 || (since != nil && from <= now) {
                available += 1
            } else {
                due = min(due ?? from, from)
            }
        }
        var status: Document = [
            "replicas": .integer(active.count),
            "terminatingReplicas": .integer(pods.count - active.count),
            "observedGeneration": .integer(set.objectGeneration),
        ]
        let counts = [
            ("fullyLabeledReplicas", labelled), ("readyReplicas", ready),
            ("availableReplicas", available),
        ]
        for (name, count) in counts where count != 0 { status[name] = .integer(count) }
        if let failure {
            let old = set.at("status", "conditions")?[0]
            var condition = failure
            condition["lastTransitionTime"] =
                old?["lastTransitionTime"] ?? .string(now.description)
            status["conditions"] = [condition]
        }
        // What is refused may be let in later without a change of the set.
        if failure != nil { due = min(due ?? now + Self.patience, now + Self.patience) }
        guard status != set["status"] else { return due }
        _ = try? store.update(key, .controller(now, .status)) { object in
            var new = object
            new["status"] = status
            return new
        }
        return due
    }
}

/// Which pod goes first when there are too many: the one that does least.
struct DeletionRank: Comparable {
    private let order: [Int64]
    private let name: String

    init(_ pod: Document, among others: [Document]) {
        let node = pod.at("spec", "nodeName")?.stringValue ?? ""
        let phase = pod.at("status", "phase")?.stringValue
        let cost =
            pod.objectAnnotations["controller.kubernetes.io/pod-deletion-cost"]?.stringValue
            .flatMap { Int64($0) } ?? 0
        let neighbours = others.count { $0.at("spec", "nodeName")?.stringValue == node }
        func time(_ text: String?) -> Int64 {
            text.flatMap { Timestamp(rfc3339: $0) }?.milliseconds ?? 0
        }
        let isReady = pod.isReadyPod
        let restarts =
            (pod.at("status", "containerStatuses")?.arrayValue ?? [])
            .compactMap { $0["restartCount"]?.integerValue }.max() ?? 0
        order = [
            node.isEmpty ? 0 : 1,
            phase == "Pending" ? 0 : phase == "Running" ? 2 : 1,
            isReady ? 1 : 0,
            min(max(cost, -1 << 31), 1 << 31),
            node.isEmpty ? 0 : Int64(-neighbours),
            isReady ? 0 &- time(pod.readyCondition?["lastTransitionTime"]?.stringValue) : 0,
            -min(max(restarts, 0), 1 << 31),
            0 &- time(pod.at("metadata", "creationTimestamp")?.stringValue),
        ]
        name = pod.objectName
    }

    static func < (left: DeletionRank, right: DeletionRank) -> Bool {
        if left.order != right.order { return left.order.lexicographicallyPrecedes(right.order) }
        return left.name < right.name
    }
}

extension Document {
    /// The `Ready` condition of a pod.
    var readyCondition: Document? {
        at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
    }

    var isReadyPod: Bool { readyCondition?["status"]?.stringValue == "True" }

    /// Its containers have ended for good.
    var isFinishedPod: Bool {
        let phase = at("status", "phase")?.stringValue
        return phase == "Succeeded" || phase == "Failed"
    }
}

extension Store {
    /// Stands in for a store that somebody has taken over for a while.
    static let placeholder = Store(registry: KindRegistry())
}
