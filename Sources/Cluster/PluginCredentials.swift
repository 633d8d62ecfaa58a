import Domain
import Logging
import Processes
import Synchronization

/// The credentials of a plugin: kept until shortly before they expire, asked for by one run at a
/// time, and asked for anew when the server does not accept them.
///
/// Nobody waits for a run while there are credentials that hold.
final class PluginCredentials: Sendable {
    /// How often the plugin is asked, and how long for.
    struct Settings: Sendable {
        var bounds = PluginRun.Bounds()
        /// The least time between the end of a run and the next one that a failure, a refusal or
        /// credentials that came expired ask for.
        var pause: Duration = .seconds(10)
        var now: @Sendable () -> Timestamp = { WallClock.now }
    }

    private typealias Outcome = Result<ExecCredential, CredentialProblem>

    private struct State {
        var credential: ExecCredential?
        /// From when on it is worth asking for the next one; never without an expiry.
        var renewal: Timestamp?
        /// The last run ended so.
        var problem: CredentialProblem?
        var endedAt: ContinuousClock.Instant?
        var isRunning = false
        /// The server did not accept ``credential``.
        var isRefused = false
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var tickets = 0
    }

    private let plugin: ExecPlugin
    private let settings: Settings
    private let logger: Logger
    private let state = Mutex(State())

    init(_ plugin: ExecPlugin, logger: Logger, settings: Settings = Settings()) {
        self.plugin = plugin
        self.logger = logger
        self.settings = settings
    }

    /// What to show now. Waits for the plugin, at most as long as `patience`, only where there is
    /// nothing that holds.
    func current(patience: Duration) async throws(CredentialProblem) -> ExecCredential {
        let now = settings.now()
        let (credential, problem, mustStart) = state.withLock { state in
            let isResting = state.endedAt.map { $0 + settings.pause > .now } ?? false
            let isDue = state.renewal.map { $0 <= now } ?? false
            let mustAsk = state.credential == nil || state.isRefused || isDue
            let mustStart = mustAsk && !isResting && !state.isRunning
            if mustStart { state.isRunning = true }
            var usable = state.isRefused ? nil : state.credential
            // One that came expired is tried for as long as the plugin rests: the server's clock
            // decides, not ours.
            if let expires = usable?.expires, expires <= now, !isResting || state.problem != nil {
                usable = nil
            }
            return (usable, isResting && !state.isRunning ? state.problem : nil, mustStart)
        }
        if mustStart { start() }
        if let credential { return credential }
        if let problem { throw problem }
        return try await wait(patience).get()
    }

    /// The server did not accept `credential`. True if there is another one now to try.
    func replace(_ credential: ExecCredential, patience: Duration) async -> Bool {
        let (isReplaced, mustWait, mustStart) = state.withLock { state in
            if let newer = state.credential, newer != credential { return (true, false, false) }
            if state.isRunning { return (false, true, false) }
            // A plugin that was asked just now would say the same again.
            if let endedAt = state.endedAt, endedAt + settings.pause > .now {
                return (false, false, false)
            }
            state.isRunning = true
            state.isRefused = true
            return (false, true, true)
        }
        if mustStart { start() }
        guard mustWait else { return isReplaced }
        guard case .success(let next) = await wait(patience) else { return false }
        return next != credential
    }

    private func start() {
        PluginRun.start(plugin, settings.bounds) { [self] in finish($0) }
    }

    private func finish(_ outcome: Outcome) {
        let now = settings.now()
        let waiting = state.withLock { state in
            state.isRunning = false
            state.endedAt = .now
            switch outcome {
            case .success(let credential):
                state.credential = credential
                state.problem = nil
                state.isRefused = false
                state.renewal = credential.expires.map { Self.renewal($0, from: now) }
            case .failure(let problem): state.problem = problem
            }
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        switch outcome {
        case .success: logger.debug("the credential plugin gave new credentials")
        case .failure(let problem): logger.warning("no new credentials: \(problem)")
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// A minute before the end, or the last fifth of a shorter life.
    private static func renewal(_ expires: Timestamp, from now: Timestamp) -> Timestamp {
        let life = max(0, (expires - now).milliseconds)
        return expires - TimeSpan(milliseconds: min(60_000, life / 5))
    }

    /// Waits for the end of the run under way.
    private func wait(_ patience: Duration) async -> Outcome {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                let ready: Outcome? = state.withLock { state in
                    if Task.isCancelled { return .failure(CredentialProblem("cancelled")) }
                    if state.isRunning {
                        state.waiting[ticket] = continuation
                        return nil
                    }
                    if let problem = state.problem { return .failure(problem) }
                    return state.credential.map { .success($0) }
                        ?? .failure(CredentialProblem("the credential plugin did not run"))
                }
                if let ready { return continuation.resume(returning: ready) }
                WallClock.after(patience) { [weak self] in
                    self?.leave(ticket, "the credential plugin has not answered yet")
                }
            }
        } onCancel: {
            leave(ticket, "cancelled")
        }
    }

    private func leave(_ ticket: Int, _ reason: String) {
        let continuation = state.withLock { $0.waiting.removeValue(forKey: ticket) }
        continuation?.resume(
            returning: .failure(CredentialProblem("\(plugin.place): \(reason)")))
    }
}
