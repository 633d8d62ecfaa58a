/// What the terminal can show. Without a terminal: no colour; without a UTF-8 locale: ASCII.
package struct Style: Hashable, Sendable {
    package var colour: Bool
    package var unicode: Bool

    package init(colour: Bool, unicode: Bool) {
        self.colour = colour
        self.unicode = unicode
    }

    /// Neither colour nor anything outside ASCII.
    package static let plain = Style(colour: false, unicode: false)

    /// Decides from the environment: `NO_COLOR` with any text and `TERM=dumb` switch colour off;
    /// `LC_ALL`, `LC_CTYPE`, `LANG`, the first that is set, tell whether UTF-8 can be shown.
    package init(isTerminal: Bool, environment: (String) -> String?) {
        func value(_ name: String) -> String? {
            environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        colour = isTerminal && value("NO_COLOR") == nil && value("TERM") != "dumb"
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "").lowercased()
        unicode = locale.hasSuffix("utf-8") || locale.hasSuffix("utf8")
    }

    /// What a line is about.
    package enum Mark: Hashable, Sendable, CaseIterable {
        case start
        case done
        case failed
        case waiting
        case warning
    }

    /// `✔ approved`: one line of what a command does, without its end.
    package func line(_ mark: Mark, _ text: String) -> String {
        paint(symbol(mark), colour(of: mark)) + " " + printable(text)
    }

    /// The text in a colour where colours are shown.
    package func paint(_ text: String, _ colour: Colour) -> String {
        self.colour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The four colours in use, as codes of the terminal.
    package enum Colour: Int, Hashable, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
    }

    private func symbol(_ mark: Mark) -> String {
        switch mark {
        case .start: unicode ? "►" : ">"
        case .done: unicode ? "✔" : "ok:"
        case .failed: unicode ? "✗" : "failed:"
        case .waiting: unicode ? "◎" : "..."
        case .warning: unicode ? "⚠" : "warning:"
        }
    }

    private func colour(of mark: Mark) -> Colour {
        switch mark {
        case .start, .waiting: .blue
        case .done: .green
        case .failed: .red
        case .warning: .yellow
        }
    }
}
