import Domain

extension DeploymentController {
    // MARK: Rolling update

    mutating func roll() {
        syncRevision(creating: true)
        guard let new = current else { return }
        let size =
            new.specReplicas > numbers.replicas
            ? numbers.replicas
            : numbers.sizeOfNew(new.specReplicas, total: sets.totalReplicas)
        if new.specReplicas != numbers.replicas, scale(new, to: size) { return }
        if shrinkOld() { return }
        cleanUp()
    }

    /// Takes pods from the old sets as far as enough stay available.
    private mutating func shrinkOld() -> Bool {
        guard old.totalReplicas > 0, let new = current else { return false }
        let minimum = numbers.replicas - numbers.unavailable
        let missing = new.specReplicas - new.statusCount("availableReplicas")
        let room = sets.totalReplicas - minimum - missing
        guard room > 0 else { return false }
        var changed = false
        // First what does not work anyway.
        var cleaned = 0
        for set in old {
            let broken = set.specReplicas - set.statusCount("availableReplicas")
            guard cleaned < room, set.specReplicas > 0, broken > 0 else { continue }
            let count = min(room - cleaned, broken)
            cleaned += count
            if scale(set, to: set.specReplicas - count) { changed = true }
        }
        let available = sets.reduce(0) { $0 + $1.statusCount("availableReplicas") }
        var rest = available - minimum
        for set in old where rest > 0 && set.specReplicas > 0 {
            let count = min(set.specReplicas, rest)
            rest -= count
            if scale(set, to: set.specReplicas - count) { changed = true }
        }
        return changed
    }

    // MARK: Recreate

    mutating func recreate() {
        syncRevision(creating: false)
        var changed = false
        for set in old where set.specReplicas > 0 {
            if scale(set, to: 0) { changed = true }
        }
        guard !changed, !old.contains(where: hasPods) else { return }
        if current == nil { syncRevision(creating: true) }
        guard let new = current else { return }
        if scale(new, to: numbers.replicas) { return }
        cleanUp()
    }

    /// Pods of the set still run, also if they are on their way out.
    private func hasPods(_ set: Document) -> Bool {
        store.dependents(of: set.objectUID).contains { pod in
            guard pod.kind == .pod, let object = store.object(pod) else { return false }
            return !object.isFinishedPod
        }
    }

    // MARK: Scaling

    /// The number asked for is another than the one the sets were made for.
    var isScaled: Bool {
        sets.contains { set in
            guard set.specReplicas > 0,
                let made = set.objectAnnotations[Self.desired]?.stringValue.flatMap({ Int($0) })
            else { return false }
            return made != numbers.replicas
        }
    }

    mutating func scaleAll() {
        let active = sets.filter { $0.specReplicas > 0 }
        if active.count <= 1 {
            guard let only = active.first ?? current ?? sets.last else { return }
            if only.specReplicas != numbers.replicas || !active.isEmpty {
                scale(only, to: numbers.replicas)
            }
            return
        }
        if let new = current, new.specReplicas == numbers.replicas,
            new.statusCount("availableReplicas") == numbers.replicas,
            new.objectAnnotations[Self.desired]?.stringValue == String(numbers.replicas)
        {
            for set in old where set.specReplicas > 0 { scale(set, to: 0) }
            return
        }
        guard numbers.isRolling else { return }
        scaleInProportion(active)
    }

    /// In the middle of a rollout every set gets its share of the change; what is left goes to
    /// the largest.
    private mutating func scaleInProportion(_ active: [Document]) {
        let allowed = numbers.replicas > 0 ? numbers.replicas + numbers.surge : 0
        let change = allowed - active.totalReplicas
        let ordered = active.enumerated().sorted { left, right in
            let sizes = (left.element.specReplicas, right.element.specReplicas)
            if sizes.0 != sizes.1 { return sizes.0 > sizes.1 }
            // Up: the newer first; down: the older first.
            return change > 0 ? left.offset > right.offset : left.offset < right.offset
        }.map(\.element)
        var added = 0
        var sizes: [Int] = []
        for set in ordered {
            let part = share(set, of: change, added: added)
            added += part
            sizes.append(set.specReplicas + part)
        }
        for (index, set) in ordered.enumerated() {
            let rest = index == 0 ? change - added : 0
            scale(set, to: max(0, sizes[index] + rest))
        }
    }

    private func share(_ set: Document, of change: Int, added: Int) -> Int {
        guard change != 0 else { return 0 }
        let size = set.specReplicas
        let left = change - added
        guard numbers.replicas > 0 else { return max(-size, left) }
        let annotated = set.objectAnnotations[Self.maximum]?.stringValue.flatMap { Int($0) }
        let known = annotated.flatMap { $0 > 0 ? $0 : nil }
        let before = max(known ?? deployment.statusCount("replicas"), 1)
        let target = (size * (numbers.replicas + numbers.surge) * 2 + before) / (2 * before)
        return change > 0 ? min(target - size, left) : max(target - size, left)
    }

    // MARK: Old sets

    /// Deletes the oldest empty sets beyond the limit once the rollout is complete.
    private mutating func cleanUp() {
        guard isComplete(status(conditions)) else { return }
        let candidates = old.filter { !$0.isTerminating }.sorted {
            ($0.revision, $0.objectName) < ($1.revision, $1.objectName)
        }
        let surplus = candidates.count - max(numbers.historyLimit, 0)
        guard surplus > 0 else { return }
        for set in candidates.prefix(surplus)
        where set.specReplicas == 0 && set.statusCount("replicas") == 0
            && set.objectGeneration <= set.at("status", "observedGeneration")?.integerValue ?? 0
        {
            let setKey = ResourceKey(.replicaSet, namespace: key.namespace, name: set.objectName)
            let options = DeleteOptions(uid: set.objectUID, propagation: .background)
            _ = try? store.delete(setKey, options: options, .controller(now))
            sets.removeAll { $0.objectUID == set.objectUID }
        }
    }
}
