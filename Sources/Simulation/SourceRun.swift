import API
import ControlPlane
import Desired
package import Domain
import Engine
import Resources
import Rollouts

/// A run about where releases come from: a source with pruning and several files that come, go,
/// break and are mended, releases that people delete or make again by hand, and a controller that
/// dies, hears late and misses things.
package struct SourceRun: Sendable {
    package let seed: UInt64
    package internal(set) var world: World
    /// What was drawn, in the order of time.
    package private(set) var calendar: [(after: TimeSpan, what: String)] = []
    private var dice: RunDice
    /// Files of the newest commit: the version of each release, `nil` where it is broken.
    private var files: [Int: Int?] = [:]
    /// What cannot be put on the world's calendar.
    private var moments: [(after: TimeSpan, what: Moment)] = []

    /// Something that happens between two parts of a run.
    private enum Moment: Sendable { case loseWatches, relist, makeAgain }

    private static let count = 6
    private static let storm = TimeSpan.minutes(4)
    private static let calm = TimeSpan.minutes(6)
    /// A release that no source declares.
    private static let handmade = "handmade"

    package init(seed: UInt64) {
        self.seed = seed
        dice = RunDice(seed: seed ^ 0x7372_6373)
        world = World(seed: seed)
        drawDelays()
        let context = WriteContext(now: world.now, manager: "person")
        _ = try? world.store.create(.gateway, namespace: "default", RunTexts.gateway, context)
        _ = try? world.store.create(
            .releaseSource, namespace: "default", RunTexts.source(prune: true), context)
        makeByHand()
        world.startController()
        for number in 1...Self.count { files[number] = .some(1) }
        merge(.seconds(1), Array(1...Self.count), "all files")
        drawCommits()
        drawHands()
        drawFaults()
        calendar.sort { $0.after < $1.after }
        moments.sort { $0.after < $1.after }
    }

    /// Plays the storm and the calm.
    package mutating func play() {
        let start = world.now
        for moment in moments {
            world.run(for: moment.after - (world.now - start))
            switch moment.what {
            case .loseWatches: world.loseWatches()
            case .relist: world.schedule(after: .zero, .relist)
            case .makeAgain:
                world.schedule(
                    after: .zero,
                    .delete(
                        ResourceKey(.modelRelease, namespace: "default", name: Self.handmade)))
                world.run(for: .milliseconds(1))
                makeByHand()
            }
        }
        world.run(for: Self.storm - (world.now - start))
        world.schedule(after: .zero, .gitAway(false))
        world.schedule(after: .zero, .apiAway(false))
        world.schedule(after: .zero, .calls(CallFaults()))
        world.schedule(after: .zero, .relist)
        world.run(for: Self.calm)
        checkEnd()
    }

    /// What went wrong, with what was drawn.
    package var report: String {
        """
        sources \(seed)
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
        let kinds: [ResourceKind] = [.modelRelease, .httpRoute, .deployment, .service, .pod]
        for kind in kinds where dice.chance(40) {
            world.delays.lags[kind] = .milliseconds(Int64(dice.number(1500)))
        }
        // Nobody says when the proxies have dropped a route that was deleted: all of it together
        // takes no longer than they are given to settle.
        world.delays.gateway = .milliseconds(Int64(dice.number(600)))
        world.delays.restart = .milliseconds(Int64(dice.number(5000)))
        for version in 1...3 {
            world.behaviours["\(version)"] = PodBehaviour(startup: dice.seconds(1...3))
        }
    }

    /// A release made without any source; it has no file.
    private mutating func makeByHand() {
        let context = WriteContext(now: world.now, manager: "person")
        guard let declared = RunTexts.releases(of: Self.yaml(Self.handmade, 1)).first else {
            return
        }
        _ = try? world.store.create(
            .modelRelease, namespace: "default",
            ["metadata": ["name": .string(Self.handmade)], "spec": declared.spec], context)
    }

    private mutating func merge(_ after: TimeSpan, _ numbers: [Int], _ what: String) {
        var texts: [String: String?] = [:]
        for number in numbers {
            let path = "release-\(number).yaml"
            switch files[number] {
            case .some(.some(let version)): texts[path] = Self.yaml("release-\(number)", version)
            case .some(.none): texts[path] = "spec: [not, closed"
            case .none: texts[path] = .some(nil)
            }
        }
        plan(after, what, .merge(texts, author: "dana"))
    }

    private mutating func drawCommits() {
        var after = dice.seconds(35...50)
        while after < Self.storm - .seconds(50) {
            let one = 1 + dice.number(Self.count)
            let other = 1 + (one + dice.number(Self.count - 1)) % Self.count
            switch dice.number(5) {
            case 0:
                files[one] = nil
                merge(after, [one], "release-\(one) is removed")
            case 1:
                let was = files[one] ?? .some(1)
                files[one] = .some(nil)
                files[other] = nil
                merge(after, [one, other], "release-\(one) breaks, release-\(other) goes")
                after = after + dice.seconds(25...35)
                files[one] = .some(was ?? 1)
                merge(after, [one], "release-\(one) is mended")
            case 2:
                let many = Array(1...Self.count).filter { _ in dice.chance(60) }
                for number in many { files[number] = nil }
                merge(after, many, "\(many) are removed")
                guard dice.chance(60) else { break }
                after = after + dice.seconds(40...50)
                for number in many { files[number] = .some(1) }
                merge(after, many, "\(many) are put back")
            default:
                files[one] = .some(1 + dice.number(3))
                merge(after, [one], "release-\(one) is another version")
            }
            after = after + dice.seconds(40...55)
        }
    }

    private mutating func drawHands() {
        for _ in 0..<dice.number(3) {
            let name = "release-\(1 + dice.number(Self.count))"
            plan(
                dice.seconds(20...200), "a person deletes \(name)",
                .delete(ResourceKey(.modelRelease, namespace: "default", name: name)))
        }
        for _ in 0..<dice.number(2) {
            plan(
                dice.seconds(30...200), "a person deletes a Deployment",
                .deleteSome(.deployment, dice.number(6)))
        }
        if dice.chance(60) {
            let after = dice.seconds(30...200)
            calendar.append((after, "a person makes \(Self.handmade) again"))
            moments.append((after, .makeAgain))
        }
    }

    private mutating func drawFaults() {
        for _ in 0..<dice.number(3) { plan(dice.seconds(5...230), "the controller dies", .kill()) }
        if dice.chance(40) {
            let start = dice.seconds(5...200)
            plan(start, "calls go wrong", .calls(.some))
            plan(start + dice.seconds(5...30), "calls are right again", .calls(CallFaults()))
        }
        if dice.chance(40) {
            let start = dice.seconds(5...200)
            plan(start, "the API goes", .apiAway(true))
            plan(start + dice.seconds(1...8), "the API comes", .apiAway(false))
        }
        for _ in 0..<dice.number(3) {
            let from = dice.seconds(10...220)
            let to = from + dice.seconds(1...10)
            calendar.append((from, "watches break for \(to - from)"))
            moments.append((from, .loseWatches))
            moments.append((to, .relist))
        }
    }

    // MARK: The end

    private mutating func checkEnd() {
        let releases = world.store.objects(.modelRelease).map { ObjectMetadata(of: $0).name }
        for number in 1...Self.count {
            let name = "release-\(number)"
            guard case .some(.some(let version)) = files[number] else { continue }
            let key = ResourceKey(.modelRelease, namespace: "default", name: name)
            guard let object = world.store.object(key) else {
                world.violate("settled", "\(name) is declared and is not there")
                continue
            }
            let status = ReleaseStatus(object["status"] ?? .null)
            let proven = status.proven?.shares.map(\.version) ?? []
            if proven != ["\(version)"],
                !status.declared.contains(where: { status.isRefused($0.digest) })
            {
                world.violate("settled", "\(name): \(proven) is proven, \(version) is declared")
            }
        }
        for kind in [ResourceKind.httpRoute, .deployment, .service] {
            for object in world.store.objects(kind) {
                let metadata = ObjectMetadata(of: object)
                guard metadata.label(Names.managedByLabel) == Names.managedByValue,
                    let release = metadata.label(Names.releaseLabel),
                    !releases.contains(release)
                else { continue }
                world.violate("no leaks", "\(kind) \(metadata.name) has no release")
            }
        }
        let isWhole = !files.values.contains { $0 == nil }
        let gone = releases.filter { name in
            name != Self.handmade && !files.keys.contains { "release-\($0)" == name }
        }
        if isWhole, !gone.isEmpty, gone.count <= max(1, (releases.count - 1) / 5) {
            world.violate("settled", "\(gone) are in no file and are there")
        }
    }

    private static func yaml(_ name: String, _ version: Int) -> String {
        RunTexts.yaml(
            name, [Act.Share("\(version)", 100)],
            strategy: "canary: {steps: [{weight: 50, for: 4s}], bake: 3s}", deadline: "120s")
    }
}
