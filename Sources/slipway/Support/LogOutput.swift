import Logging
import Presentation
import Processes

/// Writes a program's log to standard error, a line an event.
struct LogOutput: LogHandler {
    let label: String
    let format: LogLine.Format
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(label: String, format: LogLine.Format, level: Logger.Level) {
        self.label = label
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let line = LogLine(
            time: WallClock.now, level: event.level.rawValue, logger: label,
            message: "\(event.message)", fields: all.map { ($0.key, "\($0.value)") })
        Terminal.standard.writeError(line.text(format))
    }
}
