import CLibCurl
import Glibc
import Synchronization

/// The thread that owns one multi handle of libcurl and all its transfers, and the executor of
/// ``CurlLoop``.
///
/// libcurl wants a handle to be used by one thread at a time, and its calls may take a while, so
/// they have no place on Swift's cooperative threads. After `stop` the thread is gone and what is
/// still enqueued runs on the thread that enqueues it, one job at a time: it only learns that the
/// loop is shut down.
final class LoopThread: SerialExecutor {
    /// What other threads may ask of the loop besides jobs of the actor.
    enum Command: Sendable {
        /// End a transfer.
        case cancel(Ticket)
        /// Let a transfer that was held back go on.
        case resume(Ticket)
    }

    private enum Mode {
        case running
        case stopping
        case stopped(draining: Bool)
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var commands: [Command] = []
        var mode = Mode.running
        var thread: pthread_t?
        var joined = false
    }

    private let state = Mutex(State())
    private let name: String
    /// Guard: used on the loop thread only, but for `wake`, which holds `state`'s lock and is
    /// refused once the thread has begun to free it. Emptied by the loop thread at its end.
    nonisolated(unsafe) private(set) var multi: Multi?
    /// Guard: written once by the thread itself before its first job.
    private let identity = Atomic<UInt>(0)

    init(name: String, settings: CurlLoop.Settings) throws(TransportError) {
        self.name = String(name.prefix(15))
        multi = try Multi(settings)
    }

    /// Starts the thread. Called once.
    func start() throws(TransportError) {
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            box.toOpaque()
        )
        guard code == 0 else {
            box.release()
            throw TransportError(
                .shutDown,
                mayHaveBeenSent: false,
                endpoint: name,
                detail: "no thread: error \(code)"
            )
        }
        let started = thread
        state.withLock { $0.thread = started }
    }

    // MARK: From any thread

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustDrain = state.withLock { state in
            state.jobs.append(job)
            if case .stopped(draining: false) = state.mode {
                state.mode = .stopped(draining: true)
                return true
            }
            wake(state)
            return false
        }
        if mustDrain { drain() }
    }

    func post(_ command: Command) {
        if case .cancel(let ticket) = command { ticket.cancel() }
        state.withLock { state in
            guard case .running = state.mode else { return }
            state.commands.append(command)
            wake(state)
        }
    }

    /// Ends the thread after the jobs that wait, and waits until it is gone.
    func stop() {
        let thread = state.withLock { state -> pthread_t? in
            if case .running = state.mode { state.mode = .stopping }
            wake(state)
            guard !state.joined, let thread = state.thread else { return nil }
            state.joined = true
            return thread
        }
        guard let thread else { return }
        if isLoopThread {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private var isLoopThread: Bool {
        identity.load(ordering: .acquiring) == UInt(pthread_self())
    }

    private func wake(_ state: borrowing State) {
        if case .stopped = state.mode { return }
        multi?.wake()
    }

    private func drain() {
        while true {
            let jobs = state.withLock { state in
                let jobs = state.jobs
                state.jobs = []
                if jobs.isEmpty { state.mode = .stopped(draining: false) }
                return jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    // MARK: On the loop thread

    private func run() {
        identity.store(UInt(pthread_self()), ordering: .releasing)
        slipway_name_thread(name)
        // Signals are for other threads; a write to a closed socket must not end the process.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while turn() {}
    }

    /// One round: jobs, commands, transfers, then sleep until something happens.
    private func turn() -> Bool {
        let (jobs, commands) = state.withLock { state in
            defer {
                state.jobs = []
                state.commands = []
            }
            return (state.jobs, state.commands)
        }
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        for command in commands { multi?.run(command) }
        multi?.perform()
        if endIfAsked() { return false }
        multi?.sleep()
        return true
    }

    private func endIfAsked() -> Bool {
        let mayEnd = state.withLock { state in
            guard case .stopping = state.mode, state.jobs.isEmpty else { return false }
            state.mode = .stopped(draining: true)
            return true
        }
        guard mayEnd else { return false }
        multi?.close()
        multi = nil
        identity.store(0, ordering: .releasing)
        drain()
        return true
    }
}
