package import Domain

/// What the controller says of a release, and all it needs to go on after a restart.
package struct ReleaseStatus: Hashable, Sendable {
    /// One word for the whole.
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        case pending = "Pending"
        case progressing = "Progressing"
        case paused = "Paused"
        case healthy = "Healthy"
        case degraded = "Degraded"
        case reverting = "Reverting"
        case reverted = "Reverted"
        case rejected = "Rejected"
    }

    package var phase: Phase
    /// A sentence: what is going on, what it waits for.
    package var message: String
    /// The generation of the spec that this status speaks of.
    package var observedGeneration: Int64
    /// The Git commit that the declaration came from; empty without Git.
    package var observedCommit: String
    /// The declaration that was acted on last, to see transitions.
    package var declared: [DeclaredShare]
    /// The last split that passed everything, with the commit that declared it.
    package var proven: ProvenSplit?
    /// The rollout under way, if any.
    package var attempt: Attempt?
    /// One entry per live digest, ascending by digest.
    package var versions: [VersionStatus]
    package var step: StepStatus?
    package var conditions: [Condition]
    /// Newest first, at most ``historyLimit``.
    package var history: [HistoryEntry]
    /// Refused digests, newest first, at most ``quarantineLimit``.
    package var quarantine: [QuarantineEntry]
    /// Hand actions already carried out: the annotation's value as it was, by annotation.
    package var handled: [HandledAction]
    /// Grows by one with every attempt; never reused.
    package var intent: Int64
    /// A revert that Git does not know of yet.
    package var pendingRevert: PendingRevert?
    /// The ConfigMaps and Secrets of proven versions, at most ``configurationLimit``.
    package var configuration: [ProvenObject]

    package static let historyLimit = 20
    package static let quarantineLimit = 20
    package static let configurationLimit = 24

    package init(
        phase: Phase = .pending,
        message: String = "",
        observedGeneration: Int64 = 0,
        observedCommit: String = "",
        declared: [DeclaredShare] = [],
        proven: ProvenSplit? = nil,
        attempt: Attempt? = nil,
        versions: [VersionStatus] = [],
        step: StepStatus? = nil,
        conditions: [Condition] = [],
        history: [HistoryEntry] = [],
        quarantine: [QuarantineEntry] = [],
        handled: [HandledAction] = [],
        intent: Int64 = 0,
        pendingRevert: PendingRevert? = nil,
        configuration: [ProvenObject] = []
    ) {
        self.phase = phase
        self.message = message
        self.observedGeneration = observedGeneration
        self.observedCommit = observedCommit
        self.declared = declared
        self.proven = proven
        self.attempt = attempt
        self.versions = versions
        self.step = step
        self.conditions = conditions
        self.history = history
        self.quarantine = quarantine
        self.handled = handled
        self.intent = intent
        self.pendingRevert = pendingRevert
        self.configuration = configuration
    }
}

/// A digest with the version name and share it was declared with.
package struct DeclaredShare: Hashable, Sendable {
    package var digest: Digest
    package var version: String
    package var weight: Int

    package init(digest: Digest, version: String, weight: Int) {
        self.digest = digest
        self.version = version
        self.weight = weight
    }
}

/// A split of traffic that passed everything.
package struct ProvenSplit: Hashable, Sendable {
    package var shares: [DeclaredShare]
    /// The commit whose document declared it; empty without Git.
    package var commit: String
    package var since: Timestamp
    /// It serves and nothing better is known, but it did not pass everything (a first version that
    /// was superseded while it baked, or objects found without a status).
    package var provisional: Bool

    package init(
        shares: [DeclaredShare],
        commit: String,
        since: Timestamp,
        provisional: Bool = false
    ) {
        self.shares = shares
        self.commit = commit
        self.since = since
        self.provisional = provisional
    }

    /// The split as weights; `nil` only for a status that somebody edited.
    package var weights: Weights? {
        Weights(shares.map { .init(digest: $0.digest, weight: $0.weight) })
    }
}

/// A rollout under way: persisted before each step is taken.
package struct Attempt: Hashable, Sendable {
    /// The number of this attempt; marks of refusal name it.
    package var intent: Int64
    /// Where it goes: the declaration.
    package var target: [DeclaredShare]
    /// The digests that are new, in the order in which they go.
    package var new: [Digest]
    /// Index of the step that traffic is at, into the expanded plan; -1 before the first.
    package var step: Int
    /// When the step's route was confirmed in force; `nil` while it is not.
    package var confirmedAt: Timestamp?
    package var startedAt: Timestamp
    /// The commit that started it; empty without Git.
    package var commit: String
    /// Who wrote that commit; empty without Git.
    package var author: String
    /// Skip all waits: somebody said `promote`.
    package var promoted: Bool
    /// The step whose pause somebody approved, -1 for none.
    package var approvedStep: Int
    /// A person's rollback: the target is not the declaration.
    package var manual: Bool
    /// A fingerprint of the steps that `step` counts in; empty before the first. When the steps
    /// change in the middle, the place in the new ones is found from the traffic in force.
    package var plan: String
    /// The uids of the Deployments of new versions that were there when the attempt began: what
    /// their pods did before says nothing of it. No times are compared, for the server's clock is
    /// another one.
    package var found: [String]

    package init(
        intent: Int64,
        target: [DeclaredShare],
        new: [Digest],
        step: Int = -1,
        confirmedAt: Timestamp? = nil,
        startedAt: Timestamp,
        commit: String,
        author: String,
        promoted: Bool = false,
        approvedStep: Int = -1,
        manual: Bool = false,
        plan: String = "",
        found: [String] = []
    ) {
        self.intent = intent
        self.target = target
        self.new = new
        self.step = step
        self.confirmedAt = confirmedAt
        self.startedAt = startedAt
        self.commit = commit
        self.author = author
        self.promoted = promoted
        self.approvedStep = approvedStep
        self.manual = manual
        self.plan = plan
        self.found = found
    }
}

/// One live version.
package struct VersionStatus: Hashable, Sendable {
    /// What is known of its health.
    package enum Health: String, Hashable, Sendable, CaseIterable {
        case starting = "Starting"
        case healthy = "Healthy"
        case failed = "Failed"
        case draining = "Draining"
        case unknown = "Unknown"
    }

    package var digest: Digest
    package var version: String
    package var weight: Int
    package var ready: Int
    package var desired: Int
    package var health: Health
    /// Why, when it is not healthy.
    package var message: String
    /// Since when the digest exists in the cluster.
    package var since: Timestamp

    package init(
        digest: Digest,
        version: String,
        weight: Int,
        ready: Int,
        desired: Int,
        health: Health,
        message: String = "",
        since: Timestamp
    ) {
        self.digest = digest
        self.version = version
        self.weight = weight
        self.ready = ready
        self.desired = desired
        self.health = health
        self.message = message
        self.since = since
    }
}

/// The step a rollout is at, for people.
package struct StepStatus: Hashable, Sendable {
    /// 1-based.
    package var index: Int
    package var of: Int
    /// Share of the new versions together.
    package var weight: Int
    package var waitsFor: String
    /// When the wait ends, if a time ends it.
    package var until: Timestamp?

    package init(index: Int, of: Int, weight: Int, waitsFor: String, until: Timestamp? = nil) {
        self.index = index
        self.of = of
        self.weight = weight
        self.waitsFor = waitsFor
        self.until = until
    }
}

/// One thing that happened.
package struct HistoryEntry: Hashable, Sendable {
    /// How an attempt ended.
    package enum Verdict: String, Hashable, Sendable, CaseIterable {
        case promoted = "Promoted"
        case reverted = "Reverted"
        case rejected = "Rejected"
        case superseded = "Superseded"
        case rolledBack = "RolledBack"
    }

    package var verdict: Verdict
    package var intent: Int64
    package var shares: [DeclaredShare]
    package var commit: String
    package var author: String
    /// Why, with numbers.
    package var evidence: String
    package var startedAt: Timestamp
    package var endedAt: Timestamp

    package init(
        verdict: Verdict,
        intent: Int64,
        shares: [DeclaredShare],
        commit: String,
        author: String,
        evidence: String,
        startedAt: Timestamp,
        endedAt: Timestamp
    ) {
        self.verdict = verdict
        self.intent = intent
        self.shares = shares
        self.commit = commit
        self.author = author
        self.evidence = evidence
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}

/// A refused digest.
package struct QuarantineEntry: Hashable, Sendable {
    package var digest: Digest
    package var version: String
    /// The attempt that was refused.
    package var intent: Int64
    package var reason: String
    package var message: String
    package var commit: String
    package var at: Timestamp

    package init(
        digest: Digest,
        version: String,
        intent: Int64,
        reason: String,
        message: String,
        commit: String,
        at: Timestamp
    ) {
        self.digest = digest
        self.version = version
        self.intent = intent
        self.reason = reason
        self.message = message
        self.commit = commit
        self.at = at
    }
}

/// A hand action that was carried out.
package struct HandledAction: Hashable, Sendable {
    package var annotation: String
    package var value: String
    package var at: Timestamp

    package init(annotation: String, value: String, at: Timestamp) {
        self.annotation = annotation
        self.value = value
        self.at = at
    }
}

/// What still has to be written into Git.
package struct PendingRevert: Hashable, Sendable {
    /// The digest that was refused.
    package var refused: Digest
    package var intent: Int64
    /// The commit whose document is to be restored.
    package var restore: String
    /// Why, for the commit message.
    package var message: String
    /// It was a person's rollback, not a failure.
    package var manual: Bool

    package init(refused: Digest, intent: Int64, restore: String, message: String, manual: Bool) {
        self.refused = refused
        self.intent = intent
        self.restore = restore
        self.message = message
        self.manual = manual
    }
}
