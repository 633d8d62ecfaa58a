import Simulation
import Testing

/// Runs drawn from seeds: whatever happens, no check is broken, and in the end all is as declared.
struct RandomTests {
    @Test(arguments: 1...20)
    func aStormOfFaultsBreaksNothingAndEverythingSettles(_ seed: Int) {
        expectCalm(seed)
    }

    /// Draining was counted from the acceptance of the route, not from its arrival at the proxies.
    @Test(arguments: [54, 113])
    func noPodEndsWhileAProxyStillSendsToIt(_ seed: Int) { expectCalm(seed) }

    /// An attempt whose deadline had passed took its own pods for left-over ones, for ever.
    @Test(arguments: [96])
    func anAttemptEndsWithItsDeadlineAlsoOnOlderPods(_ seed: Int) { expectCalm(seed) }

    /// A commit superseded a canary while the version that served before was crashing: the first
    /// step gave it the canary's share back.
    @Test(arguments: [337, 360])
    func aVersionWithoutPodsGetsNothingBack(_ seed: Int) { expectCalm(seed) }

    /// A write that had failed and was not wanted any more stood in the status for ever.
    @Test(arguments: [257, 332])
    func aTroubleThatIsOverIsForgotten(_ seed: Int) { expectCalm(seed) }

    private func expectCalm(_ seed: Int) {
        var run = RandomRun(seed: UInt64(seed))
        run.play()
        #expect(run.world.violations == [], "\(run.report)")
    }
}
