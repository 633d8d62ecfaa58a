import API
package import Cluster
import Domain
import Engine
import KubeWire
package import Logging
import Observed
import Resources
import ServiceLifecycle
import Signals
package import Transport

/// The controller at work: the engine, and around it everything that touches the world.
///
/// The actor is the inbox. Events come one at a time, in the order in which each view, write or
/// look sends them; whoever brings one waits until it was taken in, so that a flood holds its own
/// source back. Effects leave through lanes and come back as events.
package actor Controller: Service {
    private let settings: ControllerSettings
    let client: ClusterClient
    private let leaseClient: ClusterClient
    private let repositories: Repositories
    private let prober: PodProber
    private let loops: [CurlLoop]
    private let logger: Logger
    private let clock = SteadyClock()
    private let lanes = Lanes()
    private var engine: Engine
    private var meter = ControllerMeter()
    private var alarm: (at: Timestamp, task: Task<Void, Never>)?
    private var journal: Journal
    /// Sources whose last look failed.
    private var unwell: Set<NamespacedName> = []
    /// Why this controller does not lead any more.
    private var lost: String?
    private let end = AsyncStream<Void>.makeStream()

    /// A controller of the cluster that `client` talks to. The caller ends the client.
    package init(
        _ settings: ControllerSettings, client: ClusterClient, logger: Logger
    ) throws(TransportError) {
        self.settings = settings
        self.client = client
        self.logger = logger
        let git = try CurlLoop(name: "git")
        let probes = try CurlLoop(
            name: "probes", settings: .init(connections: 64, connectionsPerHost: 4))
        let lease = try CurlLoop(name: "kube-lease")
        loops = [git, probes, lease]
        leaseClient = client.forLease(over: lease)
        repositories = Repositories(
            in: "\(settings.directory)/mirrors", permissions: settings.repositories, loop: git,
            deadlines: settings.git, logger: logger)
        prober = PodProber(probe: InferenceProbe(loop: probes))
        engine = Engine(settings: settings.engine)
        journal = Journal(logger: logger)
    }

    /// Works until the task is cancelled or a graceful shutdown begins. Nothing needs to be
    /// finished then: another controller takes the same next action. The Lease is given back.
    ///
    /// - Throws: ``LeadershipLost`` when this controller led and another one does: it has stopped,
    ///   and the process has to begin anew.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for lane in self.lanes.all {
                    group.addTask { await lane.run { await self.carryOut($0) } }
                }
                for (kind, label) in ClusterView.kinds {
                    let place = ClusterView.place(
                        of: kind, in: self.settings.engine.namespace)
                    let selection = ObjectSelection(kind, namespace: place, labels: label)
                    group.addTask { await self.follow(selection) }
                }
                group.addTask { for await _ in self.end.stream { return } }
                await group.next()
                group.cancelAll()
            }
        }
        alarm?.task.cancel()
        alarm = nil
        await resign()
        for loop in loops { await loop.shutDown() }
        if let lost { throw LeadershipLost(reason: lost) }
    }

    /// Lets another controller begin at once.
    private func resign() async {
        for effect in engine.step(.resigned, now: clock.now) {
            guard case .write(_, let request) = effect else { continue }
            if case .applied = await leaseClient.perform(request) {
                logger.info("gave the lease back")
            }
        }
    }

    // MARK: Events

    private func receive(_ event: Event) {
        guard !Task.isCancelled else { return }
        let start = ContinuousClock.now
        journal.note(event)
        meter.note(event, at: start)
        noteHealth(event)
        let wasSynced = engine.cluster.isSynced
        let effects = engine.step(event, now: clock.now)
        meter.decided(in: start.duration(to: .now))
        for effect in effects {
            journal.note(effect)
            meter.note(effect, at: start)
            if case .leadership(.stopped(let why)) = effect {
                lost = why
                end.continuation.finish()
            }
            lanes.send(effect, unwell: unwell)
        }
        if !wasSynced, engine.cluster.isSynced {
            let (releases, sources) = (engine.cluster.releases, engine.cluster.sources)
            logger.info(
                "the cluster is known",
                metadata: [
                    "releases": "\(releases.names.count)", "sources": "\(sources.names.count)",
                ])
        }
        setAlarm()
    }

    private func noteHealth(_ event: Event) {
        guard case .fetched(let source, let outcome) = event else { return }
        if case .failed = outcome {
            // Those that are gone are forgotten now and then.
            if unwell.count > 1000 {
                unwell = unwell.filter { engine.cluster.sources[$0] != nil }
            }
            unwell.insert(source)
        } else {
            unwell.remove(source)
        }
    }

    private func setAlarm() {
        guard engine.nextTick != alarm?.at else { return }
        alarm?.task.cancel()
        alarm = nil
        guard let next = engine.nextTick else { return }
        // A wait of nothing would let a mistake in the engine take the whole machine.
        let wait = max(1, (next - clock.now).milliseconds)
        let task = Task {
            guard (try? await Task.sleep(for: .milliseconds(wait))) != nil else { return }
            ring()
        }
        alarm = (next, task)
    }

    private func ring() {
        if let due = alarm?.at, due.milliseconds > 0 {
            meter.looked(late: .milliseconds((clock.now - due).milliseconds))
        }
        alarm = nil
        receive(.tick)
    }

    /// What there is to say of this controller, as it is now.
    var sight: Sight {
        Sight(
            view: engine.cluster, meter: meter, leads: engine.leads,
            waiting: engine.waitingSubjects, violations: engine.violations)
    }

    /// Brings what a list and a watch say.
    private nonisolated func follow(_ selection: ObjectSelection) async {
        var generator = SystemRandomNumberGenerator()
        await Reflector(selection, client: client).run(using: &generator) { event in
            await self.receive(.view(selection.kind, event))
        }
    }

    // MARK: Effects

    /// Whether the effect may be carried out now: it may have waited in its lane, or the whole
    /// process may have stood still. Reads change nothing, and the Lease tests itself.
    private func isInTime(_ effect: Effect) -> Bool {
        switch effect {
        case .read, .readMetadata, .fetch, .probe, .intend, .leadership: true
        case .write(_, let request) where request.key.kind == .lease: true
        case .write, .revert, .record, .emit: clock.now < engine.authority
        }
    }

    /// Answers an effect that came too late.
    private func drop(_ effect: Effect) {
        let why = "this controller does not lead at the moment"
        switch effect {
        case .write(let id, _): receive(.written(id, .notApplied(.init(.unreachable, why))))
        case .revert(let id, _): receive(.reverted(id, .failed(why)))
        case .record(let id, _): receive(.recorded(id, .failed(why)))
        case .read, .readMetadata, .fetch, .probe, .emit, .intend, .leadership: break
        }
    }

    private nonisolated func carryOut(_ effect: Effect) async {
        guard await isInTime(effect) else { return await drop(effect) }
        switch effect {
        case .write(let id, let request):
            let client = request.key.kind == .lease ? leaseClient : client
            await receive(.written(id, await client.perform(request)))
        case .read(let id, let key):
            let client = key.kind == .lease ? leaseClient : client
            await receive(.read(id, await client.get(key)))
        case .readMetadata(let id, let key):
            await receive(.read(id, await client.get(key, metadataOnly: true)))
        case .fetch(let source, let spec, let known):
            await receive(
                .fetched(source, await repositories.look(source, spec, known: known)))
        case .probe(let id, let order):
            await receive(.probed(id, await prober.ask(order)))
        case .revert(let id, let order):
            await receive(.reverted(id, await repositories.revert(order)))
        case .record(let id, let order):
            let cluster = settings.engine.cluster
            await receive(.recorded(id, await repositories.record(order, cluster: cluster)))
        case .emit(let notice):
            await publish(notice)
        case .intend, .leadership: break
        }
    }

    private nonisolated func publish(_ notice: Notice) async {
        let now = clock.now
        let stamp = String(UInt64(max(0, now.milliseconds)), radix: 16)
        let name =
            "\(notice.about.name).\(stamp)\(String(UInt32.random(in: 0 ... .max), radix: 16))"
        _ = await client.record(
            notice.event(name: name, instance: settings.engine.cluster, at: now),
            namespace: notice.about.namespace, name: name)
    }
}

/// A controller led and does not any more; it has sent nothing since.
package struct LeadershipLost: Error, CustomStringConvertible {
    /// For people.
    package let reason: String

    package var description: String { "this controller does not lead any more: \(reason)" }
}
