package import API
package import Domain

/// What the pods of a version say of it at a moment. Missing evidence is `starting` or `unknown`,
/// never success.
package enum VersionVerdict: Hashable, Sendable {
    /// Not all pods are ready and checked yet; why.
    case starting(String)
    /// Every declared pod is ready and answered its golden inferences.
    case healthy
    /// Pods are missing that were there, for reasons that say nothing of the version.
    case reduced(String)
    /// The version is bad.
    case failed(Failure)

    /// Why a version counts as failed.
    package struct Failure: Hashable, Sendable {
        /// One CamelCase word for programs and metrics.
        package enum Reason: String, Hashable, Sendable, CaseIterable {
            case readinessLost = "ReadinessLost"
            case restarted = "ContainerRestarted"
            case crashLoop = "CrashLoopBackOff"
            case outOfMemory = "OOMKilled"
            case imageUnavailable = "ImageUnavailable"
            case configurationError = "ContainerConfigError"
            case podFailed = "PodFailed"
            case goldenMismatch = "GoldenMismatch"
            case probeFailed = "ProbeFailed"
            case progressDeadline = "ProgressDeadlineExceeded"
            /// Found on the route after a restart: the details went with the process.
            case recorded = "RecordedOnRoute"
            /// A person took it back.
            case rolledBack = "RolledBack"
        }

        package let reason: Reason
        /// A sentence with the facts: which pod, what, how often, since when.
        package let message: String

        package init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    package var failure: Failure? { if case .failed(let failure) = self { failure } else { nil } }

    package var isHealthy: Bool { self == .healthy }
}

/// Judges a version under test by the release's health policy.
///
/// The rules, first match decides: a wrong golden answer; an image or configuration that cannot be
/// used; restarts above the limit (named after what ended the container); readiness lost by more
/// pods than allowed for longer than allowed; a failed pod; unanswered probes while the same prober
/// reaches proven versions; the progress deadline. Pods that are leaving do not count, and what
/// came over pods with their node counts neither against the version nor for it: only a wrong
/// answer stays one.
package struct HealthJudge: Sendable {
    package let policy: HealthPolicy
    /// Pods that the version must have.
    package let desired: Int
    /// Pods without which the version counts as failed once the progress deadline has passed. What
    /// an autoscaler asks for beyond them may find no room: that says nothing of the version.
    package let required: Int
    /// When the pods were asked for; the progress deadline runs from here or from the newest pod.
    package let since: Timestamp
    /// The prober reached a pod of a proven version lately, or there is no proven version.
    package let proberTrusted: Bool
    /// Why the server refuses the pods that are missing; empty if it does not.
    package let podsRefused: String

    /// So many unanswered probes in a row count.
    package static let unansweredLimit = 3

    /// How long the cluster leaves pods on a node that it does not hear of before it makes others:
    /// five minutes, and the time to notice. The progress deadline stands still so long.
    package static let nodePatience = TimeSpan.minutes(6)

    package init(
        policy: HealthPolicy, desired: Int, required: Int? = nil, since: Timestamp,
        proberTrusted: Bool, podsRefused: String = ""
    ) {
        self.policy = policy
        self.desired = desired
        self.required = required ?? desired
        self.since = since
        self.proberTrusted = proberTrusted
        self.podsRefused = podsRefused
    }

    /// The verdict, and when it may change by time alone.
    package func verdict(
        _ pods: [PodSample],
        now: Timestamp
    ) -> (verdict: VersionVerdict, recheck: Timestamp?) {
        let staying = pods.filter { !$0.leaving }
        let heard = staying.filter { !$0.isStranded }
        if let failure = wrongAnswer(staying) ?? unusable(heard) ?? restarted(heard) {
            return (.failed(failure), nil)
        }
        let (lost, lostRecheck) = readinessLost(heard, now: now)
        if let lost { return (.failed(lost), nil) }
        if let failure = failedPod(heard) ?? unanswered(heard) {
            return (.failed(failure), nil)
        }
        let ready = heard.filter(\.ready)
        let checked = ready.filter { $0.golden == .notAsked || $0.golden == .passed }
        if checked.count >= desired { return (.healthy, lostRecheck) }
        // A time that is yet to come is another clock's and says nothing.
        let newest = staying.compactMap(\.created).filter { $0 <= now }.max() ?? since
        let start = max(newest, since, taken(pods, now: now) ?? since)
        let deadline = start + policy.progressDeadline
        if now >= deadline, checked.count < required {
            return (
                .failed(
                    .init(
                        .progressDeadline,
                        "\(checked.count) of \(desired) pods ready after "
                            + "\(policy.progressDeadline)\(refusal(of: pods))"
                    )
                ), nil
            )
        }
        let recheck = [deadline > now ? deadline : nil, lostRecheck].compactMap { $0 }.min()
        if ready.count >= desired {
            return (.starting("golden inferences: \(checked.count)/\(desired) pods"), recheck)
        }
        var text = "\(ready.count)/\(desired) pods ready"
        let stranded = staying.count - heard.count
        if stranded > 0 { text += ", \(stranded) on nodes that are not Ready" }
        text += refusal(of: staying)
        if staying.contains(where: \.wasReady) { return (.reduced(text), recheck) }
        return (.starting(text), recheck)
    }

    /// What the server says of pods that it does not let come to be.
    private func refusal(of pods: [PodSample]) -> String {
        guard !podsRefused.isEmpty, pods.count < desired else { return "" }
        return "; pods are refused: \(podsRefused.prefix(300))"
    }

    /// When the cluster last took pods from the version, or will have: the time in which others
    /// have to become ready runs from there.
    private func taken(_ pods: [PodSample], now: Timestamp) -> Timestamp? {
        if isMutated(.deadlineOfLostNodes) { return nil }
        return pods.compactMap { pod -> Timestamp? in
            if pod.leaving { return pod.leavingSince.map { min($0, now) } }
            switch pod.node {
            case .notReady(let since):
                hit(.strandedWaited)
                return min(since ?? now, now) + Self.nodePatience
            case .asked: return now
            case .ready(let since) where pod.wasLostWithNode:
                hit(.nodeCameBack)
                return since.map { min($0, now) }
            case .ready, .unknown: return nil
            }
        }.max()
    }

    private func wrongAnswer(_ pods: [PodSample]) -> VersionVerdict.Failure? {
        for pod in pods {
            if case .mismatch(let text) = pod.golden {
                return .init(.goldenMismatch, "pod \(pod.name): \(text)")
            }
        }
        return nil
    }

    private static let imageReasons: Set<String> = [
        "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
    ]
    private static let configurationReasons: Set<String> = [
        "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    ]

    private func unusable(_ pods: [PodSample]) -> VersionVerdict.Failure? {
        for pod in pods {
            guard let waiting = pod.waiting else { continue }
            let text =
                "pod \(pod.name): \(waiting.reason)"
                + (waiting.message.isEmpty ? "" : ": \(waiting.message.prefix(300))")
            if Self.imageReasons.contains(waiting.reason) { return .init(.imageUnavailable, text) }
            if Self.configurationReasons.contains(waiting.reason) {
                return .init(.configurationError, text)
            }
        }
        return nil
    }

    private func restarted(_ pods: [PodSample]) -> VersionVerdict.Failure? {
        let pods = pods.filter { !$0.wasRestartedWithNode }
        let restarts = pods.reduce(0) { $0 + $1.restarts }
        guard restarts > policy.restartsMax else { return nil }
        let worst = pods.max { $0.restarts < $1.restarts }
        let name = worst?.name ?? ""
        let end = worst?.lastEnd ?? ""
        let reason: VersionVerdict.Failure.Reason =
            end.hasPrefix("OOMKilled")
            ? .outOfMemory
            : worst?.waiting?.reason == "CrashLoopBackOff" ? .crashLoop : .restarted
        return .init(
            reason,
            "\(restarts) restart\(restarts == 1 ? "" : "s"), allowed \(policy.restartsMax); "
                + "pod \(name)\(end.isEmpty ? "" : ": \(end)")"
        )
    }

    private func readinessLost(
        _ pods: [PodSample],
        now: Timestamp
    ) -> (VersionVerdict.Failure?, Timestamp?) {
        let lost = pods.filter { $0.wasReady && !$0.ready && !$0.wasLostWithNode }
        guard lost.count > policy.unreadyMax else { return (nil, nil) }
        // The pod whose loss makes it too many counts from its own change.
        let changes = lost.map { $0.readyChanged ?? since }.sorted()
        // A node whose clock is ahead tells of the future: that is now.
        let tooManySince = min(changes[policy.unreadyMax], now)
        let due = tooManySince + policy.unreadyFor
        guard now >= due else { return (nil, due) }
        let names = lost.prefix(3).map(\.name).joined(separator: ", ")
        return (
            .init(
                .readinessLost,
                "\(lost.count) of \(pods.count) pods lost readiness, allowed \(policy.unreadyMax): "
                    + names
            ), nil
        )
    }

    private func failedPod(_ pods: [PodSample]) -> VersionVerdict.Failure? {
        guard let pod = pods.first(where: \.phaseFailed) else { return nil }
        return .init(.podFailed, "pod \(pod.name) failed\(pod.lastEnd.map { ": \($0)" } ?? "")")
    }

    private func unanswered(_ pods: [PodSample]) -> VersionVerdict.Failure? {
        guard proberTrusted else { return nil }
        for pod in pods {
            if case .unanswered(let times, let reason) = pod.golden, times >= Self.unansweredLimit {
                return .init(
                    .probeFailed,
                    "pod \(pod.name): \(times) golden inferences in a row failed: \(reason)"
                )
            }
        }
        return nil
    }
}
