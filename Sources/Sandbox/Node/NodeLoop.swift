import ControlPlane
import Domain
import Processes

/// The pods of a node: reads the cluster, asks each pod's worker what is due, writes status and
/// events, and hands out the work. One round at a time; everything it knows of a pod's processes
/// has come through the node's inbox.
struct NodeLoop {
    private struct Pod {
        var object: Document
        var worker: PodWorker
        let address: String
        /// The object does not exist any more.
        var isGone = false
        /// Its end has been written; the folder stays until the object goes.
        var isDone = false
    }

    /// What is written about a pod in one round.
    private struct Report: Sendable {
        let uid: String
        let key: ResourceKey
        let place: PodStatus.Place
        let worker: PodWorker
        let events: [PodEvent]
        let object: Document
        /// The last container is down and the pod was to go.
        let isToBeRemoved: Bool
    }

    /// How often the node says that it is alive.
    private static let heartbeat = TimeSpan.minutes(5)

    private let node: Node
    private let server: SandboxServer
    private var pods: [String: Pod] = [:]
    private var seen: Int64 = 0
    private var isFirst = true
    /// A ConfigMap or a Secret has changed.
    private var hasNewFiles = false
    /// There are pods that did not fit.
    private var hasWaiting = true
    private var nextHeartbeat = Timestamp(milliseconds: 0)
    private var events: EventWriter

    init(node: Node, server: SandboxServer) {
        self.node = node
        self.server = server
        events = EventWriter(nodeName: node.options.name)
    }

    /// Does everything that is due.
    ///
    /// - Returns: when time alone makes something due again.
    mutating func round(_ group: inout DiscardingTaskGroup) async -> Timestamp? {
        let now = WallClock.now
        var actions: [String: [PodAction]] = [:]
        await read(now, &actions)
        for letter in node.inbox.take() {
            step(letter.uid, letter.input, now, &actions)
        }
        for uid in pods.keys.sorted() {
            guard let due = pods[uid]?.worker.nextDeadline, due <= now else { continue }
            step(uid, .tick, now, &actions)
        }
        await write(actions, now)
        if hasNewFiles { refresh(&group) }
        for (uid, list) in actions.sorted(by: { $0.key < $1.key }) {
            for action in list { carryOut(action, uid, &group) }
        }
        dropGone()
        let due = pods.values.compactMap(\.worker.nextDeadline).min()
        return min(due ?? nextHeartbeat, nextHeartbeat)
    }

    private mutating func step(
        _ uid: String, _ input: PodInput, _ now: Timestamp, _ actions: inout [String: [PodAction]]
    ) {
        guard let new = pods[uid]?.worker.step(input, now: now) else { return }
        actions[uid, default: []] += new
    }

    // MARK: Reading

    /// Takes up what changed in the cluster; puts waiting pods on the node first.
    private mutating func read(_ now: Timestamp, _ actions: inout [String: [PodAction]]) async {
        let scheduler = Scheduler(nodeName: node.options.name)
        let since = seen
        let isAlive = nextHeartbeat > now
        let name = node.options.name
        let capacity = node.capacity
        if !isAlive { nextHeartbeat = now + Self.heartbeat }
        let hadWaiting = hasWaiting
        let (news, writer, waiting, hasNewFiles) = await server.change { [events] store, now in
            var writer = events
            if !isAlive { NodeObject.register(name, capacity, &store, now) }
            let news = News(store, since: since)
            var waiting = hadWaiting
            let isNewNode = store.lastChange(of: NodeObject.kind) > since
            if !news.isEmpty || isNewNode,
                hadWaiting || news.objects.contains(where: Scheduler.isWaiting)
            {
                for note in scheduler.schedule(&store, now: now) {
                    writer.write(
                        note.event, about: note.pod, from: "default-scheduler", &store, now)
                }
                waiting = store.objects(.pod).contains(where: Scheduler.isWaiting)
            }
            let files = max(store.lastChange(of: .configMap), store.lastChange(of: .secret))
            return (news, writer, waiting, files > since)
        }
        self.hasNewFiles = hasNewFiles
        hasWaiting = waiting
        events = writer
        seen = news.version
        for object in news.objects { take(object, now, &actions) }
        if let uids = news.uids {
            for uid in pods.keys.sorted() where !uids.contains(uid) { lose(uid, now, &actions) }
            if isFirst { node.folder.removePods(except: uids) }
            isFirst = false
        }
        for uid in news.deleted { lose(uid, now, &actions) }
    }

    /// What changed since a version.
    private struct News: Sendable {
        let version: Int64
        var objects: [Document] = []
        var deleted: [String] = []
        /// All there are, where the changes are not known any more.
        var uids: Set<String>?

        var isEmpty: Bool { objects.isEmpty && deleted.isEmpty && uids == nil }

        init(_ store: Store, since: Int64) {
            version = store.version
            guard since > 0, let changes = try? store.events(.pod, after: since) else {
                objects = store.objects(.pod)
                uids = Set(objects.map(\.objectUID))
                return
            }
            var latest: [String: Document] = [:]
            for change in changes {
                let uid = change.object.objectUID
                latest[uid] = change.change == .deleted ? nil : change.object
                if change.change == .deleted { deleted.append(uid) }
            }
            objects = latest.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private mutating func take(
        _ object: Document, _ now: Timestamp, _ actions: inout [String: [PodAction]]
    ) {
        guard object.at("spec", "nodeName")?.stringValue == node.options.name else { return }
        let uid = object.objectUID
        if pods[uid] == nil {
            let phase = object.at("status", "phase")?.stringValue
            guard phase != "Succeeded", phase != "Failed", let address = node.addresses.take()
            else { return }
            let plan = PodPlan(object)
            let hasRun = object.at("status", "containerStatuses") != nil
            let start = object.at("status", "startTime")?.stringValue
                .flatMap { Timestamp(rfc3339: $0) }
            pods[uid] = Pod(
                object: object,
                worker: PodWorker(
                    plan, startedAt: start ?? now, timings: node.options.timings,
                    adopting: hasRun ? object["status"] : nil),
                address: address)
            step(uid, .tick, now, &actions)
        }
        guard let old = pods[uid]?.object else { return }
        pods[uid]?.object = object
        if old["spec"] != object["spec"] {
            for container in PodPlan(object).containers {
                step(uid, .imageChanged(container), now, &actions)
            }
        }
        let grace = object.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0
        if object.isTerminating, pods[uid]?.worker.deletionGrace ?? .longest > .seconds(grace) {
            step(uid, .delete(grace: .seconds(grace)), now, &actions)
        }
    }

    /// The object went away before its containers: they are not given time any more.
    private mutating func lose(
        _ uid: String, _ now: Timestamp, _ actions: inout [String: [PodAction]]
    ) {
        guard pods[uid] != nil else { return }
        pods[uid]?.isGone = true
        step(uid, .delete(grace: .zero), now, &actions)
    }

    // MARK: Writing

    private mutating func write(_ actions: [String: [PodAction]], _ now: Timestamp) async {
        var reports: [Report] = []
        for (uid, list) in actions.sorted(by: { $0.key < $1.key }) {
            guard let pod = pods[uid], !pod.isGone, !pod.isDone else { continue }
            let events = list.compactMap { action in
                if case .event(let event) = action { event } else { nil }
            }
            let isReleased = pod.worker.isReleased
            if isReleased, !pod.worker.isLeaving { pods[uid]?.isDone = true }
            let object = pod.object
            reports.append(
                Report(
                    uid: uid,
                    key: ResourceKey(
                        .pod, namespace: object.objectNamespace, name: object.objectName),
                    place: .init(hostIP: NodeObject.address, podIP: pod.address),
                    worker: pod.worker, events: events, object: object,
                    isToBeRemoved: isReleased && pod.worker.isLeaving))
        }
        guard !reports.isEmpty else { return }
        events = await server.change { [events, reports] store, now in
            var writer = events
            for report in reports { Self.write(report, &writer, &store, now) }
            return writer
        }
    }

    private static func write(
        _ report: Report, _ writer: inout EventWriter, _ store: inout Store, _ now: Timestamp
    ) {
        for event in report.events {
            writer.write(event, about: report.object, from: "kubelet", &store, now)
        }
        guard let current = store.object(report.key), current.objectUID == report.uid else {
            return
        }
        let status = PodStatus.render(report.worker, report.place, of: current, now: now)
        if status != current["status"] {
            let context = WriteContext(now: now, manager: "kubelet", part: .status)
            _ = try? store.update(report.key, context) { pod in
                var new = pod
                new["status"] = status
                return new
            }
        }
        guard report.isToBeRemoved else { return }
        let options = DeleteOptions(uid: report.uid, gracePeriodSeconds: 0)
        _ = try? store.delete(
            report.key, options: options, WriteContext(now: now, manager: "kubelet"))
    }

    /// Forgets pods that are gone with all their containers.
    private mutating func dropGone() {
        for (uid, pod) in pods where pod.worker.isReleased && (pod.isGone || pod.worker.isLeaving) {
            pods[uid] = nil
            node.addresses.giveBack(pod.address)
            let object = pod.object
            Folders.remove(
                node.folder.pod(object.objectNamespace, object.objectName, uid))
        }
    }

    // MARK: Doing

    /// Has the files of running pods written anew where they come from objects.
    private func refresh(_ group: inout DiscardingTaskGroup) {
        for (_, pod) in pods.sorted(by: { $0.key < $1.key }) {
            guard pod.worker.isPrepared, !pod.worker.isReleased,
                !PodReferences.keys(of: pod.object).isEmpty
            else { continue }
            let work = PodWork(node: node, server: server, pod: pod.object, address: pod.address)
            group.addTask { await work.refresh() }
        }
    }

    private func carryOut(
        _ action: PodAction, _ uid: String, _ group: inout DiscardingTaskGroup
    ) {
        guard let pod = pods[uid] else { return }
        let work = PodWork(node: node, server: server, pod: pod.object, address: pod.address)
        func plan(_ name: String) -> ContainerPlan? {
            pod.worker.containers.first { $0.plan.name == name }?.plan
        }
        switch action {
        case .event, .release: break
        case .prepare: group.addTask { await work.prepare() }
        case .start(let container, let run):
            guard let plan = plan(container) else { return }
            group.addTask { await work.start(plan, run: run) }
        case .probe(let container, let run, let kind, let probe):
            group.addTask { await work.probe(container, run, kind, probe) }
        case .hook(let container, let run, let hook, let handler, let timeout):
            group.addTask { await work.hook(container, run, hook, handler, timeout) }
        case .signal(let container, let run, let signal):
            node.signal(.init(uid: uid, container: container), run: run, signal)
        }
    }
}
