import API
package import Domain
import Observed
package import Resources

/// What is said of who leads.
package enum LeadershipNews: Hashable, Sendable {
    /// This process leads, with this term.
    case leads(Term)
    /// Another process leads; its identity.
    case follows(String)
    /// This process led and does not any more: why.
    case stopped(String)
}

/// Whether this process may act, and in which term.
struct Leadership: Sendable {
    /// `nil` for a controller that is alone by the installation's word.
    var election: Election?
    /// The term; before there is one nothing is written.
    private(set) var term: Term?
    /// Until when the process may act.
    private(set) var until = Timestamp(milliseconds: .min)
    /// The highest number that objects bear.
    private(set) var highest: Int64 = 0

    init(_ settings: Election.Settings?) { election = settings.map { Election(settings: $0) } }

    func mayAct(at now: Timestamp) -> Bool { term != nil && now < until }

    /// Neither ended nor waiting for its beginning.
    var isInForce: Bool { term != nil && until > Timestamp(milliseconds: .min) }

    mutating func lead(_ term: Term, until: Timestamp) {
        self.term = term
        self.until = until
    }

    mutating func end() { until = Timestamp(milliseconds: .min) }

    mutating func note(_ term: Term) { highest = max(highest, term.epoch) }
}

/// Leading, and not leading any more.
extension Engine {
    /// The term that this process has or had last; `nil` before the first.
    package var term: Term? { leadership.term }

    /// Until when effects may be carried out, by the clock whose times ``step(_:now:)`` is handed.
    ///
    /// An effect that waits in the shell is dropped when its time comes after this one: whoever
    /// carries effects out asks once more, right before, and answers a write that was dropped as
    /// not applied.
    /// An engine that only observes has none, at no time.
    package var authority: Timestamp {
        settings.observes ? Timestamp(milliseconds: .min) : leadership.until
    }

    /// The number that a process without an election begins with.
    ///
    /// Only lives of the same controller have written what is there, for there is no other: their
    /// writes that are still on the way are void when each life has a number of its own.
    private var aloneTerm: Term { Term(epoch: leadership.highest + 1, holder: "") }

    /// Takes part in the election, with what the event has changed in it.
    mutating func lead(_ event: Event, now: Timestamp) {
        if case .resigned = event {
            leadership.end()
            elect(.resign, now: now)
            return
        }
        guard leadership.election != nil else {
            if term == nil, view.isSynced {
                leadership.lead(aloneTerm, until: Timestamp(milliseconds: .max))
            }
            return
        }
        elect(view.isSynced ? .seen(epoch: leadership.highest) : .tick, now: now)
    }

    mutating func elect(_ event: Election.Event, now: Timestamp) {
        guard leadership.election != nil else { return }
        let outputs = leadership.election?.step(event, now: now, jitter: &jitter) ?? []
        for output in outputs {
            switch output {
            case .read(let call):
                let lease = leadership.election?.key
                guard let lease else { continue }
                start(.lease(call), for: .leadership) { .read($0, lease) }
            case .write(let call, let request):
                start(.lease(call), for: .leadership) { .write($0, request) }
            case .lead(let term, let until):
                let isNew = term != leadership.term
                leadership.lead(term, until: until)
                if isNew { effects.append(.leadership(.leads(term))) }
            case .follow(let holder): effects.append(.leadership(.follows(holder)))
            case .stop(let why):
                leadership.end()
                effects.append(.leadership(.stopped(why)))
            }
        }
    }

    /// Takes note of the term that an object of ours bears. A later one than this process's, or the
    /// same of another process, ends this one at once.
    mutating func noteTerm(of change: ClusterView.Change, now: Timestamp) {
        let metadata =
            switch change.kind {
            case .httpRoute: view.routes[change.name]?.value.owned
            case .deployment: view.deployments[change.name]?.value.view.metadata
            case .service: view.services[change.name]?.value.view.metadata
            default: nil as OwnedMetadata?
            }
        guard let metadata, metadata.managedBy == Names.managedByValue, let seen = metadata.term
        else { return }
        leadership.note(seen)
        if settings.observes { return follow(seen) }
        guard let term, term.isOver(bySeeing: seen), leadership.isInForce else { return }
        let key = ResourceKey(
            change.kind, namespace: change.name.namespace, name: change.name.name)
        let why = "\(key) was written in term \(seen), this process has \(term)"
        guard leadership.election == nil else { return elect(.overruled(why), now: now) }
        leadership.end()
        effects.append(.leadership(.stopped(why)))
    }
}
