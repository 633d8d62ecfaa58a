package import API
package import Domain

/// The answer of `slipway describe`: everything about one release that helps to decide what to do.
package struct ReleasePage: Hashable, Sendable {
    private static let historyShown = 5

    private let release: ModelRelease
    private let now: Timestamp

    private var status: ReleaseStatus { release.status }
    private var name: String { release.metadata.name }

    package init(_ release: ModelRelease, now: Timestamp) {
        self.release = release
        self.now = now
    }

    /// The page: fields, then tables, an empty line between them.
    package var text: String {
        var page = fields.map { line($0.label, $0.value) }.joined()
        page += section(versions)
        if !status.conditions.isEmpty { page += section(conditions) }
        if !status.quarantine.isEmpty { page += section(quarantine) }
        if !status.history.isEmpty {
            var shown = status
            shown.history = Array(status.history.prefix(Self.historyShown))
            page += "\n" + HistoryTable(now: now).text(of: shown)
            let rest = status.history.count - shown.history.count
            if rest > 0 { page += "(\(rest) more: slipway history \(name)\(namespaceFlag))\n" }
        }
        return page
    }

    private func line(_ label: String, _ value: String) -> String {
        let name = label + ":"
        return name + String(repeating: " ", count: max(1, 20 - name.count)) + printable(value)
            + "\n"
    }

    private func section(_ table: TextTable) -> String {
        table.rows.isEmpty ? "" : "\n" + table.text()
    }

    // MARK: Fields

    private var fields: [(label: String, value: String)] {
        let all: [(String, String?)] = [
            ("Name", "\(release.id)"),
            ("Source", source),
            ("Commit", commit),
            ("Runtime", release.spec.runtime.rawValue),
            ("Traffic", traffic),
            ("Declared", release.spec.declaredShares.sentence),
            ("Phase", status.phase.rawValue),
            ("Message", status.message),
            ("Sync Status", condition("Synced", yes: "Synced", no: "OutOfSync")),
            ("Health Status", condition("Healthy", yes: "Healthy", no: "Degraded")),
            ("Rollout", rollout),
            ("Step", step),
            ("Proven", proven),
            ("Git Revert", gitRevert),
            ("Next", next),
        ]
        return all.compactMap { label, value in
            value.flatMap { $0.isEmpty ? nil : (label, $0) }
        }
    }

    private var source: String? {
        guard let source = release.metadata.annotation(Names.source) else { return nil }
        let file = release.metadata.annotation(Names.file) ?? ""
        return "ReleaseSource \(source)" + (file.isEmpty ? "" : ", file \(file)")
    }

    private var commit: String? {
        let commit = status.observedCommit
        guard !commit.isEmpty else { return nil }
        let author = release.metadata.annotation(Names.author) ?? ""
        return shortCommit(commit) + (author.isEmpty ? "" : " by \(author)")
    }

    private var traffic: String {
        switch release.spec.traffic {
        case .gateway(let gateway):
            let parents = gateway.parentRefs.map {
                ($0.namespace.map { "\($0)/" } ?? "") + $0.name
            }.joined(separator: ", ")
            let hosts = gateway.hostnames.joined(separator: ", ")
            return "gateway \(parents), path \(gateway.path)"
                + (hosts.isEmpty ? "" : ", hosts \(hosts)")
        }
    }

    private func condition(_ type: String, yes: String, no: String) -> String? {
        guard let condition = status.conditions.first(where: { $0.type == type }) else {
            return nil
        }
        let word =
            switch condition.status {
            case .yes: yes
            case .no: no
            case .unknown: "Unknown"
            }
        return "\(word) since \(Age(of: condition.lastTransition, at: now))"
    }

    private var rollout: String? {
        guard let attempt = status.attempt else { return nil }
        let from = attempt.commit.isEmpty ? "" : " from \(shortCommit(attempt.commit))"
        let by = attempt.author.isEmpty ? "" : " by \(attempt.author)"
        let kind = attempt.manual ? "rollback" : "attempt"
        return "\(kind) \(attempt.intent) to \(attempt.target.sentence)\(from)\(by), "
            + "started \(Age(of: attempt.startedAt, at: now)) ago"
            + (attempt.promoted ? ", waits skipped by hand" : "")
    }

    private var step: String? {
        guard let step = status.step else { return nil }
        var text = "\(step.index) of \(step.of), \(step.weight) % to the new versions"
        if !step.waitsFor.isEmpty { text += ", waits for \(step.waitsFor)" }
        if let until = step.until, until > now {
            text += " (until \(until), \(Age(until - now)) from now)"
        }
        return text
    }

    private var proven: String {
        guard let proven = status.proven else { return "nothing yet" }
        return proven.shares.sentence
            + (proven.commit.isEmpty ? "" : " from \(shortCommit(proven.commit))")
            + " since \(Age(of: proven.since, at: now))"
            + (proven.provisional ? ", provisional" : "")
    }

    private var gitRevert: String? {
        status.pendingRevert.map {
            "pending: restore the declaration of \(shortCommit($0.restore))"
        }
    }

    /// What a person can do now.
    private var next: String? {
        let target = name + namespaceFlag
        if release.spec.suspend { return "set spec.suspend to false to go on" }
        if let pause = release.metadata.annotation(Names.pause), pause != "false" {
            return "slipway resume \(target)"
        }
        if status.attempt != nil, status.step?.waitsFor == "approval" {
            return "slipway approve \(target)"
        }
        let refused = status.declared.first { share in
            share.weight > 0 && status.refusal(of: share.digest) != nil
        }
        guard status.attempt == nil, let refused else { return nil }
        return "push a fix, or slipway retry \(target) --version \(refused.version)"
    }

    private var namespaceFlag: String {
        release.metadata.namespace.isEmpty ? "" : " -n \(release.metadata.namespace)"
    }

    // MARK: Tables

    private var versions: TextTable {
        var table = TextTable(
            ["VERSION", "DIGEST", "ROLE", "WEIGHT", "READY", "HEALTH", "AGE", "MESSAGE"])
        let order = status.declared.map(\.digest)
        let known = order.flatMap { digest in status.versions.filter { $0.digest == digest } }
        let others = status.versions.filter { !order.contains($0.digest) }
        for version in known + others {
            table.add([
                version.version, version.digest.tag, role(version.digest), "\(version.weight)",
                "\(version.ready)/\(version.desired)", version.health.rawValue,
                "\(Age(of: version.since, at: now))", version.message,
            ])
        }
        return table
    }

    private func role(_ digest: Digest) -> String {
        if status.refusal(of: digest) != nil { return "refused" }
        if status.attempt?.new.contains(digest) == true { return "new" }
        if status.proven?.shares.contains(where: { $0.digest == digest }) == true {
            return "stable"
        }
        return "old"
    }

    private var conditions: TextTable {
        var table = TextTable(["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"])
        for condition in status.conditions {
            table.add([
                condition.type, condition.status.rawValue, condition.reason,
                "\(Age(of: condition.lastTransition, at: now))",
                shortened(condition.message, to: 100),
            ])
        }
        return table
    }

    private var quarantine: TextTable {
        var table = TextTable(["REFUSED", "DIGEST", "REASON", "AGE", "COMMIT", "MESSAGE"])
        for entry in status.quarantine {
            table.add([
                entry.version, entry.digest.tag, entry.reason, "\(Age(of: entry.at, at: now))",
                shortCommit(entry.commit), shortened(entry.message, to: 100),
            ])
        }
        return table
    }
}
