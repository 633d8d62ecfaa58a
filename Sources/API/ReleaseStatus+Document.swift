package import Domain

extension ReleaseStatus {
    /// Bounds of the lists of a status, for reading and writing.
    package static let versionLimit = 32
    package static let conditionLimit = 12
    package static let handledLimit = 16

    /// Reads `status` of an object; what is missing, unknown or broken is left at its default.
    package init(_ document: Document) {
        self.init(
            phase: Phase(rawValue: document.text("phase")) ?? .pending,
            message: document.text("message"),
            observedGeneration: document.number64("observedGeneration"),
            observedCommit: document.text("observedCommit", limit: 256),
            declared: document.list("declared", limit: Limits.versions.upperBound) {
                DeclaredShare($0)
            },
            proven: document["proven"].flatMap(ProvenSplit.init),
            attempt: document["attempt"].flatMap(Attempt.init),
            versions: document.list("versions", limit: Self.versionLimit) { VersionStatus($0) }
                .sorted { $0.digest < $1.digest },
            step: document["step"].flatMap(StepStatus.init),
            conditions: document.list("conditions", limit: Self.conditionLimit) { Condition($0) },
            history: document.list("history", limit: Self.historyLimit) { HistoryEntry($0) },
            quarantine: document.list("quarantine", limit: Self.quarantineLimit) {
                QuarantineEntry($0)
            },
            handled: document.list("handled", limit: Self.handledLimit) { HandledAction($0) },
            intent: document.number64("intent"),
            pendingRevert: document["pendingRevert"].flatMap(PendingRevert.init),
            configuration: document.list("configuration", limit: Self.configurationLimit) {
                ProvenObject($0)
            }
        )
    }

    /// The status as the API carries it, always below ``Limits/statusBytes``: if it were longer,
    /// sentences are cut first, then the oldest history goes, then `configuration`. What
    /// decisions are taken from (digests, attempt, proven split, quarantine) is never left out.
    package var document: Document {
        let limit = Limits.statusBytes - 4096
        var entries = history.prefix(Self.historyLimit)
        for textLimit in [1024, 512, 256] {
            let document = document(textLimit: textLimit, history: entries)
            if document.fits(limit) { return document }
        }
        while !entries.isEmpty {
            entries = entries.dropLast()
            let document = document(textLimit: 256, history: entries)
            if document.fits(limit) { return document }
        }
        let short = document(textLimit: 128, history: entries)
        guard !short.fits(limit) else { return short }
        // What is left out is written down anew, as it is then, when there is room again.
        var bare = self
        bare.configuration = []
        return bare.document(textLimit: 128, history: entries)
    }

    private func document(textLimit: Int, history: ArraySlice<HistoryEntry>) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.text("phase", phase.rawValue)
        writer.sentence("message", message)
        writer.number("observedGeneration", observedGeneration)
        writer.text("observedCommit", observedCommit)
        writer.text("serving", servingSummary)
        writer.text("progress", progressSummary)
        writer.list(
            "declared",
            declared.prefix(Limits.versions.upperBound).map(\.document)
        )
        writer.object("proven", proven?.document)
        writer.object("attempt", attempt?.document(textLimit: textLimit))
        writer.list(
            "versions",
            versions.prefix(Self.versionLimit).map { $0.document(textLimit: textLimit) }
        )
        writer.object("step", step?.document(textLimit: textLimit))
        writer.list(
            "conditions",
            conditions.prefix(Self.conditionLimit).map { condition in
                var bounded = condition
                bounded.message = StatusWriter.bounded(condition.message, to: textLimit)
                return bounded.document
            }
        )
        writer.list("history", history.map { $0.document(textLimit: textLimit) })
        writer.list(
            "quarantine",
            quarantine.prefix(Self.quarantineLimit).map { $0.document(textLimit: textLimit) }
        )
        writer.list("handled", handled.prefix(Self.handledLimit).map(\.document))
        writer.number("intent", intent)
        writer.object("pendingRevert", pendingRevert?.document(textLimit: textLimit))
        writer.list(
            "configuration", configuration.prefix(Self.configurationLimit).map(\.document))
        return writer.document
    }

    /// What serves, for `kubectl get`: `7`, or `7: 95, 8: 5` while traffic is split.
    package var servingSummary: String {
        let serving = versions.filter { $0.weight > 0 }
        guard serving.count > 1 else { return serving.first?.version ?? "" }
        return serving.sorted { ($0.weight, $1.version) > ($1.weight, $0.version) }
            .map { "\($0.version): \($0.weight)" }.joined(separator: ", ")
    }

    /// Where a rollout is, for `kubectl get`: `2/4 25%`.
    package var progressSummary: String {
        step.map { "\($0.index)/\($0.of) \($0.weight)%" } ?? ""
    }
}

extension DeclaredShare {
    /// Reads one; `nil` without a digest.
    package init?(_ document: Document) {
        guard let digest = document.digest("digest") else { return nil }
        self.init(
            digest: digest,
            version: document.text("version", limit: 253),
            weight: document.number("weight")
        )
    }

    package var document: Document {
        [
            "digest": .string(digest.description),
            "version": .string(StatusWriter.bounded(version, to: 64)),
            "weight": .integer(weight),
        ]
    }
}

extension ProvenSplit {
    /// Reads one; `nil` without shares, or if any of them cannot be read.
    package init?(_ document: Document) {
        guard let shares = DeclaredShare.all(of: document["shares"]), !shares.isEmpty else {
            return nil
        }
        self.init(
            shares: shares,
            commit: document.text("commit", limit: 256),
            since: document.time("since") ?? .epoch,
            provisional: document.flag("provisional")
        )
    }

    package var document: Document {
        var writer = StatusWriter(textLimit: 256)
        writer.list("shares", shares.map(\.document))
        writer.text("commit", commit)
        writer.time("since", since)
        writer.flag("provisional", provisional)
        return writer.document
    }
}

extension DeclaredShare {
    /// Every element of a list, or `nil` if one of them cannot be read: a part of a split is no
    /// split.
    fileprivate static func all(of list: Document?) -> [DeclaredShare]? {
        guard let elements = list?.arrayValue, elements.count <= Limits.versions.upperBound else {
            return nil
        }
        let shares = elements.compactMap { DeclaredShare($0) }
        return shares.count == elements.count ? shares : nil
    }
}

extension Attempt {
    /// Reads one; `nil` without a target, or if any share or digest of it cannot be read.
    package init?(_ document: Document) {
        guard let target = DeclaredShare.all(of: document["target"]), !target.isEmpty else {
            return nil
        }
        let written = document["new"]?.arrayValue ?? []
        let new = written.compactMap { $0.stringValue.flatMap { Digest($0) } }
        guard new.count == written.count else { return nil }
        self.init(
            intent: document.number64("intent"),
            target: target,
            new: new,
            step: document["step"]?.intValue ?? -1,
            confirmedAt: document.time("confirmedAt"),
            startedAt: document.time("startedAt") ?? .epoch,
            commit: document.text("commit", limit: 256),
            author: document.text("author"),
            promoted: document.flag("promoted"),
            approvedStep: document["approvedStep"]?.intValue ?? -1,
            manual: document.flag("manual"),
            plan: document.text("plan", limit: 256),
            found: (document["found"]?.arrayValue ?? []).prefix(Limits.versions.upperBound)
                .compactMap(\.stringValue)
        )
    }

    package var document: Document { document(textLimit: 1024) }

    fileprivate func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.number("intent", intent)
        writer.list("target", target.map(\.document))
        writer.list("new", new.map { .string($0.description) })
        writer.number("step", step)
        writer.time("confirmedAt", confirmedAt)
        writer.time("startedAt", startedAt)
        writer.text("commit", commit)
        writer.text("author", author)
        writer.flag("promoted", promoted)
        writer.number("approvedStep", approvedStep)
        writer.flag("manual", manual)
        writer.text("plan", plan)
        writer.list("found", found.map { .string($0) })
        return writer.document
    }
}

extension StepStatus {
    /// Reads one; `nil` without an index.
    package init?(_ document: Document) {
        guard let index = document["index"]?.intValue else { return nil }
        self.init(
            index: index,
            of: document.number("of"),
            weight: document.number("weight"),
            waitsFor: document.text("waitsFor"),
            until: document.time("until")
        )
    }

    fileprivate func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.number("index", index)
        writer.number("of", of)
        writer.number("weight", weight)
        writer.sentence("waitsFor", waitsFor)
        writer.time("until", until)
        return writer.document
    }
}

extension VersionStatus {
    /// Reads one; `nil` without a digest.
    package init?(_ document: Document) {
        guard let digest = document.digest("digest") else { return nil }
        self.init(
            digest: digest,
            version: document.text("version", limit: 253),
            weight: document.number("weight"),
            ready: document.number("ready"),
            desired: document.number("desired"),
            health: Health(rawValue: document.text("health")) ?? .unknown,
            message: document.text("message"),
            since: document.time("since") ?? .epoch
        )
    }

    fileprivate func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.digest("digest", digest)
        writer.text("version", version, limit: 64)
        writer.number("weight", weight)
        writer.number("ready", ready)
        writer.number("desired", desired)
        writer.text("health", health.rawValue)
        writer.text("message", message)
        writer.time("since", since)
        return writer.document
    }
}

extension Document {
    /// Whether the canonical JSON has at most so many bytes. It is written only if that is in
    /// doubt.
    fileprivate func fits(_ limit: Int) -> Bool {
        mostBytes <= limit || canonicalJSON().count <= limit
    }

    /// More bytes than this the canonical JSON cannot have: every byte of a text may need six.
    private var mostBytes: Int {
        switch self {
        case .null, .bool: 5
        case .integer, .double: 32
        case .string(let text): 6 * text.utf8.count + 2
        case .array(let elements): elements.reduce(2) { $0 + $1.mostBytes + 1 }
        case .object(let fields):
            fields.members.reduce(2) { $0 + 6 * $1.key.utf8.count + $1.value.mostBytes + 4 }
        }
    }
}
