/// Known bugs of deployment controllers, each put back by one condition in a proving build: tests
/// that do not see them would not see their like.
@usableFromInline package enum Mutant: Int, CaseIterable, Sendable {
    // MARK: The way back

    /// The status says "refused" before traffic is taken back (Flagger's order).
    case statusBeforeTraffic
    /// A revert waits for the bad version to be ready (Argo Rollouts' blue-green abort).
    case revertWaitsForTheBad
    /// Whoever pauses a rollout also pauses its revert (Argo Rollouts).
    case pauseBlocksRevert
    /// A revert wants every pod of the proven version ready (Argo Rollouts' weight 0).
    case revertWantsAllOfStable
    /// Traffic is given to a proven version without asking whether it can answer (Flagger).
    case revertToTheDead
    /// A revert does not mark the route.
    case markNotWritten
    /// A controller that starts does not read the mark on the route.
    case markIgnored
    /// A mark counts for ever, also after a retry.
    case oldMarkWins
    /// A canary that is not ready any more is only waited for (Flagger).
    case unreadyIsWaitedFor
    /// The time of a pod's first status counts as that of a loss of its readiness.
    case firstStatusIsALoss
    /// Containers that start again and again are no failure.
    case restartsAreFine
    /// An attempt has no deadline.
    case noDeadline
    /// Pods of lost nodes count as pods that lost readiness.
    case nodesIgnored
    /// What a watch of nodes said last is taken for what is, though the pods know better.
    case nodesNotAsked
    /// The progress deadline goes on while the cluster has lost a node.
    case deadlineOfLostNodes

    // MARK: The way forward

    /// Weight is raised with one ready endpoint (Argo Rollouts' partially available ReplicaSet).
    case oneEndpointIsEnough
    /// The holds of all steps are counted from the first confirmation.
    case holdNotCountedAnew
    /// Steps do not hold.
    case holdSkipped
    /// A version is proven without its bake.
    case bakeSkipped
    /// The pointer moves before the gateways have accepted the declared split.
    case provenBeforeConfirmed
    /// What a gateway said of an older route counts for the newer one.
    case staleAcceptance
    /// Steps edited in the middle of a rollout jump to the last one (Flagger's lookup).
    case editedStepsJump
    /// An approval of any version passes the pause.
    case approvalOfAnother
    /// An approval can be used again and again.
    case approvalUsedTwice
    /// Weights do not sum to 100 after rounding.
    case roundedTo99
    /// A rollout that a newer commit overtook goes on.
    case supersededGoesOn

    // MARK: The end of versions

    /// Versions are removed while requests may be under way (Flagger's failed rollback).
    case removedBeforeDrained
    /// Draining is counted from the write of the route, not from its acceptance.
    case drainedFromTheWrite
    /// Versions are never removed.
    case neverRemoved
    /// Services go before the pods behind them.
    case servicesFirst

    // MARK: Reads and writes

    /// Objects are deleted by name, whoever they are now.
    case deletedByName
    /// A conflict is taken for success.
    case conflictIgnored
    /// A write that may have been done is sent again without looking.
    case unknownIsFailure
    /// A write that may not have been done is taken for done.
    case unknownIsSuccess
    /// Decisions are made on the view as it was before the controller's own write.
    case ownWriteForgotten
    /// An older event overwrites what is known.
    case viewGoesBack
    /// Objects that a new list does not have any more stay in the view.
    case listOnlyAdds
    /// Deletions are not noticed.
    case deletionsMissed
    /// Failed writes are tried again without any wait.
    case noBackoff
    /// The sequence number of the route does not grow.
    case sequenceStands

    // MARK: Whose it is

    /// Objects are taken for the controller's own whatever their labels say.
    case ownershipIgnored
    /// Files that cannot be read count as files that are gone.
    case halfReadPrune
    /// Any number of releases may be pruned at once.
    case prunesWithoutLimit
    /// What is gone is cleaned up without asking the server once more.
    case goneWithoutAsking
    /// A refused version comes back with any commit.
    case anyCommitLifts
    /// A revert commit is pushed although the branch has moved on.
    case revertOverNewer

    // MARK: Who scales

    /// Replicas are sent although an autoscaler owns them (Argo CD and Flux beside Flagger).
    case replicasSentAnyway
    /// Replicas are left out before anybody else owns them: the server makes 1 of them.
    case replicasOmittedAtOnce

    // MARK: What is said

    /// Answers of any pod count for all pods of the release.
    case probesOfOthers
    /// "Healthy" is said while the rollout is still going on.
    case healthyTooEarly

    // MARK: What drawn runs have found in this code

    /// Only new versions are taken into the term before they get traffic: one that was being
    /// removed gets it while its Deployment is deleted.
    case raisedUnsealed
    /// A version that drains is removed on time, though a late write gave it a share once more.
    case drainedDespiteAShare
    /// A step's time goes on counting while the route says something else.
    case stepCountsOn
    /// The progress deadline counts the time in which this process only followed.
    case deadlineOfAnotherTerm
    /// The mark of an earlier attempt stays on a route that gives the version it names more again.
    case outdatedMarkStays

    /// The name on the command line.
    package var name: String { String(describing: self) }

    /// The mutant of a name; `nil` if there is none.
    package init?(name: String) {
        guard let mutant = Mutant.allCases.first(where: { $0.name == name }) else { return nil }
        self = mutant
    }
}
