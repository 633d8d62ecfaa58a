import ArgumentParser
import Documents
import Domain
import Logging
import Presentation
import Sandbox

/// `slipway sandbox`
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run a small Kubernetes API on this machine, in memory.",
        discussion: """
            Serves the API alone, on 127.0.0.1: objects, watches, server-side apply and the \
            controllers of Deployments, ReplicaSets and endpoints. There is no node: pods stay \
            pending until somebody writes their status. Nothing is kept when it ends.

            EXAMPLES
              slipway sandbox --api-only --kubeconfig-out sandbox.kubeconfig
              kubectl --kubeconfig sandbox.kubeconfig apply -f Manifests/crds
              slipway sandbox --api-only --definitions Manifests/crds --gateway-api

            EXIT CODES
              0  ended by SIGINT or SIGTERM
              2  wrong usage, or it cannot listen
            """)

    @Flag(help: "The API without a node and without a gateway; there is nothing else yet.")
    var apiOnly = false

    @Option(help: "The port; a free one if it is 0.")
    var port = 0

    @Option(help: "File to write a kubeconfig to.")
    var kubeconfigOut: String?

    @Option(help: "File or folder with CustomResourceDefinitions to begin with.")
    var definitions: String?

    @Flag(help: "Begin with GatewayClass, Gateway and HTTPRoute.")
    var gatewayApi = false

    func validate() throws {
        guard apiOnly else {
            throw ValidationError("only --api-only is there yet: no node and no gateway")
        }
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be 0...65535")
        }
    }

    func run() async throws {
        let log = StoppableLog()
        let server = SandboxServer(
            SandboxOptions(
                port: port, kubeconfigPath: kubeconfigOut, definitions: try readDefinitions(),
                installsGatewayDefinitions: gatewayApi),
            logger: log.logger("sandbox", level: .error))
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask {
                    greet(port: try await server.port())
                    guard await Signals.termination() != nil else { return }
                    log.stop()
                    await server.stop()
                }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            throw Failure("the sandbox cannot serve: \(error)")
        }
    }

    private func greet(port: Int) {
        let terminal = Terminal.standard
        terminal.say(.done, "the API listens on http://127.0.0.1:\(port)")
        if let kubeconfigOut {
            terminal.say(.start, "kubectl --kubeconfig \(kubeconfigOut) get namespaces")
        }
        terminal.say(.start, "Ctrl-C ends it; nothing is kept")
    }

    private func readDefinitions() throws(Failure) -> [Document] {
        guard let path = definitions else { return [] }
        let files =
            Files.kind(path, followingLinks: true) == .folder
            ? try Files.tree(path) { $0.hasPrefix(".") } : [path]
        var found: [Document] = []
        for file in files where file.hasSuffix(".yaml") || file.hasSuffix(".yml") {
            let bytes = try Files.read(file)
            do throws(YAML.ParseError) {
                found += try YAML.parse(bytes).map(\.document)
                    .filter { $0["kind"]?.stringValue == "CustomResourceDefinition" }
            } catch {
                throw Failure("\(file):\(error)")
            }
        }
        guard !found.isEmpty else {
            throw Failure("\(path) holds no CustomResourceDefinition")
        }
        return found
    }
}
