import Presentation

/// What came out: times and counts of a whole demo.
struct Report: Sendable {
    /// One part of the story.
    struct Phase: Sendable {
        let title: String
        /// What was measured, such as `from merge to first step`, and how long it took.
        var times: [(what: String, took: Duration)] = []
        let start: ContinuousClock.Instant
        var end: ContinuousClock.Instant
    }

    var phases: [Phase] = []
    var answers: [Traffic.Answer] = []
    var sent = 0
    /// The version that was taken back, and the moments of its failure and of the route write.
    var refused: (version: String, failed: ContinuousClock.Instant, back: ContinuousClock.Instant)?

    /// Requests that nobody answered well and that were not the refused version's.
    var lost: [Traffic.Answer] {
        answers.filter { !$0.isGood && ($0.version == nil || $0.version != refused?.version) }
    }

    private var ofRefused: [Traffic.Answer] {
        answers.filter { $0.version != nil && $0.version == refused?.version }
    }

    /// Requests without any answer yet.
    var unanswered: Int { sent - answers.count }

    var text: String {
        var lines: [String] = []
        for phase in phases {
            let seconds = Self.text(phase.start.duration(to: phase.end))
            lines.append("\(phase.title) (\(seconds))")
            for time in phase.times { lines.append("  \(time.what): \(Self.text(time.took))") }
            let shares = Self.shares(
                answers.filter { phase.start <= $0.sent && $0.sent < phase.end })
            if !shares.isEmpty { lines.append("  answered: \(shares)") }
        }
        lines.append("requests sent: \(sent)")
        lines.append("requests lost: \(lost.count + unanswered)")
        if let refused {
            let failed = ofRefused.filter { !$0.isGood }
            let span = failed.map(\.sent).min().flatMap { first in
                failed.map { $0.sent + $0.took }.max().map { first.duration(to: $0) }
            }
            lines.append(
                "failed on the refused version: \(failed.count) of \(ofRefused.count) in "
                    + Self.text(span ?? .zero) + " (version \(refused.version))")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// `version 1: 512, version 2: 60`
    private static func shares(_ answers: [Traffic.Answer]) -> String {
        var counts: [String: Int] = [:]
        for answer in answers {
            let name = answer.version.map { "version \($0)" } ?? "nobody"
            counts[name, default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            .joined(separator: ", ")
    }

    /// `812 ms`, `14.2 s`
    static func text(_ span: Duration) -> String {
        let milliseconds = Int((span / .milliseconds(1)).rounded())
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}
