import API
import Domain
import Observed
import Resources

/// Deciding without acting: where an engine that acts would change something, one that observes
/// says so, once for each change.
///
/// Nothing is under way for it, so every decision is made from what is known of the cluster and of
/// Git, and follows when somebody else acts. It has no term of its own: it decides in the latest
/// one that objects bear, as the one who leads would, and nobody's earlier writes need to be made
/// void.
extension Engine {
    /// What the subject that is being settled would change.
    struct Wanted: Sendable {
        var notices: [IntentionNotice] = []
        /// What would be told as Kubernetes Events about the next change.
        var words: [Notice] = []
    }

    /// An intention that was said.
    struct Told: Sendable {
        let intention: Intention
        /// Since when it is not wanted any more; `nil` while it is.
        var dropped: Timestamp?
    }

    /// What comes and goes and comes again within this time is said once.
    private static let memory = TimeSpan.minutes(1)

    /// An observer looks again no sooner, so that what it cannot bring about keeps nobody busy.
    private static let shortestWait = TimeSpan.seconds(1)

    /// When a subject is looked at again.
    func due(_ subject: Subject) -> Timestamp? {
        guard settings.observes, let wake = wakes[subject] else { return wakes[subject] }
        return max(wake, now + Self.shortestWait)
    }

    /// Takes in a write that an engine that acts would send.
    mutating func intend(_ request: WriteRequest, for subject: Subject) {
        intend(Intention(request), for: subject)
    }

    mutating func intend(_ intention: Intention, for subject: Subject) {
        let words = wanted.words
        wanted.words = []
        let about: ResourceKey
        var commit = words.last { !$0.commit.isEmpty }?.commit ?? ""
        var step = words.last { $0.step != nil }?.step
        switch subject {
        case .leadership: return
        case .source(let id):
            about = ResourceKey(.releaseSource, namespace: id.namespace, name: id.name)
            if commit.isEmpty { commit = sources[id]?.commit ?? "" }
        case .release(let id):
            about = ResourceKey(.modelRelease, namespace: id.namespace, name: id.name)
            let status = view.releases[id]?.value.status
            if commit.isEmpty { commit = self.commit(of: intention, id) }
            if step == nil, status?.attempt != nil { step = status?.step?.index }
        }
        wanted.notices.append(
            IntentionNotice(
                intention: intention, about: about, text: text(of: intention, words),
                commit: commit, step: step))
    }

    /// The commit that asks for something: the rollout's, or the one that the object is from.
    private func commit(of intention: Intention, _ id: NamespacedName) -> String {
        if intention.object.kind == .modelRelease, intention.action != .status,
            !intention.content.isEmpty, intention.action == .create || intention.action == .apply
        {
            return intention.content
        }
        guard let record = view.releases[id]?.value else { return "" }
        return record.status.attempt?.commit
            ?? record.metadata.annotation(Names.commit) ?? record.status.observedCommit
    }

    private func text(of intention: Intention, _ words: [Notice]) -> String {
        let object = "\(intention.object)"
        let told = words.map { "\($0.reason): \($0.message)" }.joined(separator: "; ")
        let text =
            switch intention.action {
            case .create where intention.object.kind == .httpRoute:
                "create \(object) with \(versions(in: intention))"
            case .patch: "move the traffic of \(object) to \(versions(in: intention))"
            case .create, .apply, .delete: "\(intention.action.rawValue) \(object)"
            case .handOver: "hand the replicas of \(object) over to its autoscaler"
            case .status: "write the status of \(object): \(intention.content)"
            case .revert: "revert \(object) in Git"
            case .record: "record \(object) in Git"
            }
        return told.isEmpty ? text : "\(text) (\(told.prefix(500)))"
    }

    /// The shares of a route with the names of versions instead of Services.
    private func versions(in intention: Intention) -> String {
        intention.content.split(separator: ", ").map { share in
            let words = share.split(separator: " ", maxSplits: 1).map(String.init)
            let name = NamespacedName(
                namespace: intention.object.namespace, name: words.first ?? "")
            guard words.count == 2, let version = view.revisions[name]?.value.data.version
            else { return String(share) }
            return "version \(version) \(words[1])"
        }.joined(separator: ", ")
    }

    /// Says what a subject that was settled would change now and would not before.
    mutating func tellIntentions(of subject: Subject) {
        guard settings.observes else { return }
        let notices = wanted.notices
        wanted = Wanted()
        guard !notices.isEmpty || isThere(subject) else {
            intended[subject] = nil
            return
        }
        var told = (intended[subject] ?? []).filter { known in
            known.dropped.map { now < $0 + Self.memory } ?? true
        }
        for index in told.indices
        where told[index].dropped == nil
            && !notices.contains(where: { $0.intention == told[index].intention })
        {
            told[index].dropped = now
        }
        for notice in notices {
            if let index = told.firstIndex(where: { $0.intention == notice.intention }) {
                told[index].dropped = nil
            } else {
                told.append(Told(intention: notice.intention))
                effects.append(.intend(notice))
            }
        }
        intended[subject] = told.isEmpty ? nil : told
    }

    private func isThere(_ subject: Subject) -> Bool {
        switch subject {
        case .release(let id): view.releases[id] != nil
        case .source(let id): view.sources[id] != nil
        case .leadership: false
        }
    }

    /// Takes the latest term that objects bear for that of whoever acts.
    mutating func follow(_ seen: Term) {
        guard seen.epoch >= term?.epoch ?? 0 else { return }
        leadership.lead(seen, until: Timestamp(milliseconds: .max))
    }
}
