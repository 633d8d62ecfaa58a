package import Domain

/// How long ago, as the tools of Kubernetes write it: coarser the longer it is, at most two units
/// (`45s`, `4m10s`, `25m`, `3h12m`, `9d`, `2y40d`).
package struct Age: Hashable, Sendable, CustomStringConvertible {
    /// Whole seconds, never negative.
    private let seconds: Int64

    package init(of moment: Timestamp, at now: Timestamp) {
        self.init(now.milliseconds > moment.milliseconds ? now - moment : .zero)
    }

    package init(_ span: TimeSpan) {
        seconds = max(0, span.milliseconds / 1000)
    }

    package var description: String {
        let minutes = seconds / 60
        let hours = minutes / 60
        let days = hours / 24
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 2920 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private func pair(_ big: Int64, _ bigUnit: String, _ small: Int64, _ unit: String) -> String {
        small == 0 ? "\(big)\(bigUnit)" : "\(big)\(bigUnit)\(small)\(unit)"
    }
}
