import API
import Domain
import Engine
import Resources
import Telemetry
import Testing

@testable import Daemon

/// What a controller says of itself.
@Suite(.timeLimit(.minutes(5))) struct ControllerStatusTests {
    @Test func whoIsStuckIsNotWaitedFor() async {
        let answer = await answer(within: .milliseconds(50)) {
            // It does not notice that nobody waits any more.
            await Task.detached { try? await Task.sleep(for: .seconds(20)) }.value
            return 1
        }
        #expect(answer == nil)
    }

    @Test func whoAnswersIsHeard() async {
        #expect(await Daemon.answer(within: .seconds(50)) { 1 } == 1)
    }

    private let route = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
    private let start = ContinuousClock.now

    private func patch(_ name: String) -> WriteRequest {
        .jsonPatch(
            route,
            [
                PatchOperation(
                    .add, "/metadata/annotations/\(PatchOperation.escape(name))", "x")
            ])
    }

    /// From the word of the failure, also where the first write was refused.
    @Test func aRevertIsTimedUntilItsRouteIsWritten() {
        var meter = ControllerMeter()
        meter.note(.write(EffectID(1), patch(Names.refused)), at: start)
        meter.note(
            .written(EffectID(1), .notApplied(WriteRefusal(.conflict, "changed"))),
            at: start + .milliseconds(30))
        #expect(meter.reverts.count() == 0)
        meter.note(.write(EffectID(2), patch(Names.refused)), at: start + .milliseconds(40))
        meter.note(.written(EffectID(2), .applied([:])), at: start + .milliseconds(90))
        #expect(meter.reverts.count() == 1)
        var page = Exposition()
        meter.reverts.write(to: &page)
        #expect(page.text.contains("slipway_revert_duration_seconds_sum 0.09\n"))
        #expect(meter.writes.count("httproutes", "conflict") == 1)
        #expect(meter.writes.count("httproutes", "applied") == 1)
    }

    @Test func otherWritesOfTheRouteAreNoReverts() {
        var meter = ControllerMeter()
        meter.note(.write(EffectID(1), patch(Names.epoch)), at: start)
        meter.note(.written(EffectID(1), .applied([:])), at: start + .milliseconds(30))
        #expect(meter.reverts.count() == 0)
    }

    /// Somebody declared another version: the revert is not wanted any more.
    @Test func aRevertThatWasOvertakenIsNotTimed() {
        var meter = ControllerMeter()
        meter.note(.write(EffectID(1), patch(Names.refused)), at: start)
        meter.note(.written(EffectID(1), .unknown("cut")), at: start)
        meter.note(.write(EffectID(2), patch(Names.epoch)), at: start)
        meter.note(.written(EffectID(2), .applied([:])), at: start + .seconds(9))
        meter.note(.write(EffectID(3), patch(Names.refused)), at: start + .seconds(60))
        meter.note(.written(EffectID(3), .applied([:])), at: start + .seconds(61))
        var page = Exposition()
        meter.reverts.write(to: &page)
        #expect(page.text.contains("slipway_revert_duration_seconds_sum 1\n"))
    }

    @Test func whatIsUnderWayIsCountedUntilItEnds() {
        var meter = ControllerMeter()
        let source = NamespacedName(namespace: "risk", name: "models")
        let spec = SourceSpec(url: "https://example.com/models.git")
        meter.note(.write(EffectID(1), patch(Names.epoch)), at: start)
        meter.note(.read(EffectID(2), route), at: start)
        meter.note(.fetch(source, spec, known: ""), at: start)
        #expect(meter.underWay.map(\.count) == [1, 0, 0, 1, 1])
        meter.note(.written(EffectID(1), .applied([:])), at: start)
        meter.note(.read(EffectID(2), .notFound), at: start)
        meter.note(.fetched(source, .failed("gone")), at: start + .seconds(2))
        #expect(meter.underWay.allSatisfy { $0.count == 0 })
        #expect(meter.fetches.count("failed") == 1)
    }
}
