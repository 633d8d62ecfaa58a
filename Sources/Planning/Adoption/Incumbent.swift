import API
import Domain
import Resources

/// The objects that serve a model before Slipway does.
struct Incumbent {
    private(set) var deployment: Document?
    private(set) var service: Document?
    /// The route that leads to the Service, detached or not; after a copy was made of it, the copy.
    private(set) var route: Document?
    /// The same route under its first name, which is the release's: it stands beside its copy until
    /// that serves.
    private(set) var original: Document?
    /// Others that lead to the Service and are not taken over.
    private(set) var otherRoutes: [Document] = []
    private(set) var findings = AdoptionFindings()
    /// What was there is missing, which is right only when the release has taken over.
    private(set) var missing: [String] = []

    private let request: AdoptionRequest
    private let sight: AdoptionSight

    init(_ request: AdoptionRequest, _ sight: AdoptionSight) {
        self.request = request
        self.sight = sight
        findDeployment()
        findService()
        findRoute()
        for object in [deployment, service, route].compactMap({ $0 }) {
            if object.isSlipways {
                findings.refuse("\(object.title) is Slipway's own already")
            } else if object.meta.deletionTimestamp != nil {
                findings.refuse("\(object.title) is being deleted")
            }
        }
    }

    // MARK: Deployment

    private mutating func findDeployment() {
        deployment = sight.deployments.first { $0.objectName == request.deployment }
        guard deployment == nil else { return }
        let names = sight.deployments.filter { !$0.isSlipways }.map(\.objectName).sorted()
        missing.append(
            "Deployment \(request.release.namespace)/\(request.deployment) not found; "
                + (names.isEmpty
                    ? "there is none in this namespace"
                    : "there are: \(listed(names.prefix(20)))"))
    }

    // MARK: Service

    private mutating func findService() {
        let services = sight.services.filter { !$0.isSlipways }
        if let name = request.service {
            service = services.first { $0.objectName == name }
            if service == nil {
                missing.append("Service \(request.release.namespace)/\(name) not found")
            }
        } else if let deployment {
            service = choose(services.filter { Self.selects($0, deployment) }, of: deployment)
        }
        guard let service, let deployment else { return }
        check(service, deployment)
    }

    private static func selects(_ service: Document, _ deployment: Document) -> Bool {
        let selector = selector(service: service)
        return !selector.isEmpty && selector.matches(podLabels(of: deployment))
    }

    /// Which pods a Deployment takes for its own.
    static func selector(of deployment: Document) -> LabelSelector {
        LabelSelector(deployment.at("spec", "selector") ?? [:]) ?? .init()
    }

    /// Which pods a Service sends to.
    static func selector(service: Document) -> LabelSelector {
        LabelSelector(equal: service.at("spec", "selector")?.objectValue ?? .init())
    }

    private static func podLabels(of deployment: Document) -> Fields {
        deployment.at("spec", "template", "metadata", "labels")?.objectValue ?? .init()
    }

    /// The only one, or the only one that a route leads to.
    private mutating func choose(_ services: [Document], of deployment: Document) -> Document? {
        if services.count == 1 { return services[0] }
        let routed = services.filter { service in
            sight.routes.contains {
                CarriedTraffic.leads(
                    $0, to: service.objectName, namespace: request.release.namespace)
            }
        }
        if routed.count == 1 { return routed[0] }
        let names = services.map(\.objectName).sorted()
        if names.isEmpty {
            missing.append("no Service selects the pods of \(deployment.title)")
        } else {
            findings.refuse(
                "the Services \(listed(names)) select the pods of \(deployment.title): name the "
                    + "one that is taken over with --service")
        }
        return nil
    }

    private mutating func check(_ service: Document, _ deployment: Document) {
        guard Self.selects(service, deployment) else {
            findings.refuse("\(service.title) does not select the pods of \(deployment.title)")
            return
        }
        let others = sight.deployments.filter {
            $0.objectName != deployment.objectName && Self.selects(service, $0)
        }
        for other in others {
            findings.refuse(
                "\(service.title) sends to the pods of \(other.title) as well; take those out of "
                    + "it first")
        }
        let spec = service["spec"] ?? [:]
        if let type = spec["type"]?.stringValue, type != "ClusterIP" {
            findings.note(
                "\(service.title) is of type \(type): who comes by it, and not by the Gateway, "
                    + "goes on reaching the pods of \(deployment.title)")
        }
        if spec["sessionAffinity"] == "ClientIP" {
            findings.note("\(service.title) has sessionAffinity; Slipway's Services have none")
        }
        if spec["publishNotReadyAddresses"] == true {
            findings.note(
                "\(service.title) sends to pods that are not ready; Slipway's Services do not")
        }
    }

    // MARK: Routes

    private mutating func findRoute() {
        let release = request.release
        let leading = sight.routes.filter { route in
            let isTaken =
                route.meta.annotation(Names.adoptedBy) == release.name
                && route.meta.namespace == release.namespace
            let leads = service.map {
                CarriedTraffic.leads(route, to: $0.objectName, namespace: release.namespace)
            }
            return !route.isSlipways && (isTaken || leads ?? false)
        }
        let copies = leading.filter { $0.meta.annotation(Names.copyOf) == release.name }
        original = leading.first {
            $0.objectName == release.name && $0.meta.namespace == release.namespace
        }
        var chosen = leading.filter { $0 != original }
        if let original, copies.isEmpty { chosen.append(original) }
        if let wanted = request.route {
            otherRoutes = chosen.filter { !Self.has($0, name: wanted) }
            chosen = chosen.filter { Self.has($0, name: wanted) }
        }
        guard chosen.count <= 1 else {
            let names = chosen.map { "\($0.meta.id)" }.sorted()
            findings.refuse(
                "the HTTPRoutes \(listed(names)) lead to \(service?.title ?? "the Service"), and a "
                    + "release has one route: name the one that is taken over with --route; the "
                    + "others go on sending to the old pods")
            return
        }
        route = chosen.first
        if let original, route?.objectName != original.objectName,
            route?.meta.annotation(Names.copyOf) != release.name
        {
            findings.refuse(
                "\(original.title) leads to \(service?.title ?? "the Service") as well and has the "
                    + "name that Slipway's route needs: take that one over, or give the release "
                    + "another name")
        }
        if route == nil, let wanted = request.route {
            missing.append(
                "HTTPRoute \(release.namespace)/\(wanted) does not lead to "
                    + "\(service?.title ?? "the Service"), or is not there")
        }
    }

    /// By its name, or by the one that it is a copy of.
    private static func has(_ route: Document, name: String) -> Bool {
        route.objectName == name || route.meta.annotation(Names.copyOf) == name
    }

    // MARK: What else depends on them

    /// Objects that go on pointing to the Deployment or its pods, each with what that means.
    ///
    /// - Parameter labels: of Slipway's pods.
    func dependants(_ labels: Fields) -> [String] {
        guard let deployment else { return [] }
        let old = Self.podLabels(of: deployment)
        return sight.referrers.compactMap { object in
            let title = object.title
            switch object["kind"]?.stringValue {
            case "HorizontalPodAutoscaler":
                let target = object.at("spec", "scaleTargetRef")
                guard target?["name"]?.stringValue == deployment.objectName,
                    target?["kind"] == "Deployment"
                else { return nil }
                return "\(title) scales \(deployment.title) and not Slipway's: the release starts "
                    + "with as many pods as run now; make one over the new Deployment"
            case "PodDisruptionBudget":
                guard let selector = LabelSelector(object.at("spec", "selector") ?? [:]),
                    selector.matches(old), !selector.matches(labels)
                else { return nil }
                return "\(title) does not cover Slipway's pods"
            case "NetworkPolicy":
                guard let selector = LabelSelector(object.at("spec", "podSelector") ?? [:]),
                    selector.matches(old), !selector.matches(labels)
                else { return nil }
                return "\(title) does not cover Slipway's pods: they are reached, and reach "
                    + "others, by the rules that are left"
            case "Ingress", "GRPCRoute":
                guard leads(object) else { return nil }
                return "\(title) sends to \(service?.title ?? "") and goes on sending to the old "
                    + "pods: only what comes by the HTTPRoute is taken over"
            default: return nil
            }
        }
    }

    /// What takes Slipway's pods for the old ones, or keeps them from being reached.
    ///
    /// - Parameter labels: of Slipway's pods.
    func mixedUp(with labels: Fields) -> [String] {
        guard let deployment else { return [] }
        let services = sight.services.filter { !$0.isSlipways }
            .map { ($0, Self.selector(service: $0)) }
        let selectors = [(deployment, Self.selector(of: deployment))] + services
        let taking = selectors.filter { !$1.isEmpty && $1.matches(labels) }
        let takers = taking.map { object, selector in
            "\(object.title) selects by \(listed(selector.keys.sorted())) and would take the pods "
                + "of the release for its own: leave those labels out, or give the release another "
                + "name"
        }
        return takers + shutOff(labels)
    }

    /// Network policies under which the old pods are reached and Slipway's would not be.
    private func shutOff(_ labels: Fields) -> [String] {
        let old = deployment.map(Self.podLabels) ?? .init()
        let policies = sight.referrers.filter {
            $0["kind"] == "NetworkPolicy" && Self.isForIngress($0)
        }.compactMap { policy in
            LabelSelector(policy.at("spec", "podSelector") ?? [:]).map { (policy, $0) }
        }
        let covering = policies.filter { $1.matches(labels) }
        guard let first = covering.first else { return [] }
        let lost = policies.filter { $1.matches(old) && !$1.matches(labels) }
        let named = covering.filter { Self.namedPorts(of: $0.0).contains { $0 != "http" } }
        return lost.map { policy, _ in
            "\(first.0.title) covers Slipway's pods and \(policy.title), by which the old ones are "
                + "reached, does not: let it select \(Names.releaseLabel)="
                + "\(request.release.name) too"
        }
            + named.map { policy, _ in
                "\(policy.title) allows ports by name; the port of Slipway's pods is called http: "
                    + "give the number"
            }
    }

    private static func isForIngress(_ policy: Document) -> Bool {
        let types = policy["spec"]?.elements("policyTypes") ?? []
        return types.isEmpty || types.contains("Ingress")
    }

    private static func namedPorts(of policy: Document) -> [String] {
        (policy["spec"]?.elements("ingress") ?? []).flatMap { $0.elements("ports") }
            .compactMap { $0["port"]?.stringValue }
    }

    /// An Ingress or a route of another kind that sends to the Service.
    private func leads(_ ingress: Document) -> Bool {
        guard let name = service?.objectName else { return false }
        guard ingress["kind"] == "Ingress" else {
            return CarriedTraffic.leads(
                ingress, to: name, namespace: request.release.namespace)
        }
        let paths = (ingress["spec"]?.elements("rules") ?? []).flatMap {
            $0["http"]?.elements("paths") ?? []
        }
        return ([ingress.at("spec", "defaultBackend")] + paths.map { $0["backend"] })
            .contains { $0?["service"]?["name"]?.stringValue == name }
    }
}
