import API
import ControlPlane
import Domain
import Resources

/// The nodes of the cluster: they start every pod, probe it, start it again when it dies and end
/// it when it is deleted. What pods do is told by the behaviour of their version.
///
/// A restart of the controller means nothing to it: what it keeps is the state of the machines.
struct Kubelet: Sendable {
    /// How long the nodes take.
    struct Pace: Sendable {
        /// From the making of a pod to the start of its container.
        var schedule: TimeSpan
        /// From the deletion of a pod to its end.
        var end: TimeSpan
    }

    /// When a node looks again; `nil` if nothing will happen by itself.
    private(set) var due: Timestamp?
    private var runs: [String: PodRun] = [:]
    /// Nodes that are not heard of, and since when.
    private var lost: [Int: Timestamp] = [:]
    /// When nodes that are back tell of themselves, and of their pods.
    private var backs: [Int: (node: Timestamp, pods: Timestamp)] = [:]
    private var returns = 0
    private var seen: Int64 = 0
    private var number = 0

    /// Does what is due, and looks at what changed.
    mutating func work(
        _ store: inout Store, now: Timestamp, pace: Pace, behaviours: [String: PodBehaviour]
    ) {
        let newest = store.lastChange(of: .pod)
        guard newest != seen || due.map({ $0 <= now }) ?? false else { return }
        seen = newest
        let pods = store.objects(.pod)
        let uids = Set(pods.map { ObjectMetadata(of: $0).uid })
        runs = runs.filter { uids.contains($0.key) }
        var times: [Timestamp] = []
        for (number, back) in backs.sorted(by: { $0.key < $1.key }) {
            if now >= back.node { tellReady(number, &store, now) }
            if now >= max(back.node, back.pods) { backs[number] = nil }
            times += [back.node, back.pods].filter { $0 > now }
        }
        for pod in pods { work(pod, &store, now, pace, behaviours, &times) }
        due = times.min()
        seen = store.lastChange(of: .pod)
    }

    /// Lets everything be looked at again: the behaviour of a version has changed.
    mutating func wake(at time: Timestamp) { due = min(due ?? time, time) }

    /// A node is not heard of any more, or is back. What it says first then, that it is Ready or
    /// how its pods are, is different from time to time.
    mutating func node(_ number: Int, isLost: Bool, now: Timestamp) {
        let number = number % Self.nodes
        wake(at: now)
        guard !isLost else {
            lost[number] = lost[number] ?? now
            backs[number] = nil
            return
        }
        guard lost.removeValue(forKey: number) != nil else { return }
        returns += 1
        let later = now + .seconds(1)
        backs[number] = returns % 2 == 0 ? (later, now) : (now, later)
    }

    private static var nodes: Int { 3 }
    private static func name(_ number: Int) -> String { "node-\(number)" }

    /// How long a node may be silent before its pods count as not ready, and how much longer they
    /// stay there; minutes in a real cluster.
    static var patience: NodeLifecycle.Pace {
        .init(grace: .seconds(5), toleration: .seconds(15))
    }

    /// Nodes that are not heard of, with the time they were heard of last.
    var silent: [String: Timestamp] {
        var silent: [String: Timestamp] = [:]
        for (number, since) in lost { silent[Self.name(number)] = since }
        return silent
    }

    /// Whether a pod is on a node that is not heard of.
    func isSilent(_ uid: String) -> Bool { runs[uid].map { lost[$0.node] != nil } ?? false }

    /// Makes the Node objects.
    func register(_ store: inout Store, now: Timestamp) {
        for number in 0..<Self.nodes {
            let object: Document = ["metadata": ["name": .string(Self.name(number))]]
            let context = WriteContext(now: now, manager: "kubelet")
            _ = try? store.create(.node, namespace: "", object, context)
            tellReady(number, &store, now)
        }
    }

    /// A node says that it is Ready, if it is not known.
    private func tellReady(_ number: Int, _ store: inout Store, _ now: Timestamp) {
        let key = ResourceKey(.node, namespace: "", name: Self.name(number))
        guard let node = store.object(key), NodeView(node)?.isReady == false else { return }
        let context = WriteContext(now: now, manager: "kubelet", part: .status)
        _ = try? store.update(key, context) { object throws(APIStatus) in
            var changed = object
            changed.set(
                ["status", "conditions"],
                to: [
                    [
                        "type": "Ready", "status": "True", "reason": "KubeletReady",
                        "lastTransitionTime": .string(now.description),
                    ]
                ])
            return changed
        }
    }

    /// Whether a request to a pod is answered: its container runs and has its model.
    func answers(_ uid: String) -> Bool {
        guard let run = runs[uid], lost[run.node] == nil else { return false }
        return run.isServing
    }

    /// Whether a pod was reported ready at some time.
    func wasReady(_ uid: String) -> Bool { runs[uid]?.wasReady ?? false }

    /// The version that a pod serves.
    func version(_ uid: String) -> String? { runs[uid]?.version }

    /// Kills the container of one pod of a version, if there is one that runs.
    mutating func killContainer(of version: String, now: Timestamp) {
        let victims = runs.filter { $0.value.version == version }
        guard let uid = victims.min(by: { $0.value.number < $1.value.number })?.key else { return }
        runs[uid]?.die("Error", 137, now: now)
        wake(at: now)
    }

    private mutating func work(
        _ pod: Document, _ store: inout Store, _ now: Timestamp, _ pace: Pace,
        _ behaviours: [String: PodBehaviour], _ times: inout [Timestamp]
    ) {
        let metadata = ObjectMetadata(of: pod)
        let key = ResourceKey(.pod, namespace: metadata.namespace, name: metadata.name)
        let version = metadata.label(Names.versionLabel) ?? ""
        var run = runs[metadata.uid] ?? start(version, now: now, pace: pace)
        if lost[run.node] != nil || backs[run.node].map({ now < $0.pods }) ?? false {
            bind(run, pod, &store, now, &times)
            runs[metadata.uid] = run
            return
        }
        if metadata.deletionTimestamp != nil {
            let end = run.end ?? now + pace.end
            run.end = end
            runs[metadata.uid] = run
            if now >= end {
                let options = DeleteOptions(uid: metadata.uid, gracePeriodSeconds: 0)
                _ = try? store.delete(key, options: options, WriteContext(now: now))
            } else {
                times.append(end)
            }
            return
        }
        if let next = run.advance(behaviours[version] ?? PodBehaviour(), now: now) {
            times.append(next)
        }
        if run.reported?.isReady == true, run.report?.isReady == true,
            PodView(pod)?.ready == false
        {
            // The control plane has written it off, and it is as it was.
            run.wasMissed(now)
        }
        let report = run.report
        if run.reported != report {
            run.reported = report
            tell(run, key, &store, now)
        }
        runs[metadata.uid] = run
    }

    private func tell(
        _ run: PodRun, _ key: ResourceKey, _ store: inout Store, _ now: Timestamp
    ) {
        let context = WriteContext(now: now, manager: "kubelet", part: .system)
        _ = try? store.update(key, context) { object throws(APIStatus) in
            var changed = object
            changed.set(["spec", "nodeName"], to: .string(Self.name(run.node)))
            changed.set(["status"], to: run.status(of: object))
            return changed
        }
    }

    /// A pod that was given to a node that is not heard of: it never begins.
    private func bind(
        _ run: PodRun, _ pod: Document, _ store: inout Store, _ now: Timestamp,
        _ times: inout [Timestamp]
    ) {
        guard run.reported == nil, pod.at("spec", "nodeName") == nil else { return }
        guard now >= run.bound else { return times.append(run.bound) }
        let metadata = ObjectMetadata(of: pod)
        let key = ResourceKey(.pod, namespace: metadata.namespace, name: metadata.name)
        let context = WriteContext(now: now, manager: "kube-scheduler", part: .system)
        _ = try? store.update(key, context) { object throws(APIStatus) in
            var changed = object
            changed.set(["spec", "nodeName"], to: .string(Self.name(run.node)))
            return changed
        }
    }

    private mutating func start(_ version: String, now: Timestamp, pace: Pace) -> PodRun {
        number += 1
        let isVictim = !runs.values.contains { $0.version == version && $0.isVictim }
        let node =
            (0..<Self.nodes).map { (number + $0) % Self.nodes }.first {
                // The scheduler knows of a lost node when the control plane does.
                lost[$0].map { now < $0 + Self.patience.grace } ?? true
            } ?? number % Self.nodes
        return PodRun(
            version: version, number: number, node: node, isVictim: isVictim,
            bound: now + pace.schedule)
    }
}
