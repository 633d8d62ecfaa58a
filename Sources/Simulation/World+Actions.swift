import API
package import ControlPlane
package import Domain
import Engine
import Resources

/// What people and fate do to the world.
extension World {
    /// One thing that happens.
    package enum Action: Sendable {
        /// A commit by a person that makes the files so (`nil` removes one).
        case merge([String: String?], author: String)
        /// A forced push takes the newest commits away.
        case rewind(commits: Int)
        case annotate(NamespacedName, String, String?)
        case change(
            ResourceKey, part: WriteContext.Part = .main, @Sendable (inout Document) -> Void)
        case delete(ResourceKey)
        /// The n-th of Slipway's objects of a kind that there are then, counted around.
        case changeSome(
            ResourceKind, Int, part: WriteContext.Part = .main,
            @Sendable (inout Document) -> Void)
        case deleteSome(ResourceKind, Int)
        case behave(version: String, PodBehaviour)
        /// A process of the controller dies and is started again.
        case kill(process: Int = 0)
        /// A process ends in good order and is started again.
        case stop(process: Int = 0)
        /// A process stands still, or goes on.
        case pause(process: Int, Bool)
        /// The clock of a process will be so far ahead from its next start.
        case clock(process: Int, ahead: TimeSpan)
        case gitAway(Bool)
        case gitRefusesPushes(Bool)
        case apiAway(Bool)
        /// The watch caches of the server stand still, or go on.
        case freeze(Bool)
        case lag(ResourceKind, TimeSpan)
        /// From now on the controller's calls go wrong so often.
        case calls(CallFaults)
        /// The cluster takes one pod of a version away.
        case evict(version: String)
        /// The container of one pod of a version dies.
        case killContainer(version: String)
        /// A node is not heard of, or comes back.
        case node(Int, isLost: Bool)
        /// A proxy of the gateway takes nothing new, or goes on.
        case proxy(Int, isStuck: Bool)
        /// Watches break and what was before is forgotten: whoever is behind has to list.
        case relist
        /// The controllers' watches break: what happens is never told, until they list anew.
        case watchesLost(Bool)
        /// Views that failed are tried again.
        case look(process: Int)
        /// Another controller insists on something of an object: after every change it is so
        /// again; `nil` ends all of that.
        case meddle(ResourceKey, (@Sendable (inout Document) -> Void)?)
        /// A person lets the n-th of Slipway's Deployments be scaled by the load on its pods.
        case autoscale(Int, least: Int, most: Int)
        /// A person takes the n-th autoscaler away.
        case removeAutoscaler(Int)
        /// From now on users ask so much.
        case load(Int)
        /// News that is held back arrives.
        case letGo(process: Int, ResourceKind)
    }

    /// Somebody who puts back what he wants.
    struct Meddler: Sendable {
        let key: ResourceKey
        let change: @Sendable (inout Document) -> Void
    }

    mutating func act(_ action: Action) {
        switch action {
        case .merge(let files, let author):
            let commit = git.merge(files, author: author)
            note("\(author) merges \(commit)")
        case .rewind(let commits):
            git.rewind(to: max(1, git.commits.count - commits))
            note("a forced push: the head is \(git.head?.id ?? "nothing")")
        case .behave(let version, let behaviour):
            behaviours[version] = behaviour
            // Pods that were bad may still be on their way back.
            truth.disturb(version, now)
            kubelet.wake(at: now)
        case .kill(let index): die(index, "killed")
        case .stop(let index): stop(index)
        case .pause(let index, let stands): stands ? pause(index) : resume(index)
        case .clock(let index, let ahead):
            guard processes.indices.contains(index) else { return }
            clocksDiffer = true
            processes[index].nextClock = ahead
        case .gitAway(let away): gitIsAway = away
        case .gitRefusesPushes(let refuses): gitRefusesPushes = refuses
        case .apiAway(let away):
            apiIsAway = away
            truth.disturbed = now
            fedVersion = -1
        case .freeze(let stands):
            if stands, frozen == nil { truth.blindSince = truth.blindSince ?? now }
            truth.disturbed = now
            frozen = stands ? frozen ?? store : nil
            fedVersion = -1
        case .lag(let kind, let span):
            truth.slowest = max(truth.slowest, longestLag, span)
            delays.lags[kind] = span
        case .calls(let faults): callFaults = faults
        case .killContainer(let version):
            truth.disturb(version, now)
            kubelet.killContainer(of: version, now: now)
        case .node(let number, let isLost):
            truth.lastNodeLoss = now
            kubelet.node(number, isLost: isLost, now: now)
        case .proxy(let number, let isStuck): gateway.proxy(number, isStuck: isStuck)
        case .watchesLost(true): loseWatches()
        case .look: fedVersion = -1
        case .relist, .watchesLost(false):
            if speaksHTTP { return cutWatches() }
            for index in processes.indices where processes[index].isAlive {
                feedLists(index)
            }
        case .autoscale(let number, let least, let most):
            addAutoscaler(number, least: least, most: most)
        case .removeAutoscaler(let number): removeAutoscaler(number)
        case .load(let percent): load = percent
        case .letGo(let index, let kind): letGo(index, kind)
        case .annotate, .change, .delete, .changeSome, .deleteSome, .evict, .meddle:
            changeObjects(action)
        }
    }

    private mutating func changeObjects(_ action: Action) {
        let context = WriteContext(now: now, manager: "person")
        switch action {
        case .annotate(let release, let name, let value):
            let key = ResourceKey(
                .modelRelease, namespace: release.namespace, name: release.name)
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                changed.set(["metadata", "annotations", name], to: value.map(Document.string))
                return changed
            }
        case .change(let key, let part, let change):
            truth.take(key, now)
            let context = WriteContext(now: now, manager: "person", part: part)
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                change(&changed)
                return changed
            }
        case .delete(let key):
            truth.take(key, now)
            _ = try? store.delete(key, options: .init(), context)
        case .changeSome(let kind, let number, let part, let change):
            if let key = some(kind, number) { act(.change(key, part: part, change)) }
        case .deleteSome(let kind, let number):
            if let key = some(kind, number) { act(.delete(key)) }
        case .meddle(let key, let change):
            truth.take(key, now)
            meddlers = change.map { meddlers + [.init(key: key, change: $0)] } ?? []
        case .evict(let version):
            truth.disturb(version, now)
            let pod = store.objects(.pod).first {
                let metadata = ObjectMetadata(of: $0)
                return metadata.label(Names.versionLabel) == version
                    && metadata.deletionTimestamp == nil
            }
            guard let metadata = pod.map({ ObjectMetadata(of: $0) }) else { return }
            let key = ResourceKey(.pod, namespace: metadata.namespace, name: metadata.name)
            _ = try? store.delete(key, options: .init(), context)
        default: break
        }
    }

    func some(_ kind: ResourceKind, _ number: Int) -> ResourceKey? {
        let ours = store.objects(kind).map { ObjectMetadata(of: $0) }.filter {
            kind == .modelRelease || $0.label(Names.managedByLabel) == Names.managedByValue
        }
        guard !ours.isEmpty else { return nil }
        let metadata = ours[number % ours.count]
        return ResourceKey(kind, namespace: metadata.namespace, name: metadata.name)
    }
}
