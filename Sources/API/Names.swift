package import Domain

/// Labels, annotations and other fixed names of Slipway's API.
package enum Names {
    package static let group = "slipway.dev"
    package static let fieldManager = "slipway"
    /// Owns fields besides ``fieldManager`` that it is about to leave to others.
    package static let handoverManager = "slipway-handover"

    // Labels of what Slipway makes.
    package static let releaseLabel = "slipway.dev/release"
    package static let versionLabel = "slipway.dev/version"
    package static let digestLabel = "slipway.dev/digest"
    package static let managedByLabel = "app.kubernetes.io/managed-by"
    package static let managedByValue = "slipway"

    // Annotations of what Slipway makes.
    package static let releaseUID = "slipway.dev/release-uid"
    package static let digest = "slipway.dev/digest"
    package static let onDelete = "slipway.dev/on-delete"
    package static let epoch = "slipway.dev/epoch"
    package static let sequence = "slipway.dev/seq"
    /// The process whose epoch it is.
    package static let leader = "slipway.dev/leader"
    /// The attempt that a version's object was last made fit for.
    package static let intent = "slipway.dev/intent"
    /// `DIGEST@INTENT`: traffic was taken back from this digest in this attempt.
    package static let refused = "slipway.dev/refused"

    // Annotations of somebody's HTTPRoute that a release takes over.
    /// The release's name.
    package static let adoptedBy = "slipway.dev/adopted-by"
    /// The `parentRefs` that it had, as JSON.
    package static let adoptedParents = "slipway.dev/adopted-parents"
    /// When it was detached from them.
    package static let adoptedAt = "slipway.dev/adopted-at"
    /// The route that had the release's name, and that this one is a copy of.
    package static let copyOf = "slipway.dev/copy-of"

    // Annotations of a ModelRelease that came from Git.
    package static let source = "slipway.dev/source"
    package static let commit = "slipway.dev/commit"
    package static let author = "slipway.dev/author"
    package static let file = "slipway.dev/file"

    // Hand actions. Values end in an optional `@TOKEN`, which makes the same action distinct.
    package static let approve = "slipway.dev/approve"
    package static let pause = "slipway.dev/pause"
    package static let promote = "slipway.dev/promote"
    package static let retry = "slipway.dev/retry"
    package static let rollback = "slipway.dev/rollback"

    /// The longest name of a release: `NAME-DIGEST8` must fit a DNS label.
    package static let releaseNameLimit = 54

    /// The name of a version's Deployment, Service and ControllerRevision.
    package static func versioned(_ release: String, _ digest: Digest) -> String {
        "\(release)-\(digest.tag)"
    }
}

extension ReleaseSpec {
    /// The identity of a declared version: SHA-256 over the canonical JSON of name, uri, image,
    /// pin, runtime and template as written; not of weight, replicas, strategy or health.
    package func digest(of version: DeclaredVersion) -> Digest {
        Digest(of: [
            "name": .string(version.name),
            "uri": version.uri.map(Document.string) ?? .null,
            "image": version.image.map(Document.string) ?? .null,
            "pin": version.pin.map(Document.string) ?? .null,
            "runtime": .string(runtime.rawValue),
            "template": serving.template ?? .null,
        ])
    }

    /// The declaration as digests with names and shares, in the order written.
    package var declaredShares: [DeclaredShare] {
        versions.map { .init(digest: digest(of: $0), version: $0.name, weight: $0.weight) }
    }

    /// The declared split; `nil` only for a spec that did not pass validation.
    package var weights: Weights? {
        Weights(declaredShares.map { .init(digest: $0.digest, weight: $0.weight) })
    }
}
