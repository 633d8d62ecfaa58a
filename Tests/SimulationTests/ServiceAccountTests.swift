import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// Which service accounts the pods of a release run as, from Git and by hand, and what becomes of
/// what serves when one is taken off the list.
struct ServiceAccountTests {
    private static let kind = ResourceKind(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")

    private static func yaml(_ version: String) -> String {
        Story.yaml([(version, 100)]).replacing(
            "{replicas: 2}",
            with: "{replicas: 2, template: {spec: {serviceAccountName: loader}}}")
    }

    /// A source that lists `accounts`, in a namespace that has the account `loader`.
    private func story(listing accounts: [Document]) throws -> Story {
        var story = Story()
        try story.world.store.create(
            Self.kind, namespace: "default", ["metadata": ["name": "loader"]],
            WriteContext(now: story.world.now, manager: "person"))
        list(accounts, &story)
        return story
    }

    private func list(_ accounts: [Document], _ story: inout Story) {
        story.changeSource("models") { $0.set(["spec", "serviceAccounts"], to: .array(accounts)) }
        story.world.run(for: .seconds(1))
    }

    private func synced(_ story: Story) -> Condition? {
        story.status.conditions.first { $0.type == "Synced" }
    }

    private func accounts(_ story: Story) -> Set<String> {
        Set(
            story.world.store.objects(.pod).compactMap {
                $0.at("spec", "serviceAccountName")?.stringValue
            })
    }

    @Test func aFileThatNamesAnAccountIsTakenOverWhenItsSourceListsIt() throws {
        var story = try story(listing: [])
        story.merge(Self.yaml("1"))
        try story.wait { _, world in
            !SourceStatus(
                world.store.object(
                    ResourceKey(.releaseSource, namespace: "default", name: "models"))?["status"]
                    ?? .null
            ).problems.isEmpty
        }
        #expect(
            story.source("models").problems.first?.contains(
                "service account `loader` is not allowed: ReleaseSource default/models allows "
                    + "`default`; add it") == true)
        #expect(story.object == nil)
        // The list alone has changed, not the commit.
        list(["loader"], &story)
        try story.reach(.healthy)
        #expect(accounts(story) == ["loader"])
        #expect(story.source("models").problems == [])
        #expect(story.world.violations == [])
    }

    @Test func whatServesStaysAndIsRepairedWhenItsAccountIsTakenOffTheList() throws {
        var story = try story(listing: ["loader"])
        story.merge(Self.yaml("1"))
        try story.reach(.healthy)
        let splits = story.world.splits.count
        list([], &story)
        story.world.run(for: .minutes(2))
        #expect(story.source("models").problems.count == 1)
        let deployment = ResourceKey(
            .deployment, namespace: "default",
            name: Names.versioned("fraud", try #require(story.digest("1"))))
        story.world.schedule(
            after: .zero,
            .change(deployment) {
                $0.set(["spec", "template", "spec", "serviceAccountName"], to: "default")
            })
        story.world.schedule(after: .seconds(30), .delete(deployment))
        story.world.schedule(after: .minutes(1), .kill())
        story.world.run(for: .minutes(5))
        #expect(story.status.phase == .healthy)
        #expect(story.traffic == ["1": 100])
        #expect(story.world.splits.count == splits)
        #expect(accounts(story) == ["loader"])
        #expect(
            story.world.store.object(deployment)?
                .at("spec", "template", "spec", "serviceAccountName") == "loader")
        #expect(synced(story)?.status == .yes)
        // A new version with it gets nowhere, by Git or by hand.
        story.merge(Self.yaml("2"))
        story.world.run(for: .minutes(2))
        #expect(story.world.store.objects(.controllerRevision).count == 1)
        #expect(story.status.declared.map(\.version) == ["1"])
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    /// A release that nobody delivers: whoever may write it must not get the rights of every
    /// account of the namespace.
    private func apply(_ version: String, _ story: inout Story) throws {
        let release: Document = [
            "runtime": "mlserver",
            "versions": [
                ["name": .string(version), "uri": .string("s3://m/\(version)"), "weight": 100]
            ],
            "serving": [
                "replicas": 2, "template": ["spec": ["serviceAccountName": "loader"]],
            ],
            "traffic": ["gateway": ["parentRefs": [["name": "web"]]]],
            "strategy": ["canary": ["steps": [["weight": 50, "for": "10s"]], "bake": "10s"]],
        ]
        let key = ResourceKey(.modelRelease, namespace: "default", name: "fraud")
        if story.object == nil {
            try story.world.store.create(
                .modelRelease, namespace: "default",
                ["metadata": ["name": "fraud"], "spec": release],
                WriteContext(now: story.world.now, manager: "person"))
        } else {
            story.world.schedule(after: .zero, .change(key) { $0["spec"] = release })
        }
        story.world.run(for: .seconds(1))
    }

    @Test func aReleaseAppliedByHandNeedsASourceThatListsItsAccount() throws {
        var story = try story(listing: [])
        try apply("1", &story)
        story.world.run(for: .minutes(20))
        #expect(story.status.phase == .pending)
        #expect(synced(story)?.reason == "ServiceAccountNotAllowed")
        #expect(story.status.message.contains("service account `loader` is not allowed"))
        #expect(story.world.store.objects(.controllerRevision).isEmpty)
        #expect(story.world.store.objects(.pod).isEmpty)
        let told = story.world.notices.filter { $0.reason == "ServiceAccountNotAllowed" }
        #expect(told.count == 1 && told.allSatisfy(\.isWarning))
        // Nothing has to be done to the release once the account is listed.
        list(["loader"], &story)
        try story.reach(.healthy)
        #expect(synced(story)?.status == .yes)
        #expect(accounts(story) == ["loader"])
        // Off the list: what serves goes on, what is new does not begin.
        list([], &story)
        try apply("2", &story)
        story.world.run(for: .minutes(20))
        #expect(story.traffic == ["1": 100])
        #expect(synced(story)?.reason == "ServiceAccountNotAllowed")
        #expect(story.status.phase == .healthy)
        #expect(story.status.quarantine.isEmpty)
        #expect(story.world.store.objects(.controllerRevision).count == 1)
        // Back to what serves, and it is right again.
        try apply("1", &story)
        story.world.run(for: .minutes(1))
        #expect(synced(story)?.status == .yes)
        #expect(story.world.violations == [])
    }

    /// The annotation that names a source may be anybody's.
    @Test(arguments: ["elsewhere/models", "default/nothing", "default/models"])
    func noAnnotationMakesAnAccountAllowed(_ named: String) throws {
        var story = try story(listing: [])
        let namespace = ResourceKind(
            group: "", version: "v1", kind: "Namespace", plural: "namespaces")
        try story.world.store.create(
            namespace, namespace: "", ["metadata": ["name": "elsewhere"]],
            WriteContext(now: story.world.now, manager: "person"))
        try story.world.store.create(
            .releaseSource, namespace: "elsewhere",
            [
                "metadata": ["name": "models"],
                "spec": ["url": "https://git.example.com/x.git", "serviceAccounts": ["loader"]],
            ], WriteContext(now: story.world.now, manager: "person"))
        try apply("1", &story)
        story.annotate(Names.source, named)
        story.world.run(for: .minutes(2))
        #expect(story.world.store.objects(.pod).isEmpty)
        #expect(story.world.store.objects(.controllerRevision).isEmpty)
    }

    /// What was rendered can be come back to, though a file that declares it now would be refused.
    @Test func aBadVersionIsTakenBackToOneWhoseAccountIsNotListedAnyMore() throws {
        var story = try story(listing: ["loader"])
        story.merge(Self.yaml("1"))
        try story.reach(.healthy)
        list([], &story)
        story.world.behaviours["2"] = PodBehaviour(fault: .crashes(after: .seconds(20)))
        story.merge(("2", 100))
        try story.wait { _, world in Story.traffic(world)["2"] == 10 }
        try story.wait { status, _ in status.quarantine.map(\.version) == ["2"] }
        #expect(story.traffic == ["1": 100])
        story.world.run(for: .minutes(20))
        #expect(story.traffic == ["1": 100])
        #expect(story.status.quarantine.map(\.version) == ["2"])
        // Git says what serves, and the source says why nobody could begin it today.
        #expect(story.world.git.head?.files[Story.file] == Self.yaml("1"))
        #expect(
            story.source("models").problems.first?.contains(
                "service account `loader` is not allowed") == true)
        #expect(accounts(story) == ["loader"])
        #expect(story.world.violations == [])
    }

    /// What the server itself says of an account that does not exist reaches the release.
    @Test func anAccountThatDoesNotExistIsNamedInTheStatus() throws {
        var story = Story()
        list(["loader"], &story)
        story.merge(Self.yaml("1"))
        try story.wait { status, _ in
            status.message.contains("error looking up service account default/loader")
        }
        #expect(
            story.status.versions.first?.message.hasPrefix("0/2 pods ready; pods are refused: ")
                == true)
        // The control plane's own wait.
        story.world.run(for: .seconds(10))
        try story.world.store.create(
            Self.kind, namespace: "default", ["metadata": ["name": "loader"]],
            WriteContext(now: story.world.now, manager: "person"))
        try story.reach(.healthy, atMost: .minutes(5))
        #expect(!story.status.message.contains("refused"))
    }
}
