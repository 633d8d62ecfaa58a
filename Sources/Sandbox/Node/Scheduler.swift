import ControlPlane
import Domain

/// Puts pods on the sandbox's only node, with the words of the real scheduler where they do not
/// fit.
struct Scheduler {
    let nodeName: String

    /// An event about a pod.
    struct Note: Sendable {
        let pod: Document
        let event: PodEvent
    }

    /// Looks at every pod that has no node.
    func schedule(_ store: inout Store, now: Timestamp) -> [Note] {
        let key = ResourceKey(NodeObject.kind, namespace: "", name: nodeName)
        guard let node = store.object(key) else { return [] }
        let pods = store.objects(.pod)
        var waiting = pods.filter(Self.isWaiting)
        guard !waiting.isEmpty else { return [] }
        waiting.sort {
            ($0.at("metadata", "creationTimestamp")?.stringValue ?? "", $0.objectName)
                < ($1.at("metadata", "creationTimestamp")?.stringValue ?? "", $1.objectName)
        }
        var used = Self.sum(
            pods.filter { pod in
                pod.at("spec", "nodeName")?.stringValue == nodeName && !Self.isFinished(pod)
            }.map(Self.requests))
        var notes: [Note] = []
        for pod in waiting {
            let requests = Self.requests(of: pod)
            if let problem = problem(pod, requests, used, node) {
                if let note = refuse(pod, problem, &store, now) { notes.append(note) }
            } else if bind(pod, &store, now) {
                used = Self.sum([used, requests])
                let name = "\(pod.objectNamespace)/\(pod.objectName)"
                notes.append(
                    Note(
                        pod: pod,
                        event: PodEvent(
                            isWarning: false, reason: "Scheduled",
                            message: "Successfully assigned \(name) to \(nodeName)",
                            fieldPath: "")))
            }
        }
        return notes
    }

    /// A pod that wants a node and has none.
    static func isWaiting(_ pod: Document) -> Bool {
        (pod.at("spec", "nodeName")?.stringValue ?? "").isEmpty && !pod.isTerminating
            && !isFinished(pod)
            && pod.at("spec", "schedulerName")?.stringValue ?? "default-scheduler"
                == "default-scheduler"
            && (pod.at("spec", "schedulingGates")?.arrayValue ?? []).isEmpty
    }

    private static func isFinished(_ pod: Document) -> Bool {
        ["Succeeded", "Failed"].contains(pod.at("status", "phase")?.stringValue)
    }

    // MARK: Does it fit?

    /// Thousandths by resource; every pod counts as one of `pods`.
    private static func requests(of pod: Document) -> [String: Int64] {
        func requests(_ container: Document) -> [String: Int64] {
            var found: [String: Int64] = [:]
            let asked = container.at("resources", "requests")?.objectValue?.members ?? []
            for member in asked { found[member.key] = Amount.thousandths(member.value) ?? 0 }
            return found
        }
        let initial = pod.at("spec", "initContainers")?.arrayValue ?? []
        let sidecars = initial.filter { $0["restartPolicy"] == "Always" }
        let mains = pod.at("spec", "containers")?.arrayValue ?? []
        var total = sum((mains + sidecars).map(requests))
        for container in initial where container["restartPolicy"] != "Always" {
            total.merge(requests(container), uniquingKeysWith: max)
        }
        total["pods"] = 1000
        return total
    }

    private static func sum(_ parts: [[String: Int64]]) -> [String: Int64] {
        parts.reduce(into: [:]) { total, part in
            total.merge(part) { $0.addingReportingOverflow($1).partialValue }
        }
    }

    private func problem(
        _ pod: Document, _ requests: [String: Int64], _ used: [String: Int64], _ node: Document
    ) -> String? {
        if node.at("spec", "unschedulable")?.boolValue == true {
            return Self.words("1 node(s) were unschedulable", isHopeless: true)
        }
        let wanted = pod.at("spec", "nodeSelector")?.objectValue?.members ?? []
        guard wanted.allSatisfy({ node.objectLabels[$0.key] == $0.value }) else {
            return Self.words(
                "1 node(s) didn't match Pod's node affinity/selector", isHopeless: true)
        }
        var missing: [String] = []
        var isHopeless = false
        for (name, amount) in requests.sorted(by: { $0.key < $1.key }) where amount > 0 {
            let all = node.at("status", "allocatable", name).flatMap { Amount.thousandths($0) } ?? 0
            guard amount > all - (used[name] ?? 0) else { continue }
            missing.append(name == "pods" ? "1 Too many pods" : "1 Insufficient \(name)")
            if amount > all { isHopeless = true }
        }
        guard !missing.isEmpty else { return nil }
        return Self.words(missing.joined(separator: ", "), isHopeless: isHopeless)
    }

    private static func words(_ reason: String, isHopeless: Bool) -> String {
        let rest =
            isHopeless
            ? "Preemption is not helpful for scheduling"
            : "No preemption victims found for incoming pod"
        return "0/1 nodes are available: \(reason). no new claims to deallocate, preemption: "
            + "0/1 nodes are available: 1 \(rest)."
    }

    // MARK: Writing

    private func bind(_ pod: Document, _ store: inout Store, _ now: Timestamp) -> Bool {
        let context = WriteContext(now: now, manager: "kube-scheduler", part: .system)
        let bound = try? store.update(Self.key(pod), context) { pod in
            var new = pod
            new.set(["spec", "nodeName"], to: .string(nodeName))
            return Self.with(["status": "True"], new, now)
        }
        return bound != nil
    }

    private func refuse(
        _ pod: Document, _ problem: String, _ store: inout Store, _ now: Timestamp
    ) -> Note? {
        let finding: Document = [
            "status": "False", "reason": "Unschedulable", "message": .string(problem),
        ]
        let old = Self.condition(of: pod)
        guard old?["message"] != finding["message"] || old?["status"] != "False" else {
            return nil
        }
        let context = WriteContext(now: now, manager: "kube-scheduler", part: .status)
        _ = try? store.update(Self.key(pod), context) { Self.with(finding, $0, now) }
        return Note(
            pod: pod,
            event: PodEvent(
                isWarning: true, reason: "FailedScheduling", message: problem, fieldPath: ""))
    }

    private static func key(_ pod: Document) -> ResourceKey {
        ResourceKey(.pod, namespace: pod.objectNamespace, name: pod.objectName)
    }

    private static func condition(of pod: Document) -> Document? {
        pod.at("status", "conditions")?.arrayValue?.first { $0["type"] == "PodScheduled" }
    }

    /// The pod with another condition `PodScheduled`.
    private static func with(_ finding: Document, _ pod: Document, _ now: Timestamp) -> Document {
        let old = condition(of: pod)
        var condition = finding
        condition["type"] = "PodScheduled"
        condition["lastProbeTime"] = .null
        condition["observedGeneration"] = pod.at("metadata", "generation") ?? 1
        condition["lastTransitionTime"] =
            old?["status"] == finding["status"]
            ? old?["lastTransitionTime"] : .string(now.description)
        let others = (pod.at("status", "conditions")?.arrayValue ?? []).filter {
            $0["type"] != "PodScheduled"
        }
        var new = pod
        new.set(["status", "conditions"], to: .array(others + [condition]))
        return new
    }
}
