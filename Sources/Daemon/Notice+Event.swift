import API
import Domain
import Engine

extension Notice {
    /// The notice as an `events.k8s.io/v1` Event.
    ///
    /// - Parameters:
    ///   - name: unique in the namespace.
    ///   - instance: which controller says it.
    func event(name: String, instance: String, at time: Timestamp) -> Document {
        [
            "apiVersion": .string(ResourceKind.event.apiVersion),
            "kind": .string(ResourceKind.event.kind),
            "metadata": ["name": .string(name), "namespace": .string(about.namespace)],
            "eventTime": .string(time.rfc3339(fractionDigits: 6)),
            "reportingController": "slipway.dev/controller",
            "reportingInstance": .string(String(instance.prefix(128))),
            "action": .string(reason), "reason": .string(reason),
            "regarding": [
                "apiVersion": .string(about.kind.apiVersion), "kind": .string(about.kind.kind),
                "namespace": .string(about.namespace), "name": .string(about.name),
                "uid": .string(uid),
            ],
            "note": .string(String(message.prefix(1000))),
            "type": isWarning ? "Warning" : "Normal",
        ]
    }
}
