import API
import Domain
import Resources

/// The life of one pod.
struct PodRun: Sendable {
    /// What its container does.
    enum State: Hashable, Sendable {
        case pending
        /// The image cannot be had; it is tried again in the end.
        case pulling(since: Timestamp, tries: Int)
        case starting(since: Timestamp)
        case ready(since: Timestamp)
        case unready(since: Timestamp)
        case dead(since: Timestamp, again: Timestamp)
    }

    /// What the node tells of it.
    struct Report: Hashable, Sendable {
        var phase = "Pending"
        var isReady = false
        var readyChanged: Timestamp
        var restarts = 0
        var waiting: String?
        var hasEnded = false
        var isRunning = false
    }

    let version: String
    let number: Int
    let node: Int
    /// Where a fault takes one pod only, it is this one.
    let isVictim: Bool
    /// When a node has taken it.
    let bound: Timestamp
    var reported: Report? {
        didSet { wasReady = wasReady || reported?.isReady == true }
    }
    /// It was reported ready at some time.
    private(set) var wasReady = false
    /// When it is gone, once it is deleted.
    var end: Timestamp?
    private(set) var state = State.pending
    private var restarts = 0
    private var lastEnd: (reason: String, code: Int)?
    private var readyChanged: Timestamp

    init(version: String, number: Int, node: Int, isVictim: Bool, bound: Timestamp) {
        self.version = version
        self.number = number
        self.node = node
        self.isVictim = isVictim
        self.bound = bound
        // As of a kubelet that writes its first status late.
        readyChanged = bound + .seconds(1)
    }

    /// Its container runs and has its model.
    var isServing: Bool {
        if case .ready = state { return true }
        return false
    }

    /// Its node was not heard of: when it is back, the pod is ready from then on.
    mutating func wasMissed(_ now: Timestamp) { readyChanged = now }

    /// Lives on until now; returns when something will happen next.
    mutating func advance(_ behaviour: PodBehaviour, now: Timestamp) -> Timestamp? {
        // Each turn takes one change; more than a few at one time do not happen.
        for _ in 0..<100 {
            guard let (time, next) = next(behaviour) else { return nil }
            guard time <= now else { return time }
            enter(next, behaviour)
        }
        return now + .seconds(1)
    }

    /// The next change and its time.
    private func next(_ behaviour: PodBehaviour) -> (Timestamp, State)? {
        switch state {
        case .pending:
            return (
                bound,
                behaviour.fault == .imageMissing
                    ? .pulling(since: bound, tries: 1) : .starting(since: bound)
            )
        case .pulling(let since, let tries):
            // First the error, two seconds later the back-off, then the next try.
            let again = since + (tries % 2 == 1 ? .seconds(2) : .seconds(10))
            let isMissing = behaviour.fault == .imageMissing
            return (
                again,
                isMissing || tries % 2 == 1
                    ? .pulling(since: again, tries: tries + 1) : .starting(since: again)
            )
        case .starting(let since):
            guard behaviour.fault != .neverReady else { return nil }
            return (since + behaviour.startup, .ready(since: since + behaviour.startup))
        case .ready(let since):
            switch behaviour.fault {
            case .none, .imageMissing: return nil
            case .neverReady: return (since, .unready(since: since))
            case .losesReadiness(let after), .flaps(let after, _):
                guard isVictim else { return nil }
                return (since + after, .unready(since: since + after))
            case .crashes(let after), .runsOutOfMemory(let after):
                return (since + after, dead(since + after))
            }
        case .unready(let since):
            switch behaviour.fault {
            case .none: return (since, .ready(since: since))
            case .flaps(_, let down): return (since + down, .ready(since: since + down))
            default: return nil
            }
        case .dead(_, let again): return (again, .starting(since: again))
        }
    }

    /// The first start after a death comes at once, the next ones ever later.
    private func dead(_ time: Timestamp) -> State {
        let wait: TimeSpan =
            restarts == 0 ? .seconds(1) : .seconds(10 << Int64(min(restarts - 1, 5)))
        return .dead(since: time, again: time + min(wait, .minutes(5)))
    }

    private mutating func enter(_ next: State, _ behaviour: PodBehaviour) {
        switch (state, next) {
        case (_, .ready(let since)): readyChanged = since
        case (.ready, .unready(let since)): readyChanged = since
        case (.ready, .dead(let since, _)):
            readyChanged = since
            if case .runsOutOfMemory = behaviour.fault {
                lastEnd = ("OOMKilled", 137)
            } else {
                lastEnd = ("Error", 1)
            }
        case (.dead, .starting): restarts += 1
        default: break
        }
        state = next
    }

    /// The container dies now, if it runs.
    mutating func die(_ reason: String, _ code: Int, now: Timestamp) {
        switch state {
        case .pending, .pulling, .dead: return
        case .ready: readyChanged = now
        case .starting, .unready: break
        }
        lastEnd = (reason, code)
        state = dead(now)
    }

    var report: Report? {
        var report = Report(readyChanged: readyChanged, restarts: restarts)
        report.hasEnded = lastEnd != nil
        switch state {
        case .pending: return nil
        case .pulling(_, let tries):
            report.waiting = tries % 2 == 1 ? "ErrImagePull" : "ImagePullBackOff"
        case .starting, .unready:
            report.phase = "Running"
            report.isRunning = true
        case .ready:
            report.phase = "Running"
            report.isRunning = true
            report.isReady = true
        case .dead:
            report.phase = "Running"
            if restarts > 0 { report.waiting = "CrashLoopBackOff" }
        }
        return report
    }

    /// The pod's status as the node writes it.
    func status(of pod: Document) -> Document {
        guard let report = reported else { return pod["status"] ?? [:] }
        var ended: Document?
        if let lastEnd {
            ended = [
                "terminated": [
                    "reason": .string(lastEnd.reason), "exitCode": .integer(lastEnd.code),
                ]
            ]
        }
        var container: Document = [
            "name": "model", "ready": .bool(report.isReady),
            "restartCount": .integer(report.restarts), "image": "model", "imageID": "sha256:0",
        ]
        if let waiting = report.waiting {
            container["state"] = ["waiting": ["reason": .string(waiting)]]
            container["lastState"] = ended
        } else if report.isRunning {
            container["state"] = ["running": [:]]
            container["lastState"] = ended
        } else {
            container["state"] = ended
        }
        var status = pod["status"] ?? [:]
        status["phase"] = .string(report.phase)
        status["podIP"] = .string("10.\(number / 62_500).\(number / 250 % 250).\(number % 250 + 1)")
        status["startTime"] = .string(bound.description)
        status["containerStatuses"] = [container]
        func condition(_ type: String, _ isTrue: Bool, _ since: Timestamp) -> Document {
            [
                "type": .string(type), "status": isTrue ? "True" : "False",
                "lastTransitionTime": .string(since.description),
            ]
        }
        status["conditions"] = [
            condition("PodScheduled", true, bound),
            condition("ContainersReady", report.isReady, report.readyChanged),
            condition("Ready", report.isReady, report.readyChanged),
        ]
        return status
    }
}
