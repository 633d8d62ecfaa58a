import API
import Domain
import Observed
import Resources

/// Removing renderings that nobody can come back to.
extension Engine {
    /// A rendering stays while the status remembers its version: the history is what people roll
    /// back to. Until the history is full nothing goes, for a status that was lost remembers
    /// nothing.
    mutating func removeRevisions(_ release: ModelRelease, now: Timestamp) {
        let status = release.status
        let revisions = view.revisions.objects(of: release.id)
        guard status.history.count >= ReleaseStatus.historyLimit,
            revisions.count > ReleaseStatus.historyLimit
        else { return }
        let shares =
            release.declaredShares + status.declared + (status.attempt?.target ?? [])
            + (status.proven?.shares ?? []) + status.history.flatMap(\.shares)
        let remembered =
            shares.map(\.digest) + status.quarantine.map(\.digest) + status.versions.map(\.digest)
        let subject = Subject.release(release.id)
        for (name, entry) in revisions {
            let metadata = entry.value.metadata
            let id = NamespacedName(namespace: release.metadata.namespace, name: name)
            guard let digest = metadata.digest, !remembered.contains(digest),
                !metadata.isLeaving, view.deployments[id] == nil, view.services[id] == nil,
                case .ours = metadata.owner(
                    release: release.metadata.name, uid: release.metadata.uid)
            else { continue }
            let key = ResourceKey(.controllerRevision, namespace: id.namespace, name: name)
            guard flights.isFree(key, of: subject, now: now) else { continue }
            write(
                .delete(key, uid: metadata.uid, resourceVersion: metadata.resourceVersion),
                for: subject)
        }
    }
}
