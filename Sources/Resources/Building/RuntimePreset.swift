import API
import Domain

/// What a runtime brings: the base that a release's template is merged over, and the paths of its
/// API.
struct RuntimePreset {
    let template: Document
    let inferencePath: String
    let readyPath: String

    /// The image that runs where neither the version nor the template names one.
    static let mlserverImage = "docker.io/seldonio/mlserver:1.7.1"

    /// Seconds that an ending pod goes on answering, until gateways have heard of its end.
    static let drainSeconds = 15
    /// Seconds an ending pod has in all, ``drainSeconds`` within.
    static let graceSeconds = 60

    init(release: ModelRelease, version: DeclaredVersion) {
        let written = release.spec.serving.template ?? [:]
        let model = Self.model(of: written)
        switch release.spec.runtime {
        case .custom:
            template = [
                "spec": ["containers": [Self.customModel(version, written: model)]]
            ]
            inferencePath = ""
            readyPath = ""
        case .mlserver:
            let grace =
                written.at("spec", "terminationGracePeriodSeconds")?.intValue ?? Self.graceSeconds
            let name =
                Self.value(of: "MLSERVER_MODEL_NAME", in: model) ?? release.metadata.name
            readyPath = "/v2/models/\(name)/ready"
            inferencePath = "/v2/models/\(name)/infer"
            template = [
                "spec": [
                    "terminationGracePeriodSeconds": .integer(grace),
                    "securityContext": [
                        "runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"],
                    ],
                    "containers": [
                        Self.mlserver(
                            version, name: name, port: Self.httpPort(of: model) ?? 8080,
                            readyPath: readyPath, drain: min(Self.drainSeconds, grace / 2))
                    ],
                ]
            ]
        }
    }

    /// The container that serves.
    static func model(of template: Document) -> Document {
        (template.at("spec", "containers")?.arrayValue ?? []).first { $0["name"] == "model" }
            ?? ["name": "model"]
    }

    /// The port named `http`; an only port without a name counts as it.
    static func httpPort(of container: Document) -> Int? {
        let ports = container["ports"]?.arrayValue ?? []
        let only = ports.count == 1 && ports[0]["name"] == nil ? ports[0] : nil
        return (ports.first { $0["name"] == "http" } ?? only)?["containerPort"]?.intValue
    }

    private static func value(of variable: String, in container: Document) -> String? {
        (container["env"]?.arrayValue ?? []).first { $0["name"]?.stringValue == variable }?[
            "value"]?
            .stringValue
    }

    /// Nothing but the port and where the model is.
    private static func customModel(_ version: DeclaredVersion, written: Document) -> Document {
        var container: Document = ["name": "model", "env": .array(environment(version))]
        let port = httpPort(of: written) ?? 8080
        container["ports"] = [["name": "http", "containerPort": .integer(port), "protocol": "TCP"]]
        return container
    }

    private static func mlserver(
        _ version: DeclaredVersion, name: String, port: Int, readyPath: String, drain: Int
    ) -> Document {
        var variables = environment(version)
        variables += [
            variable("MLSERVER_HTTP_PORT", String(port)),
            variable("MLSERVER_GRPC_PORT", "8081"),
            variable("MLSERVER_METRICS_PORT", "8082"),
            variable("MLSERVER_MODEL_NAME", name),
            variable("MLSERVER_MODEL_VERSION", version.name),
        ]
        if let uri = version.uri { variables.append(variable("MLSERVER_MODEL_URI", local(uri))) }
        var container: Document = [
            "name": "model", "image": .string(mlserverImage), "env": .array(variables),
            "ports": [
                ["name": "http", "containerPort": .integer(port), "protocol": "TCP"],
                ["name": "grpc", "containerPort": 8081, "protocol": "TCP"],
                ["name": "metrics", "containerPort": 8082, "protocol": "TCP"],
            ],
            // The server may say it is ready with no model at all: only the model's own answer
            // counts. Loading may take ten minutes; then the kubelet starts over.
            "startupProbe": probe(readyPath, period: 5, timeout: 5, failures: 120),
            "readinessProbe": probe(readyPath, period: 2, timeout: 5, failures: 3),
            "livenessProbe": probe("/v2/health/live", period: 10, timeout: 10, failures: 6),
            "securityContext": [
                "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]],
            ],
        ]
        // The API takes no sleep that is longer than the grace, nor one of nothing.
        if drain > 0 {
            container["lifecycle"] = ["preStop": ["sleep": ["seconds": .integer(drain)]]]
        }
        return container
    }

    private static func environment(_ version: DeclaredVersion) -> [Document] {
        var variables = [variable("SLIPWAY_MODEL_VERSION", version.name)]
        if let uri = version.uri { variables.append(variable("SLIPWAY_MODEL_URI", uri)) }
        if let pin = version.pin { variables.append(variable("SLIPWAY_MODEL_DIGEST", pin)) }
        return variables
    }

    private static func variable(_ name: String, _ value: String) -> Document {
        ["name": .string(name), "value": .string(value)]
    }

    /// The path of a `file://` URI; others as they are.
    private static func local(_ uri: String) -> String {
        uri.hasPrefix("file://") ? String(uri.dropFirst(7)) : uri
    }

    private static func probe(_ path: String, period: Int, timeout: Int, failures: Int)
        -> Document
    {
        [
            "httpGet": ["path": .string(path), "port": "http", "scheme": "HTTP"],
            "periodSeconds": .integer(period), "timeoutSeconds": .integer(timeout),
            "failureThreshold": .integer(failures), "successThreshold": 1,
        ]
    }
}
