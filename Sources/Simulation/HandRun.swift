import API
import ControlPlane
import Desired
package import Domain
import Engine
import Resources
import Rollouts

/// A run about what people do in the middle of a rollout: steps that are edited, approvals that are
/// right, wrong or used before, retries, rollbacks, pauses; with golden inferences, with objects of
/// others in the way, with a controller that dies after a drawn write and watches that miss a part.
package struct HandRun: Sendable {
    package let seed: UInt64
    package internal(set) var world: World
    /// What was drawn, in the order of time.
    package private(set) var calendar: [(after: TimeSpan, what: String)] = []
    private var dice: RunDice
    private var token = 0
    /// Versions that may be refused though their pods are good.
    private var spoilt: Set<Int> = []
    /// The versions of the newest commit.
    private var declared: [(Int, Int)] = [(1, 100)]
    /// When watches break and when they are made anew.
    private var gaps: [(from: TimeSpan, to: TimeSpan)] = []
    private let asksGolden: Bool

    private static let release = NamespacedName(namespace: "default", name: "fraud")
    private static let file = "fraud.yaml"
    private static let storm = TimeSpan.minutes(6)
    private static let calm = TimeSpan.minutes(8)

    private static let walks = [
        "[{weight: 10, for: 8s}, {weight: 50, for: 8s}]",
        "[{weight: 20, for: 5s}, {pause: {approval: required}}, {weight: 60, for: 5s}]",
        "[{weight: 5, for: 6s}, {weight: 25, for: 6s}, {weight: 75, for: 6s}]",
        "[{weight: 10, for: 4s}, {pause: {approval: required}}, {weight: 40, for: 4s}, "
            + "{pause: {approval: required}}]",
        "[{weight: 30, for: 20s}]",
    ]

    package init(seed: UInt64) {
        self.seed = seed
        dice = RunDice(seed: seed ^ 0x6861_6e64)
        world = World(seed: seed)
        asksGolden = dice.chance(40)
        drawDelays()
        drawBehaviours()
        let context = WriteContext(now: world.now, manager: "person")
        _ = try? world.store.create(.gateway, namespace: "default", RunTexts.gateway, context)
        _ = try? world.store.create(
            .releaseSource, namespace: "default", RunTexts.source(prune: false), context)
        drawStranger(context)
        world.startController()
        drawCommits()
        drawHands()
        drawFaults()
        calendar.sort { $0.after < $1.after }
    }

    /// Plays the storm and the calm.
    package mutating func play() {
        let start = world.now
        for gap in gaps {
            world.run(for: gap.from - (world.now - start))
            world.loseWatches()
            world.run(for: gap.to - gap.from)
            world.schedule(after: .zero, .relist)
        }
        world.run(for: Self.storm - (world.now - start))
        heal()
        world.run(for: Self.calm)
        checkEnd()
    }

    /// What went wrong, with what was drawn.
    package var report: String {
        """
        hands \(seed)
        \(world.violations.joined(separator: "\n"))
        \(calendar.map { "  after \($0.after): \($0.what)" }.joined(separator: "\n"))
        """
    }

    /// What the run met of each kind of fault.
    package var faults: [String: Int] {
        var counts = world.injected
        for behaviour in world.behaviours.values {
            for fault in behaviour.faults { counts[fault, default: 0] += 1 }
        }
        return counts
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
            world.delays.lags[kind] = .milliseconds(Int64(dice.number(2000)))
        }
        world.delays.gateway = .milliseconds(Int64(dice.number(4000)))
        world.delays.proxies = .milliseconds(Int64(dice.number(900)))
        world.delays.write = .milliseconds(Int64(1 + dice.number(100)))
        world.delays.fetch = .milliseconds(Int64(1 + dice.number(1000)))
        world.delays.restart = .milliseconds(Int64(dice.number(8000)))
    }

    private mutating func drawBehaviours() {
        for version in 1...4 {
            var behaviour = PodBehaviour(startup: dice.seconds(1...5))
            let after = dice.seconds(2...16)
            if version > 1, dice.chance(50) {
                let faults: [PodBehaviour.Fault] = [
                    .losesReadiness(after: after), .flaps(up: after, down: dice.seconds(1...4)),
                    .crashes(after: after), .neverReady,
                ]
                behaviour.fault = faults[dice.number(faults.count)]
            } else if version > 1, asksGolden, dice.chance(40) {
                behaviour.golden = .wrong
            }
            world.behaviours["\(version)"] = behaviour
            calendar.append((.zero, "version \(version) is \(behaviour)"))
        }
    }

    /// Somebody else's object has the name of one of version 3, for a while.
    private mutating func drawStranger(_ context: WriteContext) {
        guard dice.chance(25), let digest = digest(of: 3) else { return }
        let isService = dice.chance(50)
        let kind: ResourceKind = isService ? .service : .deployment
        let name = Names.versioned(Self.release.name, digest)
        let labels: Document = [
            Names.releaseLabel: .string(Self.release.name), Names.managedByLabel: "somebody",
        ]
        let selector: Document = ["app": "somebody"]
        let spec: Document =
            isService
            ? ["selector": selector, "ports": [["port": 80]]]
            : [
                "replicas": 0, "selector": ["matchLabels": selector],
                "template": [
                    "metadata": ["labels": selector],
                    "spec": ["containers": [["name": "a", "image": "a"]]],
                ],
            ]
        _ = try? world.store.create(
            kind, namespace: "default",
            ["metadata": ["name": .string(name), "labels": labels], "spec": spec], context)
        spoilt.insert(3)
        let key = ResourceKey(kind, namespace: "default", name: name)
        calendar.append((.zero, "\(key) is somebody else's"))
        plan(dice.seconds(120...350), "somebody takes \(key) away", .delete(key))
    }

    private mutating func drawCommits() {
        var after = dice.seconds(1...2)
        merge(after, [(1, 100)], walk: 0)
        after = after + dice.seconds(30...45)
        while after < Self.storm - .seconds(60) {
            var shares = declared
            if dice.chance(65) {
                let first = 1 + dice.number(4)
                let other = 1 + dice.number(4)
                shares =
                    first != other && dice.chance(25)
                    ? [(first, 60), (other, 40)] : [(first, 100)]
            }
            let walk = dice.number(Self.walks.count)
            merge(after, shares, walk: walk)
            for step in [2, 4] where walk == 1 || walk == 3 {
                drawApprovals(after, of: shares, step: step)
            }
            after = after + dice.seconds(10...70)
        }
    }

    private mutating func merge(_ after: TimeSpan, _ shares: [(Int, Int)], walk: Int) {
        declared = shares
        let what = "a commit of \(shares.map { "\($0.0): \($0.1)" }), walk \(walk)"
        let author = dice.chance(80) ? "dana" : "sam"
        plan(after, what, .merge([Self.file: yaml(shares, walk)], author: author))
    }

    private mutating func drawApprovals(
        _ after: TimeSpan, of shares: [(Int, Int)], step: Int
    ) {
        for version in [shares[0].0, 1 + dice.number(4)] where dice.chance(60) {
            annotate(after + dice.seconds(5...45), Names.approve, "/\(step)", of: version)
        }
    }

    private mutating func annotate(
        _ after: TimeSpan, _ name: String, _ rest: String = "", of version: Int?
    ) {
        token += 1
        let named = version.flatMap { self.digest(of: $0) }
        plan(
            after, "a person writes \(name) for \(version ?? 0)\(rest)",
            .annotate(Self.release, name, "\(named?.hex.prefix(12) ?? "")\(rest)@\(token)"))
    }

    private mutating func drawHands() {
        for _ in 0..<dice.number(4) {
            let after = dice.seconds(40...340)
            switch dice.number(4) {
            case 0:
                plan(after, "a person pauses", .annotate(Self.release, Names.pause, "true"))
                plan(
                    after + dice.seconds(5...60), "a person resumes",
                    .annotate(Self.release, Names.pause, nil))
            case 1:
                spoilt.formUnion(1...4)
                annotate(after, Names.rollback, of: dice.chance(50) ? nil : 1 + dice.number(4))
            default: annotate(after, Names.retry, of: 2 + dice.number(3))
            }
        }
    }

    private mutating func drawFaults() {
        for _ in 0..<dice.number(3) { plan(dice.seconds(5...350), "the controller dies", .kill()) }
        if dice.chance(50) {
            world.crashAfterWrite = 8 + dice.number(60)
            calendar.append((.zero, "it dies after write \(world.crashAfterWrite ?? 0)"))
        }
        if dice.chance(40) {
            let start = dice.seconds(5...300)
            plan(start, "calls go wrong", .calls(.some))
            plan(start + dice.seconds(10...90), "calls are right again", .calls(CallFaults()))
        }
        if dice.chance(30) {
            let start = dice.seconds(5...340)
            plan(start, "Git goes", .gitAway(true))
            plan(start + dice.seconds(5...60), "Git comes", .gitAway(false))
        }
        if dice.chance(30) {
            let start = dice.seconds(20...340)
            plan(start, "the API goes", .apiAway(true))
            plan(start + dice.seconds(1...20), "the API comes", .apiAway(false))
        }
        for _ in 0..<dice.number(3) {
            let version = 1 + dice.number(4)
            let after = dice.seconds(30...350)
            switch dice.number(3) {
            case 0: plan(after, "a pod of \(version) is taken", .evict(version: "\(version)"))
            case 1:
                spoilt.insert(version)
                plan(
                    after, "a container of \(version) dies",
                    .killContainer(version: "\(version)"))
            default:
                guard version > 1 else { continue }
                spoilt.insert(version)
                world.behaviours["\(version)"]?.fault = .none
                plan(
                    after, "all pods of \(version) fail",
                    .behave(version: "\(version)", PodBehaviour(fault: .neverReady)))
            }
        }
        for _ in 0..<dice.number(3) {
            let from = (gaps.last?.to ?? .zero) + dice.seconds(10...150)
            let to = from + dice.seconds(1...12)
            guard to < Self.storm else { continue }
            gaps.append((from, to))
            calendar.append((from, "watches break for \(to - from)"))
        }
    }

    // MARK: The end

    private mutating func heal() {
        world.schedule(after: .zero, .gitAway(false))
        world.schedule(after: .zero, .apiAway(false))
        world.schedule(after: .zero, .calls(CallFaults()))
        world.schedule(after: .zero, .annotate(Self.release, Names.pause, nil))
        // Who waits for an approval has it now.
        let digest = digest(of: declared[0].0)?.hex ?? ""
        world.schedule(
            after: .seconds(40), .annotate(Self.release, Names.promote, "\(digest)@end"))
    }

    private mutating func checkEnd() {
        let key = ResourceKey(
            .modelRelease, namespace: Self.release.namespace, name: Self.release.name)
        guard let object = world.store.object(key) else {
            return world.violate("settled", "there is no release")
        }
        let status = ReleaseStatus(object["status"] ?? .null)
        checkSettled(status)
        for entry in status.quarantine {
            guard let version = Int(entry.version), !spoilt.contains(version),
                let behaviour = world.behaviours[entry.version], behaviour.fault == .none,
                behaviour.golden == .right
            else { continue }
            world.violate("no false alarm", "\(version) is refused: \(entry.message)")
        }
        world.checkOwnCommits(of: Self.release, status)
    }

    private mutating func checkSettled(_ status: ReleaseStatus) {
        guard let proven = status.proven else {
            return world.violate("settled", "nothing is proven: \(status.message)")
        }
        let isBad = proven.shares.contains { share in
            world.behaviours[share.version]?.fault != PodBehaviour.Fault.none
        }
        if let attempt = status.attempt, !isBad || status.phase != .degraded {
            world.violate("settled", "the attempt \(attempt.intent) goes on: \(status.message)")
        }
        if status.pendingRevert != nil { world.violate("settled", "Git is owed a revert") }
        guard !isBad, status.attempt == nil else { return }
        let declared = status.declared.filter { $0.weight > 0 }
        let isRefused = declared.contains { status.isRefused($0.digest) }
        let wanted = Weights(declared.map { .init(digest: $0.digest, weight: $0.weight) })
        if !isRefused, proven.weights?.withoutZeros != wanted {
            world.violate("settled", "\(declared) is declared, \(proven.shares) is proven")
        }
        let route = world.store.object(
            ResourceKey(.httpRoute, namespace: "default", name: Self.release.name))
        let serves = (route.map(World.split) ?? [:]).filter { $0.value > 0 }.keys.sorted()
        let names = proven.shares.filter { $0.weight > 0 }.map {
            Names.versioned(Self.release.name, $0.digest)
        }
        if serves != names.sorted() {
            world.violate("settled", "\(serves) serves, \(names) is proven")
        }
        let made = world.store.objects(.deployment).map { ObjectMetadata(of: $0) }
            .filter { $0.label(Names.managedByLabel) == Names.managedByValue }.map(\.name)
        if made.sorted() != names.sorted() {
            world.violate("no leaks", "\(made) are there, \(names) serve")
        }
    }

    // MARK: Texts

    private func digest(of version: Int) -> Digest? {
        RunTexts.shares(of: yaml([(version, 100)], 0)).first?.digest
    }

    private func yaml(_ versions: [(Int, Int)], _ walk: Int) -> String {
        RunTexts.yaml(
            "fraud", versions.map { Act.Share("\($0.0)", $0.1) },
            strategy: "canary: {steps: \(Self.walks[walk]), bake: 6s}", deadline: "120s",
            asksGolden: asksGolden)
    }
}
