import API
import ControlPlane
import Domain
import Engine
import Resources
import Simulation
import Testing

/// ConfigMaps and Secrets that are changed under a proven version: it is seen and said, and nothing
/// moves for it.
struct ConfigurationTests {
    private static let pod = """
        {replicas: 2, template: {spec: {containers: [{name: model, envFrom: [\
        {configMapRef: {name: settings}}, {secretRef: {name: keys, optional: true}}]}]}}}
        """

    private static func yaml(_ version: String) -> String {
        Story.yaml([(version, 100)]).replacing("{replicas: 2}", with: pod)
    }

    private static func key(_ kind: ResourceKind, _ name: String) -> ResourceKey {
        ResourceKey(kind, namespace: "default", name: name)
    }

    private static let settings = key(.configMap, "settings")
    private static let keys = key(.secret, "keys")

    private func create(_ key: ResourceKey, _ story: inout Story) throws {
        try story.world.store.create(
            key.kind, namespace: "default",
            ["metadata": ["name": .string(key.name)], "data": ["a": "Yg=="]],
            WriteContext(now: story.world.now, manager: "person"))
    }

    /// A release that serves, with both objects; on a server that enforces roles.
    private func released() throws -> Story {
        var story = Story(rights: Right.Part.allCases)
        try create(Self.settings, &story)
        try create(Self.keys, &story)
        story.merge(Self.yaml("1"))
        try story.reach(.healthy)
        story.world.run(for: .minutes(1))
        return story
    }

    private func condition(_ story: Story) -> Condition? {
        story.status.conditions.first { $0.type == "ConfigChanged" }
    }

    private func told(_ story: Story) -> [String] {
        story.world.notices.filter { $0.reason == "ConfigChanged" }.map(\.message)
    }

    private func change(_ key: ResourceKey, _ story: inout Story) {
        story.world.schedule(after: .zero, .change(key) { $0.set(["data", "a"], to: "Yw==") })
    }

    @Test func whatIsWrittenDownIsWhatWasReadWhenTheVersionWasProven() throws {
        let story = try released()
        #expect(condition(story)?.status == .no)
        #expect(condition(story)?.reason == "AsProven")
        let entries = story.status.configuration
        #expect(entries.map(\.name) == ["settings", "keys"])
        for entry in entries {
            let object = try #require(
                story.world.store.object(Self.key(entry.kind.resource, entry.name)))
            #expect(entry.uid == object.at("metadata", "uid")?.stringValue)
            #expect(
                entry.resourceVersion == object.at("metadata", "resourceVersion")?.stringValue)
            #expect(entry.digest == story.digest("1"))
        }
        #expect(told(story) == [])
        #expect(story.world.violations == [])
    }

    @Test(arguments: [(settings, "ConfigMap default/settings"), (keys, "Secret default/keys")])
    func aChangeIsSaidAndNothingMovesForIt(_ key: ResourceKey, _ name: String) throws {
        var story = try released()
        let splits = story.world.splits.count
        let made = story.madeAndDeleted
        change(key, &story)
        try story.wait(atMost: .minutes(3)) { status, _ in
            status.conditions.contains { $0.type == "ConfigChanged" && $0.status == .yes }
        }
        let message = try #require(condition(story)?.message)
        #expect(message.hasPrefix("\(name) changed "))
        #expect(message.hasSuffix(" after version 1 was proven: new pods of it read other content"))
        #expect(story.status.phase == .healthy)
        #expect(story.status.message == "version 1 serves; \(message)")
        // Once, whatever happens to the controller.
        let writes = story.world.writes
        for _ in 0..<3 {
            story.world.schedule(after: .zero, .kill())
            story.world.run(for: .minutes(5))
        }
        #expect(condition(story)?.message == message)
        #expect(told(story) == [message])
        #expect(story.world.writes - writes < 10)
        #expect(story.world.splits.count == splits)
        #expect(story.madeAndDeleted == made)
        #expect(story.world.violations == [])
        // The next version is proven with what is there now.
        story.merge(Self.yaml("2"))
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        story.world.run(for: .minutes(3))
        #expect(condition(story)?.status == .no)
        #expect(story.status.configuration.allSatisfy { $0.digest == story.digest("2") })
        #expect(story.world.violations == [])
    }

    /// The looks at what the proven version reads are not those that the next one is judged with.
    @Test func whatChangesBeforeAVersionIsProvenBelongsToIt() throws {
        var story = try released()
        story.merge(Self.yaml("2"))
        try story.wait { status, _ in status.attempt?.step == 1 }
        change(Self.settings, &story)
        try story.wait { status, _ in status.proven?.shares.first?.version == "2" }
        story.world.run(for: .minutes(5))
        #expect(condition(story)?.status == .no)
        let entry = try #require(story.status.configuration.first { $0.name == "settings" })
        #expect(entry.digest == story.digest("2"))
        #expect(
            entry.resourceVersion
                == story.world.store.object(Self.settings)?
                .at("metadata", "resourceVersion")?.stringValue)
        #expect(story.world.violations == [])
    }

    /// What cannot be changed is deleted and made again.
    @Test func anObjectMadeAgainIsAnotherOne() throws {
        var story = try released()
        story.world.schedule(after: .zero, .delete(Self.settings))
        try story.wait(atMost: .minutes(3)) { status, _ in
            status.message.contains("ConfigMap default/settings is gone ")
        }
        try create(Self.settings, &story)
        try story.wait(atMost: .minutes(3)) { status, _ in
            status.message.contains("ConfigMap default/settings changed ")
        }
        #expect(told(story).count == 2)
        #expect(story.traffic == ["1": 100])
        #expect(story.world.violations == [])
    }

    @Test func whatWasNotThereAndIsMadeLaterIsSaid() throws {
        var story = Story(rights: Right.Part.allCases)
        try create(Self.settings, &story)
        story.merge(Self.yaml("1"))
        try story.reach(.healthy)
        story.world.run(for: .minutes(3))
        #expect(condition(story)?.status == .no)
        try create(Self.keys, &story)
        try story.wait(atMost: .minutes(3)) { status, _ in
            status.message.contains("Secret default/keys was made ")
        }
        #expect(story.world.violations == [])
    }

    /// A change that the controller sleeps through is found by what the status remembers.
    @Test func aChangeWhileNobodyLooksIsSeenAfterwards() throws {
        var story = try released()
        story.world.delays.restart = .minutes(10)
        story.world.schedule(after: .zero, .kill())
        story.world.run(for: .seconds(1))
        change(Self.settings, &story)
        story.world.run(for: .minutes(9))
        #expect(condition(story)?.status == .no)
        try story.wait(atMost: .minutes(3)) { status, _ in
            status.message.contains("ConfigMap default/settings changed ")
        }
        #expect(story.world.violations == [])
    }

    /// No answer is no news.
    @Test func aServerThatIsAwayChangesNothing() throws {
        var story = try released()
        story.world.schedule(after: .zero, .apiAway(true))
        story.world.run(for: .minutes(20))
        story.world.schedule(after: .zero, .apiAway(false))
        story.world.run(for: .minutes(5))
        #expect(condition(story)?.status == .no)
        #expect(told(story) == [])
        #expect(story.world.violations == [])
    }

    @Test func aReleaseThatNamesNothingHasNoSuchCondition() throws {
        var story = Story(rights: Right.Part.allCases)
        story.merge(("1", 100))
        try story.reach(.healthy)
        story.world.run(for: .minutes(5))
        #expect(condition(story) == nil)
        #expect(story.status.configuration == [])
    }
}
