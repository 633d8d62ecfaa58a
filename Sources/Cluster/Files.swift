import Glibc

/// Small files: configuration, certificates, tokens.
enum Files {
    /// Why a file cannot be read, without its path.
    struct Unreadable: Error {
        let reason: String
        var isMissing = false
    }

    /// The whole file, opened anew; at most `limit` bytes.
    static func read(_ path: String, limit: Int = 1 << 20) throws(Unreadable) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let code = errno
            throw Unreadable(reason: String(cString: strerror(code)), isMissing: code == ENOENT)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(file, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
            if count == 0 { return bytes }
            bytes += block.prefix(count)
            guard bytes.count <= limit else { throw Unreadable(reason: "more than \(limit) bytes") }
        }
    }

    /// Whether a file is there that may be run.
    static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }

    /// Shows a person what a program that asks for something says.
    static func writeToTerminal(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
