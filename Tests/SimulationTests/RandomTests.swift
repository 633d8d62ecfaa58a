import Simulation
import Testing

/// Runs drawn from seeds: whatever happens, no check is broken, and in the end all is as declared.
struct RandomTests {
    @Test(arguments: 1...20)
    func aStormOfFaultsBreaksNothingAndEverythingSettles(_ seed: Int) {
        var run = RandomRun(seed: UInt64(seed))
        run.play()
        #expect(run.world.violations == [], "\(run.report)")
    }
}
