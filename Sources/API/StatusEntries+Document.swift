package import Domain

extension HistoryEntry {
    /// Reads one; `nil` without a verdict.
    package init?(_ document: Document) {
        guard let verdict = Verdict(rawValue: document.text("verdict")) else { return nil }
        self.init(
            verdict: verdict,
            intent: document.number64("intent"),
            shares: document.list("shares", limit: Limits.versions.upperBound) {
                DeclaredShare($0)
            },
            commit: document.text("commit", limit: 256),
            author: document.text("author"),
            evidence: document.text("evidence"),
            startedAt: document.time("startedAt") ?? .epoch,
            endedAt: document.time("endedAt") ?? .epoch
        )
    }

    package var document: Document { document(textLimit: 1024) }

    func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.text("verdict", verdict.rawValue)
        writer.number("intent", intent)
        writer.list("shares", shares.prefix(Limits.versions.upperBound).map(\.document))
        writer.text("commit", commit)
        writer.text("author", author)
        writer.sentence("evidence", evidence)
        writer.time("startedAt", startedAt)
        writer.time("endedAt", endedAt)
        return writer.document
    }
}

extension QuarantineEntry {
    /// Reads one; `nil` without a digest.
    package init?(_ document: Document) {
        guard let digest = document.digest("digest") else { return nil }
        self.init(
            digest: digest,
            version: document.text("version", limit: 253),
            intent: document.number64("intent"),
            reason: document.text("reason"),
            message: document.text("message"),
            commit: document.text("commit", limit: 256),
            at: document.time("at") ?? .epoch
        )
    }

    package var document: Document { document(textLimit: 1024) }

    func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.digest("digest", digest)
        writer.text("version", version, limit: 64)
        writer.number("intent", intent)
        writer.text("reason", reason, limit: 128)
        writer.text("message", message, limit: 512)
        writer.text("commit", commit, limit: 64)
        writer.time("at", at)
        return writer.document
    }
}

extension HandledAction {
    /// The longest value that a status keeps. A longer annotation is no valid action: it could
    /// never be recognised as handled.
    package static let valueLimit = 256

    /// Reads one; `nil` without an annotation.
    package init?(_ document: Document) {
        guard let annotation = document["annotation"]?.stringValue, !annotation.isEmpty else {
            return nil
        }
        self.init(
            annotation: StatusWriter.bounded(annotation, to: 253),
            value: document.text("value", limit: Self.valueLimit),
            at: document.time("at") ?? .epoch
        )
    }

    package var document: Document {
        var writer = StatusWriter(textLimit: Self.valueLimit)
        writer.text("annotation", annotation)
        writer.text("value", value)
        writer.time("at", at)
        return writer.document
    }
}

extension PendingRevert {
    /// Reads one; `nil` without a digest.
    package init?(_ document: Document) {
        guard let refused = document.digest("refused") else { return nil }
        self.init(
            refused: refused,
            intent: document.number64("intent"),
            restore: document.text("restore", limit: 256),
            message: document.text("message"),
            manual: document.flag("manual")
        )
    }

    package var document: Document { document(textLimit: 1024) }

    func document(textLimit: Int) -> Document {
        var writer = StatusWriter(textLimit: textLimit)
        writer.digest("refused", refused)
        writer.number("intent", intent)
        writer.text("restore", restore)
        writer.sentence("message", message)
        writer.flag("manual", manual)
        return writer.document
    }
}

extension SourceStatus {
    /// The most problems that a status carries.
    package static let problemLimit = 50

    /// Reads `status` of an object; what is missing, unknown or broken is left at its default.
    package init(_ document: Document) {
        self.init(
            observedGeneration: document.number64("observedGeneration"),
            observedCommit: document.text("observedCommit", limit: 256),
            lastFetch: document.time("lastFetch"),
            releases: document.number("releases"),
            problems: document.list("problems", limit: Self.problemLimit) {
                $0.stringValue.map { StatusWriter.bounded($0, to: 1024) }
            },
            conditions: document.list("conditions", limit: ReleaseStatus.conditionLimit) {
                Condition($0)
            }
        )
    }

    /// The status as the API carries it, below ``Limits/statusBytes``: problems are cut to 512
    /// bytes, conditions to 1,024.
    package var document: Document {
        var writer = StatusWriter(textLimit: 1024)
        writer.number("observedGeneration", observedGeneration)
        writer.text("observedCommit", observedCommit)
        writer.time("lastFetch", lastFetch)
        writer.number("releases", releases)
        writer.list(
            "problems",
            problems.prefix(Self.problemLimit).map { .string(StatusWriter.bounded($0, to: 512)) }
        )
        writer.list(
            "conditions",
            conditions.prefix(ReleaseStatus.conditionLimit).map { condition in
                var bounded = condition
                bounded.message = StatusWriter.bounded(condition.message, to: 1024)
                return bounded.document
            }
        )
        return writer.document
    }
}
