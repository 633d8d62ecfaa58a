import API
import Admin
import ArgumentParser
import Cluster
import Commits
import Daemon
import Domain
import Engine
import Logging
import Presentation
import Resources
import Rollouts
import ServiceLifecycle
import UnixSignals

/// `slipway controller`
struct ControllerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract: "Run the controller: follow Git, release, watch, take back.",
        discussion: """
            Follows every ReleaseSource of the cluster and moves traffic step by step to what Git \
            declares. It needs the definitions of Manifests/crds and of the Gateway API in the \
            cluster. It may be ended and killed at any time: the next one goes on where it was.

            Several may run, of which one leads by a Lease; the others watch and wait. In a pod \
            that is the default. Without an election only one may run.

            With --observe it changes nothing, neither in the cluster nor in Git, and logs what it \
            would do, each change once ("would …"): alone, to try it out on a cluster, or beside \
            the one that acts. It needs the rights to read, and no Lease. It asks no pod golden \
            inferences, so it does not foresee what follows from their answers.

            EXAMPLES
              slipway controller --kubeconfig ~/.kube/config
              slipway controller --allow-local-repositories --log-level debug
              slipway controller --observe --log-format json
              slipway controller --cluster-name eu --data-dir /var/lib/slipway --log-format json

            EXIT CODES
              0  ended by SIGINT or SIGTERM
              1  led and does not any more, because another one does or the API was away: start it \
            again
              2  wrong usage, no cluster to talk to, or no place for mirrors
            """)

    /// How much the log says.
    enum Level: String, CaseIterable, ExpressibleByArgument {
        case debug, info, warning, error

        var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
    }

    @OptionGroup
    var cluster: ClusterChoice

    @Option(help: "Folder for mirrors of repositories; a cache, may be lost at any time.")
    var dataDir: String?

    @Option(help: "The name of this cluster in the record that is kept in Git.")
    var clusterName = "default"

    @Flag(help: "Let a ReleaseSource name a bare repository on this machine by its path.")
    var allowLocalRepositories = false

    @Flag(help: "Change nothing; log what would be done, each change once.")
    var observe = false

    @Option(help: "How long a version that lost its traffic keeps its pods, such as 30s.")
    var drain = TimeSpan.seconds(30)

    @Option(help: "How long gateways may need until a changed route is in force, such as 10s.")
    var settle = TimeSpan.seconds(10)

    @Option(help: "How much is logged: debug, info, warning or error.")
    var logLevel = Level.info

    @Option(help: "How the log on standard error looks: text or json.")
    var logFormat = LogLine.Format.text

    @Flag(
        inversion: .prefixedNo,
        help: "Lead only with the Lease; on in a pod, off elsewhere, unless it is given.")
    var leaderElect: Bool?

    @Option(help: "The name of the Lease that all candidates take.")
    var leaseName = Right.defaultLease

    @Option(help: "The namespace of the Lease; the pod's or the context's if it is not given.")
    var leaseNamespace: String?

    @Option(
        name: [.short, .long],
        help: "Follow only this namespace, with rights there alone; the whole cluster if not given."
    )
    var namespace: String?

    @Option(help: "How long candidates leave a leader alone that gives no sign, 3s to 60s.")
    var leaseDuration = TimeSpan.seconds(15)

    @Option(
        help: """
            Where /healthz, /readyz and /metrics are answered, such as 127.0.0.1:8080, or none; \
            0.0.0.0:8080 in a pod, none elsewhere, unless it is given.
            """)
    var listen: String?

    func validate() throws {
        if let listen, listen != "none", ListenAddress(listen) == nil {
            throw ValidationError(
                "--listen must be HOST:PORT, such as 127.0.0.1:8080, or none; not \(listen)")
        }
        guard leaseDuration >= .seconds(3), leaseDuration <= .minutes(1) else {
            throw ValidationError("--lease-duration must be from 3s to 60s")
        }
        let hour = TimeSpan.hours(1)
        guard drain > .zero, drain <= hour, settle > .zero, settle <= hour else {
            throw ValidationError("--drain and --settle must be more than 0s and at most 1h")
        }
        guard !observe || leaderElect != true else {
            throw ValidationError("--observe takes part in no election: leave --leader-elect out")
        }
        try Self.checkLabel("--cluster-name", clusterName)
        if let namespace { try Self.checkLabel("--namespace", namespace) }
    }

    /// A DNS label (RFC 1123).
    private static func checkLabel(_ option: String, _ text: String) throws {
        let isName =
            (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
        guard isName, !text.hasPrefix("-"), !text.hasSuffix("-") else {
            throw ValidationError(
                "\(option) must be 1 to 63 lower-case letters, digits and hyphens")
        }
    }

    func run() async throws {
        let (format, level) = (logFormat, logLevel.level)
        let logger = Logger(label: "slipway") {
            LogOutput(label: $0, format: format, level: level)
        }
        let directory = try dataDir ?? Self.cache()
        let client = try cluster.connect(logger)
        let settings = ControllerSettings(
            directory: directory, repositories: .init(localRepositories: allowLocalRepositories),
            engine: EngineSettings(
                cluster: clusterName, rollout: RolloutSettings(settle: settle, drain: drain),
                seed: .random(in: 0 ... .max), election: election(client.configuration),
                namespace: namespace, observes: observe))
        let controller: Controller
        do {
            controller = try Controller(settings, client: client, logger: logger)
        } catch {
            throw Failure("the controller cannot start: \(error)")
        }
        logger.info(
            "\(Version.text) \(observe ? "observes" : "follows") \(client.configuration.server)",
            metadata: ["from": "\(client.configuration.origin)", "data": "\(directory)"])
        var quiet = logger
        quiet.logLevel = .error
        var services: [any Service] = [controller]
        if let address = address(client.configuration) {
            services.append(admin(controller, at: address, logger))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            await client.shutDown()
            if let error = error as? ListenFailure { throw Failure("\(error)") }
            if let error = error as? LeadershipLost {
                throw Failure("\(error)", code: .difference)
            }
            throw Failure("the controller ended: \(error)")
        }
        await client.shutDown()
        logger.info("ended")
    }

    /// Where questions about the controller itself are answered, if anywhere.
    private func address(_ configuration: KubeConfiguration) -> ListenAddress? {
        if let listen { return ListenAddress(listen) }
        return configuration.isInCluster ? ListenAddress(host: "0.0.0.0", port: 8080) : nil
    }

    private func admin(
        _ controller: Controller, at address: ListenAddress, _ logger: Logger
    ) -> AdminServer {
        AdminServer(
            address,
            answers: AdminAnswers(
                missing: { await controller.missingKinds(within: .seconds(5)) },
                metrics: {
                    await controller.metrics(version: Version.number, within: .seconds(5))
                }),
            logger: logger
        ) { logger.info("answers /healthz, /readyz and /metrics on \($0)") }
    }

    /// The election that this process takes part in, if it does.
    private func election(_ configuration: KubeConfiguration) -> Election.Settings? {
        guard !observe, leaderElect ?? configuration.isInCluster else { return nil }
        var generator = SystemRandomNumberGenerator()
        var settings = ProcessIdentity.candidate(
            NamespacedName(
                namespace: leaseNamespace ?? configuration.namespace, name: leaseName),
            host: Terminal.environment("POD_NAME") ?? Terminal.environment("HOSTNAME") ?? "",
            using: &generator)
        settings.scale(to: leaseDuration)
        return settings
    }

    /// The user's cache folder (XDG Base Directory Specification).
    private static func cache() throws(Failure) -> String {
        if let path = Terminal.environment("XDG_CACHE_HOME"), path.hasPrefix("/") {
            return "\(path)/slipway"
        }
        guard let home = Terminal.environment("HOME"), home.hasPrefix("/") else {
            throw Failure("no folder for mirrors: set HOME or name one with --data-dir FOLDER")
        }
        return "\(home)/.cache/slipway"
    }
}

extension LogLine.Format: ExpressibleByArgument {}
