import API
import Domain
import Logging
import Resources
import TestServers
import Testing

/// A controller that only observes, with an account that may only read.
@Suite(.timeLimit(.minutes(5)))
struct ObserverTests {
    private func wait(
        _ what: String, _ lines: LogLines, in story: LiveStory,
        _ holds: (String, [String: String]) -> Bool
    ) async throws {
        try await story.wait(what) { _, _ in
            zip(lines.all, lines.fields).contains { holds($0, $1) }
        }
    }

    @Test func theRightsToReadAreEnoughToSayWhatWouldBeDone() async throws {
        let decisions = Decisions()
        let lines = LogLines(from: .info)
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers, .nodes], only: nil, readsOnly: true
            ).install(in: story)
            try story.merge("1")
            let before = try story.git.git("rev-parse", "main")
            try await story.withController(token: token, observing: lines) {
                let release = "info: would apply ModelRelease default/fraud"
                try await wait("the release", lines, in: story) { text, fields in
                    text == release && fields["release"] == "default/fraud"
                        && fields["commit"] == String(before.prefix(7))
                }
                #expect(await story.object(.modelRelease, "fraud") == nil)
                // Nobody has acted, and nothing is said again.
                try await Task.sleep(for: .seconds(2))
                #expect(lines.all.filter { $0 == release }.count == 1)
                try await story.withController {
                    try await story.waitProven("1")
                    try story.merge("2")
                    try await story.waitProven("2")
                }
                try await wait("a step", lines, in: story) { text, fields in
                    text.contains("version 2") && fields["step"] != nil && fields["commit"] != nil
                }
            }
        }
        #expect(decisions.refused == [])
        #expect(lines.all.filter { !$0.hasPrefix("info: ") } == [])
    }
}
