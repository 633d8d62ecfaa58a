import Domain
import Engine
import Resources

/// What of a process's calls is remembered for the checks of its next ones.
struct CallRecord: Sendable {
    /// What a call was for, where it can fail again and again.
    enum Aim: Hashable, Sendable, CustomStringConvertible {
        case object(ResourceKey)
        case revert(NamespacedName)
        case record(NamespacedName)

        var description: String {
            switch self {
            case .object(let key): "\(key)"
            case .revert(let release): "the revert of \(release)"
            case .record(let release): "the record of \(release)"
            }
        }
    }

    /// Objects of which the process cannot know how they are: a write of it ended unknown, or was
    /// refused for what it was based on. The value says which.
    private(set) var unread: [ResourceKey: String] = [:]
    private var failures: [Aim: (since: Timestamp, count: Int)] = [:]

    /// A call failed; true if that is one too many.
    ///
    /// Waits double from a second, a route's to two, and three conflicts are free: in ten seconds
    /// an object meets ten failed calls at most. Who tries again at once meets hundreds.
    mutating func fail(_ aim: Aim, now: Timestamp) -> Bool {
        let last = failures[aim]
        let isOld = last.map { now - $0.since > .seconds(10) } ?? true
        let (since, count) = isOld ? (now, 1) : (last?.since ?? now, (last?.count ?? 0) + 1)
        failures[aim] = (since, count)
        return count == 25
    }

    mutating func succeed(_ aim: Aim) {
        if !failures.isEmpty { failures[aim] = nil }
    }

    mutating func doubt(_ key: ResourceKey, _ why: String) { unread[key] = why }

    /// The object was read.
    mutating func settle(_ key: ResourceKey) {
        if !unread.isEmpty { unread[key] = nil }
    }
}

/// Checks of how a process goes on after calls that went wrong.
extension World {
    /// Right before a write leaves the process: nobody knows what became of the last one, so it is
    /// read first.
    mutating func checkDoubt(of key: ResourceKey, _ index: Int) {
        guard let why = processes[index].calls.unread[key] else { return }
        violate("read in doubt", "\(key) is written again, unread after \"\(why)\"")
        processes[index].calls.settle(key)
    }

    /// A process hears how its write ended.
    mutating func note(_ outcome: WriteOutcome, of key: ResourceKey, _ index: Int) {
        guard key.kind != .lease else { return }
        switch outcome {
        case .applied: processes[index].calls.succeed(.object(key))
        case .unknown(let reason):
            processes[index].calls.doubt(key, reason)
            noteFailure(.object(key), index)
        case .notApplied(let refusal):
            switch refusal.kind {
            case .conflict, .alreadyExists, .notFound:
                processes[index].calls.doubt(key, refusal.message)
            default: break
            }
            noteFailure(.object(key), index)
        }
    }

    /// A process hears what it read.
    mutating func noteRead(_ key: ResourceKey, failed: Bool, _ index: Int) {
        guard key.kind != .lease else { return }
        if failed {
            noteFailure(.object(key), index)
        } else {
            processes[index].calls.settle(key)
            processes[index].calls.succeed(.object(key))
        }
    }

    /// A process hears how its write into Git ended.
    mutating func note(_ outcome: GitOutcome, of aim: CallRecord.Aim, _ index: Int) {
        if case .failed = outcome {
            noteFailure(aim, index)
        } else {
            processes[index].calls.succeed(aim)
        }
    }

    private mutating func noteFailure(_ aim: CallRecord.Aim, _ index: Int) {
        if processes[index].calls.fail(aim, now: now) {
            violate("waits after failures", "\(aim) is tried again and again without a wait")
        }
    }
}
