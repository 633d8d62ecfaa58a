import Desired
import Domain

/// What the engine keeps of a source between events. It may be lost: the next look reads the whole
/// commit.
struct SourceMemory: Sendable {
    var desired = DesiredState()
    /// The commit that `desired` was read from; empty before the first.
    var commit = ""
    var summary = ""
    var isFetching = false
    var nextFetch = Timestamp(milliseconds: 0)
    var backoff = Backoff()
    /// Why the last look failed, and since when looks fail.
    var failure: String?
    var failingSince: Timestamp?
    /// The branch was rewritten: what it contained is no longer in its history.
    var wasRewritten = false
    /// When a look succeeded last.
    var lastFetch: Timestamp?
    /// By release: the commit at which its declaration changed last, and who wrote it.
    var origins: [NamespacedName: Origin] = [:]
    /// Releases that are to be deleted because their file is gone.
    var pruning: Set<NamespacedName> = []
    /// Why nothing is pruned although files are gone.
    var pruneRefusal: String?
    /// What a write for this source would have broken.
    var violation: String?
    /// Whether the source prunes, as it was seen last.
    var prunes = false
    /// What the source allowed when it was seen last; `nil` while it cannot be read.
    var accounts: [String]?
    /// The settings under which `desired` was read; others make a new start.
    var identity = ""
    /// The settings of the look that is under way.
    var fetched = ""

    struct Origin: Sendable {
        let commit: String
        let author: String
    }
}
