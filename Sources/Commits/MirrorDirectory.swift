internal import Glibc

/// The directory of a mirror on disk:
///
///     DIR/lock            held while a process uses the directory
///     DIR/address         of which repository this is the mirror
///     DIR/mirror.git      the mirror, a bare repository
///     DIR/fresh.git       a mirror that is being made again
///
/// There is one user at a time, so whatever an earlier one left behind can be cleared away: a
/// process that was killed leaves lock files that would block libgit2 for ever.
final class MirrorDirectory {
    let path: String
    private let lock: Int32

    var mirror: String { path + "/mirror.git" }
    var fresh: String { path + "/fresh.git" }

    /// Makes the directory if it is missing, takes it for this process, and clears it.
    init(_ path: String, for address: RemoteAddress) throws(GitError) {
        try Self.make(path)
        let file = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("open", path + "/lock") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw GitError(
                .directoryUnusable,
                code: EWOULDBLOCK,
                during: "lock \(path)",
                "\(path) is in use by another process"
            )
        }
        lock = file
        self.path = path
        try Self.removeTree(fresh)
        try settle(address)
        Self.clear(mirror)
    }

    deinit { close(lock) }

    /// A mirror of another repository is of no use.
    private func settle(_ address: RemoteAddress) throws(GitError) {
        let file = path + "/address"
        if Self.read(file) == address.text { return }
        try Self.removeTree(mirror)
        try Self.write(address.text, to: file)
    }

    /// Puts the mirror that was made again in the place of the old one.
    func promoteFresh() throws(GitError) {
        try Self.removeTree(mirror)
        guard rename(fresh, mirror) == 0 else { throw Self.failure("rename", fresh) }
    }

    // MARK: Files

    private static func make(_ path: String) throws(GitError) {
        var partial = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            partial += "/\(part)"
            if mkdir(partial, 0o700) != 0 && errno != EEXIST && errno != EROFS {
                throw failure("make", partial)
            }
        }
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws(GitError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw failure("write", path)
        }
    }

    /// Removes lock files and half-written files of a killed process. What cannot be removed is
    /// left: libgit2 will say what is wrong.
    private static func clear(_ folder: String, depth: Int = 0) {
        guard depth < 32 else { return }
        for entry in entries(folder) {
            let path = folder + "/" + entry.name
            if entry.isFolder {
                // Loose objects are thousands and have no lock files.
                if entry.name.utf8.count != 2 { clear(path, depth: depth + 1) }
            } else if entry.name.hasSuffix(".lock") || isHalfWritten(entry.name, in: folder) {
                unlink(path)
            }
        }
    }

    private static func isHalfWritten(_ name: String, in folder: String) -> Bool {
        guard folder.hasSuffix("/objects/pack") else { return false }
        if name.hasSuffix(".pack") {
            return access(folder + "/" + name.dropLast(".pack".utf8.count) + ".idx", F_OK) != 0
        }
        return !name.hasSuffix(".idx")
    }

    /// Removes a folder with all that is in it, or a file, if it is there. Links are removed, not
    /// followed.
    static func removeTree(_ path: String, depth: Int = 0) throws(GitError) {
        if unlink(path) == 0 { return }
        for entry in entries(path) {
            let inner = path + "/" + entry.name
            if entry.isFolder && depth < 64 {
                try removeTree(inner, depth: depth + 1)
            } else if unlink(inner) != 0 && errno != ENOENT {
                throw failure("remove", inner)
            }
        }
        if rmdir(path) != 0 && errno != ENOENT { throw failure("remove", path) }
    }

    /// The files of a folder with their bytes; none if there is no such folder.
    static func files(_ folder: String) -> [(name: String, size: Int)] {
        entries(folder).filter { !$0.isFolder }.map { ($0.name, $0.size) }
    }

    private static func entries(
        _ folder: String
    ) -> [(name: String, isFolder: Bool, size: Int)] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var entries: [(name: String, isFolder: Bool, size: Int)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0 else { continue }
            entries.append((name, status.st_mode & S_IFMT == S_IFDIR, status.st_size))
        }
        return entries
    }

    private static func failure(_ verb: String, _ path: String) -> GitError {
        let code = errno
        let full = code == ENOSPC || code == EDQUOT
        return GitError(
            full ? .noSpace : .directoryUnusable,
            code: code,
            during: "\(verb) \(path)",
            full
                ? "no space left on device under \(path)"
                : "\(path): \(String(cString: strerror(code)))"
        )
    }
}
