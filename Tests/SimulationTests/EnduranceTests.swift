import API
import ControlPlane
import Domain
import Resources
import Simulation
import Testing

/// Thirty-six releases one after the other: what is kept does not grow with them.
struct EnduranceTests {
    @Test func nothingGrowsWithTheNumberOfReleasesDone() throws {
        var schedule = Schedule()
        schedule.storm = .seconds(36 * 30)
        schedule.calm = .minutes(2)
        for number in 0..<36 {
            schedule.entries.append(
                .init(
                    at: .seconds(Int64(1 + number * 30)),
                    .commit(release: 0, [.init("\(number + 1)", 100)], strategy: 1)))
        }
        var run = ScheduledRun(schedule)
        _ = run.run { $0.now - World.start >= .seconds(24 * 30) }
        let half = size(of: run.world)
        run.play()
        let end = size(of: run.world)
        #expect(run.world.violations == [])
        #expect(run.world.writes > 36 * 10)
        #expect(end.objects == half.objects)
        // Numbers and times in a status may be a digit longer.
        #expect(end.status <= half.status + 64)
        #expect(end.deployments == 1)
    }

    private func size(of world: World) -> (objects: Int, status: Int, deployments: Int) {
        let kinds: [ResourceKind] = [
            .deployment, .service, .controllerRevision, .httpRoute, .modelRelease, .releaseSource,
        ]
        let objects = kinds.flatMap { world.store.objects($0) }
        let release = world.store.objects(.modelRelease).first
        return (
            objects.count, (release?["status"] ?? .null).canonicalJSONString().utf8.count,
            world.store.objects(.deployment).count
        )
    }
}
