import API
import ControlPlane
import Domain
import Foundation
import Sandbox
import Synchronization
import TestServers
import Testing

/// Two `slipway controller` processes and one Lease.
@Suite(.timeLimit(.minutes(10)))
struct LeaderElectionTests {
    private static func candidate(
        _ name: String, _ story: LiveStory, _ program: Program
    ) throws -> Program.Started {
        let kubeconfig = try ControllerProcessTests.kubeconfig(story, program)
        return try program.start([
            "controller", "--kubeconfig", kubeconfig, "--data-dir", "\(story.folder)/\(name)",
            "--settle", "1s", "--drain", "1s", "--leader-elect",
        ])
    }

    private static func waitForLog(
        _ text: String, of run: Program.Started, _ story: LiveStory
    ) async throws {
        try await story.wait("\"\(text)\" in the log") { _, _ in
            try String(contentsOf: run.error, encoding: .utf8).contains(text)
        }
    }

    /// Stops a process when it sends a write of a route; the server carries that one out late.
    private final class Pause: Sendable {
        private let process = Mutex<Process?>(nil)

        func arm(_ process: Process) { self.process.withLock { $0 = process } }

        func strikes() -> Bool {
            process.withLock { armed in
                guard let process = armed else { return false }
                armed = nil
                return kill(process.processIdentifier, SIGSTOP) == 0
            }
        }
    }

    private static func annotation(_ name: String, _ story: LiveStory) async -> String? {
        let route = await story.object(.httpRoute, "fraud")
        return route?.at("metadata", "annotations", name)?.stringValue
    }

    @Test func aLeaderThatStoodStillIsFollowedItsLateWriteRefusedAndItEnds() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                let pause = Pause()
                // Longer than the lease and the other one's start of its term.
                let held = Duration.seconds(40)
                await story.server.inject(
                    SandboxFault(.carryOutAfter(held)) {
                        $0.method == "PATCH" && $0.path.contains("/httproutes/") && pause.strikes()
                    })
                try story.merge("1")
                let first = try Self.candidate("first", story, program)
                try await story.waitProven("1")
                #expect(await Self.annotation(Names.epoch, story) == "1")
                let second = try Self.candidate("second", story, program)
                try await Self.waitForLog("another controller leads; waiting", of: second, story)
                // The write that takes the next version into the route is the one that is late.
                pause.arm(first.process)
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                let stopped = ContinuousClock.now
                try await story.wait("the second one's step") { _, traffic in traffic["2"] == 20 }
                #expect(await Self.annotation(Names.epoch, story) == "2")
                let sequence = await Self.annotation(Names.sequence, story)
                try await Task.sleep(until: stopped + held + .seconds(5))
                #expect(await Self.annotation(Names.epoch, story) == "2")
                #expect(await Self.annotation(Names.sequence, story) == sequence)
                #expect(await story.traffic == ["1": 80, "2": 20])
                kill(first.process.processIdentifier, SIGCONT)
                let end = try await first.end()
                #expect(end.code == 1)
                #expect(end.error.contains("this controller does not lead any more"))
                story.node.play(.oneUnready, version: "2")
                do {
                    try await story.wait("the revert") { _, traffic in traffic == ["1": 100] }
                } catch {
                    let log = try String(contentsOf: second.error, encoding: .utf8)
                    Issue.record("the second one says: \(log.suffix(4000))")
                    throw error
                }
                #expect(try await second.stop().code == 0)
            }
        }
    }

    @Test func aLeaderThatEndsInGoodOrderGivesTheLeaseBack() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                let first = try Self.candidate("first", story, program)
                try await Self.waitForLog("this controller leads", of: first, story)
                let second = try Self.candidate("second", story, program)
                try await Self.waitForLog("another controller leads; waiting", of: second, story)
                let end = try await first.stop()
                #expect(end.code == 0)
                try await Self.waitForLog("this controller leads", of: second, story)
                #expect(try await second.stop().code == 0)
                let lease = await story.object(.lease, "slipway-controller")
                #expect(lease?.at("spec", "holderIdentity") == "")
                #expect(lease?.at("metadata", "annotations", Names.epoch) == "2")
            }
        }
    }
}
