import Glibc

/// The local file system: reads whole files of bounded size and folders in a stable order, and
/// makes files where none are. Links are followed where the user names them and nowhere else.
enum Files {
    /// What a path leads to.
    enum Kind {
        case file
        case folder
        case link
        case other
    }

    /// The largest file that is read.
    static let limit = 16 << 20

    /// `nil` if there is nothing.
    static func kind(_ path: String, followingLinks: Bool) -> Kind? {
        var info = stat()
        guard (followingLinks ? stat(path, &info) : lstat(path, &info)) == 0 else { return nil }
        switch info.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return .link
        default: return .other
        }
    }

    /// Names in a folder, ascending, without `.` and `..`.
    static func names(in folder: String) throws(Failure) -> [String] {
        guard let directory = opendir(folder) else { throw failure("read", folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The bytes of a file.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else {
                throw Failure("\(path) has more than \(limit >> 20) MiB")
            }
        }
    }

    /// All regular files below a folder, ascending; what `skip` names is not entered.
    static func tree(_ folder: String, skip: (String) -> Bool) throws(Failure) -> [String] {
        var found: [String] = []
        var open = [folder]
        while let next = open.popLast() {
            for name in try names(in: next) where !skip(name) {
                let path = next == "" || next == "." ? name : "\(next)/\(name)"
                switch kind(path, followingLinks: false) {
                case .file: found.append(path)
                case .folder: open.append(path)
                default: break
                }
            }
            guard found.count <= 200_000 else {
                throw Failure("more than 200,000 files below \(folder)")
            }
        }
        return found.sorted()
    }

    /// Makes a file, and the folders that it is in. `false`, and nothing is changed, if something
    /// has its name already.
    static func create(_ path: String, _ bytes: [UInt8]) throws(Failure) -> Bool {
        for slash in path.indices.dropFirst() where path[slash] == "/" {
            let folder = String(path[..<slash])
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw failure("make", folder)
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { return false }
            throw failure("write", path)
        }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = failure("write", path)
                // Half a file would be in the way of the next try.
                unlink(path)
                throw reason
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        Failure("cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
