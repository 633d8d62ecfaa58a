import ControlPlane
import Dispatch
import Glibc
import Synchronization

/// The file in which a sandbox keeps its cluster: a copy of the store, then every change since.
///
/// A change is written before anybody sees it, so it is there again after the end of this program,
/// also a sudden one. It is on the disk about a tenth of a second later; a crash of the machine
/// takes what was written after that. When the changes have become longer than the copy, a new
/// copy is written beside the file and takes its place.
final class StateFile: Sendable {
    private struct Content {
        var file: AppendedFile
        /// How long the copy of the store at the beginning is.
        var copied: Int
        /// Something is not on the disk yet.
        var isDirty = true
        /// What has been appended since the store was taken that is being copied.
        var news: [UInt8]?
        /// The disk did not take what it had promised to take: only a new copy counts.
        var isBroken = false
        /// Why the last write failed.
        var trouble: String?
        /// A copy that failed is not tried again before.
        var patience = ContinuousClock.now
    }

    private let path: String
    private let options: StateOptions
    private let lock: Int32
    private let content: Mutex<Content>
    /// What waits for the disk waits here, one after the other.
    private let queue = DispatchQueue(label: "slipway.sandbox.state")

    /// Changes up to this length are never worth a new copy.
    private static let worthACopy = 4 << 20

    private init(_ start: StateFolderContent, _ options: StateOptions) {
        path = start.path
        lock = start.lock
        content = Mutex(Content(file: start.file, copied: start.copied))
        self.options = options
    }

    /// Takes the folder up, with the store that is kept there or a new one.
    ///
    /// - Throws: if the folder cannot be written, another sandbox has it, or what it holds cannot
    ///   be read; then nothing is changed.
    static func open(
        _ options: StateOptions, new: () -> Store
    ) throws(StateFailure) -> (file: StateFile, store: Store) {
        let start = try StateFolderContent(options, new: new)
        var store = start.store
        store.notesChanges()
        return (StateFile(start, options), store)
    }

    /// Lets go of the folder. To be called when nothing else is under way.
    func close(_ store: Store) {
        content.withLock { content in
            // Without this line the next one takes it for a sudden end, which is no harm.
            if !content.isBroken { try? content.file.append(store.closedLine) }
            try? content.file.synchronize()
            content.file.close()
        }
        flock(lock, LOCK_UN)
        Glibc.close(lock)
    }

    // MARK: Changes

    /// Keeps lines.
    ///
    /// - Throws: if they are not kept; then nothing of them is.
    func keep(_ lines: [UInt8]) throws(StateFailure) {
        let (before, after) = content.withLock { content -> (String?, String?) in
            let before = content.trouble
            return (before, append(lines, &content))
        }
        tell(before, after)
        if let after { throw StateFailure(description: after) }
    }

    /// Why the lines are not kept, or `nil`.
    private func append(_ lines: [UInt8], _ content: inout Content) -> String? {
        guard !content.isBroken else { return content.trouble ?? path }
        do throws(Folders.Failure) {
            try content.file.append(lines)
            content.isDirty = true
            content.news?.append(contentsOf: lines)
            content.trouble = nil
        } catch {
            content.trouble = error.description
        }
        return content.trouble
    }

    private func tell(_ before: String?, _ after: String?) {
        if let after, before == nil {
            options.report("changes are refused, since they cannot be kept: \(after)", true)
        } else if before != nil, after == nil {
            options.report("changes are kept again in \(path)", false)
        }
    }

    // MARK: The disk

    /// Brings what was written to the disk.
    func synchronize() async {
        await onQueue { [self] in
            let file = content.withLock { content -> AppendedFile? in
                guard content.isDirty, !content.isBroken else { return nil }
                content.isDirty = false
                return content.file
            }
            do throws(Folders.Failure) {
                try file?.synchronize()
            } catch {
                let before = content.withLock { content in
                    defer { content.trouble = error.description }
                    content.isBroken = true
                    return content.trouble
                }
                tell(before, error.description)
            }
        }
    }

    /// Whether a new copy is due. If so, everything that is kept from now on goes into it too: the
    /// caller takes the store in the same moment, and hands it to ``copy(_:)``.
    func beginsCopy() -> Bool {
        content.withLock { content in
            let growth = content.file.length - content.copied
            guard content.isBroken || growth > max(Self.worthACopy, content.copied),
                content.patience <= .now
            else { return false }
            content.news = []
            return true
        }
    }

    /// Writes a new file with a copy of the store, and puts it in the place of the old one.
    func copy(_ store: Store) async {
        await onQueue { [self] in
            do throws(Folders.Failure) {
                let new = try StateFolderContent.copy(store, to: "\(path).new")
                let (before, after) = try put(new)
                tell(before, after)
            } catch {
                // The old file goes on; if the disk is full, it says so itself.
                unlink("\(path).new")
                content.withLock { content in
                    content.news = nil
                    content.patience = .now + .seconds(1)
                }
            }
        }
    }

    private func put(
        _ copy: AppendedFile
    ) throws(Folders.Failure) -> (before: String?, after: String?) {
        try content.withLock { content throws(Folders.Failure) in
            var new = copy
            do throws(Folders.Failure) {
                let length = new.length
                if let news = content.news, !news.isEmpty {
                    try new.append(news)
                    try new.synchronize()
                }
                guard rename("\(path).new", path) == 0 else { throw Folders.Failure(path) }
                content.file.close()
                content.file = new
                content.copied = length
            } catch {
                new.close()
                throw error
            }
            let before = content.trouble
            content.news = nil
            content.isDirty = false
            do throws(Folders.Failure) {
                try StateFolderContent.synchronizeFolder(of: path)
                content.isBroken = false
                content.trouble = nil
            } catch {
                content.isBroken = true
                content.trouble = error.description
                content.patience = .now + .seconds(1)
            }
            return (before, content.trouble)
        }
    }

    private func onQueue(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            queue.async {
                work()
                continuation.resume()
            }
        }
    }
}
