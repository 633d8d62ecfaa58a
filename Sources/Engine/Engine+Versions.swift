import API
import Domain
import Observed
import Resources

/// Making, repairing and removing the objects of versions.
extension Engine {
    /// Brings the objects of versions into being, one after the other for each version: what is
    /// rendered is stored first and never rendered again.
    mutating func ensureVersions(
        _ digests: [Digest], for attempt: Attempt?, _ builder: SnapshotBuilder, now: Timestamp
    ) {
        for digest in digests {
            let needed = settings.observes ? nil : neededSeal(digest, attempt, builder)
            ensureVersion(digest, needed, builder, now: now)
        }
    }

    private mutating func ensureVersion(
        _ digest: Digest, _ needed: Seal?, _ builder: SnapshotBuilder, now: Timestamp
    ) {
        let release = builder.release
        let name = NamespacedName(
            namespace: release.metadata.namespace,
            name: Names.versioned(release.metadata.name, digest))
        guard let revision = view.revisions[name]?.value else {
            // Only a declared version can be rendered; an older one needs its stored rendering.
            guard
                let declared = release.spec.versions.first(where: {
                    release.spec.digest(of: $0) == digest
                })
            else { return }
            guard mayRender(release) else { return }
            let rendered = VersionObjects.render(
                release: release, version: declared, digest: digest)
            create(.controllerRevision, name, rendered.controllerRevision, release, now: now)
            return
        }
        guard isOurs(revision.metadata, release) else { return }
        let service = view.services[name]?.value
        let deployment = view.deployments[name]?.value
        let sizing = sizing(of: name, digest, deployment?.view, release)
        if !view.autoscalers.isAnswered, let has = deployment?.view.replicas,
            has != release.spec.serving.replicas
        {
            // The answer may change nothing and wake nobody.
            wake(.release(release.id), at: now + .seconds(1))
        }
        let agreement = ReleaseMemory.Agreement(
            release: release.metadata.uid, generation: release.metadata.generation,
            onDelete: release.metadata.annotation(Names.onDelete),
            revision: revision.metadata.resourceVersion,
            service: service?.view.metadata.resourceVersion,
            deployment: deployment?.view.metadata.resourceVersion,
            seal: needed, sizing: sizing)
        guard releases[release.id]?.agreements[digest] != agreement else { return }
        let data = revision.data
        var identity = VersionIdentity(release, version: data.version, digest: digest)
        identity.seal = needed ?? seal(over: service?.view.metadata, release)
        let isServiceRight = apply(
            .service, name, VersionObjects.service(identity, data), service?.object,
            service?.view.metadata, release, now: now)
        identity.seal = needed ?? seal(over: deployment?.view.metadata, release)
        let isDeploymentRight = apply(
            .deployment, name,
            VersionObjects.deployment(
                identity, data, replicas: sizing.replicas,
                progressDeadline: release.spec.health.progressDeadline),
            deployment?.object, deployment?.view.metadata, release,
            handsOver: sizing == .autoscaled, now: now)
        if isServiceRight, isDeploymentRight { releases[release.id]?.agree(digest, agreement) }
    }

    /// The seal of an object that needs no other: the one it bears, one of this term if it is made.
    private func seal(over stored: OwnedMetadata?, _ release: ModelRelease) -> Seal? {
        guard let stored else {
            return term.map { Seal(term: $0, intent: release.status.intent) }
        }
        return stored.seal
    }

    func isOurs(_ metadata: OwnedMetadata, _ release: ModelRelease) -> Bool {
        guard !metadata.isLeaving else { return false }
        if isMutated(.ownershipIgnored) { return true }
        switch metadata.owner(release: release.metadata.name, uid: release.metadata.uid) {
        case .ours, .formerly: return true
        case .foreign: return false
        }
    }

    private mutating func create(
        _ kind: ResourceKind, _ name: NamespacedName, _ object: Document, _ release: ModelRelease,
        now: Timestamp
    ) {
        let key = ResourceKey(kind, namespace: name.namespace, name: name.name)
        guard isFree(key, release, now: now) else { return }
        write(.create(key, object), for: .release(release.id))
    }

    /// Makes an object, or puts back what differs from how it must be; true if nothing does.
    private mutating func apply(
        _ kind: ResourceKind, _ name: NamespacedName, _ desired: Document, _ stored: Document?,
        _ metadata: OwnedMetadata?, _ release: ModelRelease, handsOver: Bool = false,
        now: Timestamp
    ) -> Bool {
        guard let stored, let metadata else {
            create(kind, name, desired, release, now: now)
            return false
        }
        guard isOurs(metadata, release) else {
            recheck(kind, name, release, now: now)
            return false
        }
        let differences = Drift.differs(desired: desired, observed: stored)
        let key = ResourceKey(kind, namespace: name.namespace, name: name.name)
        guard !differences.isEmpty else { return true }
        guard isFree(key, release, now: now) else { return false }
        if handsOver, let deployment = view.deployments[name]?.value.view,
            !handOverReplicas(key, deployment, release)
        {
            return false
        }
        let drift = differences.filter { !Seal.isPlace($0) }
        if !drift.isEmpty, !settings.observes {
            if let until = flights.repairEnd(key, now: now) {
                wake(.release(release.id), at: until)
                return false
            }
            if metadata.releaseUID != release.metadata.uid {
                hit(.objectAdopted)
                announce(adopted: key, release)
            } else {
                hit(.drifted)
                let places = drift.prefix(3).map(\.description).joined(separator: ", ")
                tell(
                    "DriftRepaired", "\(key) differed at \(places) and is put back",
                    release.metadata)
            }
            flights.repair(key, now: now, jitter: &jitter)
        }
        var intent = desired
        // What comes late, after a seal or from an earlier leader, changes nothing.
        intent.set(["metadata", "uid"], to: .string(metadata.uid))
        intent.set(
            ["metadata", "resourceVersion"], to: .string(metadata.resourceVersion))
        write(.apply(key, intent, force: true), for: .release(release.id))
        return false
    }

    /// Looks again, now and then, at an object that somebody else has: watches follow only ours.
    private mutating func recheck(
        _ kind: ResourceKind, _ name: NamespacedName, _ release: ModelRelease, now: Timestamp
    ) {
        let key = ResourceKey(kind, namespace: name.namespace, name: name.name)
        guard isFree(key, release, now: now) else { return }
        hit(.objectOfAnother)
        flights.fail(key, "belongs to somebody else", now: now, jitter: &jitter)
        read(key, for: .release(release.id))
    }

    private mutating func isFree(
        _ key: ResourceKey, _ release: ModelRelease, now: Timestamp
    ) -> Bool {
        let subject = Subject.release(release.id)
        if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
        return flights.isFree(key, of: subject, now: now)
    }

    /// Deletes the Deployments of versions that have drained, then, when they are gone, the
    /// Services. The rendering stays, so that the version can come back.
    mutating func removeVersions(
        _ digests: [Digest], _ builder: SnapshotBuilder, now: Timestamp
    ) {
        let release = builder.release
        for digest in digests {
            let name = NamespacedName(
                namespace: release.metadata.namespace,
                name: Names.versioned(release.metadata.name, digest))
            if let deployment = view.deployments[name]?.value.view.metadata,
                !isMutated(.servicesFirst) || view.services[name] == nil
            {
                guard isOurs(deployment, release) else { continue }
                delete(.deployment, deployment, release, now: now)
            } else if let service = view.services[name]?.value.view.metadata,
                isOurs(service, release)
            {
                delete(.service, service, release, now: now)
            }
        }
    }

    private mutating func delete(
        _ kind: ResourceKind, _ metadata: OwnedMetadata, _ release: ModelRelease, now: Timestamp
    ) {
        let key = ResourceKey(kind, namespace: metadata.namespace, name: metadata.name)
        guard isFree(key, release, now: now) else { return }
        write(
            .delete(
                key, uid: isMutated(.deletedByName) ? "" : metadata.uid,
                resourceVersion: isMutated(.deletedByName) ? nil : metadata.resourceVersion),
            for: .release(release.id))
    }
}
