import Domain
import Observed

/// Drawing schedules from seeds.
///
/// Which kinds of faults a run has at all is drawn first (swarm testing: Groce et al., "Swarm
/// Testing", ISSTA 2012): runs that leave most of them out go deeper than runs that mix everything.
extension Schedule {
    /// Kinds of things that a run may have or not have.
    package enum Feature: String, Hashable, Sendable, CaseIterable {
        case slowWatches, slowCalls, badVersions, flapping, wrongVersions, manyCommits, mixedCommits
        case strategies, kills, pauses, clocks, gitAway, gitRefusals, rewinds, apiAway, frozenCaches
        case wrongCalls, relists, lostPods, lostNodes, stuckProxies, hands, changingPods
        case twoProcesses
    }

    /// How a run is drawn.
    package struct Options: Hashable, Sendable {
        package var releases = 1
        /// Faults that never end, instead of a calm without any.
        package var isLiveness = false

        package init() {}
    }

    package init(drawnFrom seed: UInt64, _ options: Options = Options()) {
        var draw = Draw(seed: seed, options)
        draw.all()
        self = draw.schedule
    }
}

private struct Draw {
    var schedule = Schedule()
    private var dice: RunDice
    private let features: Set<Schedule.Feature>

    init(seed: UInt64, _ options: Schedule.Options) {
        var dice = RunDice(seed: seed)
        features = Set(Schedule.Feature.allCases.filter { _ in dice.chance(50) })
        self.dice = dice
        schedule.seed = seed
        schedule.releases = options.releases
        schedule.processes = features.contains(.twoProcesses) ? 2 : 1
        schedule.proxies = 1 + self.dice.number(3)
        if options.isLiveness {
            let all = Schedule.Lasting.allCases
            schedule.lasting = [all[self.dice.number(all.count)]]
            if schedule.lasting.contains(.process) { schedule.processes = 2 }
        }
        schedule.requests = .milliseconds(Int64(200 + self.dice.number(800)))
    }

    mutating func all() {
        drawDelays()
        drawVersions()
        for release in 0..<schedule.releases { drawCommits(release) }
        drawProcessFaults()
        drawGitFaults()
        drawServerFaults()
        drawClusterFaults()
        drawHands()
        if schedule.processes == 1, dice.chance(30) { schedule.comparisons = [moment()] }
        schedule.speaksHTTP = dice.chance(20)
        drawNodes()
        drawAutoscalers()
        drawRareActs()
        schedule.entries.sort { $0.at < $1.at }
    }

    // MARK: Helpers

    private func has(_ feature: Schedule.Feature) -> Bool { features.contains(feature) }

    private mutating func milliseconds(_ least: Int, _ bound: Int) -> TimeSpan {
        .milliseconds(Int64(least + dice.number(bound)))
    }

    private mutating func seconds(_ least: Int, _ bound: Int) -> TimeSpan {
        .seconds(Int64(least + dice.number(bound)))
    }

    private mutating func moment() -> TimeSpan {
        .milliseconds(Int64(dice.number(Int(schedule.storm.milliseconds))))
    }

    private mutating func version() -> String { "\(1 + dice.number(5))" }

    /// Adds an act at some moments, if the run has the feature.
    private mutating func some(
        _ feature: Schedule.Feature, _ bound: Int, _ act: (inout Draw) -> Act
    ) {
        guard has(feature) else { return }
        for _ in 0..<(1 + dice.number(bound)) {
            let at = moment()
            schedule.entries.append(.init(at: at, act(&self)))
        }
    }

    /// Adds an act at some moment.
    private mutating func add(_ act: Act) {
        schedule.entries.append(.init(at: moment(), act))
    }

    // MARK: The setting

    /// Kinds whose watches may be late; those of optional kinds are drawn by themselves.
    private static let kinds = ClusterView.kinds.map(\.kind).filter {
        !ClusterView.optionalKinds.contains($0)
    }

    /// What matters where nodes are lost; drawn last, so that the rest of a run does not change.
    private mutating func drawNodes() {
        if has(.slowWatches), dice.chance(40) {
            schedule.lags[ResourceKind.node.kind] = milliseconds(0, 3000)
        }
        schedule.hidesNodes = dice.chance(10)
        guard has(.lostNodes), dice.chance(50) else { return }
        // Long enough for pods to be given to other nodes, or just long enough to be noticed.
        let span = dice.chance(50) ? seconds(20, 40) : milliseconds(5000, 3000)
        schedule.entries.append(.init(at: moment(), .node(dice.number(3), span)))
    }

    private mutating func drawDelays() {
        if has(.slowWatches) {
            for kind in Self.kinds where dice.chance(40) {
                schedule.lags[kind.kind] = milliseconds(0, 1500)
            }
        }
        schedule.delays[.gateway] = milliseconds(50, 2000)
        schedule.delays[.proxies] = milliseconds(0, 900)
        schedule.delays[.restart] = milliseconds(0, 8000)
        guard has(.slowCalls) else { return }
        schedule.delays[.write] = milliseconds(1, 400)
        schedule.delays[.fetch] = milliseconds(1, 3000)
        schedule.delays[.push] = milliseconds(1, 5000)
    }

    private mutating func drawVersions() {
        for number in 1...5 {
            let after = seconds(1, 14)
            var behaviour = PodBehaviour(startup: seconds(1, 6))
            var faults: [PodBehaviour.Fault] = []
            if has(.badVersions) {
                faults = [
                    .neverReady, .losesReadiness(after: after), .crashes(after: after),
                    .runsOutOfMemory(after: after), .imageMissing,
                ]
            }
            if has(.flapping) { faults.append(.flaps(up: after, down: seconds(1, 4))) }
            if !faults.isEmpty, dice.chance(number == 1 ? 10 : 45) {
                behaviour.fault = faults[dice.number(faults.count)]
            }
            schedule.behaviours["\(number)"] = behaviour
        }
    }

    private mutating func drawCommits(_ release: Int) {
        var at = milliseconds(500, 1000)
        let count = has(.manyCommits) ? 4 + dice.number(8) : 2 + dice.number(3)
        for number in 0..<count {
            var shares = [Act.Share(number == 0 ? "1" : version(), 100)]
            if number > 0, has(.mixedCommits), dice.chance(40) {
                let other = version()
                if other != shares[0].version {
                    shares = [.init(shares[0].version, 60), .init(other, 40)]
                }
            }
            let strategy = has(.strategies) ? dice.number(Strategies.all.count) : 0
            schedule.entries.append(
                .init(at: at, .commit(release: release, shares, strategy: strategy)))
            at = at + (has(.manyCommits) ? seconds(1, 40) : seconds(10, 70))
            guard at < schedule.storm else { return }
        }
    }

    // MARK: Faults

    private mutating func drawProcessFaults() {
        let processes = schedule.processes
        some(.kills, 5) { .kill(process: $0.dice.number(processes)) }
        some(.pauses, 3) { .pause(process: $0.dice.number(processes), $0.seconds(1, 40)) }
        some(.clocks, 2) { draw in
            let span = draw.seconds(1, 3600)
            return .clock(
                process: draw.dice.number(processes),
                draw.dice.chance(50) ? span : .zero - span)
        }
    }

    private mutating func drawGitFaults() {
        some(.gitAway, 3) { .gitAway($0.seconds(1, 60)) }
        some(.gitRefusals, 2) { .gitRefusesPushes($0.seconds(1, 60)) }
        some(.rewinds, 2) { .rewind(commits: 1 + $0.dice.number(2)) }
    }

    private mutating func drawServerFaults() {
        some(.apiAway, 3) { .apiAway($0.seconds(1, 20)) }
        some(.frozenCaches, 2) { .freeze($0.seconds(1, 15)) }
        some(.relists, 3) { _ in .relist }
        some(.slowWatches, 2) { draw in
            let kind = Self.kinds[draw.dice.number(Self.kinds.count)]
            return .lag(kind: kind.kind, draw.milliseconds(0, 3000))
        }
        some(.wrongCalls, 2) { draw in
            var faults = CallFaults()
            let most = draw.dice.chance(20) ? 40 : 12
            for (_, path) in CallFaults.fields where draw.dice.chance(50) {
                faults[keyPath: path] = draw.dice.number(most)
            }
            return .calls(faults, draw.seconds(10, 120))
        }
    }

    private mutating func drawClusterFaults() {
        some(.lostPods, 4) { draw in
            let version = draw.version()
            return draw.dice.chance(50)
                ? .killContainer(version: version) : .evict(version: version)
        }
        some(.lostNodes, 1) { .node($0.dice.number(3), $0.seconds(1, 60)) }
        some(.stuckProxies, 3) { .proxy($0.dice.number(3), $0.milliseconds(100, 2900)) }
        some(.changingPods, 2) { draw in
            let version = draw.version()
            return .behave(
                version: version,
                PodBehaviour(
                    startup: draw.seconds(1, 6),
                    fault: draw.dice.chance(60)
                        ? .none : .crashes(after: draw.seconds(1, 10))))
        }
    }

    /// In a part of the runs people let versions be scaled by the load, which varies then, and lay
    /// hands on what is scaled. Drawn last: runs without it are what they were before.
    private mutating func drawAutoscalers() {
        guard dice.chance(30) else { return }
        func some(_ bound: Int, _ act: (inout Draw) -> Act) {
            for _ in 0..<(1 + dice.number(bound)) {
                let at = moment()
                schedule.entries.append(.init(at: at, act(&self)))
            }
        }
        let most = 3 * schedule.releases
        some(4) { draw in
            let least = 1 + draw.dice.number(4)
            return .autoscale(
                draw.dice.number(most), least: least, most: least + draw.dice.number(5))
        }
        some(4) { .load(20 + $0.dice.number(500)) }
        if has(.slowWatches), dice.chance(40) {
            schedule.lags[ResourceKind.horizontalPodAutoscaler.kind] = milliseconds(0, 1500)
        }
        some(2) { .hand(.editDeployment, $0.dice.number(most)) }
        if dice.chance(50) { some(2) { .removeAutoscaler($0.dice.number(most)) } }
        if dice.chance(30) { some(1) { .hand(.stopDeployment, $0.dice.number(most)) } }
        if dice.chance(30) { some(2) { .hand(.scaleDeployment, $0.dice.number(most)) } }
    }

    /// What few runs have: the others stay as they were drawn before.
    private mutating func drawRareActs() {
        if dice.chance(15) { add(.watchesLost(seconds(1, 20))) }
        if dice.chance(20) { add(.stop(process: dice.number(schedule.processes))) }
        if dice.chance(10) { add(.hand(.approveAnother, dice.number(3 * schedule.releases))) }
        guard dice.chance(8) else { return }
        schedule.behaviours[version()]?.golden = dice.chance(70) ? .wrong : .silent
    }

    private mutating func drawHands() {
        let releases = schedule.releases
        some(.hands, 4) { draw in
            let hands = Array(Act.Hand.drawn)
            let number = draw.dice.number(hands.count + 1)
            guard number < hands.count else {
                return .hold(release: draw.dice.number(releases), draw.seconds(0, 90))
            }
            return .hand(hands[number], draw.dice.number(3 * releases))
        }
    }
}
