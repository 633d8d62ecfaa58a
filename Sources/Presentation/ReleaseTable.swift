package import API
package import Domain

/// The answer of `slipway get`: one line for each release.
package struct ReleaseTable: Hashable, Sendable {
    /// The moment that ages are counted from.
    package var now: Timestamp
    /// Adds the columns of `-o wide`.
    package var wide: Bool
    /// Puts the namespace first.
    package var namespaces: Bool

    package init(now: Timestamp, wide: Bool = false, namespaces: Bool = false) {
        self.now = now
        self.wide = wide
        self.namespaces = namespaces
    }

    /// Releases in the order of namespace and name.
    package func text(of releases: [ModelRelease], heading: Bool = true) -> String {
        var table = TextTable(headings)
        for release in releases.sorted(by: { $0.id < $1.id }) { table.add(row(release)) }
        return table.text(heading: heading)
    }

    package var headings: [String] {
        (namespaces ? ["NAMESPACE"] : [])
            + ["NAME", "PHASE", "VERSIONS", "READY", "STEP", "AGE", "MESSAGE"]
            + (wide ? ["DECLARED", "PROVEN", "COMMIT", "ROUTER"] : [])
    }

    /// One release; the message is cut to 80 characters unless `wide`.
    package func row(_ release: ModelRelease) -> [String] {
        let status = release.status
        let known = status.observedGeneration > 0 || status.phase != .pending
        let live = status.versions.filter { $0.health != .draining }
        let ready = live.reduce(0) { $0 + $1.ready }
        let desired = live.reduce(0) { $0 + $1.desired }
        let message = known ? status.message : "no controller has looked at it yet"
        return (namespaces ? [release.metadata.namespace] : [])
            + [
                release.metadata.name,
                known ? status.phase.rawValue : "Unknown",
                status.serving.short,
                status.versions.isEmpty ? "" : "\(ready)/\(desired)",
                status.step.map { "\($0.index)/\($0.of)" } ?? "",
                release.metadata.creationTimestamp.map { "\(Age(of: $0, at: now))" } ?? "",
                wide ? message : shortened(message, to: 80),
            ]
            + (wide
                ? [
                    release.spec.declaredShares.short,
                    status.proven?.shares.short ?? "",
                    shortCommit(status.observedCommit),
                    release.spec.traffic.routerName,
                ] : [])
    }
}

extension Traffic {
    /// The member of `spec.traffic` that is used.
    package var routerName: String {
        switch self {
        case .gateway: "gateway"
        }
    }
}
