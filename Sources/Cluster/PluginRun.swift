import Processes
import Synchronization

/// One run of a credential plugin, on a thread of its own. It is killed when it takes too long or
/// prints too much.
final class PluginRun: Sendable {
    /// What a run may cost.
    struct Bounds: Sendable {
        var time: Duration = .seconds(60)
        /// Where somebody has to type or to open a browser.
        var interactiveTime: Duration = .seconds(300)
        var output = 1 << 20
    }

    private struct State {
        var output: [UInt8] = []
        var complaint: [UInt8] = []
        var stopped: String?
        var child: ChildProcess?
    }

    private let plugin: ExecPlugin
    private let bounds: Bounds
    private let report: @Sendable (Result<ExecCredential, CredentialProblem>) -> Void
    private let state = Mutex(State())

    private init(
        _ plugin: ExecPlugin, _ bounds: Bounds,
        _ report: @escaping @Sendable (Result<ExecCredential, CredentialProblem>) -> Void
    ) {
        self.plugin = plugin
        self.bounds = bounds
        self.report = report
    }

    /// Runs it.
    ///
    /// - Parameter report: called once, on another thread or before this returns.
    static func start(
        _ plugin: ExecPlugin, _ bounds: Bounds,
        report: @escaping @Sendable (Result<ExecCredential, CredentialProblem>) -> Void
    ) {
        guard let program = plugin.program() else {
            return report(.failure(problem(plugin, "not found" + hint(plugin))))
        }
        let run = PluginRun(plugin, bounds, report)
        let order = ChildProcess.Order(
            command: [program] + plugin.arguments,
            variables: plugin.environment.map { .init(name: $0.key, value: $0.value) },
            workingDir: ".", input: plugin.isInteractive ? 0 : nil)
        let child = ChildProcess.start(order) { run.take($0) }
        let isLate = run.state.withLock { state in
            state.child = child
            return state.stopped != nil
        }
        if isLate { child.killAll() }
        let time = plugin.isInteractive ? bounds.interactiveTime : bounds.time
        WallClock.after(time) { [weak run] in run?.stop("it took longer than \(time)") }
    }

    private func take(_ notice: ChildProcess.Notice) {
        switch notice {
        case .started: break
        case .failed(let reason):
            report(.failure(Self.problem(plugin, "it cannot be started: \(reason)")))
        case .wrote(.output, let bytes):
            let isOver = state.withLock { state in
                guard state.output.count + bytes.count <= bounds.output else { return true }
                state.output += bytes
                return false
            }
            if isOver { stop("it printed more than \(bounds.output) bytes") }
        case .wrote(.error, let bytes):
            // Whoever is asked to type something has to see what.
            if plugin.isInteractive { Files.writeToTerminal(bytes) }
            state.withLock { state in
                state.complaint = Array((state.complaint + bytes).suffix(4000))
            }
        case .ended(let code): report(result(code))
        }
    }

    private func stop(_ reason: String) {
        let child = state.withLock { state in
            if state.stopped == nil { state.stopped = reason }
            return state.child
        }
        child?.killAll()
    }

    private func result(_ code: Int) -> Result<ExecCredential, CredentialProblem> {
        let (output, complaint, stopped) = state.withLock {
            ($0.output, $0.complaint, $0.stopped)
        }
        let said = Redaction.complaint(complaint, secrets: Array(plugin.variables.values))
        let saying = said.isEmpty ? "" : ": \(said)"
        if let stopped { return .failure(Self.problem(plugin, stopped + saying)) }
        guard code == 0 else {
            return .failure(Self.problem(plugin, "it ended with code \(code)\(saying)"))
        }
        do throws(CredentialProblem) {
            return .success(try ExecCredential(output, apiVersion: plugin.apiVersion))
        } catch {
            return .failure(Self.problem(plugin, error.description))
        }
    }

    private static func problem(_ plugin: ExecPlugin, _ reason: String) -> CredentialProblem {
        CredentialProblem("\(plugin.place): \(plugin.command): \(reason)")
    }

    private static func hint(_ plugin: ExecPlugin) -> String {
        plugin.installHint.map { "; \(Redaction.bounded($0, limit: 500))" } ?? ""
    }
}
