package import Domain

/// The eviction of a pod: a deletion that asks the disruption budgets first.
package enum Eviction {
    /// Deletes the pod if its budget has room for it.
    ///
    /// - Parameter options: of the deletion, with preconditions.
    /// - Throws: 404; 409 for a precondition; 429 if a budget has no room; 500 if more than one
    ///   budget chooses the pod.
    package static func evict(
        _ key: ResourceKey,
        options: DeleteOptions,
        _ store: inout Store,
        _ context: WriteContext
    ) throws(APIStatus) {
        let pod = try store.get(key)
        let phase = pod.at("status", "phase")?.stringValue
        let isFree = pod.isTerminating || pod.isFinishedPod || phase == nil || phase == "Pending"
        if !isFree {
            let budgets = store.objects(.podDisruptionBudget, namespace: key.namespace).filter {
                LabelSelector($0.at("spec", "selector") ?? [:])?.matches(pod.objectLabels) ?? false
            }
            guard budgets.count <= 1 else {
                throw .internalError(
                    "This pod has more than one PodDisruptionBudget, which the eviction "
                        + "subresource does not support."
                )
            }
            if let budget = budgets.first { try spend(budget, pod, &store, context) }
        }
        try store.delete(key, options: options, context)
    }

    private static func spend(
        _ budget: Document,
        _ pod: Document,
        _ store: inout Store,
        _ context: WriteContext
    ) throws(APIStatus) {
        let policy = budget.at("spec", "unhealthyPodEvictionPolicy")?.stringValue
        let healthy = budget.statusCount("currentHealthy")
        let desired = budget.statusCount("desiredHealthy")
        if !pod.isReadyPod {
            // What does not work is no loss, as long as enough others do.
            if policy == "AlwaysAllow" || (desired > 0 && healthy >= desired) { return }
        }
        let name = budget.objectName
        guard
            budget.at("status", "observedGeneration")?.integerValue ?? 0
                >= budget.objectGeneration
        else {
            let words = "The disruption budget \(name) is still being processed by the server."
            throw refusal(words, retryAfter: 10)
        }
        let allowed = budget.statusCount("disruptionsAllowed")
        guard allowed > 0 else {
            throw refusal(
                "The disruption budget \(name) needs \(desired) healthy pods and has \(healthy) "
                    + "currently"
            )
        }
        var status = context
        status.part = .status
        let key = ResourceKey(
            .podDisruptionBudget,
            namespace: budget.objectNamespace,
            name: name
        )
        try store.update(key, status) { object in
            var new = object
            new.set(["status", "disruptionsAllowed"], to: .integer(allowed - 1))
            let time = Document.string(context.now.description)
            new.set(["status", "disruptedPods", pod.objectName], to: time)
            return new
        }
    }

    private static func refusal(_ words: String, retryAfter: Int? = nil) -> APIStatus {
        let cause = APIStatus.Cause(reason: "DisruptionBudget", message: words, field: "")
        var details = APIStatus.Details(causes: [cause])
        details.retryAfterSeconds = retryAfter
        return .init(
            code: 429,
            reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.",
            details: details
        )
    }
}
