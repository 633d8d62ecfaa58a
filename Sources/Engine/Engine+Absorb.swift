import API
import Domain
import Observed
import Resources

/// Taking in what happened.
extension Engine {
    mutating func absorb(_ event: Event, now: Timestamp) {
        switch event {
        case .tick, .resigned: break
        case .view(let kind, let event):
            if kind == .node, case .refused = event { hit(.nodesUnreadable) }
            for change in view.apply(kind, event) { touch(change, now: now) }
        case .written(let id, let outcome):
            guard let flight = flights.end(id) else { return }
            if case .lease(let call) = flight.purpose {
                return elect(.written(call, outcome), now: now)
            }
            guard case .write(let request) = flight.purpose else { return }
            written(request, outcome, for: flight.subject, now: now)
            touch(flight.subject)
        case .read(let id, let outcome):
            guard let flight = flights.end(id) else { return }
            if case .lease(let call) = flight.purpose {
                return elect(.read(call, outcome), now: now)
            }
            guard case .read(let key) = flight.purpose else { return }
            wasRead(key, outcome, for: flight.subject, now: now)
            touch(flight.subject)
        case .fetched(let source, let outcome): fetched(source, outcome, now: now)
        case .notified(let source):
            sources[source]?.nextFetch = now
            touch(.source(source))
        case .probed(let id, let outcome):
            guard let flight = flights.end(id), case .release(let release) = flight.subject else {
                return
            }
            probed(release, flight.purpose, outcome, now: now)
            touch(flight.subject)
        case .reverted(let id, let outcome), .recorded(let id, let outcome):
            guard let flight = flights.end(id), case .release(let release) = flight.subject else {
                return
            }
            wroteGit(release, flight.purpose, outcome, now: now)
            touch(flight.subject)
        }
    }

    /// Marks who has to look again after an object changed.
    mutating func touch(_ change: ClusterView.Change, now: Timestamp) {
        noteTerm(of: change, now: now)
        switch change.kind {
        case .modelRelease:
            touch(.release(change.name))
            if contested.contains(change.name) { touchClaimants(of: change.name) }
        case .releaseSource: touch(.source(change.name))
        case .node: touchReleases(onNode: change.name.name)
        case .gateway:
            // Only whether it exists matters; its status changes with every route.
            guard change.cameOrWent else { return }
            for release in gatewayUsers[change.name] ?? [] { touch(.release(release)) }
        case .horizontalPodAutoscaler:
            for target in [change.release, change.former].compactMap({ $0 }) {
                guard let release = view.deployments[target]?.release else { continue }
                touch(.release(NamespacedName(namespace: target.namespace, name: release)))
            }
        default:
            if let release = change.release {
                note(release)
                touch(.release(release))
            }
            // A route or a version that is not ours has no label to find the release by.
            if change.kind == .httpRoute { touch(.release(change.name)) }
        }
    }

    private mutating func written(
        _ request: WriteRequest, _ outcome: WriteOutcome, for subject: Subject, now: Timestamp
    ) {
        let key = request.key
        switch outcome {
        case .applied(let object):
            flights.succeed(key)
            if case .release(let release) = subject { noteOwner(request, release) }
            if case .delete = request {
                flights.doubt(key, for: subject)
            } else if !isMutated(.ownWriteForgotten) {
                for change in view.apply(key.kind, .changed(object)) { touch(change, now: now) }
            }
        case .unknown(let reason):
            hit(.writeUnknown)
            if case .release(let release) = subject { releases[release]?.routed = nil }
            if isMutated(.unknownIsSuccess) { return flights.succeed(key) }
            flights.fail(key, reason, now: now, free: 1, longest: patience(key), jitter: &jitter)
            if isMutated(.unknownIsFailure) { return }
            flights.doubt(key, for: subject)
        case .notApplied(let refusal):
            if case .release(let release) = subject { releases[release]?.routed = nil }
            refused(key, refusal, for: subject, now: now)
        }
    }

    private mutating func refused(
        _ key: ResourceKey, _ refusal: WriteRefusal, for subject: Subject, now: Timestamp
    ) {
        switch refusal.kind {
        case .conflict, .alreadyExists, .notFound:
            hit(.writeConflicted)
            if isMutated(.conflictIgnored) { return flights.succeed(key) }
            // The decision was made on something that is no longer so: read, decide again.
            flights.doubt(key, for: subject)
            flights.fail(
                key, refusal.message, now: now, free: 3, longest: patience(key), jitter: &jitter)
        case .fieldConflict:
            hit(.writeOfOwnedFields)
            let owners =
                refusal.causes.isEmpty ? "" : " (\(refusal.causes.joined(separator: "; ")))"
            flights.fail(key, "\(refusal.message)\(owners)", now: now, jitter: &jitter)
        case .invalid, .forbidden:
            hit(.writeForbidden)
            flights.fail(key, refusal.message, now: now, jitter: &jitter)
        case .tooManyRequests, .unreachable:
            hit(.writeNotTaken)
            flights.fail(
                key, refusal.message, now: now, retryAfter: refusal.retryAfter,
                longest: patience(key), jitter: &jitter)
        }
    }

    /// The longest wait after a failure. Routes, and releases and nodes that have to be read, are
    /// tried again soon: a revert may wait for it.
    func patience(_ key: ResourceKey) -> TimeSpan {
        switch key.kind {
        case .httpRoute, .modelRelease, .node: .seconds(2)
        default: Backoff.longest
        }
    }

    private mutating func wasRead(
        _ key: ResourceKey, _ outcome: ReadOutcome, for subject: Subject, now: Timestamp
    ) {
        if Self.isConfiguration(key) { return configuration.note(key, outcome, now: now) }
        if key.kind == .node { askedNode(key, outcome, for: subject) }
        switch outcome {
        case .found(let object):
            hit(.readFound)
            flights.settle(key, for: subject)
            for change in view.apply(key.kind, .changed(object)) { touch(change, now: now) }
        case .notFound:
            flights.settle(key, for: subject)
            for change in view.remove(key) { touch(change, now: now) }
            if key.kind == .modelRelease {
                hit(.releaseGone)
                // Whoever asked: the release may have waited for the answer.
                let release = NamespacedName(namespace: key.namespace, name: key.name)
                releases[release, default: .init()].confirmedGone = true
                touch(.release(release))
            }
        case .failed(let refusal):
            flights.fail(
                key, refusal.message, now: now, retryAfter: refusal.retryAfter,
                longest: patience(key), jitter: &jitter)
        }
    }

    /// Reads what is in doubt; true while a doubt stands. The reads wait out back-offs.
    mutating func resolveDoubts(of subject: Subject, now: Timestamp) -> [ResourceKey] {
        let doubts = flights.doubts(of: subject)
        for key in doubts where !flights.isBusy(key) {
            hit(.doubtRead)
            if let until = flights.waitEnd(key, now: now) {
                wake(subject, at: until)
            } else {
                read(key, for: subject)
            }
        }
        return doubts
    }

    /// Looks at a subject again at a time, if nothing is due earlier.
    mutating func wake(_ subject: Subject, at time: Timestamp) {
        wakes[subject] = min(wakes[subject] ?? time, time)
    }
}
