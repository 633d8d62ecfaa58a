import Glibc

/// A file that only grows, at its end. What was appended is there whole, or the file is as it was
/// before.
struct AppendedFile: Sendable {
    let path: String
    let descriptor: Int32
    /// Bytes that count; what stands after them is the rest of a write that failed.
    private(set) var length: Int
    /// Something may stand after the bytes that count.
    private var hasRest: Bool

    /// Opens a file of which the first `length` bytes count; makes it empty if that is `nil`.
    init(_ path: String, length: Int?) throws(Folders.Failure) {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (length == nil ? O_TRUNC : 0)
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Folders.Failure(path) }
        self.length = length ?? 0
        hasRest = length != nil
    }

    /// Appends bytes in one write, where the system takes them at once.
    mutating func append(_ bytes: [UInt8]) throws(Folders.Failure) {
        try dropRest()
        hasRest = true
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(length + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                let failure = Folders.Failure(path, count == 0 ? ENOSPC : errno)
                try? dropRest()
                throw failure
            }
        }
        hasRest = false
        length += done
    }

    private mutating func dropRest() throws(Folders.Failure) {
        guard hasRest else { return }
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Folders.Failure(path) }
        hasRest = false
    }

    /// Brings everything to the disk.
    func synchronize() throws(Folders.Failure) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw Folders.Failure(path) }
        }
    }

    func close() { _ = Glibc.close(descriptor) }
}
