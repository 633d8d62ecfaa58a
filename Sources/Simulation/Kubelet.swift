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
        for pod in pods { work(pod, &store, now, pace, behaviours, &times) }
        due = times.min()
        seen = store.lastChange(of: .pod)
    }

    /// Lets everything be looked at again: the behaviour of a version has changed.
    mutating func wake(at time: Timestamp) { due = min(due ?? time, time) }

    /// A node is not heard of any more, or is back.
    mutating func node(_ number: Int, isLost: Bool, now: Timestamp) {
        lost[number % Self.nodes] = isLost ? now : nil
        wake(at: now)
    }

    private static var nodes: Int { 3 }
    /// How long a node may be silent before its pods count as not ready, and before they are taken
    /// away; minutes in a real cluster.
    private static var silence: (unready: TimeSpan, evicted: TimeSpan) {
        (.seconds(5), .seconds(20))
    }

    /// Whether a request to a pod is answered: its container runs and has its model.
    func answers(_ uid: String) -> Bool {
        guard let run = runs[uid], lost[run.node] == nil else { return false }
        return run.isServing
    }

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
        if let since = lost[run.node] {
            miss(&run, pod, since, &store, now, &times)
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
            changed.set(["spec", "nodeName"], to: .string("node-\(run.node)"))
            changed.set(["status"], to: run.status(of: object))
            return changed
        }
    }

    /// What the control plane does with a pod of a node that is not heard of: after a while it
    /// counts as not ready, later it is to go, and it goes when the node is back.
    private func miss(
        _ run: inout PodRun, _ pod: Document, _ since: Timestamp, _ store: inout Store,
        _ now: Timestamp, _ times: inout [Timestamp]
    ) {
        let metadata = ObjectMetadata(of: pod)
        guard metadata.deletionTimestamp == nil else { return }
        let key = ResourceKey(.pod, namespace: metadata.namespace, name: metadata.name)
        if now < since + Self.silence.unready {
            times.append(since + Self.silence.unready)
        } else if run.reported?.isReady == true {
            run.reported?.isReady = false
            run.reported?.readyChanged = now
            run.wasMissed(now)
            tell(run, key, &store, now)
        }
        if now < since + Self.silence.evicted {
            times.append(since + Self.silence.evicted)
        } else {
            run.reported?.isEvicted = true
            if run.reported != nil { tell(run, key, &store, now) }
            _ = try? store.delete(
                key, options: DeleteOptions(uid: metadata.uid), WriteContext(now: now))
        }
    }

    private mutating func start(_ version: String, now: Timestamp, pace: Pace) -> PodRun {
        number += 1
        let isVictim = !runs.values.contains { $0.version == version && $0.isVictim }
        let node =
            (0..<Self.nodes).map { (number + $0) % Self.nodes }.first { lost[$0] == nil }
            ?? number % Self.nodes
        return PodRun(
            version: version, number: number, node: node, isVictim: isVictim,
            bound: now + pace.schedule)
    }
}
