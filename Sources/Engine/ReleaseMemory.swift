import Domain
import Rollouts
import Verdicts

/// What the engine keeps of a release between events: only what may be lost with the process.
struct ReleaseMemory: Sendable {
    /// What is known of a pod's golden inferences.
    struct Probe: Sendable {
        var state: PodSample.Golden = .waiting
        var asked: Timestamp?
        var inFlight = false
    }

    /// The failure that the route was written for, until the status has it.
    var remembered: RememberedFailure?
    /// What the route was last written for; `nil` if that did not come to be.
    var routed: RouteIntent?
    /// The declaration that was last applied.
    var applied: PackedDocument?
    /// By pod uid.
    var probes: [String: Probe] = [:]
    /// When a pod of a proven version was reached, and asked, last.
    var reached: Timestamp?
    var reachAsked: Timestamp?
    var reachInFlight = false
    var settledRevert: SettledRevert?
    var revertInFlight = false
    var revertBackoff = Backoff()
    var recordInFlight = false
    var recordBackoff = Backoff()
    /// What the state branch says.
    var recorded: PackedDocument?
    /// A fresh read said that the ModelRelease is gone.
    var confirmedGone = false
    /// When the route of a release that is gone was seen to be gone.
    var routeGone: Timestamp?
    /// The last complaint that was told, so that it is told once.
    var complaint = ""
}
