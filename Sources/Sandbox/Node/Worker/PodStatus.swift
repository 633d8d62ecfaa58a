import Domain

/// A pod's status in the words of a kubelet.
enum PodStatus {
    /// Where the pod is.
    struct Place: Sendable {
        let hostIP: String
        let podIP: String
    }

    /// - Parameter pod: the object as it is; conditions that did not change keep their time, those
    ///   of others stay as they are.
    static func render(
        _ worker: PodWorker, _ place: Place, of pod: Document, now: Timestamp
    ) -> Document {
        var status = pod["status"] ?? [:]
        let generation = pod.at("metadata", "generation") ?? 1
        let phase = phase(worker)
        status["phase"] = .string(phase)
        status["observedGeneration"] = generation
        status["hostIP"] = .string(place.hostIP)
        status["hostIPs"] = [["ip": .string(place.hostIP)]]
        if worker.isPrepared || status["podIP"] != nil {
            status["podIP"] = .string(place.podIP)
            status["podIPs"] = [["ip": .string(place.podIP)]]
        }
        status["startTime"] = status["startTime"] ?? .string(worker.startedAt.description)
        let initial = worker.containers.filter { $0.plan.role != .main }
        if !initial.isEmpty {
            status["initContainerStatuses"] = .array(initial.map(container))
        }
        status["containerStatuses"] = .array(
            worker.containers.filter { $0.plan.role == .main }.map(container))
        status["conditions"] = .array(
            conditions(worker, phase, old: status["conditions"], generation, now))
        return status
    }

    // MARK: Phase

    private static func phase(_ worker: PodWorker) -> String {
        let mains = worker.containers.filter { $0.plan.role == .main }
        if worker.isReleased {
            let isWell = worker.containers.allSatisfy { container in
                container.plan.role == .sidecar || container.end?.code == 0
            }
            if worker.isLeaving, !mains.contains(where: \.hasRun), !worker.isInitialized {
                // It never came to life; a failed init container counts, one that waits does not.
                return worker.containers.contains { ($0.end?.code ?? 0) != 0 }
                    ? "Failed" : "Pending"
            }
            return isWell ? "Succeeded" : "Failed"
        }
        guard worker.isInitialized || mains.contains(where: \.hasRun) else { return "Pending" }
        return mains.allSatisfy(\.hasRun) ? "Running" : "Pending"
    }

    // MARK: Containers

    private static func container(_ container: ContainerWorker) -> Document {
        var status: Document = [
            "name": .string(container.plan.name), "image": .string(container.plan.image),
            "imageID": .string(container.imageID), "ready": .bool(container.isReady),
            "restartCount": .integer(container.restarts), "started": .bool(container.isStarted),
            "lastState": [:],
        ]
        if let last = container.last { status["lastState"] = ["terminated": terminated(last)] }
        var id = container.containerID
        switch container.state {
        case .waiting(let reason, let message):
            var waiting: Document = ["reason": .string(reason)]
            if !message.isEmpty { waiting["message"] = .string(message) }
            status["state"] = ["waiting": waiting]
        case .running(let since):
            status["state"] = ["running": ["startedAt": .string(since.description)]]
        case .ended(let end):
            status["state"] = ["terminated": terminated(end)]
            id = end.containerID
        }
        if !id.isEmpty { status["containerID"] = .string(id) }
        return status
    }

    private static func terminated(_ end: ContainerEnd) -> Document {
        var state: Document = [
            "exitCode": .integer(end.code), "reason": .string(end.reason),
            "startedAt": end.started.map { .string($0.description) } ?? .null,
            "finishedAt": end.finished.map { .string($0.description) } ?? .null,
        ]
        if !end.message.isEmpty { state["message"] = .string(end.message) }
        if !end.containerID.isEmpty { state["containerID"] = .string(end.containerID) }
        return state
    }

    // MARK: Conditions

    private struct Finding {
        let type: String
        let isTrue: Bool
        var reason = ""
        var message = ""
    }

    private static func conditions(
        _ worker: PodWorker, _ phase: String, old: Document?, _ generation: Document,
        _ now: Timestamp
    ) -> [Document] {
        let before = old?.arrayValue ?? []
        func previous(_ type: String) -> Document? {
            before.first { $0["type"]?.stringValue == type }
        }
        let containers = containersReady(worker, phase)
        var ready = Finding(
            type: "Ready", isTrue: containers.isTrue, reason: containers.reason,
            message: containers.message)
        if containers.isTrue {
            let missing = worker.plan.readinessGates.compactMap { gate -> String? in
                guard let condition = previous(gate) else {
                    return "corresponding condition of pod readiness gate \"\(gate)\" "
                        + "does not exist."
                }
                return condition["status"] == "True"
                    ? nil
                    : "the status of pod readiness gate \"\(gate)\" is not \"True\", but "
                        + "\(condition["status"]?.stringValue ?? "")"
            }
            if !missing.isEmpty {
                ready = Finding(
                    type: "Ready", isTrue: false, reason: "ReadinessGatesNotReady",
                    message: missing.joined(separator: ", "))
            }
        }
        let findings = [
            Finding(
                type: "PodReadyToStartContainers",
                isTrue: worker.isPrepared && !worker.isReleased),
            initialized(worker, phase), ready, containers,
            Finding(type: "PodScheduled", isTrue: true),
        ]
        let written = findings.map { finding -> Document in
            let value = finding.isTrue ? "True" : "False"
            let last = previous(finding.type)
            let since = last?["status"]?.stringValue == value ? last?["lastTransitionTime"] : nil
            // What was never true is so since the start, however late this is written.
            let change = last == nil && !finding.isTrue ? worker.startedAt : now
            var condition: Document = [
                "type": .string(finding.type), "status": .string(value), "lastProbeTime": .null,
                "lastTransitionTime": since ?? .string(change.description),
                "observedGeneration": generation,
            ]
            if !finding.reason.isEmpty { condition["reason"] = .string(finding.reason) }
            if !finding.message.isEmpty { condition["message"] = .string(finding.message) }
            return condition
        }
        let own = findings.map(\.type)
        return written + before.filter { !own.contains($0["type"]?.stringValue ?? "") }
    }

    private static func initialized(_ worker: PodWorker, _ phase: String) -> Finding {
        let open = worker.containers.filter { container in
            switch container.plan.role {
            case .initial: container.end?.code != 0
            case .sidecar: !container.isStarted && !container.hasRun
            case .main: false
            }
        }
        guard !open.isEmpty else {
            return Finding(
                type: "Initialized", isTrue: true,
                reason: phase == "Succeeded" ? "PodCompleted" : "")
        }
        return Finding(
            type: "Initialized", isTrue: false, reason: "ContainersNotInitialized",
            message: "containers with incomplete status: \(names(open))")
    }

    private static func containersReady(_ worker: PodWorker, _ phase: String) -> Finding {
        let type = "ContainersReady"
        if phase == "Succeeded" {
            return Finding(type: type, isTrue: false, reason: "PodCompleted")
        }
        if phase == "Failed" { return Finding(type: type, isTrue: false, reason: "PodFailed") }
        let unready = worker.containers.filter { $0.plan.role != .initial && !$0.isReady }
        guard !unready.isEmpty else { return Finding(type: type, isTrue: true) }
        return Finding(
            type: type, isTrue: false, reason: "ContainersNotReady",
            message: "containers with unready status: \(names(unready))")
    }

    private static func names(_ containers: [ContainerWorker]) -> String {
        "[\(containers.map(\.plan.name).joined(separator: " "))]"
    }
}
