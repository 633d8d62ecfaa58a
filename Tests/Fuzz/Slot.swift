import Glibc

/// A file in memory that two processes share: what a worker is about to try stands in it, so that
/// it is known when the worker dies of it.
final class Slot {
    private static let header = 64
    /// The longest input that fits.
    static let capacity = 1 << 20

    let path: String
    private let memory: UnsafeMutableRawPointer
    private let isOwner: Bool

    /// There is no such file, or no memory for it.
    struct Unusable: Error {}

    /// Makes the file, or opens one that somebody else has made.
    init(_ path: String, making: Bool) throws {
        self.path = path
        isOwner = making
        let size = Self.header + Self.capacity
        let file = open(path, making ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR, 0o600)
        guard file >= 0 else { throw Unusable() }
        defer { close(file) }
        guard !making || ftruncate(file, off_t(size)) == 0,
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else { throw Unusable() }
        self.memory = memory
    }

    deinit {
        munmap(memory, Self.header + Self.capacity)
        if isOwner { unlink(path) }
    }

    /// Inputs that were begun.
    var inputs: Int {
        get { memory.load(as: Int.self) }
        set { memory.storeBytes(of: newValue, as: Int.self) }
    }

    /// Ways that were gone.
    var ways: Int {
        get { memory.load(fromByteOffset: 8, as: Int.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: 8, as: Int.self) }
    }

    /// Findings that the worker has reported itself.
    var findings: Int {
        get { memory.load(fromByteOffset: 16, as: Int.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: 16, as: Int.self) }
    }

    /// The input that is being tried.
    var input: [UInt8] {
        get {
            let count = memory.load(fromByteOffset: 24, as: Int.self)
            return Array(
                UnsafeRawBufferPointer(
                    start: memory + Self.header, count: max(0, min(count, Self.capacity))))
        }
        set {
            let count = min(newValue.count, Self.capacity)
            newValue.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress {
                    memcpy(memory + Self.header, start, count)
                }
            }
            memory.storeBytes(of: count, toByteOffset: 24, as: Int.self)
        }
    }
}
