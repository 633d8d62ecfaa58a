import Logging

extension Logger {
    /// Says nothing: the faults of these tests are meant.
    static var quiet: Logger { Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() } }
}
