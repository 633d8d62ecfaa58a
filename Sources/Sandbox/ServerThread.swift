import Dispatch

/// A thread of the server's own: it answers within the time of its clients' leases also while
/// whoever embeds it keeps every thread of the process's pool busy.
final class ServerThread: TaskExecutor {
    private let queue = DispatchQueue(label: "slipway.sandbox")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
