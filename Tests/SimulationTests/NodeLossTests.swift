import Domain
import FoundationEssentials
import Simulation
import Testing

/// Nodes that are lost, in virtual time: the control plane writes their pods off, gives them to
/// others later, and nobody takes that for a version's doing.
struct NodeLossTests {
    /// A good version lost its traffic and was refused because a node was lost.
    @Test(arguments: [
        "node-lost-under-a-canary", "node-lost-for-a-moment", "node-seen-late",
        "node-lost-late-in-a-rollout",
    ])
    func aGoodVersionIsNotRefusedForALostNode(_ name: String) throws {
        let run = try played(name)
        #expect(run.world.violations == [])
        #expect(run.outcome.contains("refused []"))
    }

    @Test func aBadVersionIsFoundOutThoughANodeIsLost() throws {
        let run = try played("bad-version-on-a-lost-node")
        #expect(run.world.violations == [])
        #expect(run.outcome.contains("refused [\"2\"]"))
    }

    /// Readiness lost is readiness lost where nobody may look at the node.
    @Test func withoutTheRightToReadNodesTheirPodsSpeakForThemselves() throws {
        let run = try played("nodes-hidden")
        #expect(run.world.violations == [])
        #expect(run.outcome.contains("refused [\"2\"]"))
    }

    /// What users lose is bounded by the time in which nobody knows of the node.
    @Test func aLostNodeCostsTheRequestsUntilItIsNoticed() throws {
        let run = try played("node-lost-under-a-canary")
        let tally = run.world.users.tally
        #expect(tally.lost == 0)
        // Two losses of five seconds each, with two requests a second.
        #expect((1...40).contains(tally.failed))
    }

    private func played(_ name: String) throws -> ScheduledRun {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().path
        let bytes = try Data(contentsOf: URL(filePath: "\(folder)/Schedules/\(name).txt"))
        var run = ScheduledRun(try Schedule(text: String(decoding: bytes, as: UTF8.self)))
        run.play()
        return run
    }
}
