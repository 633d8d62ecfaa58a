package import API
package import Domain

/// What decisions need of a Pod.
package struct PodView: Hashable, Sendable {
    /// One container's state.
    package struct Container: Hashable, Sendable {
        package let name: String
        package let ready: Bool
        /// 0 or more.
        package let restarts: Int
        package let waitingReason: String?
        package let waitingMessage: String?
        /// Reason and exit code of the last end: `OOMKilled (137)`.
        package let lastEnd: String?
    }

    package let metadata: ObjectMetadata
    package let phase: String
    package let podIP: String
    package let node: String
    package let startTime: Timestamp?
    package let isReady: Bool
    /// When the condition `Ready` changed last.
    package let readyChanged: Timestamp?
    /// The cluster takes the pod away: eviction, preemption, node drain.
    package let isDisrupted: Bool
    package let containers: [Container]
    /// The named container ports.
    package let ports: [String: Int]

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        let status = object["status"]
        phase = status?["phase"]?.stringValue ?? ""
        podIP = status?["podIP"]?.stringValue ?? ""
        node = object.at("spec", "nodeName")?.stringValue ?? ""
        startTime = status?["startTime"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        let conditions = (status?["conditions"]?.arrayValue ?? []).compactMap(Condition.init)
        let ready = conditions.first { $0.type == "Ready" }
        isReady = ready?.status == .yes
        readyChanged = ready?.lastTransition
        isDisrupted = conditions.contains { $0.type == "DisruptionTarget" && $0.status == .yes }
        let initial = status?["initContainerStatuses"]?.arrayValue ?? []
        containers = (initial + (status?["containerStatuses"]?.arrayValue ?? []))
            .map(Container.init)
        var ports: [String: Int] = [:]
        for container in object.at("spec", "containers")?.arrayValue ?? [] {
            for port in container["ports"]?.arrayValue ?? [] {
                if let name = port["name"]?.stringValue,
                    let number = port["containerPort"]?.intValue
                {
                    ports[name] = number
                }
            }
        }
        self.ports = ports
    }

    /// It is being deleted or the cluster takes it away.
    package var isLeaving: Bool { metadata.deletionTimestamp != nil || isDisrupted }

    /// Restarts of all containers.
    package var restarts: Int { containers.reduce(0) { $0 &+ $1.restarts } }

    /// The kubelet saw it ready before: its condition `Ready` is false now and changed after the
    /// pod had been started. A pod that was never ready keeps the time of its start there.
    package var lostReadiness: Bool {
        guard !isReady, let startTime, let readyChanged else { return false }
        return readyChanged > startTime
    }
}

extension PodView.Container {
    init(_ status: Document) {
        name = status["name"]?.stringValue ?? ""
        ready = status["ready"]?.boolValue ?? false
        restarts = max(0, status["restartCount"]?.intValue ?? 0)
        let waiting = status.at("state", "waiting")
        waitingReason = waiting?["reason"]?.stringValue
        waitingMessage = waiting?["message"]?.stringValue.map { String($0.prefix(500)) }
        let ended = status.at("state", "terminated") ?? status.at("lastState", "terminated")
        lastEnd = ended.map { ended in
            let reason = ended["reason"]?.stringValue ?? "Ended"
            return ended["exitCode"]?.intValue.map { "\(reason) (exit code \($0))" } ?? reason
        }
    }
}
