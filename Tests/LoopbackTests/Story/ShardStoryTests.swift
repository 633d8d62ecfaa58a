import API
import ControlPlane
import Domain
import Foundation
import Resources
import Sandbox
import TestServers
import Testing

/// Two controllers that share the work by a label, over real sockets, each with the rights of an
/// installation and no others.
@Suite(.timeLimit(.minutes(5)))
struct ShardStoryTests {
    private static let route = ResourceKey(.httpRoute, namespace: "default", name: "fraud")

    /// The source and with it the release goes over in the middle of a canary.
    @Test func aReleaseGoesToAnotherControllerInTheMiddleOfItsRollout() async throws {
        let decisions = Decisions()
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers, .nodes], only: nil
            ).install(in: story)
            try story.merge("1")
            try await story.withController(token: token) {
                try await story.waitProven("1")
                try await story.withController(token: token, shard: "eu") {
                    try story.merge("2")
                    try await story.wait("the first step") { _, traffic in
                        traffic == ["1": 80, "2": 20]
                    }
                    let before = await story.server.store.object(Self.route)
                    #expect(before?.at("metadata", "annotations", Names.leader) == nil)
                    try await Self.move(story, to: "eu")
                    try await story.waitProven("2")
                    // And what fails there is taken back there.
                    try story.merge("3")
                    try await story.wait("the first step") { _, traffic in traffic["3"] == 20 }
                    story.node.play(.oneUnready, version: "3")
                    try await story.wait("the revert") { status, traffic in
                        traffic == ["2": 100] && status.quarantine.map(\.version) == ["3"]
                    }
                    try await story.wait("the revert in Git") { _, _ in
                        try story.file().contains("fraud/2")
                    }
                }
            }
            let after = await story.server.store.object(Self.route)
            #expect(after?.at("metadata", "annotations", Names.leader) == "eu/")
            #expect(after?.at("metadata", "labels", Names.shard) == "eu")
            let release = await story.server.store.object(
                ResourceKey(.modelRelease, namespace: "default", name: "fraud"))
            #expect(release?.at("metadata", "labels", Names.shard) == "eu")
        }
        #expect(decisions.refused == [], "these rights are missing")
    }

    private static func move(_ story: LiveStory, to shard: String) async throws {
        try await story.server.change { store, now throws in
            let key = ResourceKey(.releaseSource, namespace: "default", name: "models")
            var source = try store.get(key)
            source.set(["metadata", "labels", Names.shard], to: .string(shard))
            _ = try store.replace(
                key, with: source, WriteContext(now: now, manager: "person"))
        }
    }
}
