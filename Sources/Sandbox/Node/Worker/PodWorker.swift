import Domain

/// The life of one pod on its node, as a kubelet leads it: init containers in order, then the
/// others; restarts with back-off; a graceful end. A value without a clock: each input gives the
/// actions that are due, and the state renders as the pod's status.
struct PodWorker: Sendable {
    /// How far the set-up of the pod's folder and volumes is.
    private enum Preparation {
        case missing
        case asked
        case failed(retryAt: Timestamp, tries: Int)
        case done
    }

    private(set) var plan: PodPlan
    let timings: NodeTimings
    /// When the node took the pod.
    let startedAt: Timestamp
    private(set) var containers: [ContainerWorker]
    /// The time that its containers have to end; `nil` while it is to stay.
    private(set) var deletionGrace: TimeSpan?
    /// Every container has ended for good.
    private(set) var isReleased = false

    private var preparation = Preparation.missing
    private var tries = 0

    /// - Parameter status: of a pod that ran before this node came up.
    init(
        _ plan: PodPlan, startedAt: Timestamp, timings: NodeTimings,
        adopting status: Document? = nil
    ) {
        self.plan = plan
        self.timings = timings
        self.startedAt = startedAt
        let hasInit = plan.containers.contains { $0.role != .main }
        containers = plan.containers.map {
            ContainerWorker(
                $0, podName: plan.longName,
                firstReason: hasInit ? "PodInitializing" : "ContainerCreating", timings: timings)
        }
        guard let status else { return }
        let known =
            (status["initContainerStatuses"]?.arrayValue ?? [])
            + (status["containerStatuses"]?.arrayValue ?? [])
        for index in containers.indices {
            let name = containers[index].plan.name
            if let old = known.first(where: { $0["name"]?.stringValue == name }) {
                containers[index].adopt(old)
            }
        }
    }

    var isPrepared: Bool { if case .done = preparation { true } else { false } }
    var isLeaving: Bool { deletionGrace != nil }

    /// Every init container has done what the next ones wait for.
    var isInitialized: Bool {
        containers.allSatisfy { container in
            switch container.plan.role {
            case .initial: container.end?.code == 0
            case .sidecar: container.isStarted
            case .main: true
            }
        }
    }

    /// When time alone makes something due; `nil` if nothing does.
    var nextDeadline: Timestamp? {
        var times = containers.compactMap(\.nextDeadline)
        if case .failed(let retryAt, _) = preparation { times.append(retryAt) }
        return times.min()
    }

    // MARK: Inputs

    /// Takes what happened and says what to do.
    mutating func step(_ input: PodInput, now: Timestamp) -> [PodAction] {
        guard !isReleased else { return [] }
        var actions: [PodAction] = []
        switch input {
        case .prepared: preparation = .done
        case .prepareFailed(let message):
            tries = min(tries + 1, 20)
            let delay = TimeSpan.milliseconds(500 << Int64(min(tries - 1, 8)))
            preparation = .failed(retryAt: now + min(delay, timings.longestBackOff), tries: tries)
            actions.append(PodEvent.warning("FailedMount", message))
        case .started(let name, let run, let started):
            change(name) { $0.started(run, started, now, into: &actions) }
        case .startFailed(let name, let run, let failure):
            change(name) { $0.startFailed(run, failure, now, into: &actions) }
        case .exited(let name, let run, let exit): change(name) { $0.exited(run, exit, now) }
        case .probed(let name, let run, let kind, let result):
            let grace = plan.grace
            change(name) {
                $0.probed(run, kind, result, grace: grace, now, into: &actions)
            }
        case .hookEnded(let name, let run, let hook, let complaint):
            let grace = plan.grace
            change(name) {
                $0.hookEnded(run, hook, complaint, grace: grace, now, into: &actions)
            }
        case .delete(let grace): deletionGrace = min(deletionGrace ?? grace, grace)
        case .imageChanged(let container):
            let grace = plan.grace
            change(container.name) {
                guard $0.plan.image != container.image else { return }
                $0.plan = container
                $0.beginStop(
                    "Container \(container.name) definition changed, will be restarted",
                    grace: grace, now, into: &actions)
            }
        case .tick: break
        }
        advance(now, into: &actions)
        return actions
    }

    private mutating func change(_ name: String, _ body: (inout ContainerWorker) -> Void) {
        guard let index = containers.firstIndex(where: { $0.plan.name == name }) else { return }
        body(&containers[index])
    }

    private mutating func changeAll(_ body: (inout ContainerWorker) -> Void) {
        for index in containers.indices { body(&containers[index]) }
    }

    // MARK: What is due

    private mutating func advance(_ now: Timestamp, into actions: inout [PodAction]) {
        if let grace = deletionGrace {
            leave(grace, now, into: &actions)
        } else {
            prepare(now, into: &actions)
            if isPrepared { runContainers(now, into: &actions) }
        }
        changeAll { $0.tick(now, into: &actions) }
    }

    private mutating func prepare(_ now: Timestamp, into actions: inout [PodAction]) {
        switch preparation {
        case .asked, .done: return
        case .failed(let retryAt, _) where retryAt > now: return
        case .missing, .failed:
            preparation = .asked
            actions.append(.prepare)
        }
    }

    private mutating func runContainers(_ now: Timestamp, into actions: inout [PodAction]) {
        for index in containers.indices {
            let container = containers[index]
            switch container.plan.role {
            case .initial:
                if container.end?.code == 0 { continue }
                guard container.end == nil || plan.restartPolicy != .never else {
                    return settle(now, into: &actions)
                }
                containers[index].run(now, into: &actions)
                return
            case .sidecar:
                containers[index].run(now, into: &actions)
                guard containers[index].isStarted || hasMainRun else { return }
            case .main:
                if container.end == nil || mayRestart(container) {
                    containers[index].run(now, into: &actions)
                }
            }
        }
        settle(now, into: &actions)
    }

    private var hasMainRun: Bool { containers.contains { $0.plan.role == .main && $0.hasRun } }

    private func mayRestart(_ container: ContainerWorker) -> Bool {
        switch plan.restartPolicy {
        case .always: true
        case .onFailure: container.end?.code != 0
        case .never: false
        }
    }

    /// Ends the pod if nothing of it will run again: an init container that failed, or all main
    /// containers done.
    private mutating func settle(_ now: Timestamp, into actions: inout [PodAction]) {
        let mains = containers.filter { $0.plan.role == .main }
        let failedInit = containers.contains {
            $0.plan.role == .initial && ($0.end.map { $0.code != 0 } ?? false)
        }
        let isOver =
            failedInit
            ? plan.restartPolicy == .never
            : mains.allSatisfy { $0.isDown && $0.end != nil && !mayRestart($0) }
        guard isOver else { return }
        leave(plan.grace, now, into: &actions)
    }

    /// Stops what runs, the sidecars last, and lets go when nothing does.
    private mutating func leave(
        _ grace: TimeSpan, _ now: Timestamp, into actions: inout [PodAction]
    ) {
        changeAll { $0.leave() }
        let mainsAreDown = containers.allSatisfy { $0.plan.role != .main || $0.isDown }
        changeAll { container in
            guard mainsAreDown || container.plan.role != .sidecar else { return }
            container.beginStop(
                "Stopping container \(container.plan.name)", grace: grace, now, into: &actions)
        }
        guard containers.allSatisfy(\.isDown) else { return }
        if case .asked = preparation { return }
        if isInitialized || hasMainRun { changeAll { $0.giveUp() } }
        isReleased = true
        actions.append(.release)
    }
}
