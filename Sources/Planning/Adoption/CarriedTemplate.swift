import API
import Domain

/// The pod template of a running Deployment as a release has it: the container that serves is
/// called `model` and has a port called `http`; its image is the version's.
struct CarriedTemplate {
    private(set) var template: Document = [:]
    private(set) var image = ""
    /// Labels that do not come along, because they would put Slipway's pods behind the old Service.
    private(set) var dropped: [String] = []
    private(set) var findings = AdoptionFindings()

    /// Annotations that say something of one rollout alone.
    private static let stamps = [
        "kubectl.kubernetes.io/restartedAt", "kubectl.kubernetes.io/last-applied-configuration",
    ]

    /// - Parameters:
    ///   - port: the Service's target port: a name or a number.
    ///   - container: its name, where somebody gave one.
    init(deployment: Document, service: Document, port: Document, container: String?) {
        let running = ServerDefaults.removed(from: deployment.at("spec", "template") ?? [:])
        template = running
        takeMetadata(deployment, service)
        var containers = running["spec"]?.elements("containers") ?? []
        guard let index = serving(containers, port, container, deployment) else { return }
        guard containers.indices.allSatisfy({ $0 == index || containers[$0]["name"] != "model" })
        else {
            findings.refuse(
                "\(deployment.title): its container `model` is not the one that serves; Slipway "
                    + "gives that name to the one that does: rename the other")
            return
        }
        let model = self.model(of: containers[index], port, deployment)
        containers[index] = model
        template.set(["spec", "containers"], to: .array(containers))
        noteSelectors(deployment)
    }

    // MARK: Labels

    private mutating func takeMetadata(_ deployment: Document, _ service: Document) {
        let selecting =
            Incumbent.selector(of: deployment).keys + Incumbent.selector(service: service).keys
        var labels = template.at("metadata", "labels")?.objectValue ?? .init()
        for key in labels.keys where isLeftBehind(key) || selecting.contains(key) {
            if let value = labels[key]?.stringValue, key != "pod-template-hash" {
                dropped.append("\(key)=\(value)")
            }
            labels[key] = nil
        }
        template.set(["metadata", "labels"], to: labels.isEmpty ? nil : .object(labels))
        var annotations = template.at("metadata", "annotations")?.objectValue ?? .init()
        for key in annotations.keys where Self.stamps.contains(key) { annotations[key] = nil }
        template.set(
            ["metadata", "annotations"], to: annotations.isEmpty ? nil : .object(annotations))
        if template["metadata"]?.objectValue?.isEmpty ?? false { template["metadata"] = nil }
    }

    /// Labels that Slipway, or the Deployment's controller, writes itself.
    private func isLeftBehind(_ key: String) -> Bool {
        key == "pod-template-hash" || key.hasPrefix("slipway.dev/")
            || ["component", "instance", "managed-by", "name", "version"]
                .contains { key == "app.kubernetes.io/\($0)" }
    }

    private mutating func noteSelectors(_ deployment: Document) {
        guard !dropped.isEmpty else { return }
        findings.note(
            "the pod labels \(listed(dropped)) stay behind, so that the old Service does not send "
                + "to Slipway's pods; monitors and dashboards that look for them do not find these")
        let spec = template["spec"] ?? [:]
        let affinity = spec["affinity"] ?? [:]
        let places =
            ["podAffinity", "podAntiAffinity"].filter { affinity[$0] != nil }
            + (spec["topologySpreadConstraints"] == nil ? [] : ["topologySpreadConstraints"])
        guard !places.isEmpty else { return }
        findings.note(
            "\(deployment.title): \(listed(places)) may select pods by labels that stay behind; "
                + "in the release use slipway.dev/release")
    }

    // MARK: The container that serves

    private mutating func serving(
        _ containers: [Document], _ port: Document, _ wanted: String?, _ deployment: Document
    ) -> Int? {
        let names = containers.map(\.memberName)
        if let wanted {
            if let index = names.firstIndex(of: wanted) { return index }
            findings.refuse(
                "\(deployment.title) has no container \(wanted); there are: \(listed(names))")
            return nil
        }
        let open = containers.indices.filter { Self.port(port, of: containers[$0]) != nil }
        if open.count == 1 { return open[0] }
        if containers.count == 1 { return 0 }
        findings.refuse(
            "\(deployment.title) has the containers \(listed(names)), and the Service's port "
                + "\(port.portText) does not tell which one serves: name it with --container")
        return nil
    }

    private static func port(_ wanted: Document, of container: Document) -> Document? {
        container.elements("ports").first {
            ($0["name"] == wanted || $0["containerPort"]?.intValue == wanted.intValue)
                && ($0["protocol"] ?? "TCP") == "TCP"
        }
    }

    private mutating func model(
        of container: Document, _ wanted: Document, _ deployment: Document
    ) -> Document {
        let title = "\(deployment.title): container `\(container.memberName)`"
        var model = container
        model["name"] = "model"
        image = container["image"]?.stringValue ?? ""
        model["image"] = nil
        let found = Self.port(wanted, of: container)
        guard let number = found?["containerPort"]?.intValue ?? wanted.intValue else {
            findings.refuse(
                "\(title) has no port named \(wanted.portText), to which the Service sends")
            return model
        }
        var ports = container.elements("ports")
        let isServing = { (port: Document) in
            port["containerPort"]?.intValue == number && (port["protocol"] ?? "TCP") == "TCP"
        }
        if ports.contains(where: { $0["name"] == "http" && !isServing($0) }) {
            findings.refuse(
                "\(title): the port `http` is not the one that the Service sends to; Slipway "
                    + "gives that name to the one that serves: rename the other")
        }
        if ports.contains(where: { $0["containerPort"]?.intValue == number && !isServing($0) }) {
            findings.refuse("\(title) opens port \(number) for two protocols")
        }
        let named: Document = ["name": "http", "containerPort": .integer(number)]
        if let index = ports.firstIndex(where: isServing) {
            let old = ports[index]["name"]
            ports[index]["name"] = "http"
            if let old, old != "http" { Self.rename(old, in: &model) }
        } else {
            ports.append(named)
        }
        model["ports"] = .array(ports)
        check(container, title)
        return model
    }

    /// Probes and hooks that name the port that has another name now.
    private static func rename(_ port: Document, in container: inout Document) {
        let places =
            ["startupProbe", "readinessProbe", "livenessProbe"].map { [$0] }
            + ["postStart", "preStop"].map { ["lifecycle", $0] }
        for place in places {
            for action in ["httpGet", "tcpSocket"] {
                let path = place + [action, "port"]
                var found: Document? = container
                for key in path { found = found?[key] }
                if found == port { container.set(path, to: "http") }
            }
        }
    }

    private mutating func check(_ container: Document, _ title: String) {
        if container["readinessProbe"]?.objectValue == nil {
            findings.refuse(
                "\(title) has no readinessProbe: Kubernetes calls it ready before it can answer, "
                    + "and requests would be lost; give it one first")
        }
        if container.at("lifecycle", "preStop") == nil {
            findings.note(
                "\(title) has no preStop hook: when its pods end, gateways may still send to them;"
                    + " `preStop: {sleep: {seconds: 15}}` in the release covers that")
        }
    }
}

extension Document {
    /// `name` of a container or a port.
    fileprivate var memberName: String { self["name"]?.stringValue ?? "" }

    /// A port's name or number as people write it.
    var portText: String { stringValue ?? intValue.map(String.init) ?? "?" }
}
