import API
import ControlPlane
import Domain
import Sandbox
import TestServers
import Testing
import Transport

/// Whatever a Git server or the API server does to one release or source, the others go on.
@Suite(.timeLimit(.minutes(5)))
struct HungSourceTests {
    /// A server that never says anything would otherwise be waited for longer than these stories.
    private static let git = HTTPRequest.Deadlines(
        connect: .seconds(2), total: .seconds(10), idle: .seconds(3))

    private func reachable(_ story: LiveStory, _ source: String) async -> Document? {
        let conditions = await story.object(.releaseSource, source)?
            .at("status", "conditions")?.arrayValue
        return conditions?.first { $0["type"] == "Reachable" }
    }

    /// More sources than are looked at together, each of them at a server that hurts.
    @Test func sourcesAtBadServersHoldUpNobodyElse() async throws {
        let hung = try ScriptedServer(opening: { _ in .hold }) { _, _ in .close }
        let elsewhere = try ScriptedServer { _, peer in
            peer.answer()
            return .keep
        }
        try await LiveStory.tell { story in
            for number in 0..<20 {
                try await story.addSource("hung-\(number)", url: "\(hung.url)/r\(number).git")
            }
            let base = story.git.url
            try await story.addSource("dripping", url: "\(base)/drip/origin.git")
            try await story.addSource("endless", url: "\(base)/endless/origin.git")
            try await story.addSource("away", url: "\(base)/away/\(elsewhere.port)/origin.git")
            try story.merge("1")
            try await story.withController(git: Self.git) {
                try await story.waitProven("1")
                try story.merge("2")
                try await story.waitProven("2")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("3", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["3"] == 20 }
                story.node.play(.oneUnready, version: "3")
                try await story.wait("the revert") { status, traffic in
                    traffic == ["2": 100] && status.quarantine.map(\.version) == ["3"]
                }
                try await story.wait("the revert in Git") { _, _ in
                    try story.file().contains("fraud/2")
                }
                try await story.wait("the word on those that cannot be read") { _, _ in
                    for source in ["hung-0", "hung-9", "dripping", "away"]
                    where await self.reachable(story, source)?["status"] != "False" {
                        return false
                    }
                    return true
                }
                let away = await reachable(story, "away")?["message"]?.stringValue
                #expect(away?.contains("the server redirects") == true)
            }
        }
        #expect(hung.connectionCount >= 20)
        #expect(hung.requests.isEmpty)
        #expect(elsewhere.connectionCount == 0)
    }

    @Test func aGitServerThatHangsDelaysOnlyTheRevertCommit() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController(git: Self.git) {
                try await story.waitProven("1")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                try story.git.hang(true)
                try await story.wait("a look that hangs") { _, _ in
                    await self.reachable(story, "models")?["status"] == "False"
                }
                story.node.play(.oneUnready, version: "2")
                try await story.wait("traffic back") { status, traffic in
                    traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
                }
                #expect(try story.file().contains("fraud/2"))
                try story.git.hang(false)
                try await story.wait("the revert in Git") { _, _ in
                    try story.file().contains("fraud/1")
                }
            }
        }
    }

    /// An hour is what a proxy may say; traffic that has to go back does not wait for it.
    @Test func anAbsurdWaitDoesNotHoldBackARevert() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                var full = APIStatus(code: 429, reason: "TooManyRequests", message: "later")
                var details = APIStatus.Details()
                details.retryAfterSeconds = 86_400
                full.details = details
                await story.server.inject(
                    SandboxFault(count: 1, .refuse(full)) {
                        $0.method == "PATCH" && $0.path.contains("httproutes")
                    })
                story.node.play(.oneUnready, version: "2")
                try await story.wait("traffic back") { status, traffic in
                    traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
                }
            }
        }
    }
}
