package import Domain

/// A model and what of it should serve: the kind `ModelRelease` of `slipway.dev/v1alpha1`.
package struct ModelRelease: Hashable, Sendable {
    package var metadata: ObjectMetadata
    package var spec: ReleaseSpec { didSet { declaredShares = spec.declaredShares } }
    /// What the controller wrote; empty for a file in Git.
    package var status: ReleaseStatus
    /// The spec's ``ReleaseSpec/declaredShares``: digests are looked at often and computed once.
    package private(set) var declaredShares: [DeclaredShare]

    package init(metadata: ObjectMetadata, spec: ReleaseSpec, status: ReleaseStatus = .init()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
        declaredShares = spec.declaredShares
    }

    /// `NAMESPACE/NAME`.
    package var id: NamespacedName {
        .init(namespace: metadata.namespace, name: metadata.name)
    }
}

/// What people declare.
package struct ReleaseSpec: Hashable, Sendable {
    package var runtime: Runtime
    /// What Git wants to serve; weights sum to 100, names and digests are distinct. 1...16 entries.
    package var versions: [DeclaredVersion]
    package var serving: Serving
    package var traffic: Traffic
    package var strategy: Strategy
    package var health: HealthPolicy
    package var onFailure: OnFailure
    /// Progress stops; reverts, drift repair of the route and status go on.
    package var suspend: Bool

    package init(
        runtime: Runtime,
        versions: [DeclaredVersion],
        serving: Serving,
        traffic: Traffic,
        strategy: Strategy,
        health: HealthPolicy = .init(),
        onFailure: OnFailure = .init(),
        suspend: Bool = false
    ) {
        self.runtime = runtime
        self.versions = versions
        self.serving = serving
        self.traffic = traffic
        self.strategy = strategy
        self.health = health
        self.onFailure = onFailure
        self.suspend = suspend
    }
}

/// The model server: a preset that knows image, port and probes, or `custom`, where
/// `serving.template` brings them.
package enum Runtime: String, Hashable, Sendable, CaseIterable {
    case mlserver
    case custom
}

/// One version as written. Its identity is ``ReleaseSpec/digest(of:)``.
package struct DeclaredVersion: Hashable, Sendable {
    /// A DNS label of at most 40 characters, unique in the release.
    package var name: String
    /// Where the model artifact is; one of `uri` and `image` is needed.
    package var uri: String?
    /// An image with the model baked in.
    package var image: String?
    /// Pin of the artifact (`sha256:HEX`), checked before any traffic; written `digest`.
    package var pin: String?
    /// Share of traffic, 0...100. A single version without a weight has 100.
    package var weight: Int

    package init(
        name: String,
        uri: String? = nil,
        image: String? = nil,
        pin: String? = nil,
        weight: Int
    ) {
        self.name = name
        self.uri = uri
        self.image = image
        self.pin = pin
        self.weight = weight
    }
}

/// The pods of a version.
package struct Serving: Hashable, Sendable {
    /// Pods per version, 1...1000.
    package var replicas: Int
    private var packedTemplate: PackedDocument?
    /// The service accounts that the template names, as a rule one or none; `default` is none.
    package private(set) var serviceAccounts: [String]

    package init(replicas: Int = 2, template: Document? = nil) {
        self.replicas = replicas
        packedTemplate = template.map { PackedDocument($0) }
        serviceAccounts = ServiceAccountRule.accounts(in: template)
    }

    /// A `PodTemplateSpec`, merged strategically over the preset's; `nil` adds nothing. It is
    /// unpacked each time.
    package var template: Document? {
        get { packedTemplate?.document }
        set {
            packedTemplate = newValue.map { PackedDocument($0) }
            serviceAccounts = ServiceAccountRule.accounts(in: newValue)
        }
    }
}

/// The router in front of the versions; exactly one is named.
package enum Traffic: Hashable, Sendable {
    case gateway(GatewayTraffic)
}

/// Traffic through an HTTPRoute of the Gateway API, made and owned by Slipway.
package struct GatewayTraffic: Hashable, Sendable {
    /// `spec.parentRefs` of the route.
    package struct ParentReference: Hashable, Sendable {
        package var name: String
        /// The release's own namespace where not given.
        package var namespace: String?
        package var sectionName: String?
        package var port: Int?

        package init(
            name: String,
            namespace: String? = nil,
            sectionName: String? = nil,
            port: Int? = nil
        ) {
            self.name = name
            self.namespace = namespace
            self.sectionName = sectionName
            self.port = port
        }
    }

    /// 1...8.
    package var parentRefs: [ParentReference]
    /// 0...16; none means every host of the listener.
    package var hostnames: [String]
    /// A path prefix, `/` where not given.
    package var path: String

    package init(parentRefs: [ParentReference], hostnames: [String] = [], path: String = "/") {
        self.parentRefs = parentRefs
        self.hostnames = hostnames
        self.path = path
    }
}

/// How a new version gets its traffic.
package enum Strategy: Hashable, Sendable {
    case canary(Canary)
}

/// Weight steps with pauses between them, then a bake at the declared split.
package struct Canary: Hashable, Sendable {
    /// In order, at most 32; weights ascend.
    package var steps: [CanaryStep]
    /// How long the declared split is watched before the version counts as proven; the old
    /// version stays warm that long.
    package var bake: TimeSpan

    package init(steps: [CanaryStep], bake: TimeSpan) {
        self.steps = steps
        self.bake = bake
    }

    /// What `canary: {}` means: 5 % for 5 m, 25 % for 10 m, 50 % for 10 m, bake 1 h.
    package static let `default` = Canary(
        steps: [
            .weight(5, for: .minutes(5)), .weight(25, for: .minutes(10)),
            .weight(50, for: .minutes(10)),
        ],
        bake: .hours(1)
    )
}

/// One step of a canary.
package enum CanaryStep: Hashable, Sendable {
    /// The share of all traffic for the new versions together, 1...100, held for a time.
    case weight(Int, for: TimeSpan)
    /// Stop until somebody approves.
    case pauseForApproval
    /// Stop for a time.
    case pause(for: TimeSpan)
}

/// When a version counts as failed.
package struct HealthPolicy: Hashable, Sendable {
    /// More pods than this that were ready and no longer are fail the version.
    package var unreadyMax: Int
    /// … if it lasts this long.
    package var unreadyFor: TimeSpan
    /// More container restarts than this (over all pods of a version under test) fail it.
    package var restartsMax: Int
    /// A version that is not fully ready this long after its pods were made has failed.
    package var progressDeadline: TimeSpan
    /// Golden inferences: at most 8.
    package var probes: [GoldenProbe]

    package init(
        unreadyMax: Int = 0,
        unreadyFor: TimeSpan = .zero,
        restartsMax: Int = 0,
        progressDeadline: TimeSpan = .minutes(10),
        probes: [GoldenProbe] = []
    ) {
        self.unreadyMax = unreadyMax
        self.unreadyFor = unreadyFor
        self.restartsMax = restartsMax
        self.progressDeadline = progressDeadline
        self.probes = probes
    }
}

/// Requests with known answers, asked of every new pod before traffic and again and again after.
package struct GoldenProbe: Hashable, Sendable {
    /// A JSON-lines file in the repository; `cases` are read from it when the commit is read.
    package var golden: String?
    /// The requests and answers themselves: 1...100 once resolved.
    package var cases: [GoldenCase]
    /// 1 s or more.
    package var every: TimeSpan
    /// How long an answer may take, 100 ms...60 s.
    package var timeout: TimeSpan

    package init(
        golden: String? = nil,
        cases: [GoldenCase] = [],
        every: TimeSpan = .seconds(10),
        timeout: TimeSpan = .seconds(10)
    ) {
        self.golden = golden
        self.cases = cases
        self.every = every
        self.timeout = timeout
    }
}

/// One request and the answer it must get.
package struct GoldenCase: Hashable, Sendable {
    /// The path asked; the runtime's inference path where not given.
    package var path: String?
    /// The absolute difference that numbers may have.
    package var tolerance: Double
    private let packedRequest: PackedDocument
    private let packedExpect: PackedDocument

    package init(path: String? = nil, request: Document, expect: Document, tolerance: Double = 0) {
        self.path = path
        self.tolerance = tolerance
        packedRequest = PackedDocument(request)
        packedExpect = PackedDocument(expect)
    }

    /// The body sent, as JSON. It is unpacked each time.
    package var request: Document { packedRequest.document }

    /// What the answer must contain: members are compared, numbers within `tolerance`, members
    /// that are not named here do not matter. It is unpacked each time.
    package var expect: Document { packedExpect.document }
}

/// What happens to Git after a version was refused.
package struct OnFailure: Hashable, Sendable {
    /// How the revert gets into Git.
    package enum GitAction: String, Hashable, Sendable, CaseIterable {
        case revertCommit
        case none
    }

    package var git: GitAction

    package init(git: GitAction = .revertCommit) { self.git = git }
}
