import API
import Domain
import Resources
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

    /// What the objects of a version were compared with and found right: while nothing of it
    /// changes they need not be compared again.
    struct Agreement: Hashable, Sendable {
        let release: String
        let generation: Int64
        let onDelete: String?
        let revision: String
        let service: String?
        let deployment: String?
        let seal: Seal?
        let sizing: Sizing
    }

    private(set) var agreements: [Digest: Agreement] = [:]

    mutating func agree(_ digest: Digest, _ agreement: Agreement) {
        if agreements.count > ReleaseStatus.historyLimit { agreements = [:] }
        agreements[digest] = agreement
    }

    /// The failure that the route was written for, until the status has it.
    var remembered: RememberedFailure?
    /// What the route was last written for; `nil` if that did not come to be.
    var routed: RouteIntent?
    /// The declaration that was last applied.
    var applied: PackedDocument?
    /// When the route was last seen to give a Service a share, by name.
    private(set) var served: [String: Timestamp] = [:]

    /// Notes the shares of a stored route.
    mutating func note(_ backends: [String: Int]?, now: Timestamp) {
        for (service, weight) in backends ?? [:] where weight > 0 { served[service] = now }
        while served.count > ReleaseStatus.historyLimit,
            let oldest = served.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
        {
            served[oldest.key] = nil
        }
    }

    /// By pod uid.
    var probes: [String: Probe] = [:]
    /// A node that is asked whether it is Ready, for a pod that lost its readiness.
    struct NodeLook: Hashable, Sendable {
        let node: String
        /// When the pod lost its readiness.
        let lost: Timestamp?
        var isDone = false
    }

    /// By pod uid.
    var nodeLooks: [String: NodeLook] = [:]
    /// When a pod of a proven version was reached, and asked, last.
    var reached: Timestamp?
    var reachAsked: Timestamp?
    var reachInFlight = false
    var settledRevert: SettledRevert?
    var revertInFlight = false
    var revertBackoff = Backoff()
    var recordInFlight = false
    var recordBackoff = Backoff()
    /// The part of the status that the record was last made from.
    var recordedFrom: RecordedStatus?
    /// A fresh read said that the ModelRelease is gone.
    var confirmedGone = false
    /// When the route of a release that is gone was seen to be gone.
    var routeGone: Timestamp?
    /// Deployments, by uid, whose replicas somebody else owns besides Slipway, as this process saw
    /// to it.
    var handedOver: Set<String> = []
    /// What a write would have broken, and of which object, while it is not known to be over.
    var violation: (key: ResourceKey, text: String)?
    /// The last complaint that was told, so that it is told once.
    var complaint = ""
}

/// The part of a release's status that the record on the state branch is made from.
struct RecordedStatus: Hashable, Sendable {
    let proven: ProvenSplit?
    let quarantine: [QuarantineEntry]
    let evidence: HistoryEntry?
    let commit: String

    init(_ status: ReleaseStatus) {
        proven = status.proven.flatMap { $0.provisional ? nil : $0 }
        quarantine = status.quarantine
        evidence = status.history.first
        commit = status.observedCommit
    }
}
