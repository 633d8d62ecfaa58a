package import Domain

/// Scales the targets of HorizontalPodAutoscalers by the load on their pods, as the controller of
/// Kubernetes does: each is looked at every 15 s, for the first time that long after it was made.
///
/// It knows the metric `Resource` with a target of `Utilization`; every other one counts as one
/// that cannot be had. The bounds on the rate are those of the controller's defaults; of
/// `behavior` it reads the stabilization window of scaling down.
package struct AutoscalerController: Sendable {
    /// The use of a resource by one pod, in percent of its request; `nil` where nobody knows.
    package typealias Usage = (_ resource: String, _ pod: Document) -> Int?

    /// From one look at an autoscaler to the next.
    package static var period: TimeSpan { .seconds(15) }

    /// What is kept of one autoscaler from look to look.
    private struct Memory: Sendable {
        let uid: String
        var next: Timestamp
        /// What was recommended lately, oldest first.
        var recommendations: [(at: Timestamp, replicas: Int)] = []
    }

    private var memories: [ResourceKey: Memory] = [:]
    private var seen: Int64 = -1

    package init() {}

    /// When an autoscaler is to be looked at.
    package var nextLook: Timestamp? { memories.values.map(\.next).min() }

    /// Whether some autoscaler is new or is to be looked at.
    package func hasWork(_ store: Store, now: Timestamp) -> Bool {
        store.lastChange(of: .horizontalPodAutoscaler) != seen
            || nextLook.map { $0 <= now } ?? false
    }

    /// Looks at the autoscalers whose time has come.
    ///
    /// - Parameter usage: `nil` for a cluster without a metrics server.
    package mutating func run(_ store: inout Store, now: Timestamp, usage: Usage?) {
        let kind = ResourceKind.horizontalPodAutoscaler
        if store.lastChange(of: kind) != seen {
            remember(store.objects(kind), now)
            seen = store.lastChange(of: kind)
        }
        for key in memories.filter({ $0.value.next <= now }).keys.sorted() {
            guard var memory = memories[key], let object = store.object(key) else { continue }
            memory.next = now + Self.period
            var look = AutoscalerLook(object, now: now, recommendations: memory.recommendations)
            look.work(&store, usage)
            memory.recommendations = look.recommendations
            memories[key] = memory
        }
    }

    private mutating func remember(_ objects: [Document], _ now: Timestamp) {
        var known: [ResourceKey: Memory] = [:]
        for object in objects {
            let key = ResourceKey(
                .horizontalPodAutoscaler, namespace: object.objectNamespace,
                name: object.objectName)
            let old = memories[key].flatMap { $0.uid == object.objectUID ? $0 : nil }
            known[key] = old ?? Memory(uid: object.objectUID, next: now + Self.period)
        }
        memories = known
    }
}

/// One look at one autoscaler.
private struct AutoscalerLook {
    /// What the metrics ask for.
    private struct Proposal {
        var replicas: Int
        var metric: String
        var statuses: [Document]
    }

    /// A metric that cannot be had, as a condition says it.
    private struct Missing: Error {
        let reason: String
        let message: String
    }

    private let autoscaler: Document
    private let now: Timestamp
    private(set) var recommendations: [(at: Timestamp, replicas: Int)]
    private var conditions: [Document]

    init(
        _ autoscaler: Document, now: Timestamp,
        recommendations: [(at: Timestamp, replicas: Int)]
    ) {
        self.autoscaler = autoscaler
        self.now = now
        self.recommendations = recommendations
        conditions = autoscaler.at("status", "conditions")?.arrayValue ?? []
    }

    private var least: Int { autoscaler.at("spec", "minReplicas")?.intValue ?? 1 }
    private var most: Int { autoscaler.at("spec", "maxReplicas")?.intValue ?? 1 }

    mutating func work(_ store: inout Store, _ usage: AutoscalerController.Usage?) {
        guard let target = target(store), let object = store.object(target.key) else {
            let what = autoscaler.at("spec", "scaleTargetRef") ?? [:]
            let name = what["name"]?.stringValue ?? ""
            set(
                "AbleToScale", "False", "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: "
                    + "\(what["kind"]?.stringValue ?? "") \"\(name)\" not found")
            return write(&store, nil)
        }
        set(
            "AbleToScale", "True", "SucceededGetScale",
            "the HPA controller was able to get the target's current scale")
        let current = object.value(at: target.scale.specReplicas)?.intValue ?? 0
        if recommendations.isEmpty { recommendations = [(now, current)] }
        if current == 0, least != 0 {
            set(
                "ScalingActive", "False", "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero")
            return write(&store, (current, 0, nil))
        }
        guard (least...max(least, most)).contains(current) else {
            return scale(target, from: current, to: current > most ? most : least, nil, &store)
        }
        switch proposal(store, object, target.scale, current, usage) {
        case .success(let proposal):
            set(
                "ScalingActive", "True", "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from "
                    + proposal.metric)
            let wanted = bounded(stabilized(proposal.replicas), from: current)
            scale(target, from: current, to: wanted, proposal.statuses, &store)
        case .failure(let missing):
            set("ScalingActive", "False", missing.reason, missing.message)
            write(&store, (current, current, nil))
        }
    }

    // MARK: The target

    private typealias Target = (key: ResourceKey, scale: KindDefinition.Scale)

    private func target(_ store: Store) -> Target? {
        let reference = autoscaler.at("spec", "scaleTargetRef") ?? [:]
        let group = (reference["apiVersion"]?.stringValue ?? "").split(separator: "/").first ?? ""
        let form = store.registry.storedForms.first {
            $0.kind.group == group && $0.kind.kind == reference["kind"]?.stringValue ?? ""
        }
        guard let kind = form?.kind, let scale = store.registry[kind]?.scale else { return nil }
        let key = ResourceKey(
            kind, namespace: autoscaler.objectNamespace,
            name: reference["name"]?.stringValue ?? "")
        return (key, scale)
    }

    private mutating func scale(
        _ target: Target, from current: Int, to wanted: Int, _ metrics: [Document]?,
        _ store: inout Store
    ) {
        guard wanted != current else { return write(&store, (current, wanted, metrics)) }
        do throws(APIStatus) {
            try store.update(target.key, .controller(now, .scale)) { object in
                var scaled = object
                scaled.set(target.scale.specReplicas, to: .integer(wanted))
                return scaled
            }
            set(
                "AbleToScale", "True", "SucceededRescale",
                "the HPA controller was able to update the target scale to \(wanted)")
            write(&store, (current, wanted, metrics), isRescaled: true)
        } catch {
            set(
                "AbleToScale", "False", "FailedUpdateScale",
                "the HPA controller was unable to update the target scale: \(error.message)")
            write(&store, (current, current, metrics))
        }
    }

    // MARK: Metrics

    private func proposal(
        _ store: Store, _ target: Document, _ scale: KindDefinition.Scale, _ current: Int,
        _ usage: AutoscalerController.Usage?
    ) -> Result<Proposal, Missing> {
        let selector = LabelSelector(target.at("spec", "selector") ?? [:])
        let pods = store.objects(.pod, namespace: autoscaler.objectNamespace).filter {
            !$0.isTerminating && !$0.isFinishedPod && selector?.matches($0.objectLabels) ?? false
        }
        var best: Proposal?
        var missing: Missing?
        for metric in autoscaler.at("spec", "metrics")?.arrayValue ?? [] {
            switch proposal(by: metric, pods, current, usage) {
            case .success(let one):
                let statuses = (best?.statuses ?? []) + one.statuses
                if one.replicas > best?.replicas ?? -1 { best = one }
                best?.statuses = statuses
            case .failure(let why): missing = missing ?? why
            }
        }
        // A metric that is missing may have asked for more: without it nothing becomes smaller.
        if let missing, best.map({ $0.replicas < current }) ?? true { return .failure(missing) }
        guard let best else {
            return .failure(
                Missing(reason: "InvalidMetricSourceType", message: "there is no metric"))
        }
        return .success(best)
    }

    /// Within a tenth of the target nothing changes. Pods that are not ready count as idle when
    /// more are asked for, so that those that start are waited for.
    private func proposal(
        by metric: Document, _ pods: [Document], _ current: Int,
        _ usage: AutoscalerController.Usage?
    ) -> Result<Proposal, Missing> {
        let type = metric["type"]?.stringValue ?? ""
        let resource = metric.at("resource", "name")?.stringValue ?? ""
        guard type == "Resource",
            let aim = metric.at("resource", "target", "averageUtilization")?.intValue, aim > 0
        else {
            return .failure(
                Missing(
                    reason: "FailedGet\(type)Metric",
                    message: "the HPA was unable to compute the replica count: there are no "
                        + "metrics of type \(type)"))
        }
        let ready = pods.filter(\.isReadyPod)
        let used = ready.compactMap { usage?(resource, $0) }
        guard !used.isEmpty else {
            let why =
                usage == nil
                ? "unable to fetch metrics from resource metrics API: the server could not find "
                    + "the requested resource (get pods.metrics.k8s.io)"
                : "no metrics returned from resource metrics API"
            return .failure(
                Missing(
                    reason: "FailedGetResourceMetric",
                    message: "the HPA was unable to compute the replica count: failed to get "
                        + "\(resource) utilization: unable to get metrics for resource "
                        + "\(resource): \(why)"))
        }
        let sum = used.reduce(0, +)
        var count = used.count
        if sum * 10 > aim * count * 11, pods.count > count {
            count = pods.count
            // With those that start it is enough.
            if sum * 10 <= aim * count * 11 { count = 0 }
        }
        let isRight = abs(sum - aim * count) * 10 <= aim * count
        let wanted = count == 0 || isRight ? current : (sum + aim - 1) / aim
        let status: Document = [
            "type": "Resource",
            "resource": [
                "name": .string(resource),
                "current": ["averageUtilization": .integer(sum / used.count)],
            ],
        ]
        return .success(
            Proposal(
                replicas: wanted,
                metric: "\(resource) resource utilization (percentage of request)",
                statuses: [status]))
    }

    // MARK: Bounds

    /// The highest of what was recommended within the window of scaling down.
    private mutating func stabilized(_ wanted: Int) -> Int {
        let asked = autoscaler.at("spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        let window = TimeSpan.seconds(asked?.integerValue ?? 300)
        recommendations = recommendations.filter { now - $0.at < window }
        let highest = recommendations.map(\.replicas).max() ?? wanted
        recommendations.append((now, wanted))
        if highest > wanted {
            set(
                "AbleToScale", "True", "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest "
                    + "recent recommendation")
            return highest
        }
        set(
            "AbleToScale", "True", "ReadyForNewScale",
            "recommended size matches current size")
        return wanted
    }

    /// Within the autoscaler's bounds, and at most twice as many at once, or four.
    private mutating func bounded(_ wanted: Int, from current: Int) -> Int {
        let limit = max(2 * current, 4)
        if wanted < least {
            set(
                "ScalingLimited", "True", "TooFewReplicas",
                "the desired replica count is less than the minimum replica count")
            return least
        }
        if wanted > min(limit, most) {
            let isRate = limit < most
            set(
                "ScalingLimited", "True", isRate ? "ScaleUpLimit" : "TooManyReplicas",
                isRate
                    ? "the desired replica count is increasing faster than the maximum scale rate"
                    : "the desired replica count is more than the maximum replica count")
            return min(limit, most)
        }
        set(
            "ScalingLimited", "False", "DesiredWithinRange",
            "the desired count is within the acceptable range")
        return wanted
    }

    // MARK: The status

    private mutating func set(
        _ type: String, _ status: String, _ reason: String, _ message: String
    ) {
        let place = conditions.firstIndex { $0["type"]?.stringValue == type }
        let old = place.map { conditions[$0] }
        let isSame = old?["status"]?.stringValue == status
        let condition: Document = [
            "type": .string(type), "status": .string(status),
            "lastTransitionTime": (isSame ? old?["lastTransitionTime"] : nil)
                ?? .string(now.description),
            "reason": .string(reason), "message": .string(message),
        ]
        if let place { conditions[place] = condition } else { conditions.append(condition) }
    }

    private func write(
        _ store: inout Store, _ numbers: (current: Int, desired: Int, metrics: [Document]?)?,
        isRescaled: Bool = false
    ) {
        var status = autoscaler["status"] ?? [:]
        if let numbers {
            status["currentReplicas"] = .integer(numbers.current)
            status["desiredReplicas"] = .integer(numbers.desired)
            status["currentMetrics"] = numbers.metrics.map { .array($0) }
        }
        if isRescaled { status["lastScaleTime"] = .string(now.description) }
        status["conditions"] = .array(conditions)
        let key = ResourceKey(
            .horizontalPodAutoscaler, namespace: autoscaler.objectNamespace,
            name: autoscaler.objectName)
        _ = try? store.update(key, .controller(now, .status)) { object in
            var new = object
            new["status"] = status
            return new
        }
    }
}
