import ControlPlane
import Documents
import Domain
import Testing

@testable import Sandbox

/// A pod's worker in virtual time: starts succeed at once unless a test says otherwise.
struct Rig {
    var worker: PodWorker
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    let pod: Document
    /// Everything that was asked for, in order.
    var actions: [PodAction] = []
    /// What a start answers; by container.
    var failures: [String: StartFailure] = [:]
    /// Containers whose start is left open.
    var held: Set<String> = []

    init(_ yaml: String, timings: NodeTimings = .init()) throws {
        let documents = try YAML.parse(Array(yaml.utf8))
        var pod = try #require(documents.first?.document)
        pod.set(["metadata", "uid"], to: "u-1")
        pod.set(["metadata", "namespace"], to: "default")
        pod.set(["metadata", "name"], to: "p")
        pod["status"] = ["phase": "Pending", "qosClass": "BestEffort"]
        self.pod = pod
        worker = PodWorker(PodPlan(pod), startedAt: now, timings: timings)
    }

    /// A pod with one container and what a test adds to it.
    static func one(_ container: String = "", pod: String = "", timings: NodeTimings = .init())
        throws -> Rig
    {
        try Rig(
            """
            spec:
              \(pod)
              containers:
              - name: c
                image: i
                \(container.split(separator: "\n").joined(separator: "\n    "))
            """, timings: timings)
    }

    mutating func feed(_ input: PodInput) {
        var open = [input]
        while !open.isEmpty {
            let new = worker.step(open.removeFirst(), now: now)
            actions += new
            for action in new {
                switch action {
                case .prepare: open.append(.prepared)
                case .start(let container, let run) where !held.contains(container):
                    if let failure = failures[container] {
                        open.append(.startFailed(container: container, run: run, failure))
                    } else {
                        open.append(
                            .started(
                                container: container, run: run,
                                .init(containerID: "process://\(run)", imageID: "i@sha256:0")))
                    }
                default: break
                }
            }
        }
    }

    /// Lets time pass, stopping wherever something is due.
    mutating func pass(_ span: TimeSpan) {
        let end = now + span
        while let due = worker.nextDeadline, due <= end {
            now = max(now, due)
            feed(.tick)
            if worker.nextDeadline == due { break }
        }
        now = end
        feed(.tick)
    }

    mutating func exit(_ container: String = "c", code: Int, outOfMemory: Bool = false) {
        let run = state(container)?.restarts ?? 0
        var exit = PodInput.Exit(code: code)
        exit.outOfMemory = outOfMemory
        feed(.exited(container: container, run: run, exit))
    }

    /// Answers the probe that was asked for last.
    mutating func answer(_ kind: ProbeKind, _ isSuccess: Bool, _ message: String = "no") {
        let run = state("c")?.restarts ?? 0
        feed(
            .probed(
                container: "c", run: run, kind, .init(isSuccess: isSuccess, message: message)))
    }

    func state(_ container: String = "c") -> ContainerWorker? {
        worker.containers.first { $0.plan.name == container }
    }

    var status: Document {
        PodStatus.render(
            worker, .init(hostIP: "127.0.0.1", podIP: "127.9.0.1"), of: pod, now: now)
    }

    func condition(_ type: String) -> Document? {
        status["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    /// The status of the first container of a list.
    func container(_ list: String = "containerStatuses") -> Document { status[list]?[0] ?? .null }

    var waitingReason: String? {
        container().at("state", "waiting", "reason")?.stringValue
    }

    /// Messages of the events with a reason.
    func events(_ reason: String) -> [String] {
        actions.compactMap { action in
            if case .event(let event) = action, event.reason == reason {
                event.message
            } else {
                nil
            }
        }
    }

    func count(_ isCounted: (PodAction) -> Bool) -> Int { actions.count { isCounted($0) } }

    var starts: Int { count { if case .start = $0 { true } else { false } } }

    var signals: [PodAction.Signal] {
        actions.compactMap { if case .signal(_, _, let signal) = $0 { signal } else { nil } }
    }

    func probes(_ kind: ProbeKind) -> Int {
        count { if case .probe(_, _, kind, _) = $0 { true } else { false } }
    }
}
