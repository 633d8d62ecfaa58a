import API
import Domain
import Resources

/// The ModelRelease that says what runs now, so that its pods equal those that serve.
struct CarriedRelease {
    /// As it is written; `nil` if something cannot be carried over.
    private(set) var document: Document?
    private(set) var release: ModelRelease?
    private(set) var findings = AdoptionFindings()
    /// The pod template as it runs, with the names that Slipway gives.
    private(set) var template: Document = [:]

    /// - Parameter route: `nil` if none leads to the Service.
    init(
        _ request: AdoptionRequest, deployment: Document, service: Document, route: CarriedTraffic?
    ) {
        checkDeployment(deployment)
        for object in [deployment, service] where object.keeper != nil {
            findings.note(
                "\(object.title) is kept by \(object.keeper ?? ""), which may put it back once it "
                    + "is removed: take it out there too")
        }
        guard let traffic = route?.traffic ?? request.traffic,
            let port = targetPort(service, number: route?.port)
        else { return }
        let carried = CarriedTemplate(
            deployment: deployment, service: service, port: port, container: request.container)
        take(carried.findings)
        template = carried.template
        build(request, deployment, carried, traffic)
        guard let release else { return }
        checkRendering(release, deployment)
    }

    private mutating func take(_ other: AdoptionFindings) {
        for problem in other.problems { findings.refuse(problem) }
        for note in other.notes { findings.note(note) }
    }

    // MARK: The Deployment and the Service

    private mutating func checkDeployment(_ deployment: Document) {
        let title = deployment.title
        if let view = DeploymentView(deployment) {
            if view.paused { findings.refuse("\(title) is paused: resume it first") }
            if view.replicas == 0 {
                findings.refuse("\(title) has no pods: there is nothing that serves")
            } else if !view.isComplete {
                findings.refuse(
                    "\(title) is not at rest (\(view.updated) of \(view.replicas) pods are of its "
                        + "newest template, \(view.available) available, \(view.total) in all): "
                        + "wait for kubectl rollout status")
            }
            if !view.metadata.controller.isEmpty {
                findings.refuse(
                    "\(title) is made by \(view.metadata.controller), which would make it again: "
                        + "only what stands alone can be taken over")
            }
        }
        if let seconds = deployment.at("spec", "minReadySeconds")?.intValue, seconds > 0 {
            findings.note(
                "\(title): minReadySeconds (\(seconds)) is not carried over; the steps of a "
                    + "release take that part")
        }
    }

    /// The port that the pods are asked on: a name or a number.
    private mutating func targetPort(_ service: Document, number: Int?) -> Document? {
        let ports = service["spec"]?.elements("ports") ?? []
        let port =
            number.map { wanted in ports.first { $0["port"]?.intValue == wanted } }
            ?? ports.first { $0["name"] == "http" } ?? (ports.count == 1 ? ports.first : nil)
        guard let port else {
            findings.refuse(
                number.map { "\(service.title) has no port \($0), to which the route sends" }
                    ?? "\(service.title) has \(ports.count) ports, none of them named `http`")
            return nil
        }
        if let text = port["protocol"]?.stringValue, text != "TCP" {
            findings.refuse("\(service.title): port \(port["port"]?.portText ?? "") is \(text)")
        }
        if let text = port["appProtocol"]?.stringValue, text != "http" {
            findings.refuse("\(service.title): appProtocol \(text) is not known to Slipway")
        }
        let others = ports.filter { $0 != port }.compactMap { $0["port"]?.portText }
        if !others.isEmpty {
            findings.note(
                "\(service.title): Slipway's Services open the one port that the route needs, not "
                    + listed(others))
        }
        let target = port["targetPort"] ?? .null
        return target.isNull || target == 0 ? port["port"] : target
    }

    // MARK: The release

    private mutating func build(
        _ request: AdoptionRequest, _ deployment: Document, _ carried: CarriedTemplate,
        _ traffic: GatewayTraffic
    ) {
        let replicas = deployment.at("spec", "replicas")?.intValue ?? 1
        let name = request.version ?? Self.versionName(of: carried.image)
        var gateway: Document = ["parentRefs": .array(traffic.parentRefs.map(\.document))]
        if !traffic.hostnames.isEmpty {
            gateway["hostnames"] = .array(traffic.hostnames.map(Document.string))
        }
        if traffic.path != "/" { gateway["path"] = .string(traffic.path) }
        var spec: Document = [
            "runtime": .string(Runtime.custom.rawValue),
            "versions": [["name": .string(name), "image": .string(carried.image)]],
            "serving": ["replicas": .integer(replicas), "template": carried.template],
            "traffic": ["gateway": gateway],
        ]
        let deadline = deployment.at("spec", "progressDeadlineSeconds")?.intValue ?? 600
        if deadline != 600 { spec["health"] = ["progressDeadline": .string("\(deadline)s")] }
        let document: Document = [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
            "kind": .string(ResourceKind.modelRelease.kind),
            "metadata": [
                "name": .string(request.release.name),
                "namespace": .string(request.release.namespace),
            ],
            "spec": spec,
        ]
        switch ModelRelease.decode(document, resolved: true) {
        case .decoded(let release):
            self.document = document
            self.release = release
        case .refused(let errors):
            for error in errors { findings.refuse(Self.words(error, deployment)) }
        }
    }

    /// What is wrong, said of the object that it comes from.
    private static func words(_ error: FieldError, _ deployment: Document) -> String {
        let template: [FieldPath.Part] = [.key("spec"), .key("serving"), .key("template")]
        let parts = error.path.parts
        if parts.starts(with: template) {
            let place = FieldPath(
                [.key("spec"), .key("template")] + parts.dropFirst(template.count))
            return "\(deployment.title): \(place): \(error.message)"
        }
        switch (parts.first, parts.dropFirst().first) {
        case (.key("metadata"), _): return "the release's name: \(error.message)"
        case (_, .key("versions")):
            return "the version \(parts.last.map { FieldPath([$0]).description } ?? ""): "
                + "\(error.message); --version-name gives it another name"
        default: return "\(error.path): \(error.message)"
        }
    }

    /// The tag of an image as far as it can be a version's name; `1` where it cannot.
    static func versionName(of image: String) -> String {
        guard let tag = ImageName(image).tag?.lowercased(), tag != "latest" else { return "1" }
        let name = String(tag.map { $0 == "." || $0 == "_" ? "-" : $0 })
        let fits = name.utf8.count <= Limits.versionName && name.first != "-" && name.last != "-"
        return fits ? name : "1"
    }

    /// The labels of the pods that a release makes.
    func labels(of release: ModelRelease) -> Fields {
        rendered(release)?.at("metadata", "labels")?.objectValue ?? .init()
    }

    private func rendered(_ release: ModelRelease) -> Document? {
        let version = release.spec.versions.max { $0.weight < $1.weight }
        return version.map {
            VersionObjects.revisionData(
                release: release, version: $0, digest: release.spec.digest(of: $0)
            ).template
        }
    }

    /// What Slipway renders must have all that runs.
    private mutating func checkRendering(_ release: ModelRelease, _ deployment: Document) {
        for place in differences(from: release) {
            findings.refuse(
                "\(deployment.title): spec.template.\(place) cannot be carried over unchanged")
        }
    }

    /// Where the pods of a release differ from those that run.
    func differences(from release: ModelRelease) -> [FieldPath] {
        guard let rendered = rendered(release), let own = self.release?.spec.versions.first,
            var wanted = self.release?.spec.serving.template
        else { return [] }
        var containers = wanted["spec"]?.elements("containers") ?? []
        if let index = containers.firstIndex(where: { $0["name"] == "model" }) {
            containers[index]["image"] = own.image.map(Document.string)
            wanted.set(["spec", "containers"], to: .array(containers))
        }
        return Drift.differs(desired: wanted, observed: rendered)
    }
}
