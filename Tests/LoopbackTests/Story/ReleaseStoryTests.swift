import API
import Domain
import Foundation
import TestServers
import Testing

/// From a commit in a real repository to traffic and back, over real sockets.
@Suite(.timeLimit(.minutes(5)))
struct ReleaseStoryTests {
    @Test func aGoodCommitIsPromotedStepByStepAndRecorded() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.merge("2")
                try await story.wait("the first step") { _, traffic in
                    traffic == ["1": 80, "2": 20]
                }
                try await story.waitProven("2")
                try await story.wait("the record") { _, _ in
                    (try? story.file("slipway/state", "default/default/fraud.yaml"))?
                        .contains("version: \"2\"") ?? false
                }
            }
            #expect(try story.file() == LiveStory.yaml("2").trimmingCharacters(in: .newlines))
        }
    }

    @Test(arguments: [ScriptedNode.Script.oneUnready, .crashLoop])
    func aVersionThatFailsUnderTrafficIsTakenBackAndGitSaysSo(
        _ script: ScriptedNode.Script
    ) async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.merge("2", extra: "# in haste")
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                story.node.play(script, version: "2")
                try await story.wait("the revert") { status, traffic in
                    traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
                }
                try await story.wait("the revert in Git") { _, _ in
                    try story.file().contains("fraud/1")
                }
                try await story.wait("rest") { status, _ in status.phase == .healthy }
            }
            let message = try story.git.git("log", "-1", "--format=%B", "main")
            #expect(message.hasPrefix("Revert default/fraud: "))
            #expect(message.contains("\nSlipway-Release: default/fraud\n"))
            #expect(message.contains("\nSlipway-Refused: sha256:"))
            #expect(try story.git.git("rev-list", "--count", "main") == "3")
            let record = try story.file("slipway/state", "default/default/fraud.yaml")
            #expect(record.contains("quarantine:"))

            // Nothing comes back by looking again, or with another controller.
            try await story.withController {
                try await Task.sleep(for: .seconds(3))
            }
            #expect(await story.traffic == ["1": 100])
            #expect(await story.status.quarantine.map(\.version) == ["2"])
            #expect(try story.git.git("rev-list", "--count", "main") == "3")
        }
    }
}
