import Domain

/// Puts defaults, first states and validation of the built-in kinds into their definitions.
enum BuiltInRules {
    /// Adds the rules of the definition's kind to those it has.
    static func configure(_ definition: inout KindDefinition) {
        let kind = definition.kind
        let rules = definition.rules
        definition.rules.applyDefaults = { object, old in
            rules.applyDefaults(&object, old)
            BuiltInDefaults.apply(&object, over: old, kind)
        }
        definition.rules.prepareCreate = { object in
            rules.prepareCreate(&object)
            prepare(&object, kind)
        }
        definition.rules.validateCreate = { object in
            rules.validateCreate(object) + OwnerReferenceRules.problems(of: object)
                + BuiltInValidation.problems(of: object, kind)
        }
        definition.rules.validateUpdate = { new, old in
            rules.validateUpdate(new, old)
                + BuiltInValidation.problems(ofUpdated: new, old, kind)
        }
    }

    private static func prepare(_ object: inout Document, _ kind: ResourceKind) {
        switch kind.description {
        case "pods":
            let quality = PodDefaults.qualityOfService(object["spec"] ?? [:])
            object.set(["status", "qosClass"], to: .string(quality))
        case "horizontalpodautoscalers.autoscaling":
            object["status"] = ["desiredReplicas": 0, "currentMetrics": .null]
        case "poddisruptionbudgets.policy":
            object["status"] = [
                "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0,
                "expectedPods": 0,
            ]
        default: break
        }
    }
}
