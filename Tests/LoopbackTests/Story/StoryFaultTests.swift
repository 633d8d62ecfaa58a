import API
import ControlPlane
import Domain
import Foundation
import Glibc
import Sandbox
import TestServers
import Testing

/// What happens around a release in a bad week.
@Suite(.timeLimit(.minutes(5)))
struct StoryFaultTests {
    /// Version 1 is proven, version 2 on its first step, and then `body`.
    private func inTheMiddle(
        _ body: @escaping @Sendable (LiveStory) async throws -> Void
    ) async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                try await body(story)
            }
        }
    }

    private func waitReverted(_ story: LiveStory) async throws {
        try await story.wait("the revert") { status, traffic in
            traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
        }
        try await story.wait("the revert in Git") { _, _ in
            try story.file().contains("fraud/1")
        }
    }

    @Test func anAPIServerThatGoesAndComesBackDelaysARevertAndLosesNothing() async throws {
        try await inTheMiddle { story in
            await story.server.inject(SandboxFault(count: .max, .disconnect))
            await story.server.cutWatches()
            story.node.play(.oneUnready, version: "2")
            try await Task.sleep(for: .seconds(2))
            #expect(await story.traffic == ["1": 80, "2": 20])
            await story.server.clearFaults()
            try await waitReverted(story)
        }
    }

    @Test func watchesThatAreCutGoOn() async throws {
        try await inTheMiddle { story in
            for _ in 0..<3 {
                await story.server.cutWatches()
                try await Task.sleep(for: .milliseconds(100))
            }
            story.node.play(.crashLoop, version: "2")
            try await waitReverted(story)
        }
    }

    @Test func writesWithoutAnAnswerAreNotDoneTwice() async throws {
        try await inTheMiddle { story in
            await story.server.inject(
                SandboxFault(count: 5, .carryOutAndDisconnect) { $0.method != "GET" })
            story.node.play(.oneUnready, version: "2")
            try await waitReverted(story)
        }
    }

    @Test func aGitServerThatIsGoneDelaysOnlyTheRevertCommit() async throws {
        try await inTheMiddle { story in
            try FileManager.default.moveItem(
                atPath: story.git.root + "/origin.git", toPath: story.git.root + "/away.git")
            story.node.play(.oneUnready, version: "2")
            try await story.wait("traffic back") { status, traffic in
                traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
            }
            try await story.wait("a condition that says so") { _, _ in
                let source = await story.object(.releaseSource, "models")
                let conditions = source?.at("status", "conditions")?.arrayValue ?? []
                return conditions.contains {
                    $0["type"] == "Reachable" && $0["status"] == "False"
                        && $0["lastTransitionTime"] != nil
                }
            }
            try FileManager.default.moveItem(
                atPath: story.git.root + "/away.git", toPath: story.git.root + "/origin.git")
            try await waitReverted(story)
        }
    }

    @Test func aRefusedPushIsTriedUntilItIsLetIn() async throws {
        try await inTheMiddle { story in
            let hook = story.git.root + "/origin.git/hooks/pre-receive"
            try "#!/bin/sh\necho the branch is protected >&2\nexit 1\n".write(
                toFile: hook, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: hook)
            story.node.play(.oneUnready, version: "2")
            try await story.wait("traffic back") { status, traffic in
                traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
            }
            try await Task.sleep(for: .seconds(1))
            #expect(try story.file().contains("fraud/2"))
            try FileManager.default.removeItem(atPath: hook)
            try await waitReverted(story)
        }
    }

    @Test func aPersonWhoIsFasterIsNotUndone() async throws {
        try await inTheMiddle { story in
            // The fix lands after the failure was seen and before anything is pushed.
            let hook = story.git.root + "/origin.git/hooks/pre-receive"
            try "#!/bin/sh\nexit 1\n".write(toFile: hook, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: hook)
            story.node.play(.oneUnready, version: "2")
            try await story.wait("traffic back") { _, traffic in traffic == ["1": 100] }
            try story.merge("3")
            try FileManager.default.removeItem(atPath: hook)
            try await story.waitProven("3")
            #expect(try story.file().contains("fraud/3"))
            #expect(await story.status.quarantine.map(\.version) == ["2"])
        }
    }

    @Test func aRewrittenHistoryIsSaidAndFollowed() async throws {
        try await inTheMiddle { story in
            try story.git.git("update-ref", "-d", "refs/heads/main")
            try story.git.git("gc", "-q", "--prune=now")
            try story.merge("1", extra: "# rewritten")
            try await story.wait("the source to say it") { _, _ in
                let source = await story.object(.releaseSource, "models")
                return source?.at("status", "conditions")?.arrayValue?.contains {
                    $0["message"]?.stringValue?.contains("rewritten") ?? false
                } ?? false
            }
            try await story.waitProven("1")
        }
    }

    @Test func anEmptyTreeDeletesNothing() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                let empty = try story.git.git("mktree")
                let commit = try story.git.git(
                    "-c", "user.name=A", "-c", "user.email=a@example.org", "commit-tree", empty,
                    "-p", "main", "-m", "oops")
                try story.git.git("update-ref", "refs/heads/main", commit)
                try await story.wait("the source to see it") { _, _ in
                    let source = await story.object(.releaseSource, "models")
                    return source?.at("status", "observedCommit")?.stringValue == commit
                }
                try await Task.sleep(for: .seconds(1))
                #expect(await story.traffic == ["1": 100])
                #expect(await story.object(.modelRelease, "fraud") != nil)
            }
        }
    }

    @Test func aBrokenFileKeepsWhatItDeclaredAndIsNamed() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.git.commit([LiveStory.file: "spec: [\n"])
                try await story.wait("the problem") { _, _ in
                    let source = await story.object(.releaseSource, "models")
                    let problems = source?.at("status", "problems")?.arrayValue ?? []
                    return problems.contains {
                        $0.stringValue?.hasPrefix("models/fraud.yaml:2:1: ") ?? false
                    }
                }
                #expect(await story.traffic == ["1": 100])
                try story.merge("2")
                try await story.waitProven("2")
            }
        }
    }

    @Test func aLocalRepositoryIsRefusedUnlessAllowed() async throws {
        try await LiveStory.tell { story in
            let path = story.git.root + "/origin.git"
            try story.merge("1")
            try await story.server.change { store, now throws in
                let key = ResourceKey(.releaseSource, namespace: "default", name: "models")
                try store.update(key, WriteContext(now: now, manager: "person")) { source in
                    var changed = source
                    changed.set(["spec", "url"], to: .string(path))
                    return changed
                }
            }
            try await story.withController {
                try await story.wait("the refusal") { _, _ in
                    let source = await story.object(.releaseSource, "models")
                    return source?.at("status", "conditions")?.arrayValue?.contains {
                        $0["message"]?.stringValue?.contains("local repositories are not allowed")
                            ?? false
                    } ?? false
                }
                #expect(await story.object(.modelRelease, "fraud") == nil)
            }
        }
    }

    @Test func aFullDiskUnderTheMirrorStopsNothingThatServes() async throws {
        try await LiveStory.tell { story in
            try FileManager.default.createDirectory(
                atPath: story.folder, withIntermediateDirectories: true)
            guard mount("tmpfs", story.folder, "tmpfs", 0, "size=80m") == 0 else {
                try Test.cancel("needs the right to mount a small disk")
            }
            defer { _ = umount2(story.folder, Int32(MNT_DETACH)) }
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                let ballast = story.folder + "/ballast"
                try Data(count: 70 << 20).write(to: URL(fileURLWithPath: ballast))
                try story.merge("2")
                try await story.wait("the source to say it") { _, _ in
                    let source = await story.object(.releaseSource, "models")
                    return source?.at("status", "conditions")?.arrayValue?.contains {
                        $0["message"]?.stringValue?.contains("space") ?? false
                    } ?? false
                }
                #expect(await story.traffic == ["1": 100])
                try FileManager.default.removeItem(atPath: ballast)
                try await story.waitProven("2")
            }
        }
    }
}
