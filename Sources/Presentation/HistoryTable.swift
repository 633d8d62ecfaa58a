package import API
package import Domain

/// The answer of `slipway history`: what happened to a release, newest first.
package struct HistoryTable: Hashable, Sendable {
    package var now: Timestamp
    /// Adds digests, and evidence in full length.
    package var wide: Bool

    package init(now: Timestamp, wide: Bool = false) {
        self.now = now
        self.wide = wide
    }

    package func text(of status: ReleaseStatus, heading: Bool = true) -> String {
        var table = TextTable(
            ["ID", "ENDED", "VERDICT", "VERSIONS", "COMMIT", "AUTHOR", "TOOK", "EVIDENCE"]
                + (wide ? ["DIGESTS"] : []))
        for entry in status.history { table.add(row(entry)) }
        return table.text(heading: heading)
    }

    private func row(_ entry: HistoryEntry) -> [String] {
        let serving = entry.shares.filter { $0.weight > 0 }
        return [
            "\(entry.intent)",
            "\(Age(of: entry.endedAt, at: now)) ago",
            entry.verdict.rawValue,
            entry.shares.short,
            shortCommit(entry.commit),
            shortened(entry.author, to: 30),
            "\(Age(of: entry.startedAt, at: entry.endedAt))",
            wide ? entry.evidence : shortened(entry.evidence, to: 60),
        ] + (wide ? [serving.map(\.digest.tag).joined(separator: ",")] : [])
    }
}
