import API
import Domain
import Observed
import Resources
import Verdicts

/// Telling the failures of nodes from those of versions.
extension Engine {
    /// Marks who has to look again after a node came, went or changed its readiness: whoever has
    /// pods there.
    mutating func touchReleases(onNode name: String) {
        for release in view.releases(onNode: name) {
            hit(.nodeChanged)
            touch(.release(release))
        }
    }

    /// Asks the server for nodes whose pods lost their readiness by the control plane's word while
    /// the node seems to be Ready: it was written before the pods were, but nothing says that this
    /// is seen in this order.
    mutating func askNodes(of pods: [PodRecord], _ release: ModelRelease, now: Timestamp) {
        let id = release.id
        let before = releases[id]?.nodeLooks ?? [:]
        var looks: [String: ReleaseMemory.NodeLook] = [:]
        if release.status.attempt != nil {
            for pod in pods where view.isNodeInQuestion(pod) {
                let look = ReleaseMemory.NodeLook(
                    node: pod.view.node, lost: pod.view.readyChanged)
                let old = before[pod.view.metadata.uid]
                looks[pod.view.metadata.uid] = old?.lost == look.lost ? old : look
            }
        }
        guard !looks.isEmpty || !before.isEmpty else { return }
        releases[id]?.nodeLooks = looks
        let subject = Subject.release(id)
        let wanted = Set(looks.values.filter { !$0.isDone }.map(\.node))
        for name in Set(before.values.map(\.node)).subtracting(wanted).sorted() {
            flights.settle(Self.nodeKey(name), for: subject)
        }
        guard !wanted.isEmpty else { return }
        for name in wanted.sorted() { flights.doubt(Self.nodeKey(name), for: subject) }
        hit(.nodeAsked)
        _ = resolveDoubts(of: subject, now: now)
    }

    private static func nodeKey(_ name: String) -> ResourceKey {
        ResourceKey(.node, namespace: "", name: name)
    }

    /// Takes in that a node was asked. Whoever may watch nodes and not read one goes on with what
    /// the watch said.
    mutating func askedNode(_ key: ResourceKey, _ outcome: ReadOutcome, for subject: Subject) {
        guard case .release(let id) = subject else { return }
        switch outcome {
        case .found, .notFound: break
        case .failed(let refusal):
            guard refusal.kind == .forbidden else { return }
            flights.settle(key, for: subject)
        }
        flights.succeed(key)
        for (uid, look) in releases[id]?.nodeLooks ?? [:] where look.node == key.name {
            releases[id]?.nodeLooks[uid]?.isDone = true
        }
    }
}

extension SnapshotBuilder {
    /// What is known of a pod's node.
    func node(of pod: PodRecord) -> PodSample.Node {
        guard !isMutated(.nodesIgnored) else { return .unknown }
        guard let node = view.node(pod.view.node) else {
            // The control plane took its readiness, and then the node was taken out of the cluster.
            let isGone = pod.view.isWrittenOff && !pod.view.node.isEmpty && view.nodes.isSynced
            return isGone && !view.nodes.isRefused
                ? .notReady(since: pod.view.readyChanged) : .unknown
        }
        guard node.isReady else { return .notReady(since: node.since) }
        guard view.isNodeInQuestion(pod), !isMutated(.nodesNotAsked) else {
            return .ready(since: node.since)
        }
        let look = memory.nodeLooks[pod.view.metadata.uid]
        let isAnswered = look?.isDone == true && look?.lost == pod.view.readyChanged
        return isAnswered ? .ready(since: node.since) : .asked
    }
}

extension ClusterView {
    /// Whether the control plane took the pod's readiness, and the node has been Ready all along as
    /// far as the watch says.
    func isNodeInQuestion(_ pod: PodRecord) -> Bool {
        guard pod.view.isWrittenOff, pod.wasReady, !pod.view.isLeaving,
            let node = node(pod.view.node), node.isReady
        else { return false }
        guard let since = node.since, let lost = pod.view.readyChanged else { return true }
        return lost > since + PodSample.clockDifference
    }
}
