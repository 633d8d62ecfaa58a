import ControlPlane
import Domain
import Foundation
import TestServers
import Testing

@testable import Sandbox

extension RealEnvoyTests {
    /// Model servers as pods of the sandbox's node, behind its gateway.
    @Suite(.serialized) struct Pods {
        private static let models = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Demo/Models").path

        /// Trains the models into a folder and returns it.
        private static func train() async throws -> String {
            let folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("models-\(UUID().uuidString)").path
            let training = try await Command(
                [
                    "\(GatewayCluster.environment)/bin/python", "-B", "\(models)/train.py", folder,
                ], environment: ProcessInfo.processInfo.environment
            ).run()
            #expect(training.code == 0, "\(training.errorText)")
            return folder
        }

        private static func deployment(_ version: String, _ folder: String) -> Document {
            let place = "\(folder)/fraud-scorer/\(version)"
            let variables: [Document] = [
                ["name": "SLIPWAY_MODEL_URI", "value": .string("file://\(place)")],
                ["name": "SLIPWAY_MODEL_VERSION", "value": .string(version)],
                ["name": "POD_IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]],
                ["name": "POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
            ]
            let container: Document = [
                "name": "model", "image": .string("slipway.dev/models/fastapi:\(version)"),
                "env": .array(variables), "ports": [["name": "http", "containerPort": 8080]],
                "readinessProbe": [
                    "httpGet": ["path": "/v2/models/fraud-scorer/ready", "port": "http"],
                    // On a busy machine one late answer is no reason to leave a pod out.
                    "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 3,
                ],
            ]
            let labels: Document = ["model": .string("v\(version)")]
            return [
                "metadata": ["name": .string("v\(version)")],
                "spec": [
                    "replicas": 2, "selector": ["matchLabels": labels],
                    "template": [
                        "metadata": ["labels": labels], "spec": ["containers": [container]],
                    ],
                ],
            ]
        }

        private static func service(_ version: String) -> Document {
            [
                "metadata": ["name": .string("v\(version)")],
                "spec": [
                    "selector": ["model": .string("v\(version)")],
                    "ports": [["name": "http", "port": 80, "targetPort": "http"]],
                ],
            ]
        }

        private static func isReady(_ cluster: GatewayCluster, _ version: String) async -> Bool {
            let deployment = await cluster.object(.deployment, "v\(version)")
            return deployment?.at("status", "readyReplicas") == 2
                && deployment?.at("status", "unavailableReplicas") == nil
        }

        /// Pods are replaced, versions switched, and not one of the requests is lost.
        @Test func podsAreReplacedAndVersionsSwitchedWithoutLoss() async throws {
            let folder = try await Self.train()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let requests = try String(
                contentsOfFile: "\(folder)/fraud-scorer/requests.jsonl", encoding: .utf8)
            let request = try #require(requests.split(separator: "\n").first.map(String.init))
            var node = NodeOptions()
            node.imageTable = "\(Self.models)/images.yaml"
            let port = try #require(FreePort.find())
            let options = SandboxOptions(
                node: node, gateway: GatewayOptions(pythonEnvironment: GatewayCluster.environment))
            try await SandboxServer.withServer(options) { server, _ in
                let cluster = GatewayCluster(
                    server: server, port: port, pods: try GatewayCluster.Pods([:]))
                try await cluster.create(.namespace, ["metadata": ["name": "risk"]], namespace: "")
                try await cluster.create(
                    .gateway, Objects.gateway("public", Objects.listener(port)).bare)
                for version in ["1", "2"] {
                    try await cluster.create(.service, Self.service(version))
                    try await cluster.create(.deployment, Self.deployment(version, folder))
                }
                let rule = Objects.rule("/fraud", ["v1": 100], Objects.rewrite("/"))
                try await cluster.create(.httpRoute, Objects.route(rule).bare)
                try await cluster.wait("ready pods", seconds: 90) { cluster in
                    let first = await Self.isReady(cluster, "1")
                    let second = await Self.isReady(cluster, "2")
                    return first && second
                }
                try await cluster.waitUntilCurrent()

                async let load = Load(
                    port: port, path: "/fraud/v2/models/fraud-scorer/infer", body: request,
                    connections: 4, pause: .milliseconds(80), kept: "x-model-version"
                ).run(480)
                try await Task.sleep(for: .seconds(1))
                try await cluster.setWeights(["v1": 50, "v2": 50])
                let pods = await server.store.objects(.pod).filter {
                    $0.objectLabels["model"] == "v1"
                }
                let victim = try #require(pods.first)
                _ = try await server.change { store, now in
                    try store.delete(
                        ResourceKey(.pod, namespace: "risk", name: victim.objectName),
                        WriteContext(now: now, manager: "test"))
                }
                try await Task.sleep(for: .seconds(4))
                try await cluster.setWeights(["v2": 100])
                try await cluster.waitUntilCurrent()
                try await cluster.update(.deployment, "v1") {
                    $0.set(["spec", "replicas"], to: 0)
                }
                let outcome = try await load
                #expect(outcome.lost == [])
                #expect(outcome.sent == 480)
                #expect(outcome.bodies.keys.sorted() == ["1", "2"])
            }
        }
    }
}
