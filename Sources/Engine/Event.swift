package import Desired
package import Domain
package import Resources

/// Something that happened: the only way by which the engine learns of the world.
package enum Event: Sendable {
    /// A list or watch of a kind of objects said something.
    case view(ResourceKind, ViewEvent)
    /// A write ended.
    case written(EffectID, WriteOutcome)
    /// A read ended.
    case read(EffectID, ReadOutcome)
    /// A look at a repository ended.
    case fetched(NamespacedName, FetchOutcome)
    /// The answers of a pod.
    case probed(EffectID, ProbeOutcome)
    /// A revert in Git ended.
    case reverted(EffectID, GitOutcome)
    /// A record in Git ended.
    case recorded(EffectID, GitOutcome)
    /// Somebody says that a repository changed.
    case notified(NamespacedName)
    /// The process ends in good order and its effects are not carried out any more: it gives the
    /// Lease back, if it has it, and does nothing else from now on.
    case resigned
    /// Time passed.
    case tick
}

/// The number of an effect whose end comes back as an event.
package struct EffectID: Hashable, Sendable, Comparable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static func < (left: EffectID, right: EffectID) -> Bool { left.number < right.number }
}

/// What a look at a repository brought.
package enum FetchOutcome: Sendable {
    /// The branch stands where it stood.
    case unchanged
    /// The branch stands elsewhere; everything that changed was read completely.
    case commit(CommitNotice)
    /// It could not be read, wholly or in part; nothing follows from it.
    case failed(String)
}

/// A commit that was read completely.
package struct CommitNotice: Sendable {
    /// 40 hex characters.
    package let id: String
    /// Of the newest commit that is not Slipway's own.
    package let author: String
    /// The first line of the message.
    package let summary: String
    /// Files that only Slipway's own commits have changed, those on top of everybody else's.
    package let ownFiles: [String]
    /// The branch does not contain the commit that was in force before.
    package let rewritten: Bool
    /// `files` are all files below the path, not only those that changed: a first read.
    package let isWhole: Bool
    /// Files that were added or changed, parsed.
    package let files: [ParsedFile]
    /// Files that are gone.
    package let removed: [String]

    package init(
        id: String, author: String, summary: String, ownFiles: [String], rewritten: Bool,
        isWhole: Bool,
        files: [ParsedFile], removed: [String]
    ) {
        self.id = id
        self.author = author
        self.summary = summary
        self.ownFiles = ownFiles
        self.rewritten = rewritten
        self.isWhole = isWhole
        self.files = files
        self.removed = removed
    }
}

/// What a write into Git came to.
package enum GitOutcome: Hashable, Sendable {
    /// It is on the branch; the commit.
    case pushed(String)
    /// It is not needed (any more): why.
    case dropped(String)
    /// It could not be done now: try again.
    case failed(String)
}

/// What became of asking a pod.
package enum ProbeOutcome: Hashable, Sendable {
    package typealias Answer = ProbeAnswer

    /// One answer per request, in order; fewer if one could not be had.
    case answers([ProbeAnswer])
}

/// One answer of a pod.
package enum ProbeAnswer: Hashable, Sendable {
    /// HTTP status and the body, if it was JSON.
    case answered(status: Int, body: Document?)
    /// No connection, no answer in time, or one that could not be read: why.
    case unanswered(String)
}
