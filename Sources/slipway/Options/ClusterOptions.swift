import ArgumentParser
import Cluster
import FoundationEssentials
import Glibc
import Logging

/// Which cluster, and as whom.
struct ClusterChoice: ParsableArguments {
    @Option(
        help: """
            Path of the kubeconfig; the files listed in KUBECONFIG, or ~/.kube/config, if it is \
            not given.
            """)
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig to use.")
    var context: String?

    /// A client of the cluster, to be ended with ``ClusterClient/shutDown()``.
    func connect(_ logger: Logger) throws(Failure) -> ClusterClient {
        let configuration: KubeConfiguration
        do throws(KubeConfiguration.Invalid) {
            configuration = try KubeConfiguration.find(
                path: kubeconfig, environment: ProcessInfo.processInfo.environment,
                options: .init(
                    context: context,
                    hasTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1))
        } catch {
            throw Failure(
                "no cluster to talk to: \(error)\n"
                    + "name a kubeconfig with --kubeconfig FILE, or set KUBECONFIG")
        }
        do {
            return try ClusterClient(configuration, logger: logger)
        } catch {
            throw Failure("cannot start the connection to \(configuration.server): \(error)")
        }
    }
}

/// Which cluster, as whom, and which namespace; for commands that talk to one.
struct ClusterOptions: ParsableArguments {
    @OptionGroup var choice: ClusterChoice

    @Option(name: [.short, .long], help: "The namespace; the context's if it is not given.")
    var namespace: String?

    /// Connects, hands over the releases of the cluster, and ends the connection.
    func withReleases(_ body: (Releases) async throws -> Void) async throws {
        // The commands say themselves what goes wrong.
        let client = try choice.connect(Logger(label: "slipway") { _ in SwiftLogNoOpLogHandler() })
        if let warning = client.configuration.warning {
            Terminal.standard.writeError("Warning: \(warning)\n")
        }
        do {
            try await body(
                Releases(
                    client: client, namespace: namespace ?? client.configuration.namespace))
        } catch {
            await client.shutDown()
            throw error
        }
        await client.shutDown()
    }
}
