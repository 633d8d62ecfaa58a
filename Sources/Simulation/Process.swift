import API
import ControlPlane
import Domain
package import Engine
import Observed
import Resources

/// One process of the controller: it lives, stands still, dies and is started again.
struct Process: Sendable {
    var engine: Engine? {
        didSet {
            isAlive = engine != nil
            tick = engine?.nextTick
            authority = engine?.authority
        }
    }
    // What is asked after every event, so that nobody copies an engine to know it.
    /// There is an engine.
    private(set) var isAlive = false
    /// When the engine wants to be woken, by its own clock.
    private var tick: Timestamp?
    /// Until when the engine may act, by its own clock.
    private(set) var authority: Timestamp?
    /// The number of this life, unique among all lives of all processes; 0 before the first.
    var life = 0
    /// Up to which version watches have told, by kind.
    var cursors: [ResourceKind: Int64] = [:]
    /// When the newest news of a kind arrives: nothing overtakes it.
    var arrivals: [ResourceKind: Timestamp] = [:]
    /// What is held back of a kind until the next change of it.
    var heldBack: [ResourceKind: ViewEvent] = [:]
    var needsLists = false
    /// Its views over HTTP, by kind.
    var wires: [ResourceKind: WireView] = [:]
    /// Its watches broke, and no new lists have come since.
    var areWatchesLost = false
    /// It is never started again.
    var isBuried = false
    /// It decides and changes nothing.
    var observes = false
    /// What waits while the process stands still; `nil` while it runs.
    var waiting: [Event]?
    /// Calls that had not gone out when the process stopped; they do when it goes on.
    private var unsent: [Effect] = []
    /// How far its clock is ahead of the world's.
    var clock = TimeSpan.zero
    /// How far it will be at the next start.
    var nextClock = TimeSpan.zero
    /// The version of each object as the process knows it by its own writes.
    var acknowledged: [ResourceKey: Int64] = [:]
    /// How its calls have gone.
    var calls = CallRecord()

    /// Of the calls on their way when a process stops some have not left it yet: they wait.
    mutating func stoodStill(
        before effect: Effect, _ chance: inout some RandomNumberGenerator
    ) -> Bool {
        guard chance.next() % 2 == 0 else { return false }
        unsent.append(effect)
        return true
    }

    mutating func takeUnsent() -> [Effect] {
        defer { unsent = [] }
        return unsent
    }

    /// Its watch of a kind over HTTP is open and has told of everything up to a version.
    func hasHeard(of kind: ResourceKind, upTo version: Int64) -> Bool {
        guard let watch = wires[kind]?.watch else { return false }
        return watch.version >= version
    }

    /// When it wants to be woken, by the world's clock.
    var nextTick: Timestamp? {
        guard waiting == nil, let tick else { return nil }
        return tick - clock
    }
}

/// The life of the controller's processes.
extension World {
    /// Starts a controller; it sees the cluster as it is.
    package mutating func startController() { start(process: 0) }

    mutating func start(process index: Int) {
        guard processes.indices.contains(index), !processes[index].isAlive,
            !processes[index].isBuried
        else { return }
        lives += 1
        let clock = processes[index].nextClock
        let observes = processes[index].observes
        processes[index] = Process()
        processes[index].observes = observes
        processes[index].clock = clock
        processes[index].nextClock = clock
        processes[index].life = lives
        processes[index].engine = Engine(settings: settings(of: index))
        truth.disturbed = now
        feedLists(index)
    }

    /// Starts one more controller, which only observes.
    package mutating func startObserver() {
        var observer = Process()
        observer.observes = true
        processes.append(observer)
        start(process: processes.count - 1)
    }

    /// One process is alone; of several one is elected. Who only observes takes no part.
    private func settings(of index: Int) -> EngineSettings {
        var settings = settings
        settings.seed = UInt64(lives)
        settings.observes = processes[index].observes
        // Every other life keeps nearly all objects packed: nothing may depend on it.
        settings.recentReleases = lives.isMultiple(of: 2) ? 1 : settings.recentReleases
        guard !settings.observes, processes.count(where: { !$0.observes }) > 1 else {
            return settings
        }
        settings.election = .init(
            lease: NamespacedName(namespace: "kube-system", name: "slipway-controller"),
            identity: "slipway-\(index)_\(lives)", holder: "life-\(lives)")
        return settings
    }

    /// The engine of the first process, while that lives.
    package var engine: Engine? { processes.first?.engine }

    /// The process that lives a life, if it still does.
    func process(of life: Int) -> Int? { processes.firstIndex { $0.life == life } }

    mutating func deliver(_ event: Event, to life: Int) {
        guard let index = process(of: life) else { return }
        if processes[index].waiting != nil {
            processes[index].waiting?.append(event)
        } else {
            step(event, in: index)
        }
    }

    mutating func step(_ event: Event, in index: Int) {
        // The engine is the only owner of its state while it works: nothing is copied.
        guard var engine = processes[index].engine.take() else { return }
        steps += 1
        let effects = engine.step(event, now: now + processes[index].clock)
        processes[index].engine = engine
        hash.fold(Int64(effects.count))
        for effect in effects { send(effect, from: index) }
        if processes.contains(where: \.observes) { compare(effects, of: index) }
    }

    /// Notes what those who act change and what those who observe would change, and that these
    /// change nothing.
    private mutating func compare(_ effects: [Effect], of index: Int) {
        let observes = processes[index].observes
        for effect in effects {
            switch effect {
            case .write(_, let request) where !observes: changes.insert(Intention(request))
            case .revert(_, let order) where !observes: changes.insert(Intention(order))
            case .record(_, let order) where !observes: changes.insert(Intention(order))
            case .intend(let notice) where observes: intentions.append((now, notice))
            case .write, .revert, .record, .emit, .probe:
                if observes { violate("observe", "an observer acts: \(effect)") }
            case .intend: violate("observe", "who acts only says so: \(effect)")
            case .read, .readMetadata, .fetch, .leadership: break
            }
        }
    }

    mutating func die(_ index: Int, _ why: String) {
        guard processes.indices.contains(index), processes[index].isAlive else { return }
        note("controller dies: \(why)")
        processes[index].engine = nil
        processes[index].life = 0
        processes[index].waiting = nil
        enqueue(now + delays.restart, .start(process: index))
    }

    /// The process is told to end: it gives the Lease back, and what it has sent is not called
    /// back. While it stands still it hears nothing.
    mutating func stop(_ index: Int) {
        guard processes.indices.contains(index), processes[index].waiting == nil,
            var engine = processes[index].engine.take()
        else { return }
        let effects = engine.step(.resigned, now: now + processes[index].clock)
        processes[index].engine = engine
        hash.fold(Int64(effects.count))
        for case .write(let id, let request) in effects {
            enqueue(
                now + delays.write, .effect(.write(id, request), life: processes[index].life))
        }
        die(index, "told to end")
    }

    /// The process dies and is never started again.
    mutating func bury(process index: Int) {
        die(index, "for ever")
        processes[index].isBuried = true
    }

    /// The process stands still, and everything that arrives waits.
    mutating func pause(_ index: Int) {
        guard processes.indices.contains(index), processes[index].isAlive,
            processes[index].waiting == nil
        else { return }
        note("controller stands still")
        processes[index].waiting = []
    }

    mutating func resume(_ index: Int) {
        guard processes.indices.contains(index), let waiting = processes[index].waiting else {
            return
        }
        note("controller goes on")
        truth.disturbed = now
        processes[index].waiting = nil
        for effect in processes[index].takeUnsent() { send(effect, from: index) }
        for event in waiting { enqueue(now, .event(event, life: processes[index].life)) }
    }
}
