package import Domain

/// What Slipway keeps of a Deployment.
package struct DeploymentView: Hashable, Sendable {
    /// A condition of the Deployment.
    package struct State: Hashable, Sendable {
        package let status: Condition.Status
        package let reason: String
        package let message: String
    }

    package let metadata: OwnedMetadata
    /// The generation that the controller has acted on.
    package let observedGeneration: Int64
    /// `spec.replicas`.
    package let replicas: Int
    package let paused: Bool
    /// `status.replicas`, and of those …
    package let total: Int
    package let updated: Int
    package let ready: Int
    package let available: Int
    package let unavailable: Int
    /// Pods that are still ending; `nil` from servers that do not say.
    package let terminating: Int?
    package let progressing: State?
    package let availableCondition: State?
    package let replicaFailure: State?

    /// `nil` without a name.
    package init?(_ object: Document) {
        guard let metadata = OwnedMetadata(object) else { return nil }
        self.metadata = metadata
        let spec = object["spec"] ?? .null
        let status = object["status"] ?? .null
        observedGeneration = status["observedGeneration"]?.integerValue ?? 0
        replicas = spec["replicas"]?.intValue ?? 1
        paused = spec["paused"] == true
        total = status.count("replicas")
        updated = status.count("updatedReplicas")
        ready = status.count("readyReplicas")
        available = status.count("availableReplicas")
        unavailable = status.count("unavailableReplicas")
        terminating = status["terminatingReplicas"]?.intValue
        progressing = Self.state(object.condition("Progressing"))
        availableCondition = Self.state(object.condition("Available"))
        replicaFailure = Self.state(object.condition("ReplicaFailure"))
    }

    /// The controller has seen the newest spec: only then the counts speak of it.
    package var isObserved: Bool { observedGeneration >= metadata.generation }

    /// Everything wanted is there, updated and available.
    package var isComplete: Bool {
        isObserved && updated == replicas && total == replicas && available == replicas
    }

    /// The Deployment's own deadline for progress has passed.
    package var deadlineExceeded: Bool {
        progressing?.status == .no && progressing?.reason == "ProgressDeadlineExceeded"
    }

    private static func state(_ condition: Document?) -> State? {
        guard let condition,
            let status = condition["status"]?.stringValue.flatMap(Condition.Status.init)
        else { return nil }
        return State(
            status: status, reason: condition.word("reason"),
            message: String(condition.word("message").prefix(512)))
    }
}
