/// A condition as Kubernetes objects carry them in `status.conditions`.
package struct Condition: Hashable, Sendable {
    /// What is known about it.
    package enum Status: String, Hashable, Sendable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    package var type: String
    package var status: Status
    /// One CamelCase word for programs.
    package var reason: String
    /// A sentence for people; at most ``messageLimit`` characters.
    package var message: String
    package var observedGeneration: Int64
    /// When `status` changed last, not when it was last looked at.
    package var lastTransition: Timestamp

    /// Kubernetes' own limit for a condition's message.
    package static let messageLimit = 32_768

    package init(
        type: String,
        status: Status,
        reason: String,
        message: String,
        observedGeneration: Int64,
        lastTransition: Timestamp
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = String(message.prefix(Self.messageLimit))
        self.observedGeneration = observedGeneration
        self.lastTransition = lastTransition
    }

    /// Reads one; `nil` if type or status are missing.
    package init?(_ document: Document) {
        guard let type = document["type"]?.stringValue,
            let status = document["status"]?.stringValue.flatMap(Status.init)
        else { return nil }
        self.init(
            type: type,
            status: status,
            reason: document["reason"]?.stringValue ?? "",
            message: document["message"]?.stringValue ?? "",
            observedGeneration: document["observedGeneration"]?.integerValue ?? 0,
            lastTransition: document["lastTransitionTime"]?.stringValue
                .flatMap(Timestamp.init(rfc3339:)) ?? Timestamp(milliseconds: 0)
        )
    }

    /// The condition as an element of `status.conditions`.
    package var document: Document {
        [
            "type": .string(type), "status": .string(status.rawValue),
            "reason": .string(reason), "message": .string(message),
            "observedGeneration": .integer(observedGeneration),
            "lastTransitionTime": .string(lastTransition.description),
        ]
    }
}
