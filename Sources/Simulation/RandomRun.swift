import API
import ControlPlane
package import Domain
import Engine
import Resources
import Rollouts

/// A run whose commits, faults and hands are drawn from a seed: some minutes in which anything may
/// happen, then a calm in which everything has to settle.
package struct RandomRun: Sendable {
    package let seed: UInt64
    package private(set) var world: World
    /// What was drawn, in the order of time.
    package private(set) var calendar: [(after: TimeSpan, what: String)] = []
    private var dice: Dice
    /// Written into annotations, so that the same action is another one.
    private var token = 0

    private static let release = NamespacedName(namespace: "default", name: "fraud")
    private static let file = "fraud.yaml"
    /// How long anything may happen.
    private static let storm = TimeSpan.minutes(5)
    /// How long it may take to settle.
    private static let calm = TimeSpan.minutes(8)

    package init(seed: UInt64) {
        self.seed = seed
        dice = Dice(seed: seed)
        world = World(seed: seed)
        drawDelays()
        drawBehaviours()
        let context = WriteContext(now: world.now, manager: "person")
        _ = try? world.store.create(.gateway, namespace: "default", Self.gateway, context)
        _ = try? world.store.create(.releaseSource, namespace: "default", Self.source, context)
        world.startController()
        drawCommits()
        drawFaults()
        drawHands()
        calendar.sort { $0.after < $1.after }
    }

    /// Plays the storm and the calm.
    package mutating func play() {
        world.run(for: Self.storm)
        heal()
        world.run(for: Self.calm)
        checkEnd()
    }

    /// What went wrong, with what was drawn and the end of the trace.
    package var report: String {
        """
        seed \(seed)
        \(world.violations.joined(separator: "\n"))
        \(calendar.map { "  after \($0.after): \($0.what)" }.joined(separator: "\n"))
        """
    }

    // MARK: Drawing

    private mutating func plan(_ after: TimeSpan, _ what: String, _ action: World.Action) {
        calendar.append((after, what))
        world.schedule(after: after, action)
    }

    private mutating func drawDelays() {
        let kinds: [ResourceKind] = [
            .modelRelease, .httpRoute, .deployment, .service, .controllerRevision, .pod,
            .endpointSlice,
        ]
        for kind in kinds where dice.chance(30) {
            world.delays.lags[kind] = .milliseconds(Int64(dice.number(1500)))
        }
        world.delays.gateway = .milliseconds(Int64(dice.number(2000)))
        world.delays.proxies = .milliseconds(Int64(dice.number(900)))
        world.delays.write = .milliseconds(Int64(1 + dice.number(200)))
        world.delays.fetch = .milliseconds(Int64(1 + dice.number(2000)))
        world.delays.restart = .milliseconds(Int64(dice.number(8000)))
    }

    private mutating func drawBehaviours() {
        for version in 1...5 {
            let after = TimeSpan.seconds(Int64(1 + dice.number(14)))
            var behaviour = PodBehaviour(startup: .seconds(Int64(1 + dice.number(6))))
            let isGood = dice.chance(version == 1 ? 90 : 45)
            let faults: [PodBehaviour.Fault] = [
                .neverReady, .losesReadiness(after: after), .crashes(after: after),
                .runsOutOfMemory(after: after), .imageMissing,
                .flaps(up: after, down: .seconds(Int64(1 + dice.number(4)))),
            ]
            if !isGood { behaviour.fault = faults[dice.number(faults.count)] }
            world.behaviours["\(version)"] = behaviour
            calendar.append((.zero, "version \(version) is \(behaviour.fault)"))
        }
    }

    private mutating func drawCommits() {
        var after = TimeSpan.seconds(1)
        var first = true
        for _ in 0..<(2 + dice.number(4)) {
            var shares = [(first ? 1 : 1 + dice.number(5), 100)]
            if !first, dice.chance(30) {
                let other = 1 + dice.number(5)
                if other != shares[0].0 { shares = [(shares[0].0, 60), (other, 40)] }
            }
            let text = Self.yaml(shares.map { ("\($0.0)", $0.1) })
            plan(
                after, "a commit of \(shares.map { "\($0.0): \($0.1)" })",
                .merge([Self.file: text], author: "dana"))
            after = after + .seconds(Int64(10 + dice.number(70)))
            first = false
        }
    }

    private mutating func moment() -> TimeSpan {
        .milliseconds(Int64(dice.number(Int(Self.storm.milliseconds))))
    }

    private mutating func drawFaults() {
        for _ in 0..<dice.number(4) { plan(moment(), "the controller dies", .kill) }
        for _ in 0..<dice.number(3) {
            let start = moment()
            plan(start, "Git goes", .gitAway(true))
            plan(start + .seconds(Int64(1 + dice.number(60))), "Git comes", .gitAway(false))
        }
        for _ in 0..<dice.number(3) {
            let start = moment()
            plan(start, "the API goes", .apiAway(true))
            plan(start + .seconds(Int64(1 + dice.number(20))), "the API comes", .apiAway(false))
        }
        if dice.chance(60) {
            let start = moment()
            plan(start, "calls go wrong", .calls(.some))
            plan(
                start + .seconds(Int64(10 + dice.number(120))), "calls are right again",
                .calls(CallFaults()))
        }
        for _ in 0..<dice.number(3) { plan(moment(), "watches end", .relist) }
        for _ in 0..<dice.number(4) {
            let version = "\(1 + dice.number(5))"
            if dice.chance(50) {
                plan(moment(), "a container of \(version) dies", .killContainer(version: version))
            } else {
                plan(moment(), "a pod of \(version) is taken away", .evict(version: version))
            }
        }
    }

    private mutating func drawHands() {
        for _ in 0..<dice.number(4) {
            token += 1
            let after = moment()
            switch dice.number(7) {
            case 0:
                plan(
                    after, "a person scales a Deployment",
                    .changeSome(.deployment, dice.number(3)) {
                        $0.set(["spec", "replicas"], to: 1)
                    })
            case 1:
                plan(
                    after, "a person empties the route",
                    .changeSome(.httpRoute, 0) { $0.set(["spec", "rules"], to: []) })
            case 2: plan(after, "a person deletes the route", .deleteSome(.httpRoute, 0))
            case 3:
                plan(
                    after, "a person deletes a Deployment", .deleteSome(.deployment, dice.number(3))
                )
            case 4:
                plan(after, "a person pauses", .annotate(Self.release, Names.pause, "true"))
                plan(
                    after + .seconds(Int64(dice.number(90))), "a person resumes",
                    .annotate(Self.release, Names.pause, nil))
            case 5:
                plan(
                    after, "a person rolls back",
                    .annotate(Self.release, Names.rollback, "@\(token)"))
            default:
                plan(
                    after, "a person takes the status away",
                    .changeSome(.modelRelease, 0, part: .status) { $0["status"] = [:] })
            }
        }
    }

    // MARK: The end

    /// All faults end; what pods do by themselves stays.
    private mutating func heal() {
        world.schedule(after: .zero, .gitAway(false))
        world.schedule(after: .zero, .apiAway(false))
        world.schedule(after: .zero, .calls(CallFaults()))
        world.schedule(after: .zero, .annotate(Self.release, Names.pause, nil))
    }

    /// After the calm nothing moves, and what serves is what Git declares, or what was proven if
    /// that is refused.
    private mutating func checkEnd() {
        let key = ResourceKey(
            .modelRelease, namespace: Self.release.namespace, name: Self.release.name)
        guard let object = world.store.object(key) else {
            world.violate("settled", "there is no release")
            return
        }
        let status = ReleaseStatus(object["status"] ?? .null)
        let declared = status.declared.filter { $0.weight > 0 }
        let isRefused = declared.contains { status.isRefused($0.digest) }
        let bad = (status.proven?.shares ?? declared).contains {
            world.behaviours[$0.version]?.fault != PodBehaviour.Fault.none
        }
        let route = world.store.object(
            ResourceKey(.httpRoute, namespace: "default", name: "fraud"))
        let serves = (route.map(World.split) ?? [:]).filter { $0.value > 0 }
        guard let proven = status.proven else {
            // A bad first version was refused, or has the traffic and nothing is better.
            if !isRefused, status.phase != .degraded {
                world.violate("settled", "nothing is proven: \(status.phase): \(status.message)")
            }
            return
        }
        if let attempt = status.attempt {
            world.violate("settled", "the attempt \(attempt.intent) goes on: \(status.message)")
        }
        if status.pendingRevert != nil { world.violate("settled", "Git is owed a revert") }
        var wanted: [String: Int] = [:]
        for share in proven.shares where share.weight > 0 {
            wanted[Names.versioned("fraud", share.digest)] = share.weight
        }
        if serves != wanted, !bad {
            world.violate("settled", "\(serves) serves, \(wanted) is proven")
        }
        if !isRefused,
            proven.weights?.withoutZeros
                != Weights(
                    declared.map { .init(digest: $0.digest, weight: $0.weight) })
        {
            world.violate("settled", "\(declared) is declared, \(proven.shares) is proven")
        }
        guard !bad else { return }
        if status.phase != .healthy, !isRefused {
            world.violate("settled", "\(status.phase): \(status.message)")
        }
        checkRest(wanted)
    }

    /// Only what serves is there, nothing is written any more, and a new controller would not
    /// write either.
    private mutating func checkRest(_ wanted: [String: Int]) {
        let made = world.store.objects(.deployment).map { ObjectMetadata(of: $0).name }
        if made != wanted.keys.sorted() {
            world.violate("no leaks", "\(made) are there, \(wanted.keys.sorted()) serve")
        }
        let writes = world.writes
        world.run(for: .minutes(2))
        if world.writes != writes {
            world.violate("quiescence", "\(world.writes - writes) writes while nothing happens")
        }
        world.die("to be compared with a new one")
        world.run(for: .seconds(30))
        if world.writes != writes {
            world.violate("recovery", "\(world.writes - writes) writes of a new controller")
        }
    }

    // MARK: Texts

    private static func yaml(_ versions: [(String, Int)]) -> String {
        let lines = versions.map {
            "  - {name: \"\($0.0)\", uri: s3://models/fraud/\($0.0), weight: \($0.1)}"
        }
        return """
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: fraud}
            spec:
              runtime: mlserver
              versions:
            \(lines.joined(separator: "\n"))
              serving: {replicas: 2}
              traffic: {gateway: {parentRefs: [{name: web}]}}
              health: {progressDeadline: 60s}
              strategy: {canary: {steps: [{weight: 10, for: 8s}, {weight: 50, for: 8s}], bake: 8s}}

            """
    }

    private static let gateway: Document = [
        "metadata": ["name": "web"],
        "spec": [
            "gatewayClassName": "example",
            "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]],
        ],
    ]

    private static let source: Document = [
        "metadata": ["name": "models"],
        "spec": ["url": "https://git.example.com/models.git", "interval": "5s"],
    ]
}

/// What draws.
private struct Dice: Sendable {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// 0 to one less than `bound`, which is at least 1.
    mutating func number(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(1, bound))) }

    mutating func chance(_ percent: Int) -> Bool { number(100) < percent }
}
