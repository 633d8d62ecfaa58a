import ControlPlane
import Documents
import Domain
import Glibc
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Processes
import ServiceLifecycle
import Synchronization

/// The gateway of a sandbox: an Envoy, kept running and told what the cluster's Gateways, routes,
/// Services and endpoints ask for. What it does is written into their status once it does it.
///
/// ``GatewayPlan`` decides what, ``Discovery`` in which order.
final class EnvoyGateway: Sendable {
    private let options: GatewayOptions
    private let program: String
    private let logger: Logger
    private let serverLogger: Logger
    private let log: EnvoyLog
    private let plane: DataPlane
    /// Rung when objects or Envoy's state changed.
    private let work = Signal()
    private let ended = Signal()
    private let hasReported = Flag()
    private let life = Mutex(Life())

    private struct Life {
        var isRunning = false
        var isStopping = false
        var child: ChildProcess?
    }

    /// - Throws: if there is no Envoy.
    init(_ options: GatewayOptions, logger: Logger) throws(GatewayFailure) {
        self.options = options
        self.logger = logger
        program = try EnvoyProgram.find(options)
        log = EnvoyLog(logger)
        plane = DataPlane(log: log, progress: work)
        var quiet = logger
        quiet.logLevel = .critical
        serverLogger = quiet
    }

    /// Works on the server's cluster until ``stop()`` is called; then no process is left.
    ///
    /// - Throws: if there is no place for Envoy's files, or its requests cannot be answered.
    func run(on server: SandboxServer) async throws {
        let isLate = life.withLock { life in
            life.isRunning = !life.isStopping
            return life.isStopping
        }
        guard !isLate else { return }
        defer { ended.ring() }
        let folder = try GatewayFolder()
        defer { folder.remove() }
        if let name = options.className { await makeClass(name, server) }
        await server.observe(work)
        let listens = Signal()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { [plane] request, _ in
                try await Self.answer(request, plane)
            },
            configuration: .init(
                address: .unixDomainSocket(path: folder.discoverySocket), serverName: nil),
            onServerRunning: { _ in listens.ring() },
            // On one loop a connection is never half accepted when the server stops listening.
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()),
            logger: serverLogger)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)], logger: serverLogger)
        configuration.maximumGracefulShutdownDuration = .seconds(2)
        let service = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await listens.wait()
                await self.keepRunning(folder)
                await self.plane.close()
                await service.triggerGracefulShutdown()
            }
            group.addTask { await self.reconcile(server) }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    await self.plane.tick()
                }
            }
            defer { group.cancelAll() }
            try await service.run()
        }
    }

    /// Ends Envoy and ``run(on:)``, and waits for both.
    func stop() async {
        let (child, isRunning) = life.withLock { life in
            life.isStopping = true
            return (life.child, life.isRunning)
        }
        guard isRunning else { return }
        child?.signal(SIGTERM)
        for _ in 0..<200 where child?.number != nil {
            try? await Task.sleep(for: .milliseconds(10))
        }
        child?.killAll()
        await ended.wait()
    }

    private func makeClass(_ name: String, _ server: SandboxServer) async {
        await server.change { store, now in
            let isThere = store.objects(.gatewayClass).contains {
                $0.at("spec", "controllerName")?.stringValue == GatewayPlan.controller
            }
            guard !isThere else { return }
            let object: Document = [
                "metadata": ["name": .string(name)],
                "spec": ["controllerName": .string(GatewayPlan.controller)],
            ]
            let context = WriteContext(now: now, manager: "slipway-gateway")
            _ = try? store.create(.gatewayClass, namespace: "", object, context)
        }
    }

    // MARK: The cluster

    /// Looks at the cluster whenever it or Envoy may have changed.
    private func reconcile(_ server: SandboxServer) async {
        var told: Set<String> = []
        var answering: Set<String> = []
        var view: View?
        while !Task.isCancelled {
            guard let next = await look(server, view) else { break }
            let isNew =
                next.version != view?.version || next.plan.isUnusable
                || view?.plan.isUnusable ?? false
            let isRetiring = await plane.isRetiring
            if isNew || isRetiring {
                await plane.aim(at: next.plan.resources, WallClock.now)
            }
            var statuses = await plane.statuses(for: next.plan)
            if statuses.launch != view?.statuses?.launch { answering = [] }
            // What Envoy has taken it may not serve yet, when it starts.
            for socket in statuses.listening.subtracting(answering)
            where Self.isAnswering(socket) { answering.insert(socket) }
            let isLate = !statuses.listening.isSubset(of: answering)
            statuses.listening.formIntersection(answering)
            statuses.current.formIntersection(answering)
            for socket in statuses.listening where told.insert(socket).inserted {
                options.report("Envoy listens on http://\(socket)")
            }
            if isNew || !(view?.statuses?.says(statuses) ?? false) {
                await server.change { [statuses] store, now in
                    statuses.write(&store, next.snapshot.routes, now)
                }
            }
            view = next
            view?.statuses = statuses
            if isLate {
                try? await Task.sleep(for: .milliseconds(10))
            } else {
                await work.wait()
            }
        }
    }

    /// What was seen last and what followed from it.
    private struct View: Sendable {
        let version: Int64
        let snapshot: GatewaySnapshot
        let plan: GatewayPlan
        var statuses: GatewayStatuses?
    }

    /// The cluster as it is now; what was seen before if nothing has changed. Ports that could not
    /// be had are tried again.
    private func look(_ server: SandboxServer, _ before: View?) async -> View? {
        let known = before.flatMap { $0.plan.isUnusable ? nil : $0.version }
        let (version, snapshot) = await server.change { store, _ in
            let version = GatewaySnapshot.version(of: store)
            return (version, version == known ? nil : GatewaySnapshot(store))
        }
        guard let snapshot else { return before }
        var plan = GatewayPlan(snapshot, address: options.address)
        // What Envoy was told to open is in use by Envoy.
        let held = await plane.sockets
        var unusable: [String: String] = [:]
        for socket in plan.resources.listeners.keys where !held.contains(socket) {
            unusable[socket] = Self.problem(of: socket)
        }
        if !unusable.isEmpty {
            plan = GatewayPlan(snapshot, address: options.address, unusable: unusable)
        }
        return View(version: version, snapshot: snapshot, plan: plan)
    }

    private static func isAnswering(_ socket: String) -> Bool {
        let parts = socket.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { return false }
        return PortProbe.isOpen(String(parts[0]), port)
    }

    private static func problem(of socket: String) -> String? {
        let parts = socket.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { return nil }
        return PortProbe.problem(String(parts[0]), port)
    }

    // MARK: Envoy

    private var isStopping: Bool { life.withLock { $0.isStopping } }

    /// Starts Envoy, and again whenever it ends, until it is to stop.
    private func keepRunning(_ folder: GatewayFolder) async {
        let longest: Duration = .seconds(10)
        var pause: Duration = .milliseconds(100)
        while !isStopping, !Task.isCancelled {
            let start = ContinuousClock.now
            let why = await runOnce(folder)
            guard !isStopping, !Task.isCancelled else { return }
            let words = log.takeLastWords()
            await plane.ended(
                "Envoy \(why); it is started again" + (words.isEmpty ? "" : " (\(words))"))
            logger.error("Envoy \(why)", metadata: ["last": "\(words)"])
            if start.duration(to: .now) > longest { pause = .milliseconds(100) }
            let due = ContinuousClock.now + pause
            while .now < due, !isStopping, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(50))
            }
            pause = min(longest, pause * 2)
        }
    }

    /// Runs Envoy until it ends or the task is cancelled, and says how it ended.
    private func runOnce(_ folder: GatewayFolder) async -> String {
        let file: String
        do throws(GatewayFailure) {
            file = try folder.writeBootstrap(node: await plane.beginLaunch())
        } catch {
            return "cannot start: \(error)"
        }
        unlink(folder.adminSocket)
        let (notices, continuation) = AsyncStream<ChildProcess.Notice>.makeStream()
        let order = ChildProcess.Order(
            command: [
                program, "--config-path", file, "--disable-hot-restart", "--log-level", "warning",
                "--concurrency", "2", "--drain-time-s", "5", "--parent-shutdown-time-s", "6",
            ],
            variables: [], workingDir: folder.path)
        let child = ChildProcess.start(order) { [log] notice in
            switch notice {
            case .wrote(_, let bytes): log.take(bytes)
            case .started: continuation.yield(notice)
            case .failed, .ended:
                continuation.yield(notice)
                continuation.finish()
            }
        }
        let isLate = life.withLock { life in
            life.child = child
            return life.isStopping
        }
        if isLate { child.killAll() }
        for await notice in notices {
            switch notice {
            case .started:
                if !hasReported.value { options.report("Envoy runs as the gateway") }
                hasReported.raise()
                if isStopping { child.killAll() }
                await plane.began()
            case .failed(let reason): return "cannot start: \(reason)"
            case .ended(let code):
                return code > 128 ? "was ended by signal \(code - 128)" : "ended with code \(code)"
            case .wrote: break
            }
        }
        // The task is cancelled.
        child.killAll()
        return "was stopped"
    }

    // MARK: Envoy's questions

    /// `POST /v3/discovery:KIND` with the version that Envoy has.
    private static func answer(_ request: Request, _ plane: DataPlane) async throws -> Response {
        let path = request.uri.path.split(separator: ":")
        let body = try await request.body.collect(upTo: 4 << 20)
        guard path.count == 2, let kind = EnvoyParts.Kind(rawValue: String(path[1])),
            let question = try? JSON.parse(Array(body.readableBytesView))
        else { return Response(status: .badRequest) }
        let isSingle = kind == .endpoints || kind == .routes
        let name = question.list("resource_names").first?.stringValue ?? ""
        let reply = await plane.answer(
            Discovery.Key(kind: kind, name: isSingle ? name : ""),
            has: question.text("version_info").flatMap { Int($0) },
            node: question.at("node", "id")?.stringValue ?? "")
        guard let reply else { return Response(status: .notModified) }
        let bytes = JSON.write(reply.document)
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
