import Domain

/// HorizontalPodAutoscalers are kept as autoscaling/v2; autoscaling/v1 knows only one metric.
enum AutoscalerConversion {
    static let stored = ResourceKind.horizontalPodAutoscaler
    static let old = ResourceKind(
        group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler",
        plural: "horizontalpodautoscalers")

    private static let percentage = "targetCPUUtilizationPercentage"

    static func configure(_ definition: inout KindDefinition) {
        definition.hasStatus = true
        guard definition.kind == old else { return }
        definition.rules.toStored = { object in
            var result = object
            result["apiVersion"] = .string(stored.apiVersion)
            guard let share = object.at("spec", percentage) else { return result }
            result.set(["spec", percentage], to: nil)
            result.set(["spec", "metrics"], to: [metric(share)])
            return result
        }
        definition.rules.fromStored = { object in
            var result = object
            result["apiVersion"] = .string(old.apiVersion)
            let metrics = object.at("spec", "metrics")?.arrayValue ?? []
            let share = metrics.lazy.compactMap { metric -> Document? in
                guard metric.at("resource", "name") == "cpu" else { return nil }
                return metric.at("resource", "target", "averageUtilization")
            }.first
            result.set(["spec", "metrics"], to: nil)
            result.set(["spec", "behavior"], to: nil)
            result.set(["spec", percentage], to: share)
            result.set(["status", "currentMetrics"], to: nil)
            return result
        }
    }

    private static func metric(_ share: Document) -> Document {
        [
            "type": "Resource",
            "resource": [
                "name": "cpu", "target": ["type": "Utilization", "averageUtilization": share],
            ],
        ]
    }
}
