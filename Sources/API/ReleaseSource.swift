package import Domain

/// A Git repository to follow: the kind `ReleaseSource` of `slipway.dev/v1alpha1`. It writes only
/// into its own namespace.
package struct ReleaseSource: Hashable, Sendable {
    package var metadata: ObjectMetadata
    package var spec: SourceSpec
    package var status: SourceStatus

    package init(metadata: ObjectMetadata, spec: SourceSpec, status: SourceStatus = .init()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    /// `NAMESPACE/NAME`.
    package var id: NamespacedName {
        .init(namespace: metadata.namespace, name: metadata.name)
    }
}

/// What people declare of a source.
package struct SourceSpec: Hashable, Sendable {
    /// `https://…`, `http://` on loopback, or an absolute path of a bare repository where the
    /// controller allows local ones.
    package var url: String
    package var branch: String
    /// The folder that is read; empty for the whole tree.
    package var path: String
    /// How often to look, 1 s...24 h.
    package var interval: TimeSpan
    /// Delete releases whose file is gone from a completely read commit.
    package var prune: Bool
    /// Whether reverts and the record are pushed.
    package var writeBack: WriteBack
    /// Service accounts that pods of the source's releases may run as besides `default`, as
    /// written: at most 64, each once.
    package var serviceAccounts: [String]
    package var suspend: Bool

    package init(
        url: String,
        branch: String = "main",
        path: String = "",
        interval: TimeSpan = .seconds(15),
        prune: Bool = false,
        writeBack: WriteBack = .init(),
        serviceAccounts: [String] = [],
        suspend: Bool = false
    ) {
        self.url = url
        self.branch = branch
        self.path = path
        self.interval = interval
        self.prune = prune
        self.writeBack = writeBack
        self.serviceAccounts = serviceAccounts
        self.suspend = suspend
    }
}

/// What Slipway pushes into the repository.
package struct WriteBack: Hashable, Sendable {
    package var enabled: Bool
    /// The branch of the record.
    package var stateBranch: String
    package var authorName: String
    package var authorEmail: String

    package init(
        enabled: Bool = true,
        stateBranch: String = "slipway/state",
        authorName: String = "Slipway",
        authorEmail: String = "slipway@slipway.dev"
    ) {
        self.enabled = enabled
        self.stateBranch = stateBranch
        self.authorName = authorName
        self.authorEmail = authorEmail
    }
}

/// What the controller says of a source.
package struct SourceStatus: Hashable, Sendable {
    package var observedGeneration: Int64
    /// The commit that is in force, 40 hex characters.
    package var observedCommit: String
    /// When the repository answered last.
    package var lastFetch: Timestamp?
    /// Releases read from the commit.
    package var releases: Int
    /// What is wrong in the commit's files, at most 50, `FILE:LINE:COLUMN: message`.
    package var problems: [String]
    package var conditions: [Condition]

    package init(
        observedGeneration: Int64 = 0,
        observedCommit: String = "",
        lastFetch: Timestamp? = nil,
        releases: Int = 0,
        problems: [String] = [],
        conditions: [Condition] = []
    ) {
        self.observedGeneration = observedGeneration
        self.observedCommit = observedCommit
        self.lastFetch = lastFetch
        self.releases = releases
        self.problems = problems
        self.conditions = conditions
    }
}
