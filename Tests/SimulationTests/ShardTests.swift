import API
import ControlPlane
import Documents
import Domain
import Engine
import FoundationEssentials
import Observed
import Resources
import Simulation
import Testing

/// Several controllers that share the work by a label: nothing is handled twice, nothing is taken
/// for gone because it went to another one, and what is on its way when it goes is void.
struct ShardTests {
    private let route = ResourceKey(.httpRoute, namespace: "default", name: "fraud")
    private let release = ResourceKey(.modelRelease, namespace: "default", name: "fraud")
    private let source = ResourceKey(.releaseSource, namespace: "default", name: "models")

    private func stored(_ story: Story) throws -> HTTPRouteView {
        try #require(story.world.store.object(route).flatMap(HTTPRouteView.init))
    }

    /// A world with a controller for what bears no shard and one for `eu`; the release serves.
    private func twoShards(
        http: Bool = false, crashAfterWrite: Int? = nil
    ) throws -> (Story, eu: Int) {
        var story = Story(acts: false)
        story.world.speaksHTTP = http
        story.world.startController()
        let eu = story.world.startController(ofShard: "eu")
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.crashAfterWrite = crashAfterWrite.map { story.world.writes + $0 }
        return (story, eu)
    }

    /// The source goes to `eu` and takes its releases along.
    private func move(_ story: inout Story, to shard: String?) {
        story.changeSource("models") {
            $0.set(["metadata", "labels", Names.shard], to: shard.map { .string($0) })
        }
    }

    private func shard(_ story: Story, _ key: ResourceKey) -> String {
        story.world.store.object(key).map { ObjectMetadata(of: $0).shard } ?? "gone"
    }

    @Test func eachControllerHandlesWhatBearsItsShard() throws {
        var story = Story(acts: false)
        story.world.startController()
        _ = story.world.startController(ofShard: "eu")
        move(&story, to: "eu")
        story.merge(("1", 100))
        try story.reach(.healthy)
        #expect(shard(story, release) == "eu")
        #expect(try stored(story).owned.term?.shard == "eu")
        for kind in [ResourceKind.httpRoute, .deployment, .service, .controllerRevision] {
            let objects = story.world.store.objects(kind).filter {
                ObjectMetadata(of: $0).label(Names.releaseLabel) == "fraud"
            }
            #expect(!objects.isEmpty)
            #expect(objects.allSatisfy { ObjectMetadata(of: $0).shard == "eu" }, "\(kind)")
        }
        // The other one has kept nothing of it.
        let view = try #require(story.world.engine?.cluster)
        #expect(view.releases.count == 0 && view.pods.count == 0 && view.deployments.count == 0)
        #expect(view.routes.count == 0 && view.slices.count == 0)
        #expect(story.world.violations == [])
    }

    @Test func aReleaseGoesToAnotherShardAndServesOn() throws {
        var (story, _) = try twoShards()
        story.world.run(for: .minutes(2))
        let pods = story.world.store.objects(.pod).map { ObjectMetadata(of: $0).uid }
        let before = try stored(story)
        move(&story, to: "eu")
        story.world.run(for: .minutes(2))
        #expect(shard(story, release) == "eu")
        #expect(story.world.store.objects(.pod).map { ObjectMetadata(of: $0).uid } == pods)
        #expect(try stored(story).spec == before.spec)
        #expect(story.status.phase == .healthy)
        let view = try #require(story.world.engine?.cluster)
        #expect(view.releases.count == 0 && view.pods.count == 0 && view.revisions.count == 0)
        // The new one goes on.
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(try stored(story).owned.term?.shard == "eu")
        #expect(shard(story, route) == "eu")
        #expect(story.world.violations == [])
    }

    @Test func aReleaseComesBackToTheOneWithoutAShard() throws {
        var (story, _) = try twoShards()
        for shard in ["eu", nil, "eu", nil] {
            move(&story, to: shard)
            story.world.run(for: .minutes(2))
            #expect(self.shard(story, release) == shard ?? "")
            #expect(story.status.phase == .healthy)
        }
        story.merge(("2", 100))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(shard(story, route) == "")
        #expect(try stored(story).owned.term?.shard == "")
        #expect(story.world.violations == [])
    }

    /// Without its watch saying why, the release is not there any more for the one that had it.
    @Test(arguments: [false, true])
    func theMiddleOfACanaryGoesOnInTheOtherShard(http: Bool) throws {
        var (story, _) = try twoShards(http: http)
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        move(&story, to: "eu")
        try story.wait { _, world in Story.traffic(world)["2"] == 50 }
        #expect(try stored(story).owned.term?.shard == "eu")
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        // Step by step, and never back.
        var shares: [Int] = []
        for share in story.shares.map({ $0["2", default: 0] }) where shares.last != share {
            shares.append(share)
        }
        #expect(shares == [0, 10, 50, 100])
        #expect(story.world.violations == [])
    }

    @Test func theOtherShardTakesAFailedVersionBack() throws {
        var (story, _) = try twoShards()
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(20)))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        move(&story, to: "eu")
        try story.wait { _, world in Story.traffic(world)["1"] == 100 }
        #expect(try stored(story).owned.term?.shard == "eu")
        try story.wait { status, _ in status.phase == .reverted }
        try story.wait { _, world in
            world.git.head?.files[Story.file]?.contains("s3://models/fraud/1") == true
        }
        #expect(story.world.violations == [])
    }

    /// The old controller stands still in the middle of a canary, the release goes, the new one
    /// goes on; what the old one had decided comes late and is refused.
    @Test func whatAControllerThatStoodStillHadDecidedIsRefused() throws {
        var (story, eu) = try twoShards()
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        let old = try stored(story)
        story.world.schedule(after: .zero, .pause(process: 0, true))
        move(&story, to: "eu")
        try story.wait { _, world in Story.traffic(world)["2"] == 50 }
        let taken = try stored(story)
        #expect(taken.owned.term?.shard == "eu" && taken.sequence > old.sequence)
        // A write as the old one would send it: all back, marked.
        let router = GatewayRouter(
            release: try #require(story.object.map { ObjectMetadata(of: $0) }),
            traffic: .init(parentRefs: [.init(name: "web")]))
        let term = try #require(old.owned.term)
        let outcome = story.world.store.perform(
            .jsonPatch(route, router.seal(old, term)), now: story.world.now)
        guard case .notApplied = outcome else {
            Issue.record("a late write of the old shard was accepted")
            return
        }
        story.world.schedule(after: .zero, .pause(process: 0, false))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(try stored(story).owned.term?.shard == "eu")
        #expect(eu == 1)
        #expect(story.world.violations == [])
    }

    /// What the old one sees last is its own label, for a minute; the route tells it.
    @Test func whoSeesTheReleaseLateAsksBeforeItWritesTheRouteAgain() throws {
        var (story, _) = try twoShards()
        story.world.behaviours["2"] = PodBehaviour(fault: .losesReadiness(after: .seconds(15)))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        story.world.delays.lags[.modelRelease] = .seconds(60)
        move(&story, to: "eu")
        try story.wait { _, world in
            world.store.object(route).flatMap(HTTPRouteView.init)?.owned.term?.shard == "eu"
        }
        try story.wait { status, _ in status.phase == .reverted }
        // Both had decided to take the traffic back; that the old one did not is what the world
        // checks at every write of a route.
        #expect(try stored(story).owned.term?.shard == "eu")
        #expect(story.world.violations == [])
    }

    /// Whoever dies after whichever write: what is left goes on in the shard that it went to.
    @Test(arguments: Array(stride(from: 1, through: 24, by: 2)))
    func aDeathWhileAReleaseGoesLosesNothing(afterWrite count: Int) throws {
        var (story, _) = try twoShards(crashAfterWrite: count)
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        move(&story, to: "eu")
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        #expect(shard(story, release) == "eu")
        #expect(story.status.quarantine.isEmpty)
        #expect(story.world.violations == [])
    }

    /// A release goes to and fro while watches are late, controllers die and stand still, and a
    /// version fails or does not: nobody writes over the word of the one that has it, and in the
    /// end it stands where Git wants it.
    @Test(arguments: [1, 2, 4, 5, 9, 14, 19, 22] as [UInt64])
    func toAndFroInAStormNothingIsLost(seed: UInt64) throws {
        var (story, eu) = try twoShards(http: seed % 4 == 0)
        var chance = SplitMix64(seed: seed)
        func draw(_ count: UInt64) -> Int64 { Int64(chance.next() % count) }
        let fails = seed % 2 == 0
        if fails {
            story.world.behaviours["2"] = PodBehaviour(
                fault: .losesReadiness(after: .seconds(5 + draw(60))))
        }
        let kinds: [ResourceKind] = [.modelRelease, .releaseSource, .httpRoute, .pod, .deployment]
        for kind in kinds where draw(2) == 0 {
            story.world.delays.lags[kind] = .milliseconds(draw(20_000))
        }
        story.merge(("2", 100))
        var time = TimeSpan.seconds(draw(20))
        for _ in 0..<8 {
            let label: Document? = draw(2) == 0 ? "eu" : nil
            story.world.schedule(
                after: time,
                .change(source) { $0.set(["metadata", "labels", Names.shard], to: label) })
            let process = draw(2) == 0 ? 0 : eu
            switch draw(4) {
            case 0: story.world.schedule(after: time + .seconds(1), .kill(process: process))
            case 1:
                story.world.schedule(after: time, .pause(process: process, true))
                story.world.schedule(
                    after: time + .seconds(draw(40)), .pause(process: process, false))
            case 2: story.world.schedule(after: time, .relist)
            default: break
            }
            time = time + .milliseconds(draw(20_000))
        }
        story.world.run(for: time + .seconds(60))
        story.world.delays.lags = [:]
        try story.wait { status, _ in
            status.attempt == nil && status.phase == .healthy
                && status.proven?.shares.first?.version == (fails ? "1" : "2")
        }
        story.world.run(for: .minutes(5))
        let home = story.world.store.object(source).map { ObjectMetadata(of: $0).shard }
        #expect(shard(story, release) == home)
        #expect(story.traffic.filter { $0.value > 0 } == [fails ? "1" : "2": 100])
        #expect(story.status.quarantine.map(\.version) == (fails ? ["2"] : []))
        #expect(story.world.violations == [])
    }

    /// Two files declare one release, one in each shard.
    @Test func aSecondSourceInAnotherShardLeavesTheReleaseToTheFirst() throws {
        var (story, _) = try twoShards()
        story.addSource("others", path: "")
        story.changeSource("others") { $0.set(["metadata", "labels", Names.shard], to: "eu") }
        story.world.run(for: .minutes(3))
        #expect(shard(story, release) == "")
        #expect(
            story.object.map { ObjectMetadata(of: $0).annotation(Names.source) }
                == "default/models")
        let ready = try #require(
            story.source("others").conditions.first { $0.type == "Ready" })
        #expect(ready.reason == "DeclaredElsewhere")
        #expect(ready.message.contains("default/fraud of no shard, kept by default/models"))
        let writes = story.world.writes
        story.world.run(for: .minutes(10))
        #expect(story.world.writes == writes, "they write against each other")
        // It goes over once the first one does not declare it any more.
        story.world.schedule(after: .zero, .delete(source))
        try story.wait { _, _ in true }
        story.world.run(for: .minutes(3))
        #expect(shard(story, release) == "eu")
        #expect(story.status.phase == .healthy)
        #expect(story.world.violations == [])
    }

    /// A list of service accounts holds in its whole namespace, whichever shard its source is of.
    @Test func theAccountsThatASourceAllowsCountInAllShards() throws {
        var (story, eu) = try twoShards()
        _ = eu
        let text = Story.yaml([("1", 100)], name: "other").replacing(
            "{replicas: 2}",
            with: "{replicas: 2, template: {spec: {serviceAccountName: admin}}}")
        var object = try #require(YAML.parse(text).first?.document)
        object.set(["metadata", "labels", Names.shard], to: "eu")
        _ = try story.world.store.create(
            .modelRelease, namespace: "default", object,
            WriteContext(now: story.world.now, manager: "person"))
        story.world.run(for: .minutes(2))
        let other = ResourceKey(.modelRelease, namespace: "default", name: "other")
        let status = ReleaseStatus(story.world.store.object(other)?["status"] ?? .null)
        #expect(status.message.contains("admin"))
        #expect(
            !story.world.store.objects(.deployment).contains {
                ObjectMetadata(of: $0).label(Names.releaseLabel) == "other"
            })
    }

    @Test func aReleaseThatIsReallyGoneIsCleanedUpByItsShard() throws {
        var (story, _) = try twoShards()
        move(&story, to: "eu")
        story.world.run(for: .minutes(2))
        story.world.schedule(after: .zero, .delete(source))
        story.world.run(for: .seconds(20))
        story.world.schedule(after: .zero, .delete(release))
        story.world.run(for: .minutes(3))
        #expect(story.world.store.object(route) == nil)
        let left = story.world.store.objects(.deployment)
        #expect(left.isEmpty)
        #expect(story.world.violations == [])
    }

    /// A label by hand on a release that Git declares is put back like any other change; nothing
    /// of what serves is taken away meanwhile.
    @Test func aLabelByHandIsPutBackAndNothingIsLost() throws {
        var (story, _) = try twoShards()
        move(&story, to: "eu")
        story.world.run(for: .minutes(2))
        let before = try stored(story)
        story.world.schedule(
            after: .zero,
            .change(release) { $0.set(["metadata", "labels", Names.shard], to: "asia") })
        story.world.run(for: .minutes(3))
        #expect(shard(story, release) == "eu")
        #expect(try stored(story).spec == before.spec)
        #expect(story.status.phase == .healthy)
        #expect(story.world.violations == [])
    }

    /// A shard that nobody looks after: everything stays as it is.
    @Test func underALabelThatNobodyServesTrafficStays() throws {
        var (story, _) = try twoShards()
        let before = try stored(story)
        story.world.schedule(after: .zero, .delete(source))
        story.world.run(for: .seconds(20))
        story.world.schedule(
            after: .zero,
            .change(release) { $0.set(["metadata", "labels", Names.shard], to: "asia") })
        story.world.run(for: .minutes(10))
        #expect(try stored(story).spec == before.spec)
        #expect(story.world.store.objects(.deployment).count == 1)
        #expect(story.world.violations == [])
    }
}
