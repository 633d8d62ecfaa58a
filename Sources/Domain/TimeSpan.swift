/// A length of time in whole milliseconds, written as Kubernetes and Go write durations
/// (`500ms`, `30s`, `1h30m`); days are not a unit there and `24h` is the way to say one.
package struct TimeSpan: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func milliseconds(_ value: Int64) -> TimeSpan { .init(milliseconds: value) }
    package static func seconds(_ value: Int64) -> TimeSpan { .init(milliseconds: value * 1000) }
    package static func minutes(_ value: Int64) -> TimeSpan { .seconds(value * 60) }
    package static func hours(_ value: Int64) -> TimeSpan { .minutes(value * 60) }
    package static let zero = TimeSpan(milliseconds: 0)

    /// The longest span that ``init(_:)`` accepts: a year.
    package static let longest = TimeSpan.hours(24 * 366)

    /// Reads `1h30m`, `10m`, `5s`, `250ms`, `1.5s` or `0`; `nil` if it is anything else, negative,
    /// or longer than ``longest``.
    package init?(_ text: String) {
        if text == "0" {
            self = .zero
            return
        }
        var rest = Substring(text)
        var total: Double = 0
        guard !rest.isEmpty, rest.utf8.count <= 32 else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { ($0 >= "0" && $0 <= "9") || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0 >= "a" && $0 <= "z" }
            rest = rest.dropFirst(unit.count)
            guard !number.isEmpty, number.filter({ $0 == "." }).count <= 1,
                let value = Double(number), let scale = Self.units[String(unit)]
            else { return nil }
            total += value * scale
        }
        guard total <= Double(Self.longest.milliseconds) else { return nil }
        milliseconds = Int64(total.rounded())
    }

    private static let units: [String: Double] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000,
    ]

    /// The shortest usual spelling, without units that are zero: `1h30m`, `5s`, `0s`.
    package var description: String {
        if milliseconds == 0 { return "0s" }
        if milliseconds < 0 { return "-\(TimeSpan(milliseconds: -milliseconds))" }
        var text = ""
        let hours = milliseconds / 3_600_000
        let minutes = milliseconds / 60_000 % 60
        let seconds = milliseconds / 1000 % 60
        let rest = milliseconds % 1000
        if hours > 0 { text += "\(hours)h" }
        if minutes > 0 { text += "\(minutes)m" }
        if seconds > 0 { text += "\(seconds)s" }
        if rest > 0 { text += "\(rest)ms" }
        return text
    }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.milliseconds < right.milliseconds
    }
    package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        .init(milliseconds: left.milliseconds + right.milliseconds)
    }
    package static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        .init(milliseconds: left.milliseconds - right.milliseconds)
    }
    package static func * (left: TimeSpan, right: Int64) -> TimeSpan {
        .init(milliseconds: left.milliseconds * right)
    }
}
