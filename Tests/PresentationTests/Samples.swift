import API
import Domain

/// Releases and moments that the golden tests share.
enum Samples {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    static func ago(_ span: TimeSpan) -> Timestamp { now - span }

    static let old = DeclaredVersion(name: "7", uri: "s3://models/fraud/7", weight: 75)
    static let new = DeclaredVersion(name: "8", uri: "s3://models/fraud/8", weight: 25)

    static func release(
        _ versions: [DeclaredVersion] = [old, new], annotations: [(String, String)] = [],
        status: ReleaseStatus = .init()
    ) -> ModelRelease {
        ModelRelease(
            metadata: ObjectMetadata(
                name: "fraud-scorer", namespace: "risk", uid: "u1", resourceVersion: "7",
                generation: 2,
                annotations: Document(strings: annotations).objectValue ?? .init(),
                creationTimestamp: ago(.hours(24 * 9))),
            spec: ReleaseSpec(
                runtime: .mlserver, versions: versions, serving: .init(replicas: 3),
                traffic: .gateway(.init(parentRefs: [.init(name: "public")], path: "/fraud")),
                strategy: .canary(.default)),
            status: status)
    }

    static func digest(_ version: DeclaredVersion) -> Digest { release().spec.digest(of: version) }

    static func share(_ version: DeclaredVersion, _ weight: Int) -> DeclaredShare {
        DeclaredShare(digest: digest(version), version: version.name, weight: weight)
    }

    static let promoted = HistoryEntry(
        verdict: .promoted, intent: 1, shares: [share(old, 100)],
        commit: "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334", author: "Dana", evidence: "baked 1h",
        startedAt: ago(.hours(24 * 9)), endedAt: ago(.hours(24 * 9 - 2)))

    static let proven = ProvenSplit(
        shares: [share(old, 100)], commit: promoted.commit, since: promoted.endedAt)

    /// A canary that stands at a pause: 7 has 95 %, 8 has 5 %.
    static var waiting: ModelRelease {
        release(
            annotations: [
                (Names.source, "risk/models"), (Names.file, "models/fraud.yaml"),
                (Names.author, "Robin"),
            ],
            status: ReleaseStatus(
                phase: .paused, message: "releasing 7: 75, 8: 25: waiting for approval",
                observedGeneration: 2, observedCommit: "ffeeddccbbaa99887766554433221100ffeeddcc",
                declared: [share(old, 75), share(new, 25)], proven: proven,
                attempt: Attempt(
                    intent: 2, target: [share(old, 75), share(new, 25)], new: [digest(new)],
                    step: 1, startedAt: ago(.minutes(25)),
                    commit: "ffeeddccbbaa99887766554433221100ffeeddcc", author: "Robin"),
                versions: [
                    VersionStatus(
                        digest: digest(old), version: "7", weight: 95, ready: 3, desired: 3,
                        health: .healthy, since: ago(.hours(24 * 9))),
                    VersionStatus(
                        digest: digest(new), version: "8", weight: 5, ready: 2, desired: 3,
                        health: .starting, message: "2 of 3 pods are ready",
                        since: ago(.minutes(25))
                    ),
                ],
                step: StepStatus(index: 2, of: 4, weight: 5, waitsFor: "approval"),
                conditions: [
                    Condition(
                        type: "Synced", status: .no, reason: "Releasing", message: "on its way",
                        observedGeneration: 2, lastTransition: ago(.minutes(25)))
                ],
                history: [promoted]))
    }

    /// Version 8 alone was declared, failed and was taken back.
    static var reverted: ModelRelease {
        var only = new
        only.weight = 100
        let refused = QuarantineEntry(
            digest: digest(new), version: "8", intent: 2, reason: "Restarts",
            message: "1 restart, at most 0\u{1B}[2J", commit: "ffeeddccbbaa99887766554433221100",
            at: ago(.minutes(4)))
        return release(
            [only],
            status: ReleaseStatus(
                phase: .reverted, message: "version 8 refused: Restarts; version 7 serves",
                observedGeneration: 2, observedCommit: "ffeeddccbbaa99887766554433221100ffeeddcc",
                declared: [share(new, 100)], proven: proven,
                versions: [
                    VersionStatus(
                        digest: digest(old), version: "7", weight: 100, ready: 3, desired: 3,
                        health: .healthy, since: ago(.hours(24 * 9)))
                ],
                history: [
                    HistoryEntry(
                        verdict: .reverted, intent: 2, shares: [share(new, 100)],
                        commit: "ffeeddccbbaa99887766554433221100", author: "Robin",
                        evidence: "Restarts: 1 restart, at most 0", startedAt: ago(.minutes(10)),
                        endedAt: ago(.minutes(4))), promoted,
                ],
                quarantine: [refused],
                pendingRevert: PendingRevert(
                    refused: digest(new), intent: 2, restore: promoted.commit, message: "",
                    manual: false)))
    }
}
