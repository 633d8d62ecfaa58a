internal import CLibGit2
internal import Glibc

/// One fetch or push: what the callbacks of libgit2 need to know, and what they found out.
///
/// A callback can only answer with a number. What went wrong is kept here, and ``run(_:_:)``
/// throws it in place of libgit2's "a callback failed".
final class Exchange {
    let operation: String
    let limits: MirrorLimits
    let directory: String
    let cancellation: GitCancellation
    let port: (any GitHTTPPort)?
    private(set) var failure: GitError?
    /// What the server says to people during a push: the words of its hooks, for one.
    private(set) var remarks: [UInt8] = []
    /// What the server made of the reference that was pushed: `nil` while it has not said
    /// anything, empty if all is well.
    var verdict: String?
    private var unchecked = 0
    private var received = 0
    private var listed = 0

    init(
        _ operation: String,
        limits: MirrorLimits,
        directory: String,
        cancellation: GitCancellation,
        port: (any GitHTTPPort)?
    ) {
        self.operation = operation
        self.limits = limits
        self.directory = directory
        self.cancellation = cancellation
        self.port = port
    }

    /// Calls libgit2. A failure that a callback noted comes first.
    @discardableResult
    func run(_ step: String? = nil, _ call: () -> Int32) throws(GitError) -> Int32 {
        let code: Int32
        do {
            code = try git(step ?? operation, call)
        } catch {
            throw failure ?? error
        }
        if let failure { throw failure }
        return code
    }

    /// Notes why a callback fails. The first reason is the one that counts.
    func fail(_ kind: GitError.Kind, code: Int32 = 0, _ message: String) -> Int32 {
        if failure == nil {
            failure = GitError(kind, code: code, during: operation, printable(message))
        }
        git_error_set_str(Int32(GIT_ERROR_CALLBACK.rawValue), "stopped by Slipway")
        return GIT_EUSER.rawValue
    }

    func fail(_ reason: GitHTTPFailure) -> Int32 {
        switch reason.kind {
        case .unreachable: fail(.unreachable, reason.message)
        case .timedOut: fail(.timedOut, reason.message)
        case .cancelled: fail(.cancelled, reason.message)
        }
    }

    /// Checks between two pieces of work that it may go on; 0 if so.
    func proceed() -> Int32 {
        if failure != nil { return GIT_EUSER.rawValue }
        if cancellation.isCancelled { return fail(.cancelled, "cancelled") }
        return 0
    }

    /// Takes note of bytes of the list of references; 0 if there may be so many.
    func accept(listBytes bytes: Int) -> Int32 {
        listed += bytes
        guard listed <= limits.listSize else {
            return fail(
                .tooLarge, "the server's list of references has more than \(limits.listSize) bytes")
        }
        return proceed()
    }

    /// Takes note of bytes that are about to be written to the disk; 0 if they may be.
    func accept(bytes: Int) -> Int32 {
        received += bytes
        unchecked += bytes
        guard received <= limits.fetchSize else {
            return fail(.tooLarge, "the server sends more than \(limits.fetchSize) bytes")
        }
        if unchecked >= 256 << 10 {
            unchecked = 0
            do { try checkSpace() } catch { return fail(error.kind, error.message) }
        }
        return proceed()
    }

    /// libgit2 writes packs through a memory map. On a full disk that does not fail, it kills the
    /// process (SIGBUS). So the space is checked ahead, with a reserve.
    func checkSpace() throws(GitError) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else {
            throw GitError(
                .directoryUnusable,
                code: errno,
                during: operation,
                "\(directory): \(String(cString: strerror(errno)))"
            )
        }
        let free = status.f_bavail.multipliedReportingOverflow(by: status.f_frsize)
        guard free.overflow || free.partialValue >= UInt(max(limits.freeSpace, Self.reserve)) else {
            throw GitError(
                .noSpace,
                code: ENOSPC,
                during: operation,
                "no space left on device under \(directory): \(free.partialValue) bytes are free"
            )
        }
    }

    /// More than is written between two checks.
    private static let reserve = 8 << 20

    func remark(_ bytes: UnsafeRawBufferPointer) {
        remarks.append(contentsOf: bytes.prefix(max(0, 4096 - remarks.count)))
    }
}

/// The progress of a pack: called for every chunk and every object.
let transferProgress: git_indexer_progress_cb = { progress, context in
    guard let context, let progress = progress?.pointee else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    if progress.received_bytes > exchange.limits.fetchSize {
        return exchange.fail(.tooLarge, "more than \(exchange.limits.fetchSize) bytes to fetch")
    }
    if Int(progress.total_objects) > exchange.limits.fetchObjects {
        return exchange.fail(
            .tooLarge,
            "\(progress.total_objects) objects, more than \(exchange.limits.fetchObjects)"
        )
    }
    return exchange.proceed()
}
