import API
package import Domain
import Resources

/// Releases of other shards, as far as something of them was seen.
///
/// What is made for a release bears its shard as a label. It says whose an object is only where
/// its release is not followed: a release that came from another shard keeps what was made for it.
/// What only the past tells of objects is not missed: where a release comes of which something was
/// dropped, its objects are listed before anything is decided.
struct OtherShards: Sendable {
    /// Releases of which objects were dropped. Of each only the name is kept.
    private(set) var dropped: Set<NamespacedName> = []
    /// Those of them of which a fresh read said so.
    private(set) var known: Set<NamespacedName> = []
    /// Releases of this shard of which objects were dropped before, with the kinds that have to be
    /// listed for them.
    private(set) var incomplete: [NamespacedName: Set<ResourceKind>] = [:]

    /// The kinds of what is made for a release.
    static let kinds: Set<ResourceKind> = [
        .httpRoute, .deployment, .service, .controllerRevision, .pod, .endpointSlice,
    ]

    /// Whether objects of a kind belong to shards.
    func mayTouch(_ kind: ResourceKind) -> Bool {
        kind == .modelRelease || Self.kinds.contains(kind)
    }

    /// Whether an object of a release that is not followed is of no concern here.
    func isOfAnother(
        _ kind: ResourceKind, _ object: ObjectMetadata, of release: NamespacedName, here: String
    ) -> Bool {
        if known.contains(release) { return true }
        switch kind {
        // Their labels are those of the template, which never changes, and those of the Service.
        case .pod, .endpointSlice: return dropped.contains(release)
        default:
            return object.label(Names.managedByLabel) == Names.managedByValue
                && object.shard != here
        }
    }

    /// Something of a release is dropped; true the first time.
    mutating func drop(_ release: NamespacedName) -> Bool { dropped.insert(release).inserted }

    /// A fresh read says that a release is of another shard.
    mutating func know(_ release: NamespacedName) {
        known.insert(release)
        dropped.insert(release)
        incomplete[release] = nil
    }

    /// A release is of this shard from now on.
    mutating func follow(_ release: NamespacedName) {
        known.remove(release)
        if dropped.remove(release) != nil { incomplete[release] = Self.kinds }
    }

    /// A release is not followed any more.
    mutating func leave(_ release: NamespacedName) { incomplete[release] = nil }

    /// A kind was listed for a release; false if that was not waited for.
    mutating func complete(_ kind: ResourceKind, of release: NamespacedName) -> Bool {
        guard incomplete[release]?.remove(kind) != nil else { return false }
        if incomplete[release]?.isEmpty == true { incomplete[release] = nil }
        return true
    }

    /// A kind was listed whole.
    mutating func complete(_ kind: ResourceKind) {
        for release in incomplete.keys.sorted() { _ = complete(kind, of: release) }
    }
}

extension ClusterView {
    /// Releases of other shards of which something was seen.
    package var releasesOfOthers: Int { others.dropped.count }

    /// Whether something of a release that is not followed was seen to be of another shard.
    package func isOfAnotherShard(_ release: NamespacedName) -> Bool {
        releases[release] == nil && others.dropped.contains(release)
    }

    /// The kinds of which a release's objects have to be listed before it is known how it stands,
    /// ordered.
    package func missingKinds(of release: NamespacedName) -> [ResourceKind] {
        others.incomplete.isEmpty ? [] : (others.incomplete[release] ?? []).sorted()
    }

    /// Takes in a list of a release's objects of a kind.
    package mutating func complete(
        _ kind: ResourceKind, of release: NamespacedName, with objects: [Document]
    ) -> [Change] {
        // A list of the whole kind may have come since.
        guard others.complete(kind, of: release) else { return [] }
        let changes = objects.flatMap { take(kind, .changed($0)) }
        noteIncomplete()
        return changes
    }

    /// Takes in what a list or watch said, and keeps what is of this shard.
    mutating func sort(_ kind: ResourceKind, _ event: ViewEvent) -> [Change] {
        defer { noteIncomplete() }
        if kind == .modelRelease { return sortReleases(event) }
        switch event {
        case .changed(let object):
            guard let release = stranger(kind, object) else { return take(kind, event) }
            return drop(kind, object, of: release)
        case .replaced(let objects, let version):
            var changes: [Change] = []
            var kept: [Document] = []
            kept.reserveCapacity(objects.count)
            for object in objects {
                if let release = stranger(kind, object) {
                    changes += drop(kind, object, of: release)
                } else {
                    kept.append(object)
                }
            }
            others.complete(kind)
            return changes + take(kind, .replaced(kept, resourceVersion: version))
        case .deleted, .bookmark, .interrupted, .refused: return take(kind, event)
        }
    }

    /// The release of another shard that an object belongs to.
    private func stranger(_ kind: ResourceKind, _ object: Document) -> NamespacedName? {
        let metadata = object["metadata"]
        guard let label = metadata?.at("labels", Names.releaseLabel)?.stringValue else {
            return nil
        }
        let release = NamespacedName(
            namespace: metadata?["namespace"]?.stringValue ?? "", name: label)
        guard releases[release] == nil,
            others.isOfAnother(kind, ObjectMetadata(of: object), of: release, here: shard)
        else { return nil }
        return release
    }

    private mutating func drop(
        _ kind: ResourceKind, _ object: Document, of release: NamespacedName
    ) -> [Change] {
        let name = ObjectMetadata(of: object).id
        var changes = remove(ResourceKey(kind, namespace: name.namespace, name: name.name))
        if others.drop(release) { changes += forget([.pod, .endpointSlice], of: release) }
        return changes
    }

    private mutating func sortReleases(_ event: ViewEvent) -> [Change] {
        var changes: [Change] = []
        switch event {
        case .changed(let object):
            let metadata = ObjectMetadata(of: object)
            guard metadata.shard != shard else {
                changes = take(.modelRelease, event)
                break
            }
            // A watch of one shard does not say so; a read does, and the answer to a write.
            changes = take(.modelRelease, .deleted(object))
            guard releases[metadata.id] == nil else { break }
            others.know(metadata.id)
            changes += forget(OtherShards.kinds.sorted(), of: metadata.id)
            return changes
        case .replaced(let objects, let version):
            let ours = objects.filter { ObjectMetadata(of: $0).shard == shard }
            changes = take(.modelRelease, .replaced(ours, resourceVersion: version))
        case .deleted, .bookmark, .interrupted, .refused:
            changes = take(.modelRelease, event)
        }
        for change in changes {
            if releases[change.name] != nil {
                others.follow(change.name)
            } else {
                others.leave(change.name)
            }
        }
        return changes
    }

    private mutating func forget(
        _ kinds: [ResourceKind], of release: NamespacedName
    ) -> [Change] {
        kinds.flatMap { kind -> [Change] in
            switch kind {
            case .httpRoute: routes.forget(release).map { Change(kind, $0) }
            case .deployment: deployments.forget(release).map { Change(kind, $0) }
            case .service: services.forget(release).map { Change(kind, $0) }
            case .controllerRevision: revisions.forget(release).map { Change(kind, $0) }
            case .pod: pods.forget(release).map { Change(kind, $0) }
            case .endpointSlice: slices.forget(release).map { Change(kind, $0) }
            default: []
            }
        }
    }

    /// While a part of a kind is listed, what is seen to go is remembered: the list may be older.
    private mutating func noteIncomplete() {
        let isListing = !others.incomplete.isEmpty
        guard routes.keepsGone != isListing else { return }
        routes.keepsGone = isListing
        deployments.keepsGone = isListing
        services.keepsGone = isListing
        revisions.keepsGone = isListing
        pods.keepsGone = isListing
        slices.keepsGone = isListing
    }
}
