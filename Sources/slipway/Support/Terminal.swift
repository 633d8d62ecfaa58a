import Glibc
import Presentation

/// Standard output and standard error.
struct Terminal: Sendable {
    /// What standard output can show.
    let style: Style
    /// What standard error can show.
    let errorStyle: Style
    /// Standard output is a terminal.
    let isInteractive: Bool

    static let standard = Terminal()

    private init() {
        isInteractive = isatty(STDOUT_FILENO) == 1
        style = Style(isTerminal: isInteractive, environment: Self.environment)
        errorStyle = Style(
            isTerminal: isatty(STDERR_FILENO) == 1, environment: Self.environment)
    }

    /// How large the terminal is now; `nil` if there is none.
    var screen: Screen? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Screen(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Writes to standard output. Ends the program when nobody reads any more, as `slipway get |
    /// head -1` means it.
    func write(_ text: String) {
        guard put(text, STDOUT_FILENO) else { exit(0) }
    }

    func writeError(_ text: String) {
        _ = put(text, STDERR_FILENO)
    }

    /// A line about what the command does, on standard output.
    func say(_ mark: Style.Mark, _ text: String) {
        write(style.line(mark, text) + "\n")
    }

    /// A line about what the command does, on standard error, where standard output is for
    /// objects.
    func note(_ mark: Style.Mark, _ text: String) {
        writeError(errorStyle.line(mark, text) + "\n")
    }

    /// What ends the command. The text may have several lines.
    func error(_ text: String) {
        let lines = text.split(separator: "\n").map { printable($0) }.joined(separator: "\n")
        writeError(errorStyle.paint("Error:", .red) + " " + lines + "\n")
    }

    /// Writes everything; `false` when the other side is gone.
    private func put(_ text: String, _ descriptor: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, 1000)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
