import ControlPlane
import Domain
import Foundation
import TestServers
import Testing

@testable import Sandbox

/// A sandbox with a gateway and a few servers that stand for pods.
struct GatewayCluster: Sendable {
    let server: SandboxServer
    /// Of the Gateway.
    let port: Int
    let pods: Pods

    /// Servers by Service; each answers its Service's name.
    final class Pods: Sendable {
        let servers: [String: [ScriptedServer]]

        init(_ counts: KeyValuePairs<String, Int>) throws {
            var servers: [String: [ScriptedServer]] = [:]
            for (service, count) in counts {
                servers[service] = try (0..<count).map { _ in
                    try ScriptedServer { _, peer in
                        peer.answer(200, service)
                        return .keep
                    }
                }
            }
            self.servers = servers
        }

        deinit { for server in servers.values.joined() { server.stop() } }

        func requests(_ service: String) -> [ScriptedServer.Request] {
            (servers[service] ?? []).flatMap(\.requests)
        }
    }

    /// The Python environment of this repository, which holds Envoy.
    static let environment: String = {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appendingPathComponent(".python").path
    }()

    /// Starts everything, and waits until the Gateway `public` listens and the route is accepted.
    static func with(
        _ pods: KeyValuePairs<String, Int>, _ route: Document,
        _ body: @Sendable (GatewayCluster) async throws -> Void
    ) async throws {
        let pods = try Pods(pods)
        let port = try #require(FreePort.find())
        let options = SandboxOptions(gateway: GatewayOptions(pythonEnvironment: environment))
        try await SandboxServer.withServer(options) { server, _ in
            let cluster = GatewayCluster(server: server, port: port, pods: pods)
            try await cluster.create(.namespace, ["metadata": ["name": "risk"]], namespace: "")
            try await cluster.create(
                .gateway, Objects.gateway("public", Objects.listener(port)).bare)
            for (service, servers) in pods.servers.sorted(by: { $0.key < $1.key }) {
                try await cluster.create(.service, Objects.service(service).bare)
                for (index, pod) in servers.enumerated() {
                    try await cluster.create(
                        .endpointSlice,
                        Objects.slice(service, pod.port, suffix: "\(index)", Objects.endpoint()))
                }
            }
            try await cluster.create(.httpRoute, route.bare)
            try await cluster.waitUntilCurrent()
            try await body(cluster)
        }
    }

    @discardableResult
    func create(_ kind: ResourceKind, _ object: Document, namespace: String = "risk") async throws
        -> Document
    {
        try await server.change { store, now in
            try store.create(
                kind, namespace: namespace, object, WriteContext(now: now, manager: "test"))
        }
    }

    func update(
        _ kind: ResourceKind, _ name: String, _ change: @Sendable (inout Document) -> Void
    ) async throws {
        try await server.change { store, now in
            _ = try store.update(
                ResourceKey(kind, namespace: "risk", name: name),
                WriteContext(now: now, manager: "test")
            ) { object in
                var new = object
                change(&new)
                return new
            }
        }
    }

    /// Sets whether a pod of a Service is ready.
    func setReady(_ service: String, _ pod: Int, _ isReady: Bool) async throws {
        try await update(.endpointSlice, "\(service)-\(pod)") {
            $0["endpoints"] = [Objects.endpoint(ready: isReady)]
        }
    }

    /// Sets the weights of the route's only rule.
    func setWeights(_ weights: KeyValuePairs<String, Int>) async throws {
        let backends = Document.array(weights.map { Objects.backend($0.key, $0.value) })
        try await update(.httpRoute, "fraud") { route in
            var rules = route.at("spec", "rules")?.arrayValue ?? []
            rules[0]["backendRefs"] = backends
            route.set(["spec", "rules"], to: .array(rules))
        }
    }

    func object(_ kind: ResourceKind, _ name: String) async -> Document? {
        await server.store.object(
            ResourceKey(kind, namespace: kind == .gatewayClass ? "" : "risk", name: name))
    }

    /// Waits for something to become true.
    func wait(
        _ what: String, seconds: Int = 10, _ isTrue: @Sendable (GatewayCluster) async -> Bool
    ) async throws {
        let until = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < until {
            if await isTrue(self) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        let gateway = await object(.gateway, "public")?["status"] ?? .null
        let route = await object(.httpRoute, "fraud")?["status"] ?? .null
        Issue.record(
            "\(what) never came: \(gateway.canonicalJSONString()) \(route.canonicalJSONString())")
        throw CancellationError()
    }

    /// Waits until Envoy has the route as it stands.
    func waitUntilCurrent() async throws {
        try await wait("an accepted route") { cluster in
            guard let route = await cluster.object(.httpRoute, "fraud") else { return false }
            let conditions = route.at("status", "parents")?[0]?.list("conditions") ?? []
            return conditions.count == 2
                && conditions.allSatisfy {
                    $0["observedGeneration"]?.integerValue == route.objectGeneration
                }
        }
    }

    func condition(_ type: String) async -> Condition? {
        let gateway = await object(.gateway, "public")?["status"] ?? [:]
        return gateway.list("conditions").compactMap(Condition.init).first { $0.type == type }
    }
}

extension Document {
    /// Without what the API server sets itself.
    var bare: Document {
        var object = self
        for key in ["uid", "generation", "creationTimestamp"] {
            object.set(["metadata", key], to: nil)
        }
        return object
    }
}
