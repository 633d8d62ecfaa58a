import API
import Desired
import Domain
import Observed
import Resources

/// Following a repository: looking, taking over what a commit declares, saying how it stands.
extension Engine {
    mutating func settleSource(_ id: NamespacedName, now: Timestamp) {
        let subject = Subject.source(id)
        wakes[subject] = nil
        defer { timers.set(subject, at: due(subject)) }
        guard resolveDoubts(of: subject, now: now).isEmpty else { return }
        guard let record = view.sources[id]?.value else {
            forget(id)
            return
        }
        guard case .decoded(let source) = record.decoded else {
            if case .refused(let errors) = record.decoded {
                report(
                    id, record, problems: errors.map(\.description),
                    failure: "the spec is invalid: "
                        + errors.prefix(3).map(\.description).joined(separator: "; "), now: now)
                noteAccounts(of: id, nil)
            }
            return
        }
        noteAccounts(of: id, source.spec.serviceAccounts)
        var memory = sources[id] ?? SourceMemory()
        if memory.identity != source.spec.identity {
            // Another repository, branch or folder, or other service accounts that files may name:
            // what was declared stays until it is read.
            memory.identity = source.spec.identity
            memory.commit = ""
            memory.nextFetch = now
        }
        if !source.spec.suspend, !memory.isFetching {
            let due = max(memory.nextFetch, memory.backoff.until)
            if now >= due {
                memory.isFetching = true
                memory.fetched = memory.identity
                effects.append(.fetch(id, source.spec, known: memory.commit))
            } else {
                wake(subject, at: due)
            }
        }
        let isNewRule = memory.prunes != source.spec.prune
        memory.prunes = source.spec.prune
        sources[id] = memory
        if isNewRule, !memory.commit.isEmpty { choosePruned(id) }
        if source.spec.suspend { touchGone(in: id.namespace) }
        prune(id, now: now)
        report(
            id, record, problems: memory.desired.problems.map(\.description),
            failure: memory.failure, now: now)
    }

    /// A source that is gone declares nothing any more; its releases stay.
    private mutating func forget(_ id: NamespacedName) {
        // Those that it kept may go to others that declare them, or be gone for good.
        for release in contested.sorted() { touch(.release(release)) }
        touchGone(in: id.namespace)
        guard let memory = sources.removeValue(forKey: id) else { return }
        // Without it others of the namespace say which accounts are allowed.
        touchReleases(in: id.namespace)
        for declared in memory.desired.releases { disclaim(declared.id, for: id) }
    }

    /// Takes in what a look at a repository brought.
    mutating func fetched(_ id: NamespacedName, _ outcome: FetchOutcome, now: Timestamp) {
        touch(.source(id))
        if let commit = looked(id, outcome, now: now) { take(commit, of: id, now: now) }
    }

    /// Takes note of how a look went; returns the commit that is to be taken over, if there is one.
    private mutating func looked(
        _ id: NamespacedName, _ outcome: FetchOutcome, now: Timestamp
    ) -> CommitNotice? {
        guard var memory = sources[id],
            let spec = view.sources[id]?.value.decoded.value?.spec
        else { return nil }
        defer { sources[id] = memory }
        memory.isFetching = false
        guard memory.fetched == memory.identity else {
            hit(.lookOutdated)
            // What came is from where the source does not look any more.
            memory.nextFetch = now
            return nil
        }
        memory.nextFetch = now + spec.interval
        switch outcome {
        case .failed(let reason):
            hit(.lookFailed)
            memory.failure = reason
            memory.failingSince = memory.failingSince ?? now
            memory.backoff.fail(
                reason, now: now, longest: max(.minutes(1), spec.interval), jitter: &jitter)
        case .unchanged:
            memory.lastFetch = now
            memory.failure = nil
            memory.failingSince = nil
            memory.backoff = .init()
        case .commit(let notice):
            memory.lastFetch = now
            memory.failure = nil
            memory.failingSince = nil
            memory.backoff = .init()
            return notice
        }
        return nil
    }

    /// Takes over a commit that was read completely.
    private mutating func take(_ notice: CommitNotice, of id: NamespacedName, now: Timestamp) {
        // In place: a copy of the tables would cost more than the commit.
        let changed =
            notice.isWhole
            ? sources[id]?.desired.replaceAll(with: notice.files)
            : sources[id]?.desired.apply(changed: notice.files, removed: notice.removed)
        guard let changes = changed else { return }
        sources[id]?.commit = notice.id
        sources[id]?.summary = notice.summary
        sources[id]?.wasRewritten = notice.rewritten
        for release in changes.appeared + changes.changed {
            let file = sources[id]?.desired[release]?.file
            let isOurs = file.map(notice.ownFiles.contains) ?? false
            sources[id]?.origins[release] = .init(
                commit: notice.id, author: isOurs ? Names.fieldManager : notice.author)
            touch(.release(release))
        }
        for release in changes.appeared { claim(release, for: id) }
        for release in changes.disappeared { disclaim(release, for: id) }
        if notice.isWhole { touchGone(in: id.namespace) }
        if notice.isWhole || !changes.disappeared.isEmpty || sources[id]?.pruneRefusal != nil {
            choosePruned(id)
        }
    }

    /// Which releases of the source are to go: their file is absent in a completely read commit.
    /// A file that could not be read may still declare them, and too many at once are a mistake.
    private mutating func choosePruned(_ id: NamespacedName) {
        guard var memory = sources[id],
            let spec = view.sources[id]?.value.decoded.value?.spec
        else { return }
        let mine = view.releases.names.filter {
            view.releases[$0]?.value.metadata.annotation(Names.source) == id.description
        }
        let gone = mine.filter { memory.desired[$0] == nil }
        memory.pruning = []
        memory.pruneRefusal = nil
        memory.violation = nil
        let limit = max(1, mine.count / 5)
        if gone.isEmpty || !spec.prune {
            if !gone.isEmpty {
                hit(.pruneOff)
                memory.pruneRefusal =
                    "\(gone.count) releases are in no file any more and stay, prune is off: "
                    + gone.prefix(3).map(\.description).joined(separator: ", ")
            }
        } else if !memory.desired.unreadableFiles.isEmpty, !isMutated(.halfReadPrune) {
            hit(.pruneHalfRead)
            memory.pruneRefusal =
                "nothing is pruned while files cannot be read: "
                + memory.desired.unreadableFiles.prefix(3).joined(separator: ", ")
        } else if gone.count > limit, !isMutated(.prunesWithoutLimit) {
            hit(.pruneTooMany)
            memory.pruneRefusal =
                "\(gone.count) of \(mine.count) releases are in no file any more, more than "
                + "\(limit) at once are not pruned; delete them by hand if it is meant"
        } else {
            hit(.pruned)
            memory.pruning = Set(gone)
        }
        sources[id] = memory
    }

    private mutating func prune(_ id: NamespacedName, now: Timestamp) {
        let subject = Subject.source(id)
        for name in (sources[id]?.pruning ?? []).sorted() {
            guard let record = view.releases[name]?.value, claims[name] == nil,
                record.metadata.annotation(Names.source) == id.description
            else {
                sources[id]?.pruning.remove(name)
                continue
            }
            let key = ResourceKey(.modelRelease, namespace: name.namespace, name: name.name)
            guard flights.isFree(key, of: subject, now: now),
                record.metadata.deletionTimestamp == nil
            else { continue }
            write(
                .delete(
                    key, uid: record.metadata.uid,
                    resourceVersion: record.metadata.resourceVersion), for: subject)
        }
    }

    /// Says in the source's status how it stands; written when it changes, not on every look.
    private mutating func report(
        _ id: NamespacedName, _ record: SourceRecord, problems: [String], failure: String?,
        now: Timestamp
    ) {
        var memory = sources[id] ?? SourceMemory()
        let key = ResourceKey(.releaseSource, namespace: id.namespace, name: id.name)
        let old = SourceStatus(record.status)
        // What an earlier life of the controller said holds until the first look has ended.
        if memory.commit.isEmpty, failure == nil, !old.conditions.isEmpty { return }
        if memory.commit == old.observedCommit,
            old.conditions.contains(where: { $0.message == Self.rewritten })
        {
            memory.wasRewritten = true
            sources[id]?.wasRewritten = true
        }
        var status = old
        status.observedGeneration = record.metadata.generation
        if !memory.commit.isEmpty {
            if status.observedCommit != memory.commit || status.lastFetch == nil {
                status.lastFetch = memory.lastFetch
            }
            status.observedCommit = memory.commit
            status.releases = memory.desired.count
            status.problems = Array(problems.prefix(50))
        }
        status.conditions = conditions(of: memory, old, record, failure: failure, now: now)
        guard status != old else { return }
        let document = status.document
        guard document != old.document, flights.isFree(key, of: .source(id), now: now) else {
            return
        }
        write(
            .applyStatus(key, statusBody(document, of: key, record.metadata)),
            for: .source(id))
    }

    private func conditions(
        of memory: SourceMemory, _ old: SourceStatus, _ record: SourceRecord, failure: String?,
        now: Timestamp
    ) -> [Condition] {
        func condition(
            _ type: String, _ value: Condition.Status, _ reason: String, _ message: String
        ) -> Condition {
            let before = old.conditions.first { $0.type == type }
            return Condition(
                type: type, status: value, reason: reason, message: message,
                observedGeneration: record.metadata.generation,
                lastTransition: before?.status == value
                    ? before?.lastTransition ?? now : memory.failingSince ?? now)
        }
        let reachable =
            failure.map { condition("Reachable", .no, "Failed", $0) }
            ?? condition(
                "Reachable", memory.commit.isEmpty ? .unknown : .yes,
                memory.commit.isEmpty ? "NotLookedYet" : "Fetched", "")
        let (reason, text) = readiness(
            of: memory, record.metadata.id, failure: failure)
        let ready = condition("Ready", reason == "CommitApplied" ? .yes : .no, reason, text)
        let violated = memory.violation.map {
            condition("InvariantViolated", .yes, "WriteRefused", $0)
        }
        return [ready, reachable] + (violated.map { [$0] } ?? [])
    }

    /// What the condition says while the commit is one that replaced others.
    private static var rewritten: String { "the branch was rewritten" }

    /// Reason and message of the condition `Ready`.
    private func readiness(
        of memory: SourceMemory, _ id: NamespacedName, failure: String?
    ) -> (reason: String, message: String) {
        if let failure { return ("GitUnreachable", "serving what was applied last; \(failure)") }
        let problems = memory.desired.errors.count
        if problems > 0 {
            return (
                "ProblemsInFiles",
                "\(problems) problem\(problems == 1 ? "" : "s") in the files of the commit"
            )
        }
        let elsewhere = keptElsewhere(id)
        if !elsewhere.isEmpty {
            let names = elsewhere.prefix(3).map { "\($0.release) by \($0.by)" }
            return (
                "DeclaredElsewhere",
                "\(elsewhere.count) release\(elsewhere.count == 1 ? " is" : "s are") declared by "
                    + "another ReleaseSource too, which keeps what it had first: "
                    + names.joined(separator: ", ")
            )
        }
        if memory.commit.isEmpty { return ("NotLookedYet", "") }
        return (
            "CommitApplied",
            memory.pruneRefusal ?? (memory.wasRewritten ? Self.rewritten : "")
        )
    }

    /// Releases that are gone and whose objects are still there look again at whether Git wants
    /// them.
    private mutating func touchGone(in namespace: String) {
        for release in view.knownReleases
        where release.namespace == namespace && view.releases[release] == nil {
            touch(.release(release))
        }
    }

    /// Makes the ModelRelease in the cluster what Git declares, if it is not.
    mutating func applyDeclaration(
        _ release: NamespacedName, over stored: ModelRelease?, now: Timestamp
    ) {
        guard let source = keeper(of: release), let memory = sources[source],
            let declared = memory.desired[release]
        else { return }
        let key = ResourceKey(.modelRelease, namespace: release.namespace, name: release.name)
        let subject = Subject.release(release)
        let record = view.releases[release]?.value
        guard !isApplied(declared, stored, source) else { return }
        guard flights.isFree(key, of: subject, now: now) else {
            if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
            return
        }
        if record != nil, !settings.observes, releases[release]?.applied == declared.packedSpec {
            // The same once more: somebody changes it.
            if let until = flights.repairEnd(key, now: now) {
                wake(subject, at: until)
                return
            }
            flights.repair(key, now: now, jitter: &jitter)
        }
        releases[release, default: .init()].applied = declared.packedSpec
        let origin = memory.origins[release]
        var metadata: Document = [
            "name": .string(release.name), "namespace": .string(release.namespace),
            "labels": .object(declared.release.metadata.labels),
        ]
        var annotations = declared.release.metadata.annotations
        for action in [Names.approve, Names.pause, Names.promote, Names.retry, Names.rollback] {
            annotations[action] = nil
        }
        annotations[Names.source] = .string(source.description)
        annotations[Names.commit] = .string(origin?.commit ?? memory.commit)
        annotations[Names.author] = .string(origin?.author ?? "")
        annotations[Names.file] = .string(declared.file)
        metadata["annotations"] = .object(annotations)
        if let record {
            metadata["uid"] = .string(record.metadata.uid)
            metadata["resourceVersion"] = .string(record.metadata.resourceVersion)
        }
        write(
            .apply(
                key,
                [
                    "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
                    "kind": .string(ResourceKind.modelRelease.kind), "metadata": metadata,
                    "spec": declared.spec,
                ], force: true), for: subject)
    }

    /// Whether the cluster's object says what Git says; the commit alone makes no difference, so
    /// that a commit to one file is not written to every release.
    private func isApplied(
        _ declared: DeclaredRelease, _ stored: ModelRelease?, _ source: NamespacedName
    ) -> Bool {
        guard let stored, stored.metadata.annotation(Names.source) == source.description else {
            return false
        }
        let labels = Document.object(declared.release.metadata.labels)
        var annotations = declared.release.metadata.annotations
        for action in [Names.approve, Names.pause, Names.promote, Names.retry, Names.rollback] {
            annotations[action] = nil
        }
        return stored.spec == declared.release.spec
            && Document.object(stored.metadata.labels).includes(labels)
            && Document.object(stored.metadata.annotations).includes(.object(annotations))
    }
}

extension SourceSpec {
    /// Where a source looks: with another one everything is read anew.
    fileprivate var identity: String {
        "\(url)|\(branch)|\(path)|\(serviceAccounts.joined(separator: ","))"
    }
}
