import Cluster
import Domain
import Engine
import Observed
package import Telemetry

/// What is said of a controller, as of one moment.
struct Sight: Sendable {
    let view: ClusterView
    let meter: ControllerMeter
    let leads: Bool
    let waiting: Int
    let violations: Int
}

/// What the controller says of itself to those who look after it.
extension Controller {
    /// The kinds of objects that are waited for, empty once the cluster is known; `nil` when the
    /// controller is stuck.
    package nonisolated func missingKinds(within limit: Duration) async -> [String]? {
        await answer(within: limit) { await self.sight.view.missingKinds.map(\.plural) }
    }

    /// All numbers, those of the releases included, as they are now; `nil` when the controller is
    /// stuck.
    ///
    /// - Parameter version: which Slipway this is.
    package nonisolated func metrics(
        version: String, within limit: Duration
    ) async -> Exposition? {
        guard let sight = await answer(within: limit, { await self.sight }) else { return nil }
        // What it costs to write the page holds nobody up.
        var page = Exposition()
        page.family("slipway_build_info", .gauge, "Always 1; which Slipway this is.")
        page.sample("slipway_build_info", labels: ["version": version], 1)
        page.gauge(
            "slipway_leader", "1 while this controller may act, 0 while it waits.",
            sight.leads ? 1 : 0)
        page.gauge(
            "slipway_synced", "1 once every kind of objects was listed.",
            sight.view.isSynced ? 1 : 0)
        page.gauge(
            "slipway_waiting_subjects", "Releases and sources in line to be looked at.",
            sight.waiting)
        page.family(
            "slipway_invariant_violations_total", .counter,
            "Writes that were not sent, because they would have broken an invariant.")
        page.sample("slipway_invariant_violations_total", sight.violations)
        sight.meter.write(to: &page)
        client.requests.write(to: &page)
        ReleaseNumbers(sight.view).write(to: &page)
        ProcessNumbers.write(to: &page)
        return page
    }
}

/// What `body` returns, or `nil` when it takes longer. It is not waited for then: whoever is stuck
/// does not notice that its task was cancelled.
func answer<Answer: Sendable>(
    within limit: Duration, _ body: @escaping @Sendable () async -> Answer
) async -> Answer? {
    let (stream, continuation) = AsyncStream<Answer?>.makeStream()
    let asking = Task { continuation.yield(await body()) }
    let waiting = Task {
        try? await Task.sleep(for: limit)
        continuation.yield(nil)
    }
    defer {
        asking.cancel()
        waiting.cancel()
    }
    var answers = stream.makeAsyncIterator()
    return await answers.next() ?? nil
}
