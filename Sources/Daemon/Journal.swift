import API
import Desired
import Domain
import Engine
import Logging
import Observed
import Resources

/// What the log says of events and effects: once what is worth knowing, and the same trouble not
/// again and again.
struct Journal: Sendable {
    let logger: Logger
    /// Trouble that was told and is not over, by what has it.
    private var told: [String: String] = [:]
    /// Kinds of objects that cannot be followed at the moment.
    private var lostViews: Set<ResourceKind> = []

    init(logger: Logger) { self.logger = logger }

    mutating func note(_ effect: Effect) {
        switch effect {
        case .write(_, let request) where request.key.kind == .lease: break
        case .write(_, let request):
            logger.debug("write", metadata: ["object": "\(request.key)"])
        case .emit(let notice):
            logger.log(
                level: notice.isWarning ? .warning : .info, "\(notice.reason): \(notice.message)",
                metadata: Self.fields(of: notice))
        case .intend(let notice):
            logger.info("would \(notice.text)", metadata: Self.fields(of: notice))
        case .revert(_, let order):
            logger.info(
                "reverting in Git",
                metadata: [
                    "release": "\(order.release)", "branch": "\(order.spec.branch)",
                    "restores": "\(order.restore.prefix(7))",
                ])
        case .leadership(.leads(let term)):
            logger.info("this controller leads", metadata: ["term": "\(term)"])
        case .leadership(.follows(let holder)):
            logger.info("another controller leads; waiting", metadata: ["leader": "\(holder)"])
        case .leadership(.stopped(let why)):
            logger.error("this controller does not lead any more: \(why)")
        case .read, .readMetadata, .fetch, .probe, .record: break
        }
    }

    /// By which the lines of one release are found again.
    private static func fields(of notice: Notice) -> Logger.Metadata {
        let about = notice.about
        var fields: Logger.Metadata =
            about.kind == .modelRelease
            ? ["release": "\(about.namespace)/\(about.name)"] : ["object": "\(about)"]
        if !notice.commit.isEmpty { fields["commit"] = "\(notice.commit.prefix(7))" }
        if let step = notice.step { fields["step"] = "\(step)" }
        return fields
    }

    private static func fields(of notice: IntentionNotice) -> Logger.Metadata {
        let about = notice.about
        var fields: Logger.Metadata = [
            about.kind == .modelRelease ? "release" : "source":
                "\(about.namespace)/\(about.name)",
            "action": "\(notice.intention.action.rawValue)",
        ]
        if !notice.commit.isEmpty { fields["commit"] = "\(notice.commit.prefix(7))" }
        if let step = notice.step { fields["step"] = "\(step)" }
        return fields
    }

    mutating func note(_ event: Event) {
        switch event {
        case .view(let kind, .interrupted(let reason)): lost(kind, reason)
        case .view(let kind, .refused(let refusal, let reason)): refused(kind, refusal, reason)
        case .view(let kind, .replaced), .view(let kind, .bookmark), .view(let kind, .changed),
            .view(let kind, .deleted):
            found(kind)
        case .written(_, .notApplied(let refusal)): note(refusal)
        case .written(_, .unknown(let reason)):
            logger.info("a write may or may not have been done", metadata: ["why": "\(reason)"])
        case .fetched(let source, let outcome): note(source, outcome)
        case .reverted(_, let outcome): note("revert", outcome)
        case .recorded(_, let outcome): note("record", outcome)
        case .written, .read, .probed, .notified, .resigned, .tick: break
        }
    }

    /// A server that is away is away for every kind: that is said once.
    private mutating func lost(_ kind: ResourceKind, _ reason: String) {
        let isFirst = lostViews.isEmpty
        guard lostViews.insert(kind).inserted else { return }
        logger.log(level: isFirst ? .warning : .debug, "cannot follow \(reason)")
    }

    /// What the controller cannot read: said once for each kind, until it can.
    private mutating func refused(
        _ kind: ResourceKind, _ refusal: ViewEvent.Refusal, _ reason: String
    ) {
        let hint = refusal == .notServed ? Self.hint(kind) : ""
        trouble("read \(kind)", "cannot read \(reason)\(hint)\(Self.loss(kind))")
    }

    /// What work without an optional kind means.
    private static func loss(_ kind: ResourceKind) -> String {
        switch kind {
        case .node: "; a pod that fails with its node counts against its version"
        case .horizontalPodAutoscaler: "; replicas are held as declared, also beside autoscalers"
        default: ""
        }
    }

    private mutating func found(_ kind: ResourceKind) {
        over("read \(kind)", "reading \(kind) again")
        guard lostViews.remove(kind) != nil, lostViews.isEmpty else { return }
        logger.info("following the cluster again")
    }

    private func note(_ refusal: WriteRefusal) {
        switch refusal.kind {
        // Decided on something that is no longer so: it is read and decided again.
        case .conflict, .alreadyExists, .notFound:
            logger.debug("a write did not fit", metadata: ["why": "\(refusal.message)"])
        case .fieldConflict, .invalid, .forbidden, .tooManyRequests, .unreachable:
            logger.warning("a write was not done", metadata: ["why": "\(refusal.message)"])
        }
    }

    private mutating func note(_ source: NamespacedName, _ outcome: FetchOutcome) {
        switch outcome {
        case .failed(let reason):
            trouble("source \(source)", "cannot read ReleaseSource \(source): \(reason)")
        case .unchanged: over("source \(source)", "reading ReleaseSource \(source) again")
        case .commit(let notice):
            over("source \(source)", "reading ReleaseSource \(source) again")
            logger.info(
                "commit \(notice.id.prefix(7)): \(notice.summary)",
                metadata: [
                    "source": "\(source)",
                    "author": "\(notice.ownFiles.isEmpty ? notice.author : Names.fieldManager)",
                    "files": "\(notice.files.count + notice.removed.count)",
                ])
            for problem in notice.files.flatMap(\.problems).prefix(20) {
                logger.warning("\(problem)", metadata: ["source": "\(source)"])
            }
        }
    }

    private mutating func note(_ what: String, _ outcome: GitOutcome) {
        switch outcome {
        case .pushed(let commit):
            over("push \(what)", "pushing works again")
            if what == "revert" { logger.info("reverted in Git by \(commit.prefix(7))") }
        case .dropped(let reason):
            over("push \(what)", "pushing works again")
            logger.debug("no \(what) in Git: \(reason)")
        case .failed(let reason): trouble("push \(what)", "cannot push a \(what): \(reason)")
        }
    }

    private mutating func trouble(_ subject: String, _ message: String) {
        guard told[subject] != message else { return }
        told[subject] = message
        logger.warning("\(message)")
    }

    private mutating func over(_ subject: String, _ message: String) {
        guard told.removeValue(forKey: subject) != nil else { return }
        logger.info("\(message)")
    }

    /// What to do where a cluster does not serve a kind.
    private static func hint(_ kind: ResourceKind) -> String {
        switch kind.group {
        case Names.group: "; are the definitions of Manifests/crds applied?"
        case "gateway.networking.k8s.io": "; is the Gateway API installed?"
        default: ""
        }
    }
}
