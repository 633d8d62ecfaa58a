import Logging
import Synchronization

/// A log on standard error that can be ended: what libraries complain about while everything is
/// closed on purpose is nobody's concern.
final class StoppableLog: Sendable {
    private let isStopped = Atomic(false)

    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// A logger that is silent below `level`, and altogether once this is stopped.
    func logger(_ label: String, level: Logger.Level) -> Logger {
        var logger = Logger(label: label) { label in
            Handler(log: self, inner: StreamLogHandler.standardError(label: label))
        }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let log: StoppableLog
        var inner: StreamLogHandler

        var metadata: Logger.Metadata {
            get { inner.metadata }
            set { inner.metadata = newValue }
        }

        var logLevel: Logger.Level {
            get { inner.logLevel }
            set { inner.logLevel = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { inner[metadataKey: key] }
            set { inner[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) {
            guard !log.isStopped.load(ordering: .relaxed) else { return }
            inner.log(event: event)
        }
    }
}
