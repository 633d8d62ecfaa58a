import ControlPlane
import Domain

/// A port of a Service: what a cluster of Envoy stands for.
struct Backend: Hashable, Sendable, Comparable {
    let service: NamespacedName
    let port: Int

    /// The cluster's name.
    var name: String { "\(service):\(port)" }

    static func < (left: Backend, right: Backend) -> Bool {
        (left.service, left.port) < (right.service, right.port)
    }
}

/// Services, their pods, and who may refer to them.
struct Backends: Sendable {
    private var services: [NamespacedName: Document] = [:]
    private var slices: [NamespacedName: [Document]] = [:]
    private let grants: [Document]

    init(_ snapshot: GatewaySnapshot) {
        grants = snapshot.grants
        for service in snapshot.services { services[service.namespacedName] = service }
        for slice in snapshot.slices where !slice.isTerminating {
            guard let name = slice.objectLabels["kubernetes.io/service-name"]?.stringValue else {
                continue
            }
            let service = NamespacedName(namespace: slice.objectNamespace, name: name)
            slices[service, default: []].append(slice)
        }
    }

    /// What a reference of a route names.
    ///
    /// - Throws: the finding `ResolvedRefs` that says why it names nothing.
    func resolve(_ reference: Document, from namespace: String) throws(Refusal) -> Backend {
        let name = reference.text("name") ?? ""
        guard reference.text("group") == nil, reference.text("kind") ?? "Service" == "Service"
        else {
            throw Refusal(
                "InvalidKind", "backend \(name) is no Service, and nothing else is known")
        }
        let service = NamespacedName(
            namespace: reference.text("namespace") ?? namespace, name: name)
        guard service.namespace == namespace || isGranted(service, to: namespace) else {
            throw Refusal(
                "RefNotPermitted",
                "no ReferenceGrant in \(service.namespace) lets HTTPRoutes of \(namespace) refer "
                    + "to Service \(name)")
        }
        guard let object = services[service] else {
            throw Refusal("BackendNotFound", "Service \(service) is not there")
        }
        guard let port = reference["port"]?.intValue else {
            throw Refusal("BackendNotFound", "the reference to Service \(service) names no port")
        }
        guard servicePort(port, of: object) != nil else {
            throw Refusal("BackendNotFound", "Service \(service) has no port \(port)")
        }
        return Backend(service: service, port: port)
    }

    /// Why a reference names nothing.
    struct Refusal: Error, Hashable {
        let reason: String
        let message: String

        init(_ reason: String, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    private func isGranted(_ service: NamespacedName, to namespace: String) -> Bool {
        grants.contains { grant in
            guard grant.objectNamespace == service.namespace, let spec = grant["spec"] else {
                return false
            }
            let comes = spec.list("from").contains {
                $0.text("group") == ResourceKind.httpRoute.group && $0.text("kind") == "HTTPRoute"
                    && $0.text("namespace") == namespace
            }
            return comes
                && spec.list("to").contains {
                    $0.text("group") == nil && $0.text("kind") == "Service"
                        && $0.text("name") ?? service.name == service.name
                }
        }
    }

    private func servicePort(_ port: Int, of service: Document) -> Document? {
        (service["spec"] ?? [:]).list("ports").first { $0["port"]?.intValue == port }
    }

    // MARK: Envoy's words

    func cluster(_ backend: Backend) -> Document {
        let port = services[backend.service].flatMap { servicePort(backend.port, of: $0) }
        return EnvoyParts.cluster(
            backend.name, isHTTP2: port?.text("appProtocol") == "kubernetes.io/h2c")
    }

    func endpoints(_ backend: Backend) -> Document {
        EnvoyParts.endpoints(backend.name, addresses(backend))
    }

    /// The pods that get requests: those that are ready; if there are none, those that are ending
    /// and still answer.
    func addresses(_ backend: Backend) -> [PodAddress] {
        guard let service = services[backend.service],
            let name = servicePort(backend.port, of: service).map({ $0.text("name") ?? "" })
        else { return [] }
        var ready: Set<PodAddress> = []
        var ending: Set<PodAddress> = []
        for slice in slices[backend.service] ?? [] {
            let port = slice.list("ports").first { $0.text("name") ?? "" == name }?["port"]
            guard let port = port?.intValue else { continue }
            for endpoint in slice.list("endpoints") {
                guard let address = endpoint.list("addresses").first?.stringValue else { continue }
                let pod = PodAddress(address: address, port: port)
                let conditions = endpoint["conditions"] ?? [:]
                if conditions["ready"]?.boolValue ?? true {
                    ready.insert(pod)
                } else if conditions["terminating"]?.boolValue == true,
                    conditions["serving"]?.boolValue == true
                {
                    ending.insert(pod)
                }
            }
        }
        return (ready.isEmpty ? ending : ready).sorted()
    }
}
