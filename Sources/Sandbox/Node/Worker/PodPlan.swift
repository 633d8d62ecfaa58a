import ControlPlane
import Domain

/// What a pod asks of its node, read once from the object.
struct PodPlan: Sendable {
    /// When a container that ended is started again.
    enum RestartPolicy: String, Sendable {
        case always = "Always"
        case onFailure = "OnFailure"
        case never = "Never"
    }

    let namespace: String
    let name: String
    let uid: String
    let restartPolicy: RestartPolicy
    /// How long containers may take to end.
    let grace: TimeSpan
    /// Conditions that others set and that readiness waits for.
    let readinessGates: [String]
    /// Init containers first, each list in the pod's order.
    var containers: [ContainerPlan]

    init(_ pod: Document) {
        let spec = pod["spec"] ?? .null
        namespace = pod.objectNamespace
        name = pod.objectName
        uid = pod.objectUID
        restartPolicy =
            RestartPolicy(rawValue: spec["restartPolicy"]?.stringValue ?? "") ?? .always
        grace = .seconds(
            min(max(spec["terminationGracePeriodSeconds"]?.integerValue ?? 30, 0), 1_000_000))
        readinessGates = (spec["readinessGates"]?.arrayValue ?? []).compactMap {
            $0["conditionType"]?.stringValue
        }
        containers =
            (spec["initContainers"]?.arrayValue ?? []).map { container in
                let isSidecar = container["restartPolicy"]?.stringValue == "Always"
                return ContainerPlan(container, isSidecar ? .sidecar : .initial)
            }
            + (spec["containers"]?.arrayValue ?? []).map { ContainerPlan($0, .main) }
    }

    /// `NAME_NAMESPACE(UID)`, as the kubelet names pods in its texts.
    var longName: String { "\(name)_\(namespace)(\(uid))" }
}

/// One container of a pod.
struct ContainerPlan: Sendable {
    enum Role: Sendable {
        /// Runs to its end before the next container begins.
        case initial
        /// An init container that goes on running beside the others.
        case sidecar
        case main
    }

    let name: String
    let role: Role
    let image: String
    let pullPolicy: String
    let startup: ProbePlan?
    let liveness: ProbePlan?
    let readiness: ProbePlan?
    let postStart: Handler?
    let preStop: Handler?
    /// Bytes; `nil` if there is no limit.
    let memoryLimit: Int64?

    init(_ container: Document, _ role: Role) {
        name = container["name"]?.stringValue ?? ""
        self.role = role
        image = container["image"]?.stringValue ?? ""
        pullPolicy = container["imagePullPolicy"]?.stringValue ?? ""
        let ports = container["ports"]?.arrayValue ?? []
        startup = ProbePlan(container["startupProbe"], ports)
        liveness = ProbePlan(container["livenessProbe"], ports)
        readiness = ProbePlan(container["readinessProbe"], ports)
        postStart = Handler(container.at("lifecycle", "postStart"), ports)
        preStop = Handler(container.at("lifecycle", "preStop"), ports)
        memoryLimit = container.at("resources", "limits", "memory").flatMap { Amount.units($0) }
    }

    /// Where events say that something happened.
    var fieldPath: String { "spec.\(role == .main ? "containers" : "initContainers"){\(name)}" }

    func probe(_ kind: ProbeKind) -> ProbePlan? {
        switch kind {
        case .startup: startup
        case .liveness: liveness
        case .readiness: readiness
        }
    }
}

enum ProbeKind: String, Sendable, CaseIterable {
    case startup = "Startup"
    case liveness = "Liveness"
    case readiness = "Readiness"
}

/// How and how often a container is asked.
struct ProbePlan: Sendable, Hashable {
    let handler: Handler
    let initialDelay: TimeSpan
    let period: TimeSpan
    let timeout: TimeSpan
    let successThreshold: Int
    let failureThreshold: Int
    /// The grace period of a kill by this probe; `nil` for the pod's.
    let grace: TimeSpan?

    init?(_ probe: Document?, _ ports: [Document]) {
        guard let probe, let handler = Handler(probe, ports) else { return nil }
        func seconds(_ key: String, least: Int64, _ usual: Int64) -> TimeSpan {
            .seconds(min(max(probe[key]?.integerValue ?? usual, least), 1_000_000))
        }
        func count(_ key: String, _ usual: Int) -> Int {
            min(max(probe[key]?.intValue ?? usual, 1), 1_000_000)
        }
        self.handler = handler
        initialDelay = seconds("initialDelaySeconds", least: 0, 0)
        period = seconds("periodSeconds", least: 1, 10)
        timeout = seconds("timeoutSeconds", least: 1, 1)
        successThreshold = count("successThreshold", 1)
        failureThreshold = count("failureThreshold", 3)
        grace = probe["terminationGracePeriodSeconds"]?.integerValue.map {
            .seconds(min(max($0, 0), 1_000_000))
        }
    }
}

/// What a probe or a hook does.
enum Handler: Sendable, Hashable {
    /// An HTTP request; the host is empty for the pod's own address.
    struct Request: Sendable, Hashable {
        struct Header: Sendable, Hashable {
            let name: String
            let value: String
        }

        let scheme: String
        let host: String
        /// `nil` if the named port does not exist.
        let port: Int?
        let path: String
        let headers: [Header]
    }

    case http(Request)
    case tcp(host: String, port: Int?)
    case exec([String])
    case grpc(port: Int, service: String)
    case sleep(TimeSpan)

    init?(_ handler: Document?, _ ports: [Document]) {
        guard let handler else { return nil }
        if let request = handler["httpGet"] {
            let headers = (request["httpHeaders"]?.arrayValue ?? []).map {
                Request.Header(
                    name: $0["name"]?.stringValue ?? "", value: $0["value"]?.stringValue ?? "")
            }
            self = .http(
                Request(
                    scheme: request["scheme"]?.stringValue ?? "HTTP",
                    host: request["host"]?.stringValue ?? "",
                    port: Self.port(request["port"], ports),
                    path: request["path"]?.stringValue ?? "/", headers: headers))
        } else if let socket = handler["tcpSocket"] {
            self = .tcp(
                host: socket["host"]?.stringValue ?? "", port: Self.port(socket["port"], ports))
        } else if let command = handler.at("exec", "command")?.arrayValue {
            self = .exec(command.compactMap(\.stringValue))
        } else if let grpc = handler["grpc"] {
            self = .grpc(
                port: Self.port(grpc["port"], ports) ?? 0,
                service: grpc["service"]?.stringValue ?? "")
        } else if let sleep = handler["sleep"] {
            self = .sleep(.seconds(min(max(sleep["seconds"]?.integerValue ?? 0, 0), 1_000_000)))
        } else {
            return nil
        }
    }

    /// A number or the name of one of the container's ports.
    private static func port(_ port: Document?, _ ports: [Document]) -> Int? {
        guard let name = port?.stringValue else { return port?.intValue }
        if let number = Int(name) { return number }
        return ports.first { $0["name"]?.stringValue == name }?["containerPort"]?.intValue
    }
}
