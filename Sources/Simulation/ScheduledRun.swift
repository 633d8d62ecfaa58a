import API
import ControlPlane
package import Domain
import Engine
import Resources
import Rollouts

/// A schedule being played: a storm in which anything may happen, then a calm in which everything
/// has to settle.
package struct ScheduledRun: Sendable {
    package let schedule: Schedule
    package internal(set) var world: World
    /// How often a process was compared with a new one.
    package internal(set) var comparisons = 0
    private let began: Timestamp
    private var resumed: Timestamp?
    private var writesBefore = 0
    private var isHealed = false
    /// When nothing of the schedule was wrong any more.
    package private(set) var healed = Timestamp(milliseconds: 0)
    /// From there to the controller's last write; zero where pods that are bad by themselves never
    /// come to rest.
    package internal(set) var settled = TimeSpan.zero

    package init(_ schedule: Schedule) {
        self.schedule = schedule
        world = World(seed: schedule.seed)
        began = world.now
        arrange()
        for entry in schedule.entries { enter(entry) }
    }

    /// How long the run was, without what it took over from another.
    package var simulated: TimeSpan { world.now - (resumed ?? began) }

    /// Writes of the controller, without those of the run that it took over from.
    package var writes: Int { world.writes - writesBefore }

    /// Counts anew: what was played so far is another run's.
    mutating func begin() {
        resumed = world.now
        writesBefore = world.writes
        world.events = 0
        world.steps = 0
        world.users.tally = .init()
    }

    /// What the run met of each kind of fault.
    package var faults: [String: Int] {
        var counts = world.injected
        for entry in schedule.entries where entry.at < schedule.storm {
            counts[entry.act.kind, default: 0] += 1
        }
        for fault in schedule.lasting { counts["lasting \(fault.rawValue)", default: 0] += 1 }
        for behaviour in schedule.behaviours.values {
            for fault in behaviour.faults { counts[fault, default: 0] += 1 }
        }
        if schedule.hidesNodes { counts["without nodes", default: 0] += 1 }
        if world.watchesAreOneBehind { counts["watches one behind", default: 0] += 1 }
        return counts
    }

    /// Plays what is left of the storm and the calm, and checks the end.
    package mutating func play() {
        for time in schedule.comparisons.sorted() {
            _ = run { $0.now >= World.start + time }
            compareWithNewProcess()
        }
        _ = run { _ in false }
        checkEnd()
    }

    /// Plays until something holds; false if it has not come to hold in the calm's end.
    package mutating func run(until holds: (World) -> Bool) -> Bool {
        if !isHealed {
            let end = began + schedule.storm
            if world.run(atMost: end - world.now, until: holds) { return true }
            heal()
            isHealed = true
            healed = world.now
        }
        return world.run(atMost: healed + schedule.calm - world.now, until: holds)
    }

    /// The release of a number.
    static func release(_ number: Int) -> NamespacedName {
        NamespacedName(namespace: "default", name: Schedule.name(of: number))
    }

    // MARK: The setting

    private mutating func arrange() {
        world.processes = Array(repeating: Process(), count: schedule.processes)
        world.gateway.proxies = schedule.proxies
        world.speaksHTTP = schedule.speaksHTTP
        world.hidesNodes = schedule.hidesNodes
        if schedule.speaksHTTP {
            let parts = Right.Part.allCases.filter { $0 != .nodes || !schedule.hidesNodes }
            world.install(parts)
        }
        world.writeLimit = 5000 * schedule.releases
        for (delay, span) in schedule.delays {
            switch delay {
            case .write: world.delays.write = span
            case .fetch: world.delays.fetch = span
            case .push: world.delays.push = span
            case .gateway: world.delays.gateway = span
            case .proxies: world.delays.proxies = span
            case .restart: world.delays.restart = span
            }
        }
        for (name, span) in schedule.lags {
            if let kind = ResourceKind(watched: name) { world.delays.lags[kind] = span }
        }
        world.behaviours = schedule.behaviours
        let context = WriteContext(now: world.now, manager: "person")
        _ = try? world.store.create(.gateway, namespace: "default", RunTexts.gateway, context)
        _ = try? world.store.create(
            .releaseSource, namespace: "default", RunTexts.source(prune: false), context)
        if let every = schedule.requests {
            world.users.begin(at: world.now, every: every, seed: schedule.seed)
        }
        for process in world.processes.indices { world.start(process: process) }
    }

    private mutating func enter(_ entry: Schedule.Entry) {
        func during(_ span: TimeSpan, _ action: (Bool) -> World.Action) {
            world.schedule(after: entry.at, action(true))
            world.schedule(after: entry.at + span, action(false))
        }
        func at(_ action: World.Action) { world.schedule(after: entry.at, action) }
        switch entry.act {
        case .commit(let release, let shares, let strategy):
            let name = Schedule.name(of: release)
            let text = Self.yaml(name, shares, strategy, asksGolden: schedule.asksGolden)
            at(.merge(["\(name).yaml": text], author: "dana"))
        case .rewind(let commits): at(.rewind(commits: commits))
        case .behave(let version, let behaviour):
            at(.behave(version: version, behaviour))
        case .kill(let process): at(.kill(process: process))
        case .stop(let process): at(.stop(process: process))
        case .pause(let process, let span): during(span) { .pause(process: process, $0) }
        case .clock(let process, let span): at(.clock(process: process, ahead: span))
        case .gitAway(let span): during(span) { .gitAway($0) }
        case .gitRefusesPushes(let span): during(span) { .gitRefusesPushes($0) }
        case .apiAway(let span): during(span) { .apiAway($0) }
        case .freeze(let span): during(span) { .freeze($0) }
        case .lag(let kind, let span):
            if let kind = ResourceKind(watched: kind) { at(.lag(kind, span)) }
        case .calls(let faults, let span): during(span) { .calls($0 ? faults : CallFaults()) }
        case .relist: at(.relist)
        case .watchesLost(let span): during(span) { .watchesLost($0) }
        case .evict(let version): at(.evict(version: version))
        case .killContainer(let version): at(.killContainer(version: version))
        case .node(let number, let span): during(span) { .node(number, isLost: $0) }
        case .proxy(let number, let span): during(span) { .proxy(number, isStuck: $0) }
        case .autoscale(let number, let least, let most):
            at(.autoscale(number, least: least, most: most))
        case .removeAutoscaler(let number): at(.removeAutoscaler(number))
        case .load(let percent): at(.load(percent))
        case .hand(let hand, let number): at(Self.action(hand, number, at: entry.at))
        case .hold(let release, let span):
            during(span) { .annotate(Self.release(release), Names.pause, $0 ? "true" : nil) }
        }
    }

    private static func action(
        _ hand: Act.Hand, _ number: Int, at time: TimeSpan
    ) -> World.Action {
        func annotate(
            _ name: String, _ value: @escaping @Sendable (ReleaseStatus) -> String?
        ) -> World.Action {
            .changeSome(.modelRelease, number) { object in
                guard let value = value(ReleaseStatus(object["status"] ?? .null)) else { return }
                object.set(["metadata", "annotations", name], to: .string(value))
            }
        }
        // The same action asked for at another time is another one.
        let token = "@\(time.milliseconds)"
        return switch hand {
        case .scaleDeployment:
            .changeSome(.deployment, number) { $0.set(["spec", "replicas"], to: 1) }
        case .editDeployment:
            .changeSome(.deployment, number) { $0.set(["spec", "progressDeadlineSeconds"], to: 7) }
        case .stopDeployment:
            .changeSome(.deployment, number) { $0.set(["spec", "replicas"], to: 0) }
        case .emptyRoute: .changeSome(.httpRoute, number) { $0.set(["spec", "rules"], to: []) }
        case .deleteRoute: .deleteSome(.httpRoute, number)
        case .deleteDeployment: .deleteSome(.deployment, number)
        case .deleteService: .deleteSome(.service, number)
        case .clearStatus:
            .changeSome(.modelRelease, number, part: .status) { $0["status"] = [:] }
        case .rollBack: annotate(Names.rollback) { _ in token }
        case .retry:
            annotate(Names.retry) { $0.quarantine.first.map { "\($0.digest.hex)\(token)" } }
        case .promote:
            annotate(Names.promote) { status in
                status.attempt?.new.first.map { "\($0.hex)\(token)" }
            }
        case .approve:
            annotate(Names.approve) { status in
                status.attempt.flatMap { attempt in
                    attempt.new.first.map { "\($0.hex)/\(attempt.step + 1)\(token)" }
                }
            }
        case .approveAnother:
            annotate(Names.approve) { status in
                status.attempt.flatMap { attempt in
                    status.proven?.shares.first { !attempt.new.contains($0.digest) }.map {
                        "\($0.digest.hex)/\(attempt.step + 1)\(token)"
                    }
                }
            }
        }
    }

    /// All faults end; what pods do by themselves stays.
    private mutating func heal() {
        let actions: [World.Action] = [
            .gitAway(schedule.lasting.contains(.git)), .gitRefusesPushes(false),
            .apiAway(false), .freeze(false),
            .calls(CallFaults()),
        ]
        for action in actions { world.schedule(after: .zero, action) }
        if world.load != 100 { world.schedule(after: .zero, .load(100)) }
        for process in 0..<schedule.processes {
            world.schedule(after: .zero, .pause(process: process, false))
        }
        for node in 0..<3 {
            let isLost = node == 0 && schedule.lasting.contains(.node)
            world.schedule(after: .zero, .node(node, isLost: isLost))
        }
        if schedule.lasting.contains(.process) { world.bury(process: 0) }
        for proxy in 0..<schedule.proxies {
            world.schedule(after: .zero, .proxy(proxy, isStuck: false))
        }
        for release in 0..<schedule.releases {
            world.schedule(
                after: .zero, .annotate(Self.release(release), Names.pause, nil))
            // Nobody waits for a person for ever.
            for minute in 1...4 {
                world.schedule(
                    after: .minutes(Int64(minute)),
                    Self.action(.promote, release, at: .minutes(Int64(minute))))
            }
        }
    }

    // MARK: Texts

    static func yaml(
        _ name: String, _ shares: [Act.Share], _ strategy: Int, asksGolden: Bool = false
    ) -> String {
        RunTexts.yaml(
            name, shares, strategy: Strategies.all[strategy], deadline: "60s",
            asksGolden: asksGolden)
    }
}
