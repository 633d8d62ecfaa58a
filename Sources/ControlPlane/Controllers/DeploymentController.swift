import Domain

/// Brings the ReplicaSets of a Deployment to what it asks for, a step at a time.
struct DeploymentController {
    static let revision = "deployment.kubernetes.io/revision"
    static let revisionHistory = "deployment.kubernetes.io/revision-history"
    static let desired = "deployment.kubernetes.io/desired-replicas"
    static let maximum = "deployment.kubernetes.io/max-replicas"
    static let hashLabel = "pod-template-hash"

    let key: ResourceKey
    let now: Timestamp
    /// As it was read; its status is the old one all through a round.
    let deployment: Document
    let numbers: RolloutNumbers
    var store: Store
    /// Of this Deployment, oldest first.
    var sets: [Document] = []
    /// The set with the Deployment's template.
    var current: Document?
    /// What becomes the status, with the conditions set on the way.
    var conditions: [Document]
    /// The revision annotation to write with the status.
    var newRevision: String?

    /// One round for one Deployment.
    ///
    /// - Returns: when it has to be looked at again though nothing changes.
    static func reconcile(
        _ key: ResourceKey,
        _ store: inout Store,
        _ now: Timestamp,
        _ orphans: Orphans
    ) -> Timestamp? {
        guard let deployment = store.object(key) else { return nil }
        let selector = deployment.at("spec", "selector") ?? [:]
        guard let fits = LabelSelector(selector), !fits.isEmpty else { return nil }
        var controller = Self(
            key: key,
            now: now,
            deployment: deployment,
            numbers: RolloutNumbers(deployment),
            store: store,
            conditions: deployment.at("status", "conditions")?.arrayValue ?? []
        )
        // The store is a value; held twice, every write would copy.
        store = Store.placeholder
        let due = controller.run(fits, orphans)
        store = controller.store
        return due
    }

    private mutating func run(_ selector: LabelSelector, _ orphans: Orphans) -> Timestamp? {
        adopt(selector, orphans)
        current = sets.first { hasCurrentTemplate($0) }
        if deployment.isTerminating {
            writeStatus(progress: false)
            return nil
        }
        notePause()
        if numbers.isPaused {
            syncRevision(creating: false)
            scaleAll()
            writeStatus(progress: false)
            return nil
        }
        if isScaled {
            syncRevision(creating: false)
            scaleAll()
            writeStatus(progress: false)
            return nil
        }
        if numbers.isRolling { roll() } else { recreate() }
        return writeStatus(progress: true)
    }

    // MARK: ReplicaSets

    var old: [Document] { sets.filter { $0.objectUID != current?.objectUID } }

    /// Reads the owned sets and takes orphans whose labels fit.
    private mutating func adopt(_ selector: LabelSelector, _ orphans: Orphans) {
        let owned = store.dependents(of: deployment.objectUID).filter { $0.kind == .replicaSet }
        sets = owned.compactMap(store.object)
        if !deployment.isTerminating {
            for orphan in orphans.keys(.replicaSet, key.namespace) {
                guard let object = store.object(orphan), object.controllerReference == nil,
                    !object.isTerminating, selector.matches(object.objectLabels)
                else { continue }
                let reference = ownerReference
                let adopted = try? store.update(orphan, .controller(now)) { object in
                    object.addingOwner(reference)
                }
                if let adopted { sets.append(adopted) }
            }
        }
        sets.sort { Self.age($0) < Self.age($1) }
    }

    private static func age(_ set: Document) -> (String, String) {
        (set.at("metadata", "creationTimestamp")?.stringValue ?? "", set.objectName)
    }

    private var ownerReference: Document {
        .controllerReference(to: deployment, .deployment)
    }

    private func hasCurrentTemplate(_ set: Document) -> Bool {
        var template = set.at("spec", "template") ?? [:]
        template.set(["metadata", "labels", Self.hashLabel], to: nil)
        return template == deployment.at("spec", "template")
    }

    /// Changes one set's size and annotations; no write if nothing changes.
    @discardableResult
    mutating func scale(_ set: Document, to size: Int) -> Bool {
        var annotations = set.at("metadata", "annotations") ?? [:]
        annotations[Self.desired] = .string(String(numbers.replicas))
        annotations[Self.maximum] = .string(String(numbers.replicas + numbers.surge))
        guard set.specReplicas != size || set.at("metadata", "annotations") != annotations else {
            return false
        }
        let isResized = set.specReplicas != size
        write(set) {
            $0.set(["spec", "replicas"], to: .integer(size))
            $0.set(["metadata", "annotations"], to: annotations)
        }
        return isResized
    }

    private mutating func write(_ set: Document, _ change: (inout Document) -> Void) {
        let setKey = ResourceKey(.replicaSet, namespace: key.namespace, name: set.objectName)
        let written = try? store.update(setKey, .controller(now)) { object in
            var new = object
            change(&new)
            return new
        }
        guard let written else { return }
        sets = sets.map { $0.objectUID == written.objectUID ? written : $0 }
        if current?.objectUID == written.objectUID { current = written }
    }

    /// Brings revision and annotations of the current set up to date; makes it if there is none.
    mutating func syncRevision(creating: Bool) {
        let highest = old.map(\.revision).max() ?? 0
        let next = highest + 1
        if let set = current {
            var annotations = Self.annotations(set, from: deployment)
            if set.revision < next {
                if set.revision > 0 {
                    let before = annotations[Self.revisionHistory]?.stringValue
                    let history = (before.map { "\($0)," } ?? "") + String(set.revision)
                    annotations[Self.revisionHistory] = .string(history)
                }
                annotations[Self.revision] = .string(String(next))
            }
            let minimum = deployment.at("spec", "minReadySeconds")
            if set.at("metadata", "annotations") != annotations
                || set.at("spec", "minReadySeconds") != minimum
            {
                write(set) {
                    $0.set(["metadata", "annotations"], to: annotations)
                    $0.set(["spec", "minReadySeconds"], to: minimum)
                }
            }
            newRevision = current.map { String($0.revision) }
            if condition("Progressing") == nil {
                let text = "Found new replica set \"\(set.objectName)\""
                setProgress("True", "FoundNewReplicaSet", text)
            }
        } else if creating {
            create(revision: next)
        }
    }

    private mutating func create(revision: Int) {
        let template = deployment.at("spec", "template") ?? [:]
        let collisions = deployment.at("status", "collisionCount")?.intValue ?? 0
        let hash = Self.hash(template, collisions)
        var labelled = template
        labelled.set(["metadata", "labels", Self.hashLabel], to: .string(hash))
        var annotations = Self.annotations([:], from: deployment)
        annotations[Self.revision] = .string(String(revision))
        annotations[Self.desired] = .string(String(numbers.replicas))
        annotations[Self.maximum] = .string(String(numbers.replicas + numbers.surge))
        var selector = deployment.at("spec", "selector") ?? [:]
        selector.set(["matchLabels", Self.hashLabel], to: .string(hash))
        var set: Document = [
            "metadata": [
                "name": .string("\(key.name)-\(hash)"), "annotations": annotations,
                "ownerReferences": [ownerReference],
            ],
            "spec": [
                "replicas": .integer(numbers.sizeOfNew(0, total: sets.totalReplicas)),
                "selector": selector, "template": labelled,
            ],
        ]
        set.set(["metadata", "labels"], to: labelled.at("metadata", "labels"))
        set.set(["spec", "minReadySeconds"], to: deployment.at("spec", "minReadySeconds"))
        do throws(APIStatus) {
            let made = try store.create(
                .replicaSet,
                namespace: key.namespace,
                set,
                .controller(now)
            )
            current = made
            sets.append(made)
            newRevision = String(revision)
            setProgress(
                "True",
                "NewReplicaSetCreated",
                "Created new replica set \"\(made.objectName)\""
            )
        } catch {
            guard error.reason == "AlreadyExists", !isMine("\(key.name)-\(hash)") else { return }
            // Another template has the same hash: next time with another seed.
            let deploymentKey = key
            _ = try? store.update(deploymentKey, .controller(now, .status)) { object in
                var new = object
                new.set(["status", "collisionCount"], to: .integer(collisions + 1))
                return new
            }
        }
    }

    /// A set of this name is ours and only waits to go.
    private func isMine(_ name: String) -> Bool {
        let other = store.object(
            ResourceKey(.replicaSet, namespace: key.namespace, name: name)
        )
        return other?.isTerminating == true
    }

    /// The annotations of a set: its own, and the Deployment's without the controller's.
    private static func annotations(_ set: Document, from deployment: Document) -> Document {
        let own = [
            revision, revisionHistory, desired, maximum,
            "kubectl.kubernetes.io/last-applied-configuration",
            "deprecated.deployment.rollback.to",
        ]
        var result = set.objectAnnotations
        for member in deployment.objectAnnotations.members where !own.contains(member.key) {
            result[member.key] = member.value
        }
        return .object(result)
    }

    /// A short stable name of a template. The alphabet is the one of generated names.
    static func hash(_ template: Document, _ collisions: Int) -> String {
        var bytes = template.canonicalJSON()
        bytes += Array("/\(collisions)".utf8)
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        var value: UInt64 = 0
        for digit in SHA256.hex(bytes).prefix(16) {
            value = value &* 16 &+ UInt64(digit.hexDigitValue ?? 0)
        }
        var text = ""
        for _ in 0..<10 {
            text.append(alphabet[Int(value % UInt64(alphabet.count))])
            value /= UInt64(alphabet.count)
        }
        return text
    }
}

extension Document {
    /// `spec.replicas`.
    var specReplicas: Int { at("spec", "replicas")?.intValue ?? 1 }

    /// A number of `status`.
    func statusCount(_ name: String) -> Int { at("status", name)?.intValue ?? 0 }

    /// The revision of a ReplicaSet.
    var revision: Int {
        objectAnnotations[DeploymentController.revision]?.stringValue.flatMap { Int($0) } ?? 0
    }

    /// The reference by which an object names its controller.
    static func controllerReference(to owner: Document, _ kind: ResourceKind) -> Document {
        [
            "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
            "name": .string(owner.objectName), "uid": .string(owner.objectUID),
            "controller": true, "blockOwnerDeletion": true,
        ]
    }

    func addingOwner(_ reference: Document) -> Document {
        var new = self
        let others = at("metadata", "ownerReferences")?.arrayValue ?? []
        new.set(["metadata", "ownerReferences"], to: .array(others + [reference]))
        return new
    }

    /// The object without its references to some owners.
    func removingOwners(_ isGone: (Document) -> Bool) -> Document {
        var new = self
        let rest = (at("metadata", "ownerReferences")?.arrayValue ?? []).filter { !isGone($0) }
        new.set(["metadata", "ownerReferences"], to: rest.isEmpty ? nil : .array(rest))
        return new
    }
}

extension [Document] {
    /// The sum of `spec.replicas`.
    var totalReplicas: Int { reduce(0) { $0 + $1.specReplicas } }
}
