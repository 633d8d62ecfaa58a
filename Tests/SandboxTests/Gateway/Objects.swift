import ControlPlane
import Domain

@testable import Sandbox

/// Objects of the tests of the gateway, as short as they can be.
enum Objects {
    static func gatewayClass(_ name: String = "sandbox") -> Document {
        [
            "metadata": ["name": .string(name), "generation": 1],
            "spec": ["controllerName": "slipway.dev/sandbox-gateway"],
        ]
    }

    static func listener(_ port: Int, _ more: Document = [:], name: String = "http") -> Document {
        var listener: Document = [
            "name": .string(name), "port": .integer(port), "protocol": "HTTP",
        ]
        for member in more.objectValue?.members ?? [] { listener[member.key] = member.value }
        return listener
    }

    static func gateway(
        _ name: String = "public", _ listeners: Document..., created: Int = 0
    ) -> Document {
        [
            "metadata": metadata(name, created),
            "spec": ["gatewayClassName": "sandbox", "listeners": .array(listeners)],
        ]
    }

    static func metadata(_ name: String, _ created: Int = 0, generation: Int = 1) -> Document {
        [
            "name": .string(name), "namespace": "risk", "uid": .string("uid-\(name)"),
            "generation": .integer(generation),
            "creationTimestamp": .string("2026-01-01T00:00:0\(created)Z"),
        ]
    }

    static func route(
        _ rules: Document..., name: String = "fraud", parent: Document = ["name": "public"],
        hostnames: [String] = [], created: Int = 0
    ) -> Document {
        var spec: Document = ["parentRefs": [parent], "rules": .array(rules)]
        if !hostnames.isEmpty { spec["hostnames"] = .array(hostnames.map(Document.string)) }
        return ["metadata": metadata(name, created), "spec": spec]
    }

    /// A rule for all below a path, with backends and their weights.
    static func rule(_ path: String, _ weights: KeyValuePairs<String, Int>, _ more: Document = [:])
        -> Document
    {
        var rule: Document = [
            "matches": [["path": ["type": "PathPrefix", "value": .string(path)]]],
            "backendRefs": .array(weights.map { backend($0.key, $0.value) }),
        ]
        for member in more.objectValue?.members ?? [] { rule[member.key] = member.value }
        return rule
    }

    static func backend(_ name: String, _ weight: Int = 1) -> Document {
        ["name": .string(name), "port": 80, "weight": .integer(weight)]
    }

    static func service(_ name: String) -> Document {
        [
            "metadata": ["name": .string(name), "namespace": "risk"],
            "spec": ["ports": [["name": "http", "port": 80]]],
        ]
    }

    /// The endpoints of a Service on a port of 127.0.0.1.
    static func slice(
        _ service: String, _ port: Int, suffix: String = "a", _ endpoints: Document...
    )
        -> Document
    {
        [
            "metadata": [
                "name": .string("\(service)-\(suffix)"), "namespace": "risk",
                "labels": ["kubernetes.io/service-name": .string(service)],
            ],
            "addressType": "IPv4", "ports": [["name": "http", "port": .integer(port)]],
            "endpoints": .array(endpoints),
        ]
    }

    static func endpoint(
        _ address: String = "127.0.0.1", ready: Bool = true, ending: Bool = false
    ) -> Document {
        [
            "addresses": [.string(address)],
            "conditions": [
                "ready": .bool(ready && !ending), "serving": .bool(ready),
                "terminating": .bool(ending),
            ],
        ]
    }

    static func rewrite(_ to: String) -> Document {
        [
            "filters": [
                [
                    "type": "URLRewrite",
                    "urlRewrite": [
                        "path": [
                            "type": "ReplacePrefixMatch", "replacePrefixMatch": .string(to),
                        ]
                    ],
                ]
            ]
        ]
    }

    /// A snapshot with a class, a Gateway on port 8000, Services `v1` and `v2`, and routes.
    static func snapshot(_ routes: Document...) -> GatewaySnapshot {
        var snapshot = GatewaySnapshot()
        snapshot.classes = [gatewayClass()]
        snapshot.gateways = [gateway("public", listener(8000))]
        snapshot.services = [service("v1"), service("v2")]
        snapshot.slices = [
            slice("v1", 9001, endpoint("127.1.0.1")), slice("v2", 9002, endpoint("127.1.0.2")),
        ]
        snapshot.routes = routes
        return snapshot
    }
}

extension GatewayPlan {
    init(_ snapshot: GatewaySnapshot, unusable: [String: String] = [:]) {
        self.init(snapshot, address: "127.0.0.1", unusable: unusable)
    }

    /// Envoy's routes of a host name, in order.
    func envoyRoutes(_ host: String = "*", socket: String = "127.0.0.1:8000") -> [Document] {
        resources.routes[socket]?.list("virtual_hosts").first { $0.text("name") == host }?
            .list("routes") ?? []
    }

    /// The reasons of a route's findings for its first parent: `Accepted`, `ResolvedRefs`.
    func reasons(_ route: String = "fraud") -> [String] {
        routes.first { $0.route.objectName == route }?.findings.map(\.reason) ?? []
    }
}
