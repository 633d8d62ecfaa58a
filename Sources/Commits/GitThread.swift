// The compiler finds `pthread_attr_t` first in the headers that libgit2 includes.
internal import CLibGit2
internal import Glibc

/// A named thread of its own that runs the jobs of one actor, one after the other.
///
/// libgit2 blocks: on disks, and on the network for as long as the server likes. The cooperative
/// pool has about as many threads as the machine has cores, so two slow servers would stop the
/// whole program; on a thread of its own a slow server stops only its own repository.
///
/// The thread keeps this object alive until ``stop()``.
final class GitThread: SerialExecutor {
    private struct Queue: Sendable {
        var jobs: [UnownedJob] = []
        var stopped = false
        var thread: pthread_t?
    }

    private let queue = Monitor(Queue())

    /// Starts the thread. `name` is cut to the 15 bytes that Linux shows.
    ///
    /// Errors: `systemError` when there are no more threads to have.
    init(name: String) throws(GitError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        let start = Start(
            executor: self,
            name: String(decoding: name.utf8.prefix(15), as: UTF8.self)
        )
        let argument = Unmanaged.passRetained(start)
        var thread: pthread_t = 0
        let code = pthread_create(&thread, &attributes, gitThreadMain, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw GitError(
                .systemError,
                code: code,
                during: "start a thread",
                String(cString: strerror(code))
            )
        }
    }

    /// libgit2 and the walk of a tree of depth 32 need a fraction of it; untouched pages cost
    /// nothing.
    private static let stackSize = 2 << 20

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { .init(ordinary: self) }

    func isIsolatingCurrentContext() -> Bool? {
        queue.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// Ends the thread after the jobs that are already there.
    func stop() { queue.withLock { $0.stopped = true } }

    fileprivate func run() {
        queue.withLock { $0.thread = pthread_self() }
        while true {
            let jobs = queue.wait { queue -> [UnownedJob]? in
                if queue.jobs.isEmpty { return queue.stopped ? [] : nil }
                defer { queue.jobs = [] }
                return queue.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }
}

/// What the new thread is told.
private final class Start: Sendable {
    let executor: GitThread
    let name: String

    init(executor: GitThread, name: String) {
        self.executor = executor
        self.name = name
    }
}

private func gitThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    showName(start.name)
    start.executor.run()
    return nil
}

/// The name in `top -H` and in traces. The call for it, `pthread_setname_np`, is not visible to
/// Swift; the file behind it is.
private func showName(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = name.withCString { write(file, $0, strlen($0)) }
    close(file)
}
