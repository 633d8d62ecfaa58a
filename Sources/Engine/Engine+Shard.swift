import API
import Desired
import Domain
import Observed
import Resources

/// Where a release is that a source of this shard declares and that is not followed here, as a
/// fresh read said.
struct Sought: Sendable {
    /// `nil` where there is none.
    var metadata: ObjectMetadata?
    let at: Timestamp

    init(_ metadata: ObjectMetadata? = nil, at: Timestamp) {
        self.metadata = metadata
        self.at = at
    }
}

/// Looking after one shard of several: taking over what comes from another one, leaving what goes
/// there. Each shard has its own leader, so two may act on a release for a moment. All writes are
/// conditional; and whoever sees on a route what another shard's leader has written asks whose the
/// release is before anything is decided.
extension Engine {
    /// How long it counts where a release was found.
    private static let patience = TimeSpan.minutes(1)

    /// Whether a source is followed here.
    func isOurs(_ source: SourceRecord) -> Bool { source.metadata.shard == settings.shard }

    // MARK: A release that comes

    /// Whether all of a release is known; what is missing is listed.
    mutating func isComplete(_ id: NamespacedName, now: Timestamp) -> Bool {
        let missing = view.missingKinds(of: id)
        guard !missing.isEmpty else { return true }
        let subject = Subject.release(id)
        if let backoff = releases[id]?.listBackoff, !backoff.isOver(now) {
            wake(subject, at: backoff.until)
            return false
        }
        for kind in missing where releases[id]?.listing.insert(kind).inserted == true {
            start(.list(kind), for: subject) { .list($0, kind, of: id) }
        }
        return false
    }

    /// Takes in a list of a release's objects.
    mutating func listed(
        _ kind: ResourceKind, of id: NamespacedName, _ outcome: ListOutcome, now: Timestamp
    ) {
        releases[id]?.listing.remove(kind)
        switch outcome {
        case .objects(let objects):
            for change in view.complete(kind, of: id, with: objects) { touch(change, now: now) }
            guard view.missingKinds(of: id).isEmpty else { return }
            releases[id]?.listBackoff = .init()
            releases[id]?.complete = now
        case .failed(let reason):
            releases[id]?.listBackoff.fail(
                reason, now: now, longest: .seconds(2), jitter: &jitter)
        }
    }

    /// Whether nothing on the route says that another shard's leader acts on the release; else it
    /// is asked whose the release is. What was watched may be of before it went there.
    mutating func askAboutRoute(of id: NamespacedName) -> Bool {
        guard let record = view.releases[id]?.value, let route = view.routes[id]?.value,
            route.owned.managedBy == Names.managedByValue, let seen = route.owned.term,
            seen.shard != settings.shard
        else { return true }
        let sign = ReleaseMemory.Sign(term: seen, sequence: route.sequence)
        guard releases[id]?.askedAbout != sign else { return true }
        let key = ResourceKey(
            .modelRelease, namespace: record.metadata.namespace, name: record.metadata.name)
        // What is under way may have been answered before the route was written.
        guard !flights.isBusy(key) else { return false }
        releases[id, default: .init()].askedAbout = sign
        flights.doubt(key, for: .release(id))
        return true
    }

    // MARK: A source that is another shard's

    /// Leaves a source to those who look after it. What it allows still counts here.
    mutating func leave(_ id: NamespacedName, _ record: SourceRecord) {
        if sources[id]?.identity.isEmpty == false { forget(id) }
        switch record.decoded {
        case .decoded(let source): noteAccounts(of: id, source.spec.serviceAccounts)
        case .refused: noteAccounts(of: id, nil)
        }
    }

    /// The labels of a declared release: it is of the shard that its source is of, or the source
    /// would not see what it has written.
    func labels(of declared: DeclaredRelease) -> Fields {
        var labels = declared.release.metadata.labels
        labels[Names.shard] = settings.shard.isEmpty ? nil : .string(settings.shard)
        return labels
    }

    /// Whether a release that is not followed here may be one of another shard.
    func mustSeek(_ release: NamespacedName) -> Bool {
        sought[release] != nil || view.isOfAnotherShard(release)
            || view.sources.names.contains { name in
                name.namespace == release.namespace
                    && view.sources[name].map { !isOurs($0.value) } ?? false
            }
    }

    /// Where a declared release is that may be of another shard; `nil` while that is not known, or
    /// while it is to stay there. A release goes where its source goes; what another source keeps
    /// stays with that.
    mutating func whereabouts(
        of release: NamespacedName, for source: NamespacedName, now: Timestamp
    ) -> Sought? {
        let key = ResourceKey(.modelRelease, namespace: release.namespace, name: release.name)
        let subject = Subject.release(release)
        guard let found = sought[release], now < found.at + Self.patience else {
            if flights.isFree(key, of: subject, now: now) {
                sought[release] = sought[release] ?? Sought(at: Timestamp(milliseconds: 0))
                read(key, for: subject)
            }
            return nil
        }
        guard let metadata = found.metadata else { return found }
        guard keepsElsewhere(metadata, source) == nil else {
            wake(subject, at: found.at + Self.patience)
            return nil
        }
        if let until = flights.repairEnd(key, now: now) {
            wake(subject, at: until)
            return nil
        }
        // Somebody's label may be in the way of ours: not again and again.
        flights.repair(key, now: now, longest: Self.patience, jitter: &jitter)
        sought[release] = Sought(at: Timestamp(milliseconds: 0))
        return found
    }

    /// The other source that keeps a release of another shard.
    private func keepsElsewhere(
        _ release: ObjectMetadata, _ source: NamespacedName
    ) -> NamespacedName? {
        guard let named = release.annotation(Names.source).flatMap({ NamespacedName($0) }),
            named != source, view.sources[named] != nil
        else { return nil }
        return named
    }

    /// Takes note of a ModelRelease that was read.
    mutating func found(_ object: Document, now: Timestamp) {
        let metadata = ObjectMetadata(of: object)
        guard view.releases[metadata.id] == nil else { return }
        guard claims[metadata.id] != nil else { return }
        sought[metadata.id] = Sought(metadata, at: now)
        touchClaimants(of: metadata.id)
    }

    /// Which releases of a source are of another shard and stay there, in words.
    func inOtherShards(_ source: NamespacedName) -> String? {
        let elsewhere = sought.filter { entry in
            entry.value.metadata != nil && claims[entry.key]?.contains(source) == true
        }.sorted { $0.key < $1.key }
        guard !elsewhere.isEmpty else { return nil }
        let texts = elsewhere.prefix(3).map { id, found in
            let shard = found.metadata?.shard ?? ""
            let place = shard.isEmpty ? "no shard" : "shard \(shard)"
            let keeper = found.metadata.flatMap { keepsElsewhere($0, source) }
            return "\(id) of \(place)" + (keeper.map { ", kept by \($0)" } ?? "")
        }
        return "\(elsewhere.count) release\(elsewhere.count == 1 ? " is" : "s are") of another "
            + "shard than this ReleaseSource: " + texts.joined(separator: "; ")
    }
}
