import ControlPlane
import Domain

/// Writes events about pods; the same event again counts up instead of being another object.
struct EventWriter: Sendable {
    private struct Identity: Hashable {
        let uid: String
        let component: String
        let event: PodEvent
    }

    private struct Known {
        let key: ResourceKey
        var count: Int64
        var last: Timestamp
    }

    /// How long an event is kept.
    private static let age = TimeSpan.hours(1)
    /// How many are kept.
    private static let limit = 2000
    private static let kind = ResourceKind(
        group: "", version: "v1", kind: "Event", plural: "events")

    private let nodeName: String
    private var known: [Identity: Known] = [:]
    private var number: Int64 = 0

    init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// Writes one event. An error is nobody's concern: an event is only news.
    mutating func write(
        _ event: PodEvent, about pod: Document, from component: String, _ store: inout Store,
        _ now: Timestamp
    ) {
        let identity = Identity(uid: pod.objectUID, component: component, event: event)
        let context = WriteContext(now: now, manager: component)
        if var old = known[identity] {
            old.count += 1
            old.last = now
            let updated = try? store.update(old.key, context) { object in
                var new = object
                new["count"] = .integer(old.count)
                new["lastTimestamp"] = .string(now.description)
                return new
            }
            if updated != nil {
                known[identity] = old
                return
            }
        }
        prune(&store, now)
        number += 1
        let namespace = pod.objectNamespace
        let suffix = String(now.milliseconds &* 1_000_000 &+ number, radix: 16)
        let name = "\(pod.objectName).\(suffix)"
        var object: Document = [
            "kind": "Pod", "apiVersion": "v1", "namespace": .string(namespace),
            "name": .string(pod.objectName), "uid": .string(pod.objectUID),
            "resourceVersion": .string(pod.objectVersion),
        ]
        if !event.fieldPath.isEmpty { object["fieldPath"] = .string(event.fieldPath) }
        var source: Document = ["component": .string(component)]
        if component == "kubelet" { source["host"] = .string(nodeName) }
        let document: Document = [
            "metadata": ["name": .string(name)], "involvedObject": object,
            "reason": .string(event.reason), "message": .string(String(event.message.prefix(1024))),
            "type": event.isWarning ? "Warning" : "Normal", "count": 1,
            "firstTimestamp": .string(now.description), "lastTimestamp": .string(now.description),
            "source": source, "reportingComponent": .string(component),
            "reportingInstance": .string(component == "kubelet" ? nodeName : ""),
        ]
        let created = try? store.create(Self.kind, namespace: namespace, document, context)
        guard created != nil else { return }
        known[identity] = Known(
            key: ResourceKey(Self.kind, namespace: namespace, name: name), count: 1, last: now)
    }

    /// Deletes events that are too old, or the oldest if there are too many.
    private mutating func prune(_ store: inout Store, _ now: Timestamp) {
        var old = known.filter { now - $0.value.last > Self.age }
        if old.isEmpty, known.count >= Self.limit {
            let oldest = known.min { $0.value.last < $1.value.last }
            if let oldest { old = [oldest.key: oldest.value] }
        }
        for (identity, event) in old {
            known[identity] = nil
            _ = try? store.delete(event.key, WriteContext(now: now, manager: "kube-apiserver"))
        }
    }
}
