package import API
package import Domain
package import Resources
package import Verdicts

/// Everything a decision about one release is made from: no decision looks at anything else.
package struct ReleaseSnapshot: Sendable {
    package var release: ModelRelease
    /// Versions that have objects in the cluster, ascending by digest.
    package var versions: [VersionObservation]
    package var route: RouteObservation
    package var gateway: GatewayObservation
    /// A failure that was acted on but is not in the status yet.
    package var remembered: RememberedFailure?
    /// The prober reached pods of proven versions lately.
    package var proberTrusted: Bool
    /// A revert in Git that ended and may still stand as pending in the status.
    package var settledRevert: SettledRevert?
    /// Why the declaration may not be rendered: then it is not taken over, and what was declared
    /// before stays in force.
    package var refusal: String?
    /// Why writes for this release fail, for people.
    package var trouble: String?
    /// Which invariant a write for this release would have broken.
    package var violation: String?
    /// The ConfigMaps and Secrets that pods of proven versions read, as they are now.
    package var configuration: [ConfigurationSight]
    /// A write of the route is on its way: what is known of the route may not be so any more.
    package var isRouteUnderWay = false
    package var settings: RolloutSettings
    /// Since when this process leads: what an earlier leader saw in time it saw by another clock.
    package var watchedSince: Timestamp

    package init(
        release: ModelRelease,
        versions: [VersionObservation],
        route: RouteObservation,
        gateway: GatewayObservation,
        remembered: RememberedFailure? = nil,
        proberTrusted: Bool = true,
        settledRevert: SettledRevert? = nil,
        refusal: String? = nil,
        trouble: String? = nil,
        violation: String? = nil,
        configuration: [ConfigurationSight] = [],
        settings: RolloutSettings = .init(),
        watchedSince: Timestamp = Timestamp(milliseconds: 0)
    ) {
        self.release = release
        self.versions = versions
        self.route = route
        self.gateway = gateway
        self.remembered = remembered
        self.proberTrusted = proberTrusted
        self.settledRevert = settledRevert
        self.refusal = refusal
        self.trouble = trouble
        self.violation = violation
        self.configuration = configuration
        self.settings = settings
        self.watchedSince = watchedSince
    }

    /// The observation of a version, if it has objects.
    package func version(_ digest: Digest) -> VersionObservation? {
        versions.first { $0.digest == digest }
    }
}

/// Waits that belong to the installation, not to a release.
package struct RolloutSettings: Hashable, Sendable {
    /// How long gateways may need to put an accepted route in force.
    package var settle: TimeSpan
    /// How long a version without traffic keeps its pods.
    package var drain: TimeSpan

    /// From the acceptance of a route to the end of the pods that it leaves out: the gateways take
    /// it, then requests under way end.
    package var untilDrained: TimeSpan { settle + drain }

    package init(settle: TimeSpan = .seconds(10), drain: TimeSpan = .seconds(30)) {
        self.settle = settle
        self.drain = drain
    }
}

/// A failure whose route is written and whose status is not.
package struct RememberedFailure: Hashable, Sendable {
    package let digest: Digest
    package let intent: Int64
    package let failure: VersionVerdict.Failure

    package init(digest: Digest, intent: Int64, failure: VersionVerdict.Failure) {
        self.digest = digest
        self.intent = intent
        self.failure = failure
    }
}

/// How a revert in Git ended.
package struct SettledRevert: Hashable, Sendable {
    package let intent: Int64
    /// `reverted in Git by 1a2b3c4`, or why it was not needed.
    package let note: String

    package init(intent: Int64, note: String) {
        self.intent = intent
        self.note = note
    }
}

/// What the cluster holds of one version.
package struct VersionObservation: Sendable {
    /// Whether one of the version's objects exists and whose it is.
    package enum Presence: Hashable, Sendable {
        case absent
        case ours
        /// It is being deleted.
        case leaving
        /// It exists and is not ours; who has it.
        case foreign(String)
    }

    package var digest: Digest
    package var version: String
    package var revision: Presence
    package var deployment: Presence
    package var service: Presence
    /// The Deployment's replicas, and whether its controller has seen the newest spec.
    package var replicas: Int
    package var deploymentObserved: Bool
    /// The autoscaler that decides about ``replicas``; `nil` also where one is switched off.
    package var autoscaler: AutoscalerView?
    /// Ready pods by the Deployment's own count: what pods and endpoints tell may still be of an
    /// earlier Deployment of the same name.
    package var deploymentReady: Int
    /// Why the server refuses the pods that are missing; empty if it does not.
    package var podsRefused: String
    /// When the Deployment was made, by the server's clock.
    package var created: Timestamp?
    /// The Deployment's uid; empty without one.
    package var uid: String
    package var pods: [PodSample]
    /// Ready endpoints of the version's Service, each pod once.
    package var readyEndpoints: Int
    /// When this process last saw the route give it a share.
    package var served: Timestamp?

    package init(
        digest: Digest,
        version: String,
        revision: Presence = .absent,
        deployment: Presence = .absent,
        service: Presence = .absent,
        replicas: Int = 0,
        deploymentObserved: Bool = false,
        autoscaler: AutoscalerView? = nil,
        deploymentReady: Int = 0,
        podsRefused: String = "",
        created: Timestamp? = nil,
        uid: String = "",
        pods: [PodSample] = [],
        readyEndpoints: Int = 0,
        served: Timestamp? = nil
    ) {
        self.digest = digest
        self.version = version
        self.revision = revision
        self.deployment = deployment
        self.service = service
        self.replicas = replicas
        self.deploymentObserved = deploymentObserved
        self.autoscaler = autoscaler
        self.deploymentReady = deploymentReady
        self.podsRefused = podsRefused
        self.created = created
        self.uid = uid
        self.pods = pods
        self.readyEndpoints = readyEndpoints
        self.served = served
    }

    /// How many pods the version must have: what its autoscaler asks for, else what is declared.
    package func wanted(_ declared: Int) -> Int { autoscaler == nil ? declared : replicas }

    /// All three objects exist and are ours.
    package var isComplete: Bool { revision == .ours && deployment == .ours && service == .ours }
}

/// The release's route as it is stored.
package enum RouteObservation: Hashable, Sendable {
    case absent
    case ours(RouteState)
    /// The name is taken by somebody else; by whom.
    case foreign(String)
}

/// What the stored route says.
package struct RouteState: Hashable, Sendable {
    /// What the gateways say of the route at its current generation.
    package enum Acceptance: Hashable, Sendable {
        case pending(String)
        case accepted
        case refused(String)
    }

    /// `nil` where backends or weights are not what Slipway writes: edited by hand.
    package var split: Weights?
    package var refused: RefusedMark?
    package var acceptance: Acceptance
    /// Other parts of the spec are not what Slipway writes.
    package var drifted: Bool

    package init(
        split: Weights?,
        refused: RefusedMark? = nil,
        acceptance: Acceptance,
        drifted: Bool = false
    ) {
        self.split = split
        self.refused = refused
        self.acceptance = acceptance
        self.drifted = drifted
    }
}

/// What is known of the gateways that the route names.
package enum GatewayObservation: Hashable, Sendable {
    case present
    case missing(String)
}
