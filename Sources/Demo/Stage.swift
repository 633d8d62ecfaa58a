import API
import Cluster
import Documents
import Domain
import FoundationEssentials
import Logging
import Presentation
import Resources
import Sandbox

/// Where the story is played: the embedded cluster, the repository, the controller.
struct Stage: Sendable {
    private let options: DemoOptions
    private let narrator: Narrator
    /// Where users send their requests.
    private let gatewayPort: Int

    init(_ options: DemoOptions, _ narrator: Narrator) {
        self.options = options
        self.narrator = narrator
        gatewayPort = FreePort.find() ?? 8080
    }

    /// Starts everything, hands it over, and leaves nothing running.
    func open(_ body: @escaping @Sendable (Story) async throws -> Void) async throws {
        narrator.title("Cluster")
        let server = SandboxServer(sandbox())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            do {
                let port = try await server.port()
                narrator.say(
                    .done,
                    "the API listens on http://127.0.0.1:\(port), kubeconfig "
                        + "\(options.folder)/kubeconfig")
                try await play(port, body)
                await server.stop()
                try await group.waitForAll()
            } catch {
                await server.stop()
                throw error
            }
        }
    }

    private func sandbox() -> SandboxOptions {
        var options = SandboxOptions(
            kubeconfigPath: "\(self.options.folder)/kubeconfig",
            definitions: APIDefinitions.all.map(\.definition), installsGatewayDefinitions: true)
        let narrator = self.narrator
        var node = NodeOptions()
        node.stateFolder = "\(self.options.folder)/state"
        node.imageTable = "\(self.options.models)/images.yaml"
        node.report = { narrator.say(.done, $0) }
        options.node = node
        options.gateway = GatewayOptions(
            pythonEnvironment: self.options.python, report: { narrator.say(.done, $0) })
        return options
    }

    private func play(
        _ port: Int, _ body: @escaping @Sendable (Story) async throws -> Void
    ) async throws {
        let logger = Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        let client = try ClusterClient(
            KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: logger)
        let log = LogFile("\(options.folder)/controller.log")
        let controller = ControllerProcess(
            [
                options.program, "controller", "--kubeconfig", "\(options.folder)/kubeconfig",
                "--data-dir", "\(options.folder)/data", "--allow-local-repositories",
                "--settle", "1s", "--drain", options.isFast ? "3s" : "10s",
                // There is one at a time here. With a Lease its successor would wait until the
                // one that was killed cannot lead any more.
                "--no-leader-elect",
            ], log: log)
        do {
            let repository = try await Repository(
                in: options.folder, models: "\(options.folder)/models/fraud-scorer")
            try await declare(client, repository)
            controller.start()
            narrator.say(.done, "the controller runs, its log is \(log.path)")
            let observer = Observer(client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await observer.run() }
                try await body(
                    Story(
                        options: options, narrator: narrator, observer: observer,
                        repository: repository, controller: controller, client: client,
                        gatewayPort: gatewayPort))
                group.cancelAll()
            }
            controller.stop()
        } catch {
            controller.stop()
            await client.shutDown()
            if error is DemoFailure {
                narrator.say(.failed, "the controller's log, \(log.path), ends so:")
                narrator.quote(log.lastLines(15))
            }
            throw error
        }
        await client.shutDown()
    }

    /// What a platform team sets up once: namespace, gateway, source.
    private func declare(_ client: ClusterClient, _ repository: Repository) async throws {
        let text = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: risk}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: public, namespace: risk}
            spec:
              gatewayClassName: sandbox
              listeners:
              - {name: http, protocol: HTTP, port: \(gatewayPort)}
            ---
            apiVersion: slipway.dev/v1alpha1
            kind: ReleaseSource
            metadata: {name: models, namespace: risk}
            spec:
              url: \(repository.origin)
              branch: main
              path: models
              interval: 1s
            """
        let kinds: [ResourceKind] = [.namespace, .gateway, .releaseSource]
        for document in try YAML.parse(Array(text.utf8)).map(\.document) {
            let metadata = ObjectMetadata(of: document)
            guard let kind = kinds.first(where: { $0.kind == document["kind"]?.stringValue })
            else { continue }
            let key = ResourceKey(kind, namespace: metadata.namespace, name: metadata.name)
            guard case .applied = await client.perform(.create(key, document)) else {
                throw DemoFailure("the cluster refuses the \(kind.kind) \(metadata.name)")
            }
        }
    }
}
