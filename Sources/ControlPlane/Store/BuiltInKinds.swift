import Domain

/// The kinds of the model that need no definition: what Slipway, its users' tools and the
/// recorded scenarios talk to.
package enum BuiltInKinds {
    /// All of them, in the order in which discovery names the groups.
    package static let all: [KindDefinition] = core + apps + others + AccessKinds.all

    private static let core: [KindDefinition] = [
        kind("", "v1", "ConfigMap", "configmaps", short: ["cm"]),
        kind("", "v1", "Endpoints", "endpoints", short: ["ep"]) { $0.allowsCreateOnUpdate = true },
        kind("", "v1", "Event", "events", short: ["ev"], EventConversion.configure),
        kind("", "v1", "Namespace", "namespaces", short: ["ns"], namespaced: false) {
            $0.hasStatus = true
            $0.names = .label
            $0.rules.prepareCreate = { object in
                object["status"] = ["phase": "Active"]
                object.set(["spec", "finalizers"], to: ["kubernetes"])
                let name = object.objectName
                object.set(
                    ["metadata", "labels", "kubernetes.io/metadata.name"],
                    to: .string(name)
                )
            }
            $0.rules.selectableFields["status.phase"] = { text($0, "status", "phase") }
        },
        kind("", "v1", "Node", "nodes", short: ["no"], namespaced: false) {
            $0.hasStatus = true
            $0.rules.selectableFields["spec.unschedulable"] = {
                $0.at("spec", "unschedulable")?.boolValue == true ? "true" : "false"
            }
        },
        kind("", "v1", "Pod", "pods", short: ["po"], categories: ["all"]) {
            $0.hasStatus = true
            $0.returnsDeletedObject = true
            $0.generations = .spec
            $0.rules.prepareCreate = { $0.set(["status", "phase"], to: "Pending") }
            $0.rules.selectableFields = podFields
        },
        kind("", "v1", "Secret", "secrets") {
            $0.rules.selectableFields["type"] = { $0["type"]?.stringValue ?? "" }
        },
        kind("", "v1", "Service", "services", short: ["svc"], categories: ["all"]) {
            $0.hasStatus = true
            $0.names = .serviceLabel
            $0.rules.validateUpdate = ServiceAddresses.problems
            $0.allowsCreateOnUpdate = true
            $0.returnsDeletedObject = true
            $0.rules.prepareCreate = { $0["status"] = ["loadBalancer": [:]] }
            $0.rules.selectableFields["spec.type"] = { text($0, "spec", "type") }
            $0.rules.selectableFields["spec.clusterIP"] = { text($0, "spec", "clusterIP") }
        },
        kind("", "v1", "ServiceAccount", "serviceaccounts", short: ["sa"]) {
            $0.returnsDeletedObject = true
        },
    ]

    private static let apps: [KindDefinition] = [
        kind("apps", "v1", "ControllerRevision", "controllerrevisions"),
        kind("apps", "v1", "Deployment", "deployments", short: ["deploy"], categories: ["all"]) {
            $0.hasStatus = true
            $0.scale = workloadScale
            $0.generations = .specAndAnnotations
            $0.rules.prepareCreate = { $0["status"] = [:] }
        },
        kind("apps", "v1", "ReplicaSet", "replicasets", short: ["rs"], categories: ["all"]) {
            $0.hasStatus = true
            $0.scale = workloadScale
            $0.generations = .spec
            $0.rules.prepareCreate = { $0["status"] = ["replicas": 0] }
            $0.rules.selectableFields["status.replicas"] = {
                String($0.at("status", "replicas")?.integerValue ?? 0)
            }
        },
    ]

    private static let others: [KindDefinition] = [
        kind("events.k8s.io", "v1", "Event", "events", short: ["ev"]) {
            $0.storage = "events"
            EventConversion.configure(&$0)
        },
        kind(
            "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
            short: ["hpa"], categories: ["all"], AutoscalerConversion.configure),
        kind(
            "autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
            short: ["hpa"], categories: ["all"], AutoscalerConversion.configure),
        // Kept as it is written; nobody here has a network to hold to it.
        kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short: ["netpol"]) {
            $0.generations = .spec
        },
        kind(
            "policy",
            "v1",
            "PodDisruptionBudget",
            "poddisruptionbudgets",
            short: ["pdb"]
        ) {
            $0.hasStatus = true
            $0.generations = .spec
            $0.allowsUnconditionalUpdate = false
        },
        kind("coordination.k8s.io", "v1", "Lease", "leases") {
            $0.allowsUnconditionalUpdate = false
            $0.allowsCreateOnUpdate = true
        },
        kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices") {
            $0.generations = .all
        },
        kind(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            short: ["crd", "crds"],
            categories: ["api-extensions"],
            namespaced: false
        ) {
            $0.hasStatus = true
            $0.generations = .spec
            $0.allowsUnconditionalUpdate = false
            CustomResources.configure(&$0)
        },
    ]

    private static let workloadScale = KindDefinition.Scale(
        specReplicas: ["spec", "replicas"],
        statusReplicas: ["status", "replicas"],
        selector: ["spec", "selector"]
    )

    private static let podFields: [String: @Sendable (Document) -> String] = [
        "spec.nodeName": { text($0, "spec", "nodeName") },
        "spec.restartPolicy": { text($0, "spec", "restartPolicy") },
        "spec.schedulerName": { text($0, "spec", "schedulerName") },
        "spec.serviceAccountName": { text($0, "spec", "serviceAccountName") },
        "status.phase": { text($0, "status", "phase") },
        "status.podIP": { text($0, "status", "podIP") },
        "status.nominatedNodeName": { text($0, "status", "nominatedNodeName") },
    ]

    private static func text(_ object: Document, _ first: String, _ second: String) -> String {
        object[first]?[second]?.stringValue ?? ""
    }

    private static func kind(
        _ group: String,
        _ version: String,
        _ kind: String,
        _ plural: String,
        short: [String] = [],
        categories: [String] = [],
        namespaced: Bool = true,
        _ configure: (inout KindDefinition) -> Void = { _ in }
    ) -> KindDefinition {
        var definition = KindDefinition(
            ResourceKind(group: group, version: version, kind: kind, plural: plural),
            isNamespaced: namespaced
        )
        definition.shortNames = short
        definition.categories = categories
        configure(&definition)
        BuiltInRules.configure(&definition)
        return definition
    }
}
