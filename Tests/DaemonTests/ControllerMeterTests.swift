import Domain
import Engine
import Resources
import Telemetry
import Testing

@testable import Daemon

struct ControllerMeterTests {
    private let route = ResourceKey(.httpRoute, namespace: "default", name: "fraud")
    private let start = ContinuousClock.now

    private func write(marks: Bool) -> WriteRequest {
        let annotations: Document = marks ? .object(.init([.init(key: mark, value: "x")])) : [:]
        return .create(route, ["metadata": ["annotations": annotations]])
    }

    private var mark: String { "slipway.dev/refused" }

    private func reverts(_ meter: ControllerMeter) -> [Substring] {
        var page = Exposition()
        meter.write(to: &page)
        return page.text.split(separator: "\n").filter {
            $0.hasPrefix("slipway_revert_duration_seconds_count")
                || $0.hasPrefix("slipway_revert_duration_seconds_sum")
        }
    }

    /// The answer to the raise comes after the revert was sent, as on a slow connection: the revert
    /// goes on, and is counted from its own beginning.
    @Test func aRevertIsCountedThoughAnEarlierWriteIsAnsweredAfterItBegan() {
        var meter = ControllerMeter()
        meter.note(.write(EffectID(1), write(marks: false)), at: start)
        meter.note(.write(EffectID(2), write(marks: true)), at: start + .seconds(1))
        meter.note(.written(EffectID(1), .applied([:])), at: start + .seconds(2))
        meter.note(.written(EffectID(2), .applied([:])), at: start + .seconds(3))
        #expect(
            reverts(meter) == [
                "slipway_revert_duration_seconds_sum 2",
                "slipway_revert_duration_seconds_count 1",
            ])
    }

    /// A later write that takes nothing back: the revert that failed is not wanted any more.
    @Test func aRevertThatIsNotWantedAnyMoreIsNotCounted() {
        var meter = ControllerMeter()
        meter.note(.write(EffectID(1), write(marks: true)), at: start)
        meter.note(.written(EffectID(1), .unknown("no answer")), at: start + .seconds(1))
        meter.note(.write(EffectID(2), write(marks: false)), at: start + .seconds(2))
        meter.note(.written(EffectID(2), .applied([:])), at: start + .seconds(3))
        meter.note(.write(EffectID(3), write(marks: true)), at: start + .seconds(4))
        meter.note(.written(EffectID(3), .applied([:])), at: start + .seconds(5))
        #expect(
            reverts(meter) == [
                "slipway_revert_duration_seconds_sum 1",
                "slipway_revert_duration_seconds_count 1",
            ])
    }
}
