import Presentation
import Synchronization

/// Tells what happens, line by line, with one line below that changes while somebody watches.
final class Narrator: Sendable {
    private let style: Style
    private let isInteractive: Bool
    private let write: @Sendable (String) -> Void
    private let start = ContinuousClock.now
    private let live = Mutex("")

    init(_ options: DemoOptions) {
        style = options.style
        isInteractive = options.isInteractive
        write = options.write
    }

    /// The name of a part of the story.
    func title(_ text: String) {
        put("\n" + style.paint(text, .blue) + "\n")
    }

    func say(_ mark: Style.Mark, _ text: String) {
        put("\(clock) \(style.line(mark, text))\n")
    }

    /// Text of several lines, such as what a command printed.
    func quote(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        put(lines.map { "       \(printable($0))\n" }.joined())
    }

    /// The line that changes; nothing where nobody watches.
    func show(_ text: String) {
        guard isInteractive else { return }
        live.withLock { live in
            live = "\(clock) \(style.line(.waiting, text))"
            write("\r\u{1B}[2K\(live)")
        }
    }

    private func put(_ text: String) {
        live.withLock { live in
            write(isInteractive ? "\r\u{1B}[2K\(text)\(live)" : text)
        }
    }

    /// Takes the changing line away.
    func finish() {
        live.withLock { live in
            if !live.isEmpty { write("\r\u{1B}[2K") }
            live = ""
        }
    }

    /// ` 1:05`
    private var clock: String {
        let seconds = Int(start.duration(to: .now) / .seconds(1))
        let rest = seconds % 60
        let text = "\(seconds / 60):\(rest < 10 ? "0" : "")\(rest)"
        return String(repeating: " ", count: max(0, 5 - text.count)) + text
    }
}
