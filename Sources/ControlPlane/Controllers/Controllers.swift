package import Domain

/// The controllers of the control plane: Deployments, ReplicaSets, endpoints, garbage collection,
/// namespaces, disruption budgets. Nothing here writes the status of a Pod: that is the kubelet's.
///
/// A value: the same calls on the same store do the same. Each call looks only at what changed
/// since the one before.
package struct Controllers: Sendable {
    /// The version up to which everything has been read.
    private var readVersion: Int64?
    /// The versions up to which each storage has been read.
    private var seen: [String: Int64] = [:]
    private var pods = LabelIndex()
    private var services = SelectorIndex()
    private var budgets = SelectorIndex()
    private var work = ControllerWork()
    private var deadlines: [ResourceKey: Timestamp] = [:]

    package init() {}

    /// When something will be due though nothing changes (a minimum time of readiness, a progress
    /// deadline).
    package var nextDeadline: Timestamp? { deadlines.values.min() }

    /// Lets every controller look at what changed, and do one round of its work.
    ///
    /// - Returns: whether anything was written; then another round may find more to do.
    package mutating func reconcile(_ store: inout Store, now: Timestamp) -> Bool {
        let before = store.version
        for key in deadlines.filter({ $0.value <= now }).keys.sorted() {
            deadlines[key] = nil
            work.add(key)
        }
        read(store)
        collectGarbage(&store, now)
        NamespaceController.reconcile(work.take(.namespace), &store, now)
        read(store)
        for key in work.take(.deployment) {
            let due = DeploymentController.reconcile(key, &store, now, work.orphans)
            deadlines[key] = due
        }
        read(store)
        for key in work.take(.replicaSet) {
            let due = ReplicaSetController.reconcile(key, &store, now, work.orphans)
            deadlines[key] = due
        }
        read(store)
        for key in work.take(.service) {
            EndpointsController.reconcile(key, &store, now, pods)
        }
        for key in work.take(.podDisruptionBudget) {
            DisruptionController.reconcile(key, &store, now, pods)
        }
        return store.version != before
    }

    /// Reconciles until nothing changes any more, at most `rounds` times.
    ///
    /// - Returns: whether anything was written.
    @discardableResult
    package mutating func settle(
        _ store: inout Store,
        now: Timestamp,
        rounds: Int = 100
    ) -> Bool {
        var changed = false
        for _ in 0..<rounds {
            guard reconcile(&store, now: now) else { break }
            changed = true
        }
        return changed
    }

    // MARK: What changed

    private mutating func read(_ store: Store) {
        guard store.version != readVersion else { return }
        let forms = store.registry.storedForms
        // Once every storage has been read, only those that changed since then have news.
        let isKnown = seen.count == forms.count
        let changed = readVersion.flatMap { isKnown ? store.storages(changedAfter: $0) : nil }
        let before = readVersion
        readVersion = store.version
        for form in forms where changed?.contains(form.storage) ?? true {
            let newest = store.lastChange(inStorage: form.storage)
            guard seen[form.storage] != newest else { continue }
            // What had not changed by the last look may have been compacted since.
            let last = seen[form.storage].map { max($0, before ?? $0) }
            seen[form.storage] = newest
            if let last, let events = try? store.events(form.kind, after: last) {
                for event in events {
                    note(form, event.previous, event.change == .deleted ? nil : event.object)
                    guard event.change == .deleted else { continue }
                    for key in store.dependents(of: event.object.objectUID) {
                        work.garbage.insert(key)
                    }
                    let owners = event.object.ownerUIDs.compactMap(store.key(uid:))
                    for owner in owners { work.garbage.insert(owner) }
                }
            } else {
                forget(form.kind)
                for object in store.objects(form.kind) { note(form, nil, object) }
                if last != nil { collectAll(store, forms) }
            }
        }
    }

    /// Deletions were forgotten before they were seen: whatever has an owner may have lost it.
    private mutating func collectAll(_ store: Store, _ forms: [KindForm]) {
        for form in forms {
            for object in store.objects(form.kind) where !object.ownerUIDs.isEmpty {
                work.garbage.insert(
                    ResourceKey(
                        form.kind, namespace: object.objectNamespace, name: object.objectName))
            }
        }
    }

    /// Before everything of a kind is read again.
    private mutating func forget(_ kind: ResourceKind) {
        switch kind {
        case .pod: pods = LabelIndex()
        case .service: services = SelectorIndex()
        case .podDisruptionBudget: budgets = SelectorIndex()
        default: break
        }
    }

    private mutating func note(_ form: KindForm, _ old: Document?, _ new: Document?) {
        guard let object = new ?? old else { return }
        let kind = form.kind
        let key = ResourceKey(kind, namespace: object.objectNamespace, name: object.objectName)
        if let new {
            let isHeld = new.isTerminating && !new.objectFinalizers.isEmpty
            if isHeld || !new.ownerUIDs.isEmpty { work.garbage.insert(key) }
        }
        work.orphans.note(key, new)
        if kind != .namespace, form.isNamespaced, new == nil {
            work.add(ResourceKey(.namespace, namespace: "", name: object.objectNamespace))
        }
        switch kind {
        case .namespace: work.add(key)
        case .deployment: work.add(key)
        case .replicaSet:
            work.add(key)
            addOwner(of: object, .deployment)
            if new.map({ $0.controllerReference == nil }) ?? false { work.wake(.deployment, key) }
        case .pod:
            addOwner(of: object, .replicaSet)
            if let old { addOwner(of: old, .replicaSet) }
            notePod(key, old, new)
        case .service:
            services.note(key, new.flatMap { $0.at("spec", "selector") })
            work.add(key)
        case .endpointSlice, .endpoints:
            noteEndpoints(object)
        case .podDisruptionBudget:
            budgets.note(key, new.flatMap { $0.at("spec", "selector", "matchLabels") })
            work.add(key)
        default: break
        }
    }

    private mutating func notePod(_ key: ResourceKey, _ old: Document?, _ new: Document?) {
        pods.note(key, old?.objectLabels ?? .init(), new?.objectLabels)
        for labels in [old?.objectLabels, new?.objectLabels].compactMap({ $0 }) {
            for service in services.candidates(key.namespace, labels) { work.add(service) }
            for budget in budgets.candidates(key.namespace, labels) { work.add(budget) }
        }
        if new.map({ $0.controllerReference == nil }) ?? false { work.wake(.replicaSet, key) }
    }

    /// Somebody may have changed what the controller wrote.
    private mutating func noteEndpoints(_ object: Document) {
        let label = object.objectLabels["kubernetes.io/service-name"]?.stringValue
        let name = label ?? object.objectName
        work.add(ResourceKey(.service, namespace: object.objectNamespace, name: name))
    }

    private mutating func addOwner(of object: Document, _ kind: ResourceKind) {
        guard let owner = object.controllerReference, owner["kind"]?.stringValue == kind.kind,
            let name = owner["name"]?.stringValue
        else { return }
        work.add(ResourceKey(kind, namespace: object.objectNamespace, name: name))
    }

    private mutating func collectGarbage(_ store: inout Store, _ now: Timestamp) {
        let keys = work.garbage.sorted()
        work.garbage = []
        for key in keys { GarbageCollector.reconcile(key, &store, now) }
        // Who wakes for orphans: all workloads of the namespace, which is rare enough.
        for (kind, namespaces) in work.takeWoken() {
            for namespace in namespaces {
                for object in store.objects(kind, namespace: namespace) {
                    work.add(ResourceKey(kind, namespace: namespace, name: object.objectName))
                }
            }
        }
    }
}

/// What the controllers have to look at.
struct ControllerWork: Sendable {
    private var keys: [ResourceKind: Set<ResourceKey>] = [:]
    private var woken: [ResourceKind: Set<String>] = [:]
    var garbage: Set<ResourceKey> = []
    var orphans = Orphans()

    mutating func add(_ key: ResourceKey) { keys[key.kind, default: []].insert(key) }

    /// An object without a controller appeared: those of a kind in its namespace may want it.
    mutating func wake(_ kind: ResourceKind, _ orphan: ResourceKey) {
        woken[kind, default: []].insert(orphan.namespace)
    }

    /// The keys of a kind, ascending; they count as done.
    mutating func take(_ kind: ResourceKind) -> [ResourceKey] {
        (keys.removeValue(forKey: kind) ?? []).sorted()
    }

    mutating func takeWoken() -> [(ResourceKind, [String])] {
        let all = woken.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
        woken = [:]
        return all
    }
}

/// ReplicaSets and Pods without a controller, which one with a fitting selector adopts.
struct Orphans: Sendable {
    private var names: [ResourceKind: [String: Set<String>]] = [:]

    mutating func note(_ key: ResourceKey, _ object: Document?) {
        guard key.kind == .pod || key.kind == .replicaSet else { return }
        let isOrphan = object.map { $0.controllerReference == nil && !$0.isTerminating } ?? false
        if isOrphan {
            names[key.kind, default: [:]][key.namespace, default: []].insert(key.name)
        } else {
            names[key.kind]?[key.namespace]?.remove(key.name)
        }
    }

    /// Ascending.
    func keys(_ kind: ResourceKind, _ namespace: String) -> [ResourceKey] {
        (names[kind]?[namespace] ?? []).sorted().map {
            ResourceKey(kind, namespace: namespace, name: $0)
        }
    }
}

extension ResourceKind {
    static let podDisruptionBudget = ResourceKind(
        group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")
    static let endpoints = ResourceKind(
        group: "", version: "v1", kind: "Endpoints", plural: "endpoints")
}

extension WriteContext {
    /// A write of a controller.
    static func controller(_ now: Timestamp, _ part: Part = .main) -> WriteContext {
        .init(now: now, manager: "kube-controller-manager", part: part)
    }
}
