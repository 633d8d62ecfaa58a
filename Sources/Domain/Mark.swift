/// Branches that a proof has to reach: a proving build counts them, others do not know them.
@usableFromInline package enum Mark: Int, CaseIterable, Sendable {
    /// Git has the revert, or does not need it.
    case revertSettled
    /// A route without a status is taken as it is.
    case servesWithoutStatus
    /// The mark on the route ends the attempt that it names.
    case markEndsAttempt
    /// The mark on the route refuses a digest of which the status knows nothing.
    case markRefuses
    /// Another declaration is taken up.
    case declarationTaken
    /// What is declared now is under way already.
    case declaredUnderWay
    /// A refusal is lifted.
    case refusalLifted
    /// What is declared now serves already.
    case declaredServes
    /// A rollout begins.
    case attemptStarted
    /// A split found without a status is not all of it proven.
    case foundNarrowed
    /// A newer declaration ends a rollout.
    case superseded
    /// The first version is overtaken and serves on.
    case supersededFirst
    /// Pods of an earlier attempt are in the way.
    case leftOverPods
    /// A failure stays decided though the pods may have recovered.
    case failureStands
    /// An attempt fails before it has traffic.
    case failedWithoutTraffic
    /// Nothing can take the traffic of what failed.
    case nothingToReturnTo
    /// Traffic is taken back.
    case reverted
    /// A write that raises a share may be under way while its version fails.
    case raiseUnderWay
    /// Git is owed a revert.
    case revertOwed
    /// A refused digest is tried again.
    case retried
    /// All waits of a rollout are ended by hand.
    case promotedByHand
    /// A pause is approved.
    case approved
    /// A rollout under way is taken back by hand.
    case rolledBackUnderWay
    /// A proven version of the history is gone back to.
    case rolledBackToHistory
    /// Steps are edited in the middle of a rollout.
    case stepsEdited
    /// New versions lost what they had: the steps begin anew.
    case steppedBack
    /// The next step is taken.
    case advanced
    /// A step waits for its route.
    case waitedForRoute
    /// The gateways have accepted a step's route.
    case confirmed
    /// A pause waits for its approval.
    case waitedForApproval
    /// A step or the bake waits for its time.
    case waitedForTime
    /// The end of a rollout is held.
    case heldAtTheEnd
    /// A rollout ends: its split is proven.
    case proven
    /// The route is gone in the middle of a rollout.
    case routeLost
    /// A step gives nobody under test more.
    case stepWithoutRaise
    /// A step that was taken waits before it raises.
    case raiseWaits
    /// The route waits for a Service that somebody took away.
    case routeWaitsForService
    /// The route's name is taken by somebody else.
    case routeOfAnother
    /// A version goes after it has drained.
    case removedWhenDrained
    /// Draining waits for the gateways.
    case drainNotBegun
    /// Nobody knows what became of a write.
    case writeUnknown
    /// A write was based on what is no longer so.
    case writeConflicted
    /// Somebody else owns fields that are applied.
    case writeOfOwnedFields
    /// The server does not accept a write.
    case writeForbidden
    /// The server has no time or cannot be reached.
    case writeNotTaken
    /// A read in doubt finds the object.
    case readFound
    /// A fresh read says that a release is gone.
    case releaseGone
    /// What is in doubt is read.
    case doubtRead
    /// The server is asked whether a release is gone.
    case goneAsked
    /// The route of a release that is gone goes first.
    case goneRoute
    /// What a gone release left behind drains.
    case goneDrains
    /// What a gone release left behind is removed.
    case goneRemoved
    /// A release cannot be read.
    case specInvalid
    /// A trouble that is over is forgotten.
    case troubleForgotten
    /// Somebody changes an object again and again.
    case quarrelTold
    /// The route of an earlier release is taken over.
    case routeAdopted
    /// An object of an earlier release is taken over.
    case objectAdopted
    /// An object is put back as it has to be.
    case drifted
    /// An object's name is taken by somebody else.
    case objectOfAnother
    /// A look ends after the source was pointed elsewhere.
    case lookOutdated
    /// A repository cannot be read.
    case lookFailed
    /// Releases without a file stay: pruning is off.
    case pruneOff
    /// Nothing is pruned while files cannot be read.
    case pruneHalfRead
    /// Too many releases at once are not pruned.
    case pruneTooMany
    /// A release whose file is gone is pruned.
    case pruned
    /// A revert commit is pushed.
    case revertPushed
    /// A revert is not needed any more.
    case revertDropped
    /// A revert cannot be pushed now.
    case revertFailed
    /// The record cannot be pushed now.
    case recordFailed
    /// Answers are missing: is it the prober?
    case proverDoubted
    /// A golden inference is answered wrongly.
    case goldenWrong
    /// A write would have broken an invariant.
    case writeRefused
    /// A new list does not have an object any more.
    case listedGone
    /// A version waits for pods on nodes that are not Ready.
    case strandedWaited
    /// A pod is not ready yet on a node that is Ready again.
    case nodeCameBack
    /// A pod lost its readiness by the control plane's word while its node seems to be Ready.
    case nodeAsked
    /// A node's readiness changed, and releases have pods there.
    case nodeChanged
    /// Nodes cannot be read: their pods speak for themselves.
    case nodesUnreadable

    /// The replicas of a version are left to its autoscaler.
    case autoscaled
    /// A version at 0 is taken from its autoscaler, which is switched off.
    case autoscalerSwitchedOff
    /// Somebody else owns replicas before Slipway leaves them out.
    case replicasHandedOver
    /// What serves is not made smaller while a rollout goes on.
    case notMadeSmaller

    /// The name in reports.
    package var name: String { String(describing: self) }
}
