import ControlPlane
import Glibc

/// What is found in, or first put into, the folder of a ``StateFile``.
struct StateFolderContent {
    let path: String
    let lock: Int32
    let file: AppendedFile
    /// How long the copy of the store is with which the file begins.
    let copied: Int
    let store: Store

    private static let name = "cluster.journal"

    /// Takes the folder, and what it holds if it holds something.
    init(_ options: StateOptions, new: () -> Store) throws(StateFailure) {
        let folder = Folders.absolute(options.folder)
        path = "\(folder)/\(Self.name)"
        do throws(Folders.Failure) {
            try Folders.make(folder)
            lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard lock >= 0 else { throw Folders.Failure("\(folder)/lock") }
        } catch {
            throw StateFailure(description: "the state cannot be kept: \(error)")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw StateFailure(description: "another sandbox works on \(folder)")
        }
        do throws(StateFailure) {
            if let saved = try Self.read(path) {
                (file, store) = try Self.goOn(saved, path, options)
                copied = saved.copied
            } else {
                store = new()
                file = try Self.begin(store, path)
                copied = file.length
            }
        } catch {
            close(lock)
            throw error
        }
    }

    // MARK: A store that is there

    /// Reads the store; `nil` if there is none.
    private static func read(_ path: String) throws(StateFailure) -> SavedStore? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StateFailure(
                description: "the state cannot be read: \(Folders.Failure(path))")
        }
        defer { close(descriptor) }
        do throws(SavedStoreDamage) {
            var reader = SavedStoreReader()
            while true {
                var problem: Int32 = 0
                let piece = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                    var found = -1
                    repeat {
                        found = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                    } while found < 0 && errno == EINTR
                    problem = found < 0 ? errno : 0
                    count = max(0, found)
                }
                guard problem == 0 else {
                    throw SavedStoreDamage(unreadable: String(cString: strerror(problem)))
                }
                if piece.isEmpty { break }
                try reader.feed(piece)
            }
            return try reader.finish()
        } catch {
            throw StateFailure(
                description: "the state cannot be read: \(path): \(error); nothing was changed")
        }
    }

    private static func goOn(
        _ saved: SavedStore, _ path: String, _ options: StateOptions
    ) throws(StateFailure) -> (file: AppendedFile, store: Store) {
        var store = saved.store
        let place = place
        // What the machine had not brought to its disk was seen by somebody.
        if !saved.isClosed, saved.place != place { store.leaveGap() }
        do throws(Folders.Failure) {
            var file = try AppendedFile(path, length: saved.length)
            do throws(Folders.Failure) {
                try file.append(store.openedLine(place: place))
            } catch {
                file.close()
                throw error
            }
            if saved.dropped > 0 {
                options.report(
                    "\(path): the last write was not completed; its \(saved.dropped) bytes after "
                        + "byte \(saved.length) are dropped", true)
            }
            unlink("\(path).new")
            options.report(
                "the cluster is as it was at version \(saved.store.version), read from \(path)",
                false)
            return (file, store)
        } catch {
            throw StateFailure(description: "the state cannot be kept: \(error)")
        }
    }

    /// What a machine calls the time since it was started.
    private static var place: String {
        let bytes = (try? Folders.read("/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
        return String(decoding: bytes.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    }

    // MARK: A copy of a store

    private static func begin(_ store: Store, _ path: String) throws(StateFailure) -> AppendedFile {
        do throws(Folders.Failure) {
            let file = try copy(store, to: "\(path).new")
            do throws(Folders.Failure) {
                guard rename("\(path).new", path) == 0 else { throw Folders.Failure(path) }
                try synchronizeFolder(of: path)
            } catch {
                file.close()
                throw error
            }
            return file
        } catch {
            unlink("\(path).new")
            throw StateFailure(description: "the state cannot be kept: \(error)")
        }
    }

    /// Writes a file that holds a store and nothing else, and brings it to the disk.
    static func copy(_ store: Store, to path: String) throws(Folders.Failure) -> AppendedFile {
        var file = try AppendedFile(path, length: nil)
        do throws(Folders.Failure) {
            try store.save(place: place) { piece throws(Folders.Failure) in
                try file.append(piece)
            }
            try file.synchronize()
        } catch {
            file.close()
            throw error
        }
        return file
    }

    /// Brings the names in a file's folder to the disk.
    static func synchronizeFolder(of path: String) throws(Folders.Failure) {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let folder = String(path[..<end])
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Folders.Failure(folder) }
        defer { close(descriptor) }
        // Some file systems have nothing to bring there and say so.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw Folders.Failure(folder) }
    }
}

extension SavedStoreDamage {
    fileprivate init(unreadable reason: String) {
        self.init(reason: reason, line: 0, offset: 0)
    }
}
