package import ControlPlane
package import Domain
import Glibc
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import Processes
import ServiceLifecycle

/// The embedded API server: the control plane's model behind HTTP on 127.0.0.1, with its
/// controllers at work.
///
/// `run()` serves until `stop()` is called. A new server over the `store` of a stopped one is the
/// same cluster after a restart of its API server.
package actor SandboxServer {
    private let options: SandboxOptions
    private let access: AccessRules
    private let logger: Logger
    private let serverLogger: Logger
    /// The cluster as it is now.
    package private(set) var store: Store
    /// Where the cluster is kept, while the server runs.
    private var state: StateFile?
    private var controllers = ControllerLoop()
    private var autoscalers = AutoscalerController()
    private var faults: [SandboxFault] = []
    private var watches: [Int: WatchSignal] = [:]
    private var nextWatch = 0
    private var observers: [Signal] = []
    /// The node, while one works.
    private(set) var node: Node?
    private var seenVersion: Int64 = 0

    private var isRunning = false
    /// ``stop()`` has been called.
    private(set) var isStopping = false
    /// Told when ``run()`` has ended.
    private var endSignals: [Signal] = []
    private let stopSignal = Signal()
    private let changeSignal = Signal()
    private let portSignal = Signal()
    private var boundPort: Int?
    private var failure: (any Error)?
    /// Why the last change could not be kept.
    private var keepFailure: StateFailure?

    /// A server over a new cluster, or over a given one.
    package init(_ options: SandboxOptions = .init(), store: Store? = nil, logger: Logger? = nil) {
        self.options = options
        access = AccessRules(
            adminToken: options.adminToken, onDecision: options.onDecision)
        var quiet = Logger(label: "sandbox")
        quiet.logLevel = .error
        let used = logger ?? quiet
        self.logger = used
        self.store = store ?? Self.newStore(options, used)
        // The HTTP server calls it an error when it is cancelled.
        quiet.logLevel = .critical
        serverLogger = logger ?? quiet
    }

    /// A cluster with the definitions that were asked for.
    private static func newStore(_ options: SandboxOptions, _ logger: Logger) -> Store {
        var store = Store(seed: options.seed, now: WallClock.now)
        define(options, &store, logger)
        return store
    }

    private static func define(
        _ options: SandboxOptions, _ store: inout Store, _ logger: Logger
    ) {
        var definitions = options.definitions
        if options.installsGatewayDefinitions || options.gateway != nil {
            definitions += GatewayDefinitions.all
        }
        if options.gateway != nil { definitions.append(GatewayDefinitions.referenceGrant) }
        for definition in definitions {
            do throws(APIStatus) {
                try CustomResources.bringUpToDate(definition, in: &store, now: WallClock.now)
            } catch {
                logger.error("a definition is refused", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: What is kept

    /// Takes up the cluster that is kept, or begins to keep the one there is.
    private func openState() throws(StateFailure) {
        guard let asked = options.state else { return }
        let (file, kept) = try StateFile.open(asked) { store }
        state = file
        store = kept
        Self.define(options, &store, logger)
        guard keeps() else {
            closeState()
            throw StateFailure(description: "the state cannot be kept in \(asked.folder)")
        }
    }

    private func closeState() {
        state?.close(store)
        state = nil
    }

    /// Keeps what has changed and tells who watches. What cannot be kept has not happened.
    private func keeps() -> Bool {
        if let state {
            do throws(StateFailure) {
                if store.hasUnsavedChanges { try state.keep(store.unsavedLines) }
                store.noteSaved()
            } catch {
                keepFailure = error
                store.undoUnsaved()
                return false
            }
        }
        noticeChanges()
        return true
    }

    /// Brings what is kept to the disk, and keeps the file from growing for ever.
    private func runState() async {
        guard let state else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            await state.synchronize()
            if state.beginsCopy() { await state.copy(store) }
        }
    }

    // MARK: Life

    /// Serves until ``stop()`` is called. Cancelling the task ends it too, but it is no way to
    /// stop: a connection that is accepted at that moment ends the process (swift-nio 2637).
    ///
    /// - Throws: what keeps the port from being opened or the kubeconfig from being written.
    package func run() async throws {
        isRunning = true
        defer { ended() }
        try await withTaskExecutorPreference(ServerThread()) { try await serve() }
    }

    private func serve() async throws {
        let application = Application(
            responder: CallbackResponder<Connection> { [self] request, connection in
                try await answer(request, connection)
            },
            configuration: .init(
                address: .hostname("127.0.0.1", port: options.port), serverName: nil),
            onServerRunning: { [self] channel in await opened(channel) },
            // On one loop a connection is never half accepted when the server stops listening.
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()),
            logger: serverLogger)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)], logger: serverLogger)
        configuration.maximumGracefulShutdownDuration = Self.longestEnd
        let service = ServiceGroup(configuration: configuration)
        do {
            try openState()
            defer { closeState() }
            let gateway = try options.gateway.map { try EnvoyGateway($0, logger: logger) }
            node = try options.node.map { options in try Node(options, logger: logger) }
            defer { node = nil }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // They start processes and may hold up their thread: not the server's.
                let others = globalConcurrentExecutor
                if let node {
                    group.addTask(executorPreference: others) { await node.run(on: self) }
                }
                if let gateway {
                    group.addTask(executorPreference: others) { await self.runGateway(gateway) }
                }
                group.addTask { await self.runControllers() }
                group.addTask { await self.tick() }
                group.addTask { await self.runState() }
                group.addTask {
                    await self.stopSignal.wait()
                    await service.triggerGracefulShutdown()
                }
                try await service.run()
                closeWatches()
                await gateway?.stop()
                group.cancelAll()
            }
            if let failure { throw failure }
        } catch {
            if failure == nil, error is CancellationError || stopSignal.isRung { return }
            let reason = failure ?? PortFailure(error, port: options.port) ?? error
            failure = reason
            portSignal.ring()
            throw reason
        }
    }

    /// A gateway that cannot work ends the sandbox.
    private func runGateway(_ gateway: EnvoyGateway) async {
        do {
            try await gateway.run(on: self)
        } catch {
            failure = error
            stopSignal.ring()
        }
    }

    /// How long requests that are under way may go on after ``stop()``.
    private static let longestEnd = Duration.seconds(5)

    /// Ends ``run()`` and waits for its end. Open watches are closed, requests that are under way
    /// are answered.
    package func stop() async {
        isStopping = true
        closeWatches()
        stopSignal.ring()
        guard isRunning else { return }
        let signal = Signal()
        endSignals.append(signal)
        await signal.wait()
    }

    private func ended() {
        isRunning = false
        for signal in endSignals { signal.ring() }
        endSignals = []
    }

    /// Where the server listens, once it does.
    ///
    /// - Throws: what kept it from listening.
    package func port() async throws -> Int {
        while boundPort == nil, failure == nil {
            try Task.checkCancellation()
            await portSignal.wait()
        }
        if let failure { throw failure }
        return boundPort ?? 0
    }

    /// Starts a server for as long as `body` runs and hands it over with its port.
    package static func withServer<Result: Sendable>(
        _ options: SandboxOptions = .init(), store: Store? = nil,
        _ body: @Sendable (SandboxServer, _ port: Int) async throws -> Result
    ) async throws -> Result {
        let server = SandboxServer(options, store: store)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            do {
                let result = try await body(server, server.port())
                await server.stop()
                try await group.waitForAll()
                return result
            } catch {
                await server.stop()
                try? await group.waitForAll()
                throw error
            }
        }
    }

    private func opened(_ channel: any Channel) {
        let port = channel.localAddress?.port ?? options.port
        do {
            if let path = options.kubeconfigPath {
                try Kubeconfig.write(port: port, token: options.adminToken, to: path)
            }
            boundPort = port
        } catch {
            failure = error
            stopSignal.ring()
        }
        portSignal.ring()
    }

    // MARK: The cluster

    /// Changes the cluster from inside, as a kubelet or a test does; watchers see it.
    ///
    /// While changes cannot be kept, it waits: `body` is called again on the cluster as it is
    /// then, and what it did before has not happened.
    @discardableResult
    package func change<Result: Sendable>(
        _ body: (inout Store, Timestamp) throws -> Result
    ) async rethrows -> Result {
        while true {
            let result: Result
            do {
                result = try body(&store, WallClock.now)
            } catch {
                _ = keeps()
                throw error
            }
            // At the end nobody waits for a disk.
            if keeps() || isStopping || Task.isCancelled { return result }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    func perform(_ request: APIRequest) -> APIAnswer {
        let answer = Front.answer(request, store: &store, now: WallClock.now, access: access)
        if keeps() { return answer }
        return .response(APIResponse(.notKept(keepFailure?.description ?? "")))
    }

    private func noticeChanges() {
        guard store.version != seenVersion else { return }
        seenVersion = store.version
        changeSignal.ring()
        for watch in watches.values where watch.mayHaveNews(store) { watch.signal.ring() }
        for observer in observers { observer.ring() }
    }

    /// Rings a signal after every change of the cluster.
    func observe(_ signal: Signal) {
        observers.append(signal)
        signal.ring()
    }

    /// Controllers work shortly after a change, so that several changes are one occasion.
    private func runControllers() async {
        while !Task.isCancelled {
            await changeSignal.wait()
            try? await Task.sleep(for: .milliseconds(5))
            settle()
        }
    }

    /// Lets the controllers work until nothing changes any more; bounded, since two of them
    /// could disagree for ever.
    private func settle() {
        for _ in 0..<20 {
            let before = store.version
            controllers.run(&store, now: WallClock.now)
            // Nobody measures the load of processes here.
            autoscalers.run(&store, now: WallClock.now, usage: nil)
            if store.version == before { break }
        }
        // What did not happen is found again by controllers that know nothing.
        if !keeps() {
            controllers = ControllerLoop()
            autoscalers = AutoscalerController()
        }
    }

    /// What depends on time alone: deadlines of controllers, bookmarks and ends of watches.
    private func tick() async {
        var beat = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            let now = WallClock.now
            for watch in watches.values where watch.nextLook <= now { watch.signal.ring() }
            beat += 1
            if beat % 10 == 0 { settle() }
        }
    }

    // MARK: Faults

    /// Lets the next requests that match fail or wait.
    package func inject(_ fault: SandboxFault) {
        faults.append(fault)
    }

    /// Forgets faults that have not happened yet.
    package func clearFaults() {
        faults = []
    }

    /// Ends all open watches, as a server that goes away does.
    package func cutWatches() {
        closeWatches()
    }

    /// The effect of the first fault that meets a request.
    func fault(for request: APIRequest) -> SandboxFault.Effect? {
        guard let index = faults.firstIndex(where: { $0.count > 0 && $0.matches(request) }) else {
            return nil
        }
        faults[index].count -= 1
        let effect = faults[index].effect
        if faults[index].count == 0 { faults.remove(at: index) }
        return effect
    }

    // MARK: Watches

    /// Registers a watch; it is rung when there may be something to send.
    func register(_ stream: WatchStream) -> (id: Int, signal: Signal) {
        nextWatch += 1
        let signal = Signal()
        guard !isStopping else { return (nextWatch, signal) }
        watches[nextWatch] = WatchSignal(
            signal: signal, kind: stream.subscription.kind, nextLook: stream.nextLook,
            seen: stream.subscription.version)
        return (nextWatch, signal)
    }

    func unregister(_ id: Int) {
        watches[id] = nil
    }

    /// The lines that are due on a stream, and whether it is over.
    func lines(_ stream: inout WatchStream, id: Int) -> [Document] {
        guard watches[id] != nil else { return [] }
        let lines = stream.lines(store, now: WallClock.now)
        watches[id]?.nextLook = stream.nextLook
        watches[id]?.seen = stream.subscription.version
        return lines
    }

    /// Whether a stream is still meant to be open.
    func isOpen(_ id: Int) -> Bool { watches[id] != nil }

    private func closeWatches() {
        let open = watches
        watches = [:]
        for watch in open.values { watch.signal.ring() }
    }
}

/// Why nobody can listen there.
private struct PortFailure: Error, CustomStringConvertible {
    let description: String

    /// `nil` if it is another failure.
    init?(_ error: any Error, port: Int) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: description = "port \(port) of 127.0.0.1 is taken"
        case EACCES: description = "port \(port) of 127.0.0.1 is not for this user"
        default: return nil
        }
    }
}

/// What the server knows of an open watch.
private struct WatchSignal: Sendable {
    let signal: Signal
    let kind: ResourceKind
    var nextLook: Timestamp
    var seen: Int64

    /// Whether the kind changed since the watch looked last, or is not served any more.
    func mayHaveNews(_ store: Store) -> Bool {
        store.registry[kind] == nil || store.lastChange(of: kind) > seen
    }
}

extension APIStatus {
    /// The change has not been made, since it could not be kept; it may be tried again.
    fileprivate static func notKept(_ reason: String) -> APIStatus {
        var details = Details()
        details.retryAfterSeconds = 1
        return APIStatus(
            code: 503, reason: "ServiceUnavailable",
            message: "the change was not made, since the sandbox cannot keep it: \(reason)",
            details: details)
    }
}
