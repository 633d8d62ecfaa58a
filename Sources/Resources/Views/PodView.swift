package import Domain

/// What Slipway keeps of a Pod.
package struct PodView: Hashable, Sendable {
    /// `status.phase`.
    package enum Phase: String, Hashable, Sendable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    /// How a container's run ended.
    package struct End: Hashable, Sendable {
        /// `OOMKilled`, `Error`, `Completed`, …; empty where nobody says.
        package let reason: String
        package let exitCode: Int
        package let message: String
        package let finished: Timestamp?
    }

    /// One container, of the init containers too.
    package struct Container: Hashable, Sendable {
        package let name: String
        package let isInit: Bool
        package let ready: Bool
        package let restarts: Int
        /// Why it waits, such as `CrashLoopBackOff` or `ImagePullBackOff`; empty if it does not.
        package let waitingReason: String
        package let waitingMessage: String
        package let running: Bool
        /// It has ended and does not run again for now.
        package let terminated: End?
        /// How the run before this one ended.
        package let lastTerminated: End?
        /// The image that runs, as the node resolved it.
        package let imageID: String
    }

    package let metadata: OwnedMetadata
    package let node: String
    /// Empty until the pod has one.
    package let podIP: String
    package let phase: Phase
    /// `status.reason`, such as `Evicted`.
    package let reason: String
    package let message: String
    /// The condition `Ready` is True.
    package let ready: Bool
    /// When the condition `Ready` changed last.
    package let readyChanged: Timestamp?
    /// It is not ready, though its own node said last that all its containers are: the control
    /// plane took its readiness, as it does when it does not hear of the node.
    package let isWrittenOff: Bool
    package let started: Timestamp?
    /// Why the cluster takes the pod away (condition `DisruptionTarget`); `nil` if it does not.
    package let disruption: String?
    /// Since when the cluster takes the pod away: that condition's time, or the end of its grace.
    package let leavingSince: Timestamp?
    /// Why no node takes the pod (condition `PodScheduled` is False); `nil` if one did.
    package let unschedulable: String?
    package let containers: [Container]
    /// The container port named `http`.
    package let port: Int?

    /// `nil` without a name.
    package init?(_ object: Document) {
        guard let metadata = OwnedMetadata(object) else { return nil }
        self.metadata = metadata
        let spec = object["spec"] ?? .null
        let status = object["status"] ?? .null
        node = spec.word("nodeName")
        podIP = status.word("podIP")
        phase = Phase(rawValue: status.word("phase")) ?? .unknown
        reason = status.word("reason")
        message = String(status.word("message").prefix(512))
        let condition = object.condition("Ready")
        ready = condition?["status"] == "True"
        readyChanged = condition?.moment("lastTransitionTime")
        started = status.moment("startTime")
        let target = object.condition("DisruptionTarget")
        disruption = target?["status"] == "True" ? target?.word("reason") ?? "" : nil
        leavingSince =
            (disruption == nil ? nil : target?.moment("lastTransitionTime")) ?? metadata.deletion
        // A readiness gate is told by the node, with a reason; so is a container that fails.
        isWrittenOff =
            condition?["status"] == "False" && condition?.word("reason").isEmpty == true
            && object.condition("ContainersReady")?["status"] == "True"
        let scheduled = object.condition("PodScheduled")
        unschedulable =
            scheduled?["status"] == "False"
            ? String((scheduled?.word("message") ?? "").prefix(512)) : nil
        containers =
            Self.containers(status["initContainerStatuses"], isInit: true)
            + Self.containers(status["containerStatuses"], isInit: false)
        port = Self.httpPort(spec)
    }

    /// It is not ready and was ready before, by the times of its own node alone: its readiness
    /// changed after its start. A pod that was never ready keeps the time of its first status
    /// there, which a kubelet writes at the start (pkg/kubelet/status, `SetPodStatus`), others some
    /// moments after it, and all in whole seconds.
    package var showsLostReadiness: Bool {
        guard !ready, let started, let readyChanged else { return false }
        let latestFirstStatus = isMutated(.firstStatusIsALoss) ? .zero : TimeSpan.seconds(2)
        return readyChanged > started + latestFirstStatus
    }

    /// It ends, or the cluster takes it away: its readiness says nothing about the version.
    package var isLeaving: Bool { metadata.isLeaving || disruption != nil }

    /// Restarts of all containers.
    package var restarts: Int {
        containers.reduce(0) { $0 + min($1.restarts, 1_000_000) }
    }

    private static func containers(_ list: Document?, isInit: Bool) -> [Container] {
        (list?.arrayValue ?? []).prefix(64).map { status in
            let waiting = status.at("state", "waiting")
            return Container(
                name: status.word("name"), isInit: isInit, ready: status["ready"] == true,
                restarts: max(0, status.count("restartCount")),
                waitingReason: waiting?.word("reason") ?? "",
                waitingMessage: String((waiting?.word("message") ?? "").prefix(512)),
                running: status.at("state", "running") != nil,
                terminated: end(status.at("state", "terminated")),
                lastTerminated: end(status.at("lastState", "terminated")),
                imageID: status.word("imageID"))
        }
    }

    private static func end(_ state: Document?) -> End? {
        guard let state, state.objectValue != nil else { return nil }
        return End(
            reason: state.word("reason"), exitCode: state.count("exitCode"),
            message: String(state.word("message").prefix(512)), finished: state.moment("finishedAt")
        )
    }

    private static func httpPort(_ spec: Document) -> Int? {
        for container in spec["containers"]?.arrayValue ?? [] {
            let ports = container["ports"]?.arrayValue ?? []
            if let port = ports.first(where: { $0["name"] == "http" }) {
                return port["containerPort"]?.intValue
            }
        }
        return nil
    }
}
