package import API
import Domain
import Planning

/// The answer of `slipway plan`: what a declaration would do, before anything moves.
package struct PlanPage: Hashable, Sendable {
    private let release: ModelRelease
    /// The split that serves now and is proven; empty for the first version.
    private let base: [DeclaredShare]
    private let new: [Digest]
    private let refused: [QuarantineEntry]
    private let steps: [RolloutPlan.Step]
    private let duration: TimeSpan

    /// - Parameters:
    ///   - release: the declaration.
    ///   - status: what is known of the release in the cluster, or of the declaration before it.
    package init(_ release: ModelRelease, status: ReleaseStatus) {
        self.release = release
        let shares = release.spec.declaredShares
        base = status.proven?.shares ?? []
        let before = status.history.filter { $0.verdict == .promoted || $0.verdict == .rolledBack }
        let known = (base + before.flatMap(\.shares)).map(\.digest)
        new = shares.filter { $0.weight > 0 && !known.contains($0.digest) }.map(\.digest)
        refused = shares.filter { $0.weight > 0 }.compactMap { status.refusal(of: $0.digest) }
        guard let target = release.spec.weights else {
            (steps, duration) = ([], .zero)
            return
        }
        let plan = RolloutPlan(
            strategy: release.spec.strategy, base: status.proven?.weights, target: target,
            new: new)
        (steps, duration) = (plan.steps, plan.shortestDuration)
    }

    /// The declaration serves already: nothing would happen.
    package var isEmpty: Bool {
        func split(_ shares: [DeclaredShare]) -> Weights? {
            Weights(shares.map { .init(digest: $0.digest, weight: $0.weight) })?.withoutZeros
        }
        return !base.isEmpty && split(base) == split(release.spec.declaredShares)
    }

    package var text: String {
        guard !isEmpty else {
            return field("Release", "\(release.id)")
                + field("Change", "none, \(base.sentence) serves")
        }
        var page = fields.map { field($0.label, $0.value) }.joined()
        guard refused.isEmpty else { return page }
        page += "\n" + table.text()
        let warnings = self.warnings
        if !warnings.isEmpty { page += "\n" + warnings.map { "warning: \($0)\n" }.joined() }
        return page
    }

    private func field(_ label: String, _ value: String) -> String {
        let name = label + ":"
        return name + String(repeating: " ", count: max(1, 20 - name.count)) + printable(value)
            + "\n"
    }

    // MARK: Fields

    private var fields: [(label: String, value: String)] {
        var fields = [
            ("Release", "\(release.id)"),
            ("From", base.isEmpty ? "nothing proven yet" : base.sentence),
            ("To", release.spec.declaredShares.sentence),
        ]
        if let entry = refused.first {
            fields.append(
                ("Change", "none: version \(entry.version) is refused (\(entry.reason))"))
            fields.append(
                ("Next", "push a fix, or slipway retry \(release.metadata.name)"))
            return fields
        }
        fields += [
            ("New", new.isEmpty ? "nothing, at once" : names(new)),
            ("Takes", takes),
            ("Pods", cost { _ in 1 }),
        ]
        if gpus > 0 { fields.append(("GPUs", cost { _ in gpus })) }
        fields.append(("Taken Back", takenBack))
        return fields
    }

    private var shares: [DeclaredShare] {
        let declared = release.spec.declaredShares
        return declared + base.filter { share in !declared.contains { $0.digest == share.digest } }
    }

    private func names(_ digests: [Digest]) -> String {
        digests.map { digest in
            "\(shares.first { $0.digest == digest }?.version ?? "") (\(digest.tag))"
        }.joined(separator: ", ")
    }

    private var takes: String {
        let approvals = steps.count { $0.wait == .approval }
        let most = duration == .zero ? "no waits" : "\(duration)"
        switch approvals {
        case 0: return "\(most), and until the pods are ready"
        case 1: return "\(most), one approval, and until the pods are ready"
        default: return "\(most), \(approvals) approvals, and until the pods are ready"
        }
    }

    /// Now, while both run, after; each live version has all of its replicas.
    private func cost(_ perPod: (Digest) -> Int) -> String {
        func sum(_ digests: [Digest]) -> Int {
            digests.reduce(0) { $0 + release.spec.serving.replicas * perPod($1) }
        }
        let before = base.filter { $0.weight > 0 }.map(\.digest)
        let after = release.spec.declaredShares.filter { $0.weight > 0 }.map(\.digest)
        let both = before + after.filter { !before.contains($0) }
        return "\(sum(before)) now, \(sum(both)) during the rollout, \(sum(after)) after"
    }

    /// Of one pod: the sum over its containers of what is named like a GPU.
    private var gpus: Int {
        let containers = release.spec.serving.template?.at("spec", "containers")?.arrayValue ?? []
        return containers.reduce(0) { sum, container in
            let limits = container.at("resources", "limits")?.objectValue?.members ?? []
            return limits.filter { $0.key.hasSuffix("/gpu") }.reduce(sum) {
                let count = $1.value.intValue ?? $1.value.stringValue.flatMap { Int($0) } ?? 0
                return $0 + min(max(0, count), 1024)
            }
        }
    }

    /// How long a failure can stay unseen, by its kind; the route is written at once after that.
    private var takenBack: String {
        guard !base.isEmpty else { return "never: there is nothing proven to go back to" }
        let health = release.spec.health
        let unready =
            health.unreadyFor == .zero ? "at once" : "after \(health.unreadyFor)"
        var text = "on lost readiness \(unready), on a restart at once"
        if let slowest = health.probes.map({ $0.every + $0.timeout }).max() {
            text += ", on a wrong answer within \(slowest)"
        }
        return text
    }

    // MARK: Steps

    private var table: TextTable {
        let columns = shares.filter { share in
            steps.contains { $0.split.weight(of: share.digest) > 0 }
                || base.contains { $0.digest == share.digest && $0.weight > 0 }
        }
        var table = TextTable(["STEP"] + columns.map(\.version) + ["THEN"])
        for (index, step) in steps.enumerated() {
            table.add(
                ["\(index + 1)"] + columns.map { "\(step.split.weight(of: $0.digest))" }
                    + [then(step.wait)])
        }
        return table
    }

    private func then(_ wait: RolloutPlan.Step.Wait) -> String {
        switch wait {
        case .hold(let time): time == .zero ? "go on" : "hold \(time)"
        case .approval: "wait for approval"
        case .bake(let time): time == .zero ? "done" : "bake \(time), then proven"
        }
    }

    private var warnings: [String] {
        let loose = release.spec.versions.filter { $0.pin == nil && $0.weight > 0 }.map(\.name)
        guard !loose.isEmpty else { return [] }
        return [
            "no digest pins the artifact of \(loose.joined(separator: ", ")): "
                + "what is loaded may change without a commit"
        ]
    }
}
