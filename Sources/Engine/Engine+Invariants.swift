import API
import Desired
import Domain
import Observed
import Resources
import Rollouts

/// Holding every write to the invariants: one that would break them is not sent, people are told,
/// and what is stays as it is.
extension Engine {
    /// What a write would break.
    func broken(by request: WriteRequest, of subject: Subject) -> String? {
        Invariants(
            view: view, declaration: declaration(for: request, of: subject),
            term: term, authority: leadership.until, now: now
        ).broken(by: request)
    }

    /// What the source of a release that is written or deleted says of it.
    private func declaration(
        for request: WriteRequest, of subject: Subject
    ) -> Invariants.Declaration? {
        let key = request.key
        guard key.kind == .modelRelease else { return nil }
        var name: String?
        switch request {
        case .create(_, let body), .apply(_, let body, _):
            name = body.at("metadata", "annotations", Names.source)?.stringValue
        case .delete:
            if case .source(let id) = subject { name = id.description }
        case .handOver, .applyStatus, .jsonPatch: return nil
        }
        guard let source = name.flatMap({ NamespacedName($0) }), let memory = sources[source]
        else { return nil }
        let release = NamespacedName(namespace: key.namespace, name: key.name)
        return Invariants.Declaration(
            commit: memory.commit, spec: memory.desired[release]?.spec,
            isWhole: memory.desired.unreadableFiles.isEmpty,
            prunes: view.sources[source]?.value.decoded.value?.spec.prune ?? false,
            pruned: memory.pruning.count)
    }

    /// Does not send a write. It is decided anew after ever longer waits, and the object's own
    /// status says why nothing moves.
    mutating func refuse(_ request: WriteRequest, _ broken: String, for subject: Subject) {
        violations += 1
        hit(.writeRefused)
        let key = request.key
        let text = "InvariantViolated: \(broken)"
        flights.fail(key, text, now: now, longest: patience(key), jitter: &jitter)
        if let until = flights.waitEnd(key, now: now) { wake(subject, at: until) }
        switch subject {
        case .leadership: return
        case .source(let id):
            guard sources[id]?.violation != broken else { return }
            sources[id]?.violation = broken
            guard let metadata = view.sources[id]?.value.metadata else { return }
            warn(.releaseSource, metadata, broken)
        case .release(let id):
            if case .applyStatus = request { say(broken, about: id) }
            guard releases[id]?.violation?.text != broken else { return }
            releases[id]?.violation = (key, broken)
            if let metadata = view.releases[id]?.value.metadata {
                warn(.modelRelease, metadata, broken)
            }
        }
        touch(subject)
    }

    /// The stored status with nothing new in it but the violation: the status that was to be
    /// written is what was wrong.
    private mutating func say(_ broken: String, about id: NamespacedName) {
        guard let record = view.releases[id]?.value else { return }
        let key = ResourceKey(.modelRelease, namespace: id.namespace, name: id.name)
        var status = record.status
        status.note(violation: broken, generation: record.metadata.generation, now: now)
        guard status != record.status else { return }
        let request = WriteRequest.applyStatus(
            key, statusBody(status.document, of: key, record.metadata))
        start(.write(request), for: .release(id)) { .write($0, request) }
    }

    private mutating func warn(
        _ kind: ResourceKind, _ metadata: ObjectMetadata, _ broken: String
    ) {
        effects.append(
            .emit(
                Notice(
                    about: ResourceKey(
                        kind, namespace: metadata.namespace, name: metadata.name),
                    uid: metadata.uid, isWarning: true, reason: "InvariantViolated",
                    message: String("not written: \(broken)".prefix(1000)))))
    }

    /// A violation is over when the object can be written again and nothing bad was wanted.
    mutating func forgetViolation(of id: NamespacedName) {
        guard let violation = releases[id]?.violation, flights.failure(violation.key) == nil
        else { return }
        releases[id]?.violation = nil
        touch(.release(id))
    }
}
