package import API
package import Domain

/// What is to be done for a release now. A decision holds for the snapshot it was made from; after
/// the next event there is another one.
package struct Decision: Hashable, Sendable {
    /// The status as it has to be. Progress is taken only on a status that is stored.
    package var status: ReleaseStatus
    /// The route as it has to be; `nil` leaves it alone.
    package var route: RouteIntent?
    /// Versions whose objects must exist and be as rendered.
    package var ensure: [Digest]
    /// Versions whose Deployment and Service go.
    package var remove: [Digest]
    /// Versions whose pods are to be asked their golden inferences.
    package var probe: [Digest]
    /// A failure that the route write acts on, to be remembered until the status has it.
    package var failure: RememberedFailure?
    /// When to decide again without an event.
    package var wake: Timestamp?
}

/// The route as it has to be.
package struct RouteIntent: Hashable, Sendable {
    /// How the write relates to the status.
    package enum Direction: Hashable, Sendable {
        /// A version that is not proven gets more: the status goes first.
        case forward
        /// Only versions get more that had it or are proven: before anything else.
        case backward
    }

    package let split: Weights
    package let refused: RefusedMark?
    package let direction: Direction
}

extension ReleaseStatus {
    /// The part that decisions build on: it is stored before a forward write of the route.
    package var essential: ReleaseStatus {
        ReleaseStatus(
            observedCommit: observedCommit,
            declared: declared,
            proven: proven,
            attempt: attempt,
            history: history,
            quarantine: quarantine,
            handled: handled,
            intent: intent,
            pendingRevert: pendingRevert
        )
    }

    /// Digests that passed everything at some time that is still remembered.
    package var provenDigests: Set<Digest> {
        var digests = Set<Digest>()
        if let proven, !proven.provisional { digests.formUnion(proven.shares.map(\.digest)) }
        for entry in history where entry.verdict == .promoted || entry.verdict == .rolledBack {
            digests.formUnion(entry.shares.map(\.digest))
        }
        return digests
    }

    /// Whether a digest is refused.
    package func isRefused(_ digest: Digest) -> Bool {
        quarantine.contains { $0.digest == digest }
    }
}
