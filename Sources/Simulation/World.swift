import API
package import ControlPlane
package import Domain
package import Engine
import Resources
import Rollouts

/// A whole installation in virtual time: the control plane with its controllers, nodes, a gateway,
/// users, Git and one or more processes of the controller. The same inputs give the same run, event
/// by event.
package struct World: Sendable {
    /// How long things take.
    package struct Delays: Sendable {
        package var write = TimeSpan.milliseconds(5)
        package var watch = TimeSpan.milliseconds(2)
        package var fetch = TimeSpan.milliseconds(100)
        package var push = TimeSpan.milliseconds(200)
        package var probe = TimeSpan.milliseconds(20)
        /// From a change of a route to the gateway's word on it.
        package var gateway = TimeSpan.milliseconds(500)
        /// From there to the last proxy.
        package var proxies = TimeSpan.milliseconds(300)
        /// From the making of a pod to the start of its container.
        package var schedule = TimeSpan.milliseconds(50)
        /// From the deletion of a pod to its end.
        package var podEnd = TimeSpan.seconds(2)
        /// Kinds whose watches are later than `watch`.
        package var lags: [ResourceKind: TimeSpan] = [:]
        /// From the death of the controller to the next one's start.
        package var restart = TimeSpan.seconds(2)

        package init() {}
    }

    /// What becomes of a process at a call.
    package enum Death: String, Hashable, Sendable, CaseIterable {
        /// It dies when the call is carried out.
        case plain
        /// So it does, and the next one is shown what was before, for a time.
        case staleStart
        /// It stands still when the call is made, and goes on much later.
        case standstill
    }

    /// Something due at a time.
    enum Item: Sendable {
        case event(Event, life: Int)
        case effect(Effect, life: Int)
        case action(Action)
        case landing(WriteRequest, sent: Timestamp)
        case start(process: Int)
    }

    package internal(set) var now: Timestamp
    package var store: Store
    package var git = SimulatedGit()
    package var delays = Delays()
    /// What users ask of each release, in percent of what one pod is meant to carry.
    package var load = 100
    /// How the pods of a version behave, by version name.
    package var behaviours: [String: PodBehaviour] = [:]
    /// Die after this many writes of the controller were applied; the answer is lost.
    package var crashAfterWrite: Int?
    /// What becomes of single writes, by the number of the call.
    package var fates: [Int: CallFaults.WriteFate] = [:]
    /// What becomes of the process that makes a call, by the number of the call.
    package var deaths: [Int: Death] = [:]
    /// Calls that would write, so far.
    package internal(set) var calls = 0
    /// Writes of the controller that were applied so far, in the cluster and in Git.
    package internal(set) var writes = 0
    /// When the controller last changed anything.
    package internal(set) var lastWrite: Timestamp?
    /// One line for every applied write, commit and death.
    package internal(set) var trace: [String] = []
    /// What was found wrong.
    package internal(set) var violations: [String] = []
    /// The splits that the route had, with the time of each.
    package internal(set) var splits: [(at: Timestamp, split: [String: Int])] = []
    package internal(set) var notices: [Notice] = []
    /// What those who only observe would have changed, while there are any.
    package internal(set) var intentions: [(at: Timestamp, notice: IntentionNotice)] = []
    /// What the others have sent, while somebody observes.
    package internal(set) var changes: Set<Intention> = []
    /// What happened so far: everything that was due at some time, and what the controller met.
    package internal(set) var events = 0
    /// Events that the controller has met.
    package internal(set) var steps = 0
    /// How often each kind of fault met a call.
    package internal(set) var injected: [String: Int] = [:]
    /// Whether nothing happens any more after the first violation.
    package var endsWithViolation = false
    /// More writes than this are taken for a livelock.
    package var writeLimit = 5000
    /// Folds in everything that happens: equal numbers mean equal runs.
    package internal(set) var hash = TraceHash()
    /// Calls, lists and watches go as bytes through the HTTP side of the API server.
    package var speaksHTTP = false
    /// The token of the controller's account, where the server enforces roles.
    var credential: String?
    /// Who uses the models; nobody at first.
    package var users = Users()

    let settings: EngineSettings
    var processes = [Process()]
    private var queue = Calendar<Item>()
    var lives = 0
    var gitIsAway = false
    var gitRefusesPushes = false
    var apiIsAway = false
    /// The state in which the server's watch caches stand still.
    var frozen: Store?
    /// Watches bring nothing new of a kind until the next change of it.
    package var watchesAreOneBehind = false
    package internal(set) var callFaults = CallFaults()
    /// Draws what becomes of calls.
    var chance: SplitMix64
    /// Some process had another time than the world.
    var clocksDiffer = false
    var truth = Truth()
    var controllers = ControllerLoop()
    var autoscalers = AutoscalerController()
    var kubelet = Kubelet()
    var nodeLifecycle = NodeLifecycle()
    /// The controller has no right to read nodes.
    package var hidesNodes = false
    package var gateway = SimulatedGateway()
    var meddlers: [Meddler] = []
    /// The version at which the cluster's controllers had nothing to do.
    var settledVersion: Int64 = -1
    /// The version up to which watches were fed.
    var fedVersion: Int64 = -1
    private var lastAdvance = Timestamp(milliseconds: 0)
    private var repeats = 0
    private var isStuck = false

    /// When runs begin: 2026-01-01T00:00:00Z.
    package static let start = Timestamp(milliseconds: 1_767_225_600_000)

    package init(
        start: Timestamp = World.start,
        settings: EngineSettings = .init(rollout: .init(settle: .seconds(1), drain: .seconds(5))),
        seed: UInt64 = 1
    ) {
        now = start
        chance = SplitMix64(seed: seed)
        self.settings = settings
        let cluster = start == Self.start ? Self.cluster : Self.cluster(from: start)
        store = cluster.store
        if let problem = cluster.problem { giveUp(problem) }
        kubelet.register(&store, now: now)
        workCluster()
    }

    /// The cluster that most runs begin with: made once.
    private static let cluster = cluster(from: start)

    /// A cluster that knows the kinds, and what was wrong with their definitions.
    private static func cluster(from start: Timestamp) -> (store: Store, problem: String?) {
        var store = Store(seed: 1, now: start)
        for definition in APIDefinitions.all.map(\.definition) + GatewayDefinitions.all {
            do throws(APIStatus) {
                try CustomResources.install(definition, into: &store, now: start)
            } catch {
                return (store, "a definition is refused: \(error.message)")
            }
        }
        return (store, nil)
    }

    // MARK: Driving

    /// Puts an action on the calendar.
    package mutating func schedule(after span: TimeSpan, _ action: Action) {
        enqueue(now + span, .action(action))
    }

    /// Lets time pass.
    package mutating func run(for span: TimeSpan) {
        let end = now + span
        while let next = nextTime(), next <= end {
            now = max(now, next)
            advance()
        }
        now = end
    }

    /// Lets time pass until something holds, at most so long; false if it did not come to hold.
    package mutating func run(
        atMost span: TimeSpan, until holds: (World) -> Bool
    ) -> Bool {
        let end = now + span
        if holds(self) { return true }
        while let next = nextTime(), next <= end {
            now = max(now, next)
            advance()
            if holds(self) { return true }
        }
        now = end
        return false
    }

    /// Ends the run: something goes on without end.
    mutating func giveUp(_ why: String) {
        guard !isStuck else { return }
        isStuck = true
        violations.append("\(now) no livelock: \(why)")
    }

    mutating func enqueue(_ time: Timestamp, _ item: Item) { queue.insert(item, at: time) }

    /// What people and fate had in mind does not come to be.
    mutating func dropActions() {
        queue.removeAll {
            if case .action = $0 { true } else { false }
        }
    }

    /// Adds a line to the story.
    mutating func note(_ line: String) {
        hash.fold(line.utf8)
        trace.append("\(now) \(line)")
    }

    /// The next time at which something happens; `nil` after a livelock, which ends the run.
    private func nextTime() -> Timestamp? {
        guard !isStuck, !endsWithViolation || violations.isEmpty else { return nil }
        var next = queue.next ?? .distantFuture
        if let due = clusterDue { next = min(next, due) }
        if let due = users.due { next = min(next, due) }
        for index in processes.indices {
            if let tick = processes[index].nextTick { next = min(next, tick) }
        }
        return next == .distantFuture ? nil : next
    }

    /// The first process that wants to be woken now.
    private var wakingProcess: Int? {
        for index in processes.indices {
            if let tick = processes[index].nextTick, tick <= now { return index }
        }
        return nil
    }

    private mutating func advance() {
        if now == lastAdvance {
            repeats += 1
            if repeats > 20_000 { giveUp("time stands still") }
        } else {
            lastAdvance = now
            repeats = 0
        }
        events += 1
        hash.fold(now.milliseconds)
        if let item = queue.take(at: now) {
            perform(item)
        } else if let due = users.due, due <= now {
            useModels()
            return
        } else if let index = wakingProcess {
            step(.tick, in: index)
        }
        workCluster()
        feedWatches()
        check()
    }

    private mutating func perform(_ item: Item) {
        switch item {
        case .event(let event, let life): deliver(event, to: life)
        case .effect(let effect, let life): carryOut(effect, of: life)
        case .action(let action): act(action)
        case .landing(let request, let sent): perform(request, sent: sent, of: nil)
        case .start(let index): start(process: index)
        }
    }
}

extension Timestamp {
    static var distantFuture: Timestamp { Timestamp(milliseconds: .max) }
}
