import API
package import ControlPlane
package import Domain
package import Engine
import Resources
import Rollouts

/// A whole installation in virtual time: the control plane with its controllers, nodes, a gateway,
/// Git and the controller. The same inputs give the same run, event by event.
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

    /// Something due at a time.
    enum Item: Sendable {
        case event(Event, incarnation: Int)
        case effect(Effect, incarnation: Int)
        case action(Action)
        case landing(WriteRequest, sent: Timestamp)
        case start
    }

    /// What people and fate do.
    package enum Action: Sendable {
        /// A commit by a person that makes the files so (`nil` removes one).
        case merge([String: String?], author: String)
        case annotate(NamespacedName, String, String?)
        case change(
            ResourceKey, part: WriteContext.Part = .main, @Sendable (inout Document) -> Void)
        case delete(ResourceKey)
        /// The n-th of Slipway's objects of a kind that there are then, counted around.
        case changeSome(
            ResourceKind, Int, part: WriteContext.Part = .main,
            @Sendable (inout Document) -> Void)
        case deleteSome(ResourceKind, Int)
        case behave(version: String, PodBehaviour)
        case kill
        case gitAway(Bool)
        case apiAway(Bool)
        /// From now on the controller's calls go wrong so often.
        case calls(CallFaults)
        /// The cluster takes one pod of a version away.
        case evict(version: String)
        /// The container of one pod of a version dies.
        case killContainer(version: String)
        /// The controller's watches end and it lists anew.
        case relist
        /// Another controller insists on something of an object: after every change it is so
        /// again; `nil` ends all of that.
        case meddle(ResourceKey, (@Sendable (inout Document) -> Void)?)
    }

    /// Somebody who puts back what he wants.
    struct Meddler: Sendable {
        let key: ResourceKey
        let change: @Sendable (inout Document) -> Void
    }

    package internal(set) var now: Timestamp
    package var store: Store
    package var git = SimulatedGit()
    package var delays = Delays()
    package internal(set) var engine: Engine?
    /// How the pods of a version behave, by version name.
    package var behaviours: [String: PodBehaviour] = [:]
    /// Die after this many writes of the controller were applied; the answer is lost.
    package var crashAfterWrite: Int?
    /// Writes of the controller that were applied so far, in the cluster and in Git.
    package internal(set) var writes = 0
    /// One line for every applied write, commit and death.
    package internal(set) var trace: [String] = []
    /// What was found wrong.
    package internal(set) var violations: [String] = []
    /// The splits that the route had, with the time of each.
    package internal(set) var splits: [(at: Timestamp, split: [String: Int])] = []
    package internal(set) var notices: [Notice] = []
    /// Events that the controller has met.
    package internal(set) var steps = 0

    let settings: EngineSettings
    var queue: [(at: Timestamp, order: Int, item: Item)] = []
    var order = 0
    var incarnation = 0
    var cursors: [ResourceKind: Int64] = [:]
    var gitIsAway = false
    var apiIsAway = false
    var needsLists = false
    package internal(set) var callFaults = CallFaults()
    /// Draws what becomes of calls.
    var chance: SplitMix64
    var truth = Truth()
    var controllers = ControllerLoop()
    var kubelet = Kubelet()
    var gateway = SimulatedGateway()
    var meddlers: [Meddler] = []
    /// The version at which the cluster's controllers had nothing to do.
    var settledVersion: Int64 = -1
    private var lastAdvance = Timestamp(milliseconds: 0)
    private var repeats = 0
    private var isStuck = false

    package init(
        start: Timestamp = Timestamp(milliseconds: 1_767_225_600_000),
        settings: EngineSettings = .init(rollout: .init(settle: .seconds(1), drain: .seconds(5))),
        seed: UInt64 = 1
    ) {
        now = start
        chance = SplitMix64(seed: seed)
        self.settings = settings
        store = Store(seed: 1, now: start)
        for definition in APIDefinitions.all.map(\.definition) + GatewayDefinitions.all {
            do throws(APIStatus) {
                try CustomResources.install(definition, into: &store, now: start)
            } catch {
                giveUp("a definition is refused: \(error.message)")
            }
        }
        workCluster()
    }

    // MARK: Driving

    /// Puts an action on the calendar.
    package mutating func schedule(after span: TimeSpan, _ action: Action) {
        enqueue(now + span, .action(action))
    }

    /// Starts a controller; it sees the cluster as it is.
    package mutating func startController() {
        incarnation += 1
        engine = Engine(settings: settings)
        cursors = [:]
        feedLists()
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

    mutating func enqueue(_ time: Timestamp, _ item: Item) {
        order += 1
        let entry = (at: time, order: order, item: item)
        let index =
            queue.firstIndex { ($0.at, $0.order) > (entry.at, entry.order) } ?? queue.count
        queue.insert(entry, at: index)
    }

    /// The next time at which something happens; `nil` after a livelock, which ends the run.
    private func nextTime() -> Timestamp? {
        isStuck ? nil : [queue.first?.at, engine?.nextTick, clusterDue].compactMap { $0 }.min()
    }

    private mutating func advance() {
        if now == lastAdvance {
            repeats += 1
            if repeats > 20_000 { giveUp("time stands still") }
        } else {
            lastAdvance = now
            repeats = 0
        }
        if let first = queue.first, first.at <= now {
            queue.removeFirst()
            perform(first.item)
        } else if let tick = engine?.nextTick, tick <= now {
            step(.tick)
        }
        workCluster()
        feedWatches()
        check()
    }

    private mutating func perform(_ item: Item) {
        switch item {
        case .event(let event, let born):
            if born == incarnation, engine != nil { step(event) }
        case .effect(let effect, let born): carryOut(effect, born: born)
        case .action(let action): act(action)
        case .landing(let request, let sent): perform(request, sent: sent, isLate: true)
        case .start: startController()
        }
    }

    mutating func step(_ event: Event) {
        guard var engine else { return }
        self.engine = nil
        steps += 1
        let effects = engine.step(event, now: now)
        self.engine = engine
        for effect in effects { send(effect) }
    }

    mutating func die(_ why: String) {
        trace.append("\(now) controller dies: \(why)")
        engine = nil
        incarnation += 1
        enqueue(now + delays.restart, .start)
    }
}
