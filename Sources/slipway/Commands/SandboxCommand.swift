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
        abstract: "Run a small Kubernetes cluster on this machine.",
        discussion: """
            Serves the API on 127.0.0.1: objects, watches, server-side apply and the controllers \
            of Deployments, ReplicaSets and endpoints. A node runs the pods as processes of this \
            machine, each pod with an address of its own in 127.0.0.0/8, with probes, restarts \
            and logs. Envoy routes requests as Gateways and HTTPRoutes say: the GatewayClass is \
            sandbox, and a Gateway listens on 127.0.0.1 and its listeners' ports. \
            Scripts/python-environment installs Envoy; without it there is no gateway. When it \
            ends, no process is left.

            With --state the objects are kept in a folder and are there again after a restart, \
            also after a sudden end. A change is written before it is answered, and is on the \
            disk a tenth of a second later. While it cannot be written, changes are refused.

            Images are looked up in a table, a YAML file:

              images:
                fraud-scorer:2:
                  command: [python3, serve.py]
                  args: [--host, $(POD_IP), --port, "8080"]
                  env: {MODEL_VERSION: "2"}
                  workingDir: models

            A key without a tag stands for every tag. A process has to listen on $POD_IP, since \
            all pods share the machine's network. Paths below a mountPath are replaced by where \
            the volume's files are, in the command, the arguments and the variables.

            EXAMPLES
              slipway sandbox --images images.yaml --kubeconfig-out sandbox.kubeconfig
              kubectl --kubeconfig sandbox.kubeconfig logs -f my-pod
              slipway sandbox --api-only --definitions Manifests/crds --gateway-api

            EXIT CODES
              0  ended by SIGINT or SIGTERM
              2  wrong usage, or it cannot listen
            """)

    @Flag(help: "The API alone: pods stay pending until somebody writes their status.")
    var apiOnly = false

    @Option(
        help: ArgumentHelp(
            "Folder for the objects and for logs and volumes of pods; without it nothing is kept.",
            valueName: "folder"))
    var state: String?

    @Option(help: ArgumentHelp("The image table.", valueName: "file"))
    var images: String?

    @Option(
        help: ArgumentHelp(
            "Envoy's program; otherwise that of --python-environment or of the PATH.",
            valueName: "file"))
    var envoy: String?

    @Option(
        help: ArgumentHelp("The Python environment that may hold Envoy.", valueName: "folder"))
    var pythonEnvironment = ".python"

    @Option(help: "The port; a free one if it is 0.")
    var port = 0

    @Option(help: "File to write a kubeconfig to.")
    var kubeconfigOut: String?

    @Option(help: "File or folder with CustomResourceDefinitions to begin with.")
    var definitions: String?

    @Flag(help: "Begin with GatewayClass, Gateway and HTTPRoute.")
    var gatewayApi = false

    @Flag(
        help: """
            Only who sends the token in the kubeconfig may do everything; others have the rights \
            that roles give them. kubectl sends no token over plain http.
            """)
    var requireToken = false

    func validate() throws {
        guard !apiOnly || images == nil else {
            throw ValidationError("--images is for the node; --api-only has none")
        }
        guard !apiOnly || envoy == nil else {
            throw ValidationError("--envoy is for the gateway; --api-only has none")
        }
        guard !requireToken || kubeconfigOut != nil else {
            throw ValidationError("--require-token needs --kubeconfig-out, which gets the token")
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
                installsGatewayDefinitions: gatewayApi, node: apiOnly ? nil : node,
                gateway: apiOnly ? nil : gateway, state: kept,
                adminToken: requireToken ? Self.newToken() : nil),
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

    private static func newToken() -> String {
        (0..<2).map { _ in String(UInt64.random(in: .max / 2 ... .max), radix: 16) }.joined()
    }

    private var node: NodeOptions {
        var options = NodeOptions()
        options.stateFolder = state.map { "\($0)/node" }
        options.imageTable = images
        options.report = { Terminal.standard.say(.done, $0) }
        return options
    }

    /// `nil` where there is no Envoy and none was asked for.
    private var gateway: GatewayOptions? {
        let terminal = Terminal.standard
        let options = GatewayOptions(
            envoy: envoy, pythonEnvironment: pythonEnvironment,
            report: { terminal.say(.done, $0) })
        guard envoy == nil, let problem = options.problem else { return options }
        terminal.say(.warning, "no gateway: \(problem)")
        return nil
    }

    private var kept: StateOptions? {
        state.map { folder in
            StateOptions(folder: folder) { Terminal.standard.say($1 ? .warning : .done, $0) }
        }
    }

    private func greet(port: Int) {
        let terminal = Terminal.standard
        terminal.say(.done, "the API listens on http://127.0.0.1:\(port)")
        if let kubeconfigOut {
            terminal.say(.start, "kubectl --kubeconfig \(kubeconfigOut) get namespaces")
        }
        terminal.say(
            .start,
            state.map { "Ctrl-C ends it; the objects are kept in \($0)" }
                ?? "Ctrl-C ends it; no object is kept")
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
