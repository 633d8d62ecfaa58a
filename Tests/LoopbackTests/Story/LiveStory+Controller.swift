import Cluster
import Daemon
import Domain
import Engine
import Foundation
import Logging
import Rollouts
import Synchronization
import TestServers
import Transport

extension LiveStory {
    /// Runs a controller for as long as `body` runs: with an account's token, leading by a Lease,
    /// and of one namespace alone if that is asked for; or one that only observes and says so in a
    /// log, with mirrors of its own.
    func withController(
        git: HTTPRequest.Deadlines = GitHTTPOverTransport.deadlines,
        token: String? = nil, election: Election.Settings? = nil, namespace: String? = nil,
        observing log: LogLines? = nil,
        _ body: () async throws -> Void
    ) async throws {
        let logger =
            log?.logger
            ?? Logger(label: "controller") { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel =
                    ProcessInfo.processInfo.environment["SLIPWAY_TEST_LOG"] == nil
                    ? .critical : .debug
                return handler
            }
        let client = try ClusterClient(
            KubeConfiguration(
                server: "http://127.0.0.1:\(port)", credentials: token.map { .token($0) } ?? .none),
            logger: logger)
        let controller = try Controller(
            ControllerSettings(
                directory: log == nil ? folder : folder + "/observer", git: git,
                engine: EngineSettings(
                    rollout: RolloutSettings(settle: .seconds(1), drain: .seconds(1)),
                    election: election, namespace: namespace, observes: log != nil)),
            client: client, logger: logger)
        let outcome: Result<Void, any Error>
        do {
            // What was not reached since the controller ended says that it did.
            let end = ControllerEnd()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await controller.run() } catch { end.error.withLock { $0 = error } }
                }
                do { try await body() } catch { throw end.error.withLock { $0 } ?? error }
                group.cancelAll()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await client.shutDown()
        try outcome.get()
    }
}

/// Why a controller ended before it was asked to.
private final class ControllerEnd: Sendable {
    let error = Mutex<(any Error)?>(nil)
}
