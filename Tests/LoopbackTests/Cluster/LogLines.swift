import Logging
import Synchronization

/// Keeps the lines of a log from a level on.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[(text: String, fields: [String: String])]>([])
    private let level: Logger.Level

    init(from level: Logger.Level) { self.level = level }

    var logger: Logger { Logger(label: "test") { _ in self } }
    /// `LEVEL: MESSAGE`
    var all: [String] { lines.withLock { $0.map(\.text) } }
    var fields: [[String: String]] { lines.withLock { $0.map(\.fields) } }
    var logLevel: Logger.Level {
        get { level }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).mapValues { "\($0)" }
        lines.withLock { $0.append(("\(event.level): \(event.message)", fields)) }
    }
}
