import Domain

/// The life of one container: started, probed, stopped, started again after a while. A value:
/// it decides, others do.
struct ContainerWorker: Sendable {
    enum State: Sendable, Hashable {
        case waiting(reason: String, message: String)
        case running(since: Timestamp)
        case ended(ContainerEnd)
    }

    /// A container that is being brought to its end.
    struct Stop: Sendable {
        enum Stage: Sendable {
            case hook
            case terminated
            case killed
        }

        var stage: Stage
        /// When patience is over.
        var deadline: Timestamp
        /// When SIGKILL is sent (again).
        var killAt: Timestamp
    }

    var plan: ContainerPlan
    let podName: String
    let timings: NodeTimings
    private(set) var state: State
    /// The number of the newest run, the first being 0.
    private(set) var restarts = 0
    private(set) var hasRun = false
    /// How the run before ended.
    private(set) var last: ContainerEnd?
    private(set) var containerID = ""
    private(set) var imageID = ""
    private(set) var isStarted = false
    private(set) var isStarting = false
    private(set) var stop: Stop?

    private var crashes: BackOff
    private var pulls: BackOff
    private var retryAt: Timestamp?
    /// When a failed pull is shown as a back-off.
    private var pullTurnsAt: Timestamp?
    private var startup: ProbeState?
    private var liveness: ProbeState?
    private var readiness: ProbeState?

    init(_ plan: ContainerPlan, podName: String, firstReason: String, timings: NodeTimings) {
        self.plan = plan
        self.podName = podName
        self.timings = timings
        state = .waiting(reason: firstReason, message: "")
        crashes = BackOff(first: timings.backOff, longest: timings.longestBackOff)
        pulls = crashes
    }

    // MARK: What is

    var isRunning: Bool { if case .running = state { true } else { false } }
    var end: ContainerEnd? { if case .ended(let end) = state { end } else { nil } }
    /// Nothing of it lives, and nothing is about to.
    var isDown: Bool { !isRunning && !isStarting }
    var isReady: Bool {
        guard case .running = state else {
            return plan.role == .initial && end?.code == 0
        }
        return isStarted && (plan.readiness == nil || readiness?.verdict == true)
    }

    /// When ``tick(_:into:)`` has something to do; `nil` if never.
    var nextDeadline: Timestamp? {
        var times: [Timestamp] = []
        if let retryAt, isDown { times.append(retryAt) }
        if let pullTurnsAt, isDown { times.append(pullTurnsAt) }
        if let stop { times.append(stop.stage == .hook ? stop.deadline : stop.killAt) }
        if isRunning {
            for probe in [startup, liveness, readiness] {
                if let probe, !probe.isAsking { times.append(probe.nextAt) }
            }
        }
        return times.min()
    }

    // MARK: Starting

    /// Begins a run, or waits until it may. For a container that ended, the policy has been asked.
    mutating func run(_ now: Timestamp, into actions: inout [PodAction]) {
        guard isDown, stop == nil else { return }
        switch state {
        case .running: return
        case .ended(let end):
            let finished = end.finished ?? now
            if let due = crashes.due(after: finished), due > now {
                last = end
                retryAt = due
                let delay = BackOff.text(crashes.delay ?? .zero)
                state = .waiting(
                    reason: "CrashLoopBackOff",
                    message: "back-off \(delay) restarting failed container=\(plan.name) "
                        + "pod=\(podName)")
                actions.append(
                    PodEvent.warning(
                        "BackOff",
                        "Back-off restarting failed container \(plan.name) in pod \(podName)",
                        plan.fieldPath))
                return
            }
            crashes.note(finished)
        case .waiting(let reason, _):
            guard retryAt ?? now <= now else { return }
            if reason == "CrashLoopBackOff" || reason == "RunContainerError" {
                crashes.note(last?.finished ?? now)
            }
        }
        retryAt = nil
        pullTurnsAt = nil
        isStarting = true
        actions.append(.start(container: plan.name, run: hasRun ? restarts + 1 : restarts))
    }

    mutating func started(
        _ run: Int, _ started: PodInput.Started, _ now: Timestamp, into actions: inout [PodAction]
    ) {
        guard isStarting else { return }
        isStarting = false
        if let end { last = end }
        hasRun = true
        restarts = run
        containerID = started.containerID
        imageID = started.imageID
        state = .running(since: now)
        isStarted = false
        startup = nil
        liveness = nil
        readiness = nil
        tellPulled(into: &actions)
        actions.append(PodEvent.normal("Created", "Container created", plan.fieldPath))
        actions.append(PodEvent.normal("Started", "Container started", plan.fieldPath))
        if let hook = plan.postStart {
            actions.append(
                .hook(
                    container: plan.name, run: run, .postStart, hook, timeout: .seconds(1_000_000)))
        } else {
            beginProbes(now)
        }
    }

    private func tellPulled(into actions: inout [PodAction]) {
        actions.append(
            PodEvent.normal(
                "Pulled",
                "Container image \"\(plan.image)\" already present on machine and can be accessed "
                    + "by the pod", plan.fieldPath))
    }

    private mutating func beginProbes(_ now: Timestamp) {
        if let probe = plan.startup {
            startup = ProbeState(probe, firstAt: now + probe.initialDelay)
        } else {
            becomeStarted(now)
        }
    }

    private mutating func becomeStarted(_ now: Timestamp) {
        guard case .running(let since) = state else { return }
        isStarted = true
        startup = nil
        // A kubelet asks for the first time at some moment of the first period: at its end here.
        liveness = plan.liveness.map {
            ProbeState($0, firstAt: max(now + $0.period, since + $0.initialDelay))
        }
        readiness = plan.readiness.map {
            ProbeState($0, firstAt: max(now, since + $0.initialDelay))
        }
    }

    mutating func startFailed(
        _ run: Int, _ failure: StartFailure, _ now: Timestamp, into actions: inout [PodAction]
    ) {
        guard isStarting else { return }
        isStarting = false
        if let end { last = end }
        func fail(_ text: String) {
            actions.append(PodEvent.warning("Failed", text, plan.fieldPath))
        }
        switch failure {
        case .image(let reason, let message):
            state = .waiting(reason: reason, message: message)
            guard reason == "ErrImagePull" else {
                fail("Error: \(reason)")
                retryAt = now + timings.retry
                return
            }
            actions.append(
                PodEvent.normal("Pulling", "Pulling image \"\(plan.image)\"", plan.fieldPath))
            fail("Failed to pull image \"\(plan.image)\": \(message)")
            fail("Error: ErrImagePull")
            pulls.note(now)
            retryAt = pulls.due(after: now)
            pullTurnsAt = now + min(timings.pullFailure, timings.backOff)
        case .config(let message):
            state = .waiting(reason: "CreateContainerConfigError", message: message)
            tellPulled(into: &actions)
            fail("Error: \(message)")
            retryAt = now + timings.retry
        case .create(let message):
            tellPulled(into: &actions)
            actions.append(PodEvent.normal("Created", "Container created", plan.fieldPath))
            fail("Error: \(message)")
            hasRun = true
            restarts = run
            let end = ContainerEnd(
                code: 128, reason: "StartError", message: message,
                started: Timestamp(milliseconds: 0), finished: now, containerID: "")
            last = end
            if crashes.due(after: now) == nil { crashes.note(now) }
            state = .waiting(reason: "RunContainerError", message: message)
            retryAt = crashes.due(after: now)
        }
    }

    // MARK: Ending

    mutating func exited(_ run: Int, _ exit: PodInput.Exit, _ now: Timestamp) {
        guard case .running(let since) = state, run == restarts else { return }
        let reason =
            exit.outOfMemory ? "OOMKilled" : exit.code == 0 ? "Completed" : "Error"
        state = .ended(
            ContainerEnd(
                code: exit.code, reason: reason, message: exit.message, started: since,
                finished: now, containerID: containerID))
        stop = nil
        isStarted = false
        startup = nil
        liveness = nil
        readiness = nil
    }

    /// Brings it to its end: its hook, SIGTERM, and SIGKILL when the time is over.
    mutating func beginStop(
        _ message: String, grace: TimeSpan, _ now: Timestamp, into actions: inout [PodAction]
    ) {
        guard isRunning else { return }
        if var stop {
            stop.deadline = min(stop.deadline, now + grace)
            stop.killAt = min(stop.killAt, max(stop.deadline, now + timings.leastGrace))
            self.stop = stop
            return
        }
        actions.append(PodEvent.normal("Killing", message, plan.fieldPath))
        let deadline = now + grace
        let killAt = max(deadline, now + timings.leastGrace)
        startup = nil
        liveness = nil
        stop = Stop(stage: .hook, deadline: deadline, killAt: killAt)
        if let hook = plan.preStop, grace > .zero {
            actions.append(
                .hook(container: plan.name, run: restarts, .preStop, hook, timeout: grace))
        } else {
            terminate(now, into: &actions)
        }
    }

    private mutating func terminate(_ now: Timestamp, into actions: inout [PodAction]) {
        guard var stop, stop.stage == .hook else { return }
        stop.stage = .terminated
        stop.killAt = max(stop.deadline, now + timings.leastGrace)
        self.stop = stop
        actions.append(.signal(container: plan.name, run: restarts, .terminate))
    }

    mutating func hookEnded(
        _ run: Int, _ hook: Hook, _ complaint: String?, grace: TimeSpan, _ now: Timestamp,
        into actions: inout [PodAction]
    ) {
        guard isRunning, run == restarts else { return }
        if let complaint {
            actions.append(
                PodEvent.warning("Failed\(hook.rawValue)Hook", complaint, plan.fieldPath))
        }
        switch hook {
        case .preStop: terminate(now, into: &actions)
        case .postStart:
            guard complaint != nil else { return beginProbes(now) }
            beginStop("FailedPostStartHook", grace: grace, now, into: &actions)
        }
    }

    /// It is not started any more, nor killed for what a probe says.
    mutating func leave() {
        startup = nil
        liveness = nil
        retryAt = nil
        pullTurnsAt = nil
    }

    /// It will not run again: what never ran has ended in an unknown way.
    mutating func giveUp() {
        switch state {
        case .running, .ended: return
        case .waiting:
            if let last {
                state = .ended(last)
                self.last = nil
                return
            }
            state = .ended(
                ContainerEnd(
                    code: 137, reason: "ContainerStatusUnknown",
                    message: "The container could not be located when the pod was terminated",
                    started: nil, finished: nil, containerID: ""))
        }
    }

    // MARK: Time and probes

    /// Does what is due: probes, the next step of an end, another name for a failed pull.
    mutating func tick(_ now: Timestamp, into actions: inout [PodAction]) {
        if let turn = pullTurnsAt, turn <= now, case .waiting(let reason, let message) = state {
            pullTurnsAt = nil
            if reason == "ErrImagePull" {
                let text = "Back-off pulling image \"\(plan.image)\""
                state = .waiting(
                    reason: "ImagePullBackOff", message: "\(text): ErrImagePull: \(message)")
                actions.append(PodEvent.normal("BackOff", text, plan.fieldPath))
                actions.append(
                    PodEvent.warning("Failed", "Error: ImagePullBackOff", plan.fieldPath))
            }
        }
        guard isRunning else { return }
        if var stop {
            if stop.stage == .hook, stop.deadline <= now {
                terminate(now, into: &actions)
            } else if stop.stage != .hook, stop.killAt <= now {
                stop.stage = .killed
                stop.killAt = now + .seconds(5)
                self.stop = stop
                actions.append(.signal(container: plan.name, run: restarts, .kill))
            }
        }
        var due: [(ProbeKind, ProbePlan)] = []
        if !isStarted, startup?.isDue(now) == true, let plan = startup?.plan {
            due.append((.startup, plan))
        }
        if isStarted, liveness?.isDue(now) == true, let plan = liveness?.plan {
            due.append((.liveness, plan))
        }
        if isStarted, readiness?.isDue(now) == true, let plan = readiness?.plan {
            due.append((.readiness, plan))
        }
        for (kind, probe) in due {
            actions.append(.probe(container: plan.name, run: restarts, kind, probe))
        }
    }

    /// Takes a probe's answer.
    mutating func probed(
        _ run: Int, _ kind: ProbeKind, _ result: PodInput.ProbeResult, grace: TimeSpan,
        _ now: Timestamp, into actions: inout [PodAction]
    ) {
        guard isRunning, run == restarts else { return }
        if !result.isSuccess {
            actions.append(
                PodEvent.warning(
                    "Unhealthy", "\(kind.rawValue) probe failed: \(result.message)",
                    plan.fieldPath))
        }
        switch kind {
        case .readiness: _ = readiness?.take(result.isSuccess)
        case .startup:
            guard startup?.take(result.isSuccess) == true else { return }
            if result.isSuccess { return becomeStarted(now) }
            kill(by: kind, plan.startup?.grace ?? grace, now, into: &actions)
        case .liveness:
            guard liveness?.take(result.isSuccess) == true, !result.isSuccess else { return }
            kill(by: kind, plan.liveness?.grace ?? grace, now, into: &actions)
        }
    }

    private mutating func kill(
        by kind: ProbeKind, _ grace: TimeSpan, _ now: Timestamp, into actions: inout [PodAction]
    ) {
        guard stop == nil else { return }
        let probe = kind.rawValue.lowercased()
        beginStop(
            "Container \(plan.name) failed \(probe) probe, will be restarted", grace: grace, now,
            into: &actions)
    }

    // MARK: After a restart of the node

    /// Takes over what the object says of a container whose process nobody has any more.
    mutating func adopt(_ status: Document) {
        restarts = max(0, status["restartCount"]?.intValue ?? 0)
        imageID = status["imageID"]?.stringValue ?? ""
        containerID = status["containerID"]?.stringValue ?? ""
        last = ContainerEnd(status.at("lastState", "terminated"))
        hasRun = !containerID.isEmpty || restarts > 0 || last != nil
        if let end = ContainerEnd(status.at("state", "terminated")) {
            state = .ended(end)
        } else if let running = status.at("state", "running") {
            let started = running["startedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
            state = .ended(
                ContainerEnd(
                    code: 255, reason: "Unknown", started: started, finished: started,
                    containerID: containerID))
        }
    }
}

extension ContainerEnd {
    init?(_ terminated: Document?) {
        guard let terminated, terminated.objectValue != nil else { return nil }
        func time(_ key: String) -> Timestamp? {
            terminated[key]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        }
        self.init(
            code: terminated["exitCode"]?.intValue ?? 0,
            reason: terminated["reason"]?.stringValue ?? "",
            message: terminated["message"]?.stringValue ?? "", started: time("startedAt"),
            finished: time("finishedAt"),
            containerID: terminated["containerID"]?.stringValue ?? "")
    }
}
