import API
package import Cluster
import Domain
import Engine
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
    private let client: ClusterClient
    private let repositories: Repositories
    private let prober: PodProber
    private let loops: [CurlLoop]
    private let logger: Logger
    private let clock = SteadyClock()
    private let lanes = Lanes()
    private var engine: Engine
    private var alarm: (at: Timestamp, task: Task<Void, Never>)?
    private var journal: Journal
    /// Sources whose last look failed.
    private var unwell: Set<NamespacedName> = []

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
        loops = [git, probes]
        repositories = Repositories(
            in: "\(settings.directory)/mirrors", permissions: settings.repositories, loop: git,
            deadlines: settings.git, logger: logger)
        prober = PodProber(probe: InferenceProbe(loop: probes))
        engine = Engine(settings: settings.engine)
        journal = Journal(logger: logger)
    }

    /// Works until the task is cancelled or a graceful shutdown begins. Nothing needs to be
    /// finished then: another controller takes the same next action.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for lane in self.lanes.all {
                    group.addTask { await lane.run { await self.carryOut($0) } }
                }
                for (kind, label) in ClusterView.kinds {
                    group.addTask { await self.follow(ObjectSelection(kind, labels: label)) }
                }
            }
        }
        alarm?.task.cancel()
        alarm = nil
        for loop in loops { await loop.shutDown() }
    }

    // MARK: Events

    private func receive(_ event: Event) {
        guard !Task.isCancelled else { return }
        journal.note(event)
        noteHealth(event)
        let wasSynced = engine.cluster.isSynced
        for effect in engine.step(event, now: clock.now) {
            journal.note(effect)
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
        alarm = nil
        receive(.tick)
    }

    /// Brings what a list and a watch say.
    private nonisolated func follow(_ selection: ObjectSelection) async {
        var generator = SystemRandomNumberGenerator()
        await Reflector(selection, client: client).run(using: &generator) { event in
            await self.receive(.view(selection.kind, event))
        }
    }

    // MARK: Effects

    private nonisolated func carryOut(_ effect: Effect) async {
        switch effect {
        case .write(let id, let request):
            await receive(.written(id, await client.perform(request)))
        case .read(let id, let key):
            await receive(.read(id, await client.get(key)))
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
        case .leadership: break
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
