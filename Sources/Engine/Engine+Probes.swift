import API
import Domain
import Observed
import Resources
import Rollouts
import Verdicts

/// Asking pods their golden inferences.
extension Engine {
    /// Sends the golden inferences of the declaration to every ready pod of some versions, once
    /// when the pod turns ready and again and again after. While answers are missing, a pod of a
    /// proven version is asked too: only a prober that reaches somebody is a witness.
    mutating func ask(_ digests: [Digest], _ builder: SnapshotBuilder, now: Timestamp) {
        guard !settings.observes else { return }
        let release = builder.release
        let golden = release.spec.health.probes
        var known = answersNotToldOf(builder)
        guard let every = golden.map(\.every).min(), !digests.isEmpty else {
            releases[release.id]?.probes = known
            return
        }
        var isMissing = false
        for digest in digests {
            for pod in builder.pods(digest) where !pod.view.isLeaving {
                let uid = pod.view.metadata.uid
                var probe = releases[release.id]?.probes[uid] ?? .init()
                let sample = builder.sample(pod)
                if case .unanswered = probe.state, sample.isStranded || sample.wasLostWithNode {
                    // Nobody answers on a lost node: it is asked anew when it is back.
                    probe.state = .waiting
                    probe.asked = nil
                }
                if case .unanswered = probe.state { isMissing = true }
                let due = (probe.asked ?? now) + (probe.asked == nil ? .zero : every)
                if pod.view.ready, !sample.isStranded, !pod.view.podIP.isEmpty, !probe.inFlight {
                    if now >= due, let order = order(golden, pod, digest, release) {
                        probe.asked = now
                        probe.inFlight = true
                        start(.golden(pod: uid), for: .release(release.id)) { .probe($0, order) }
                        wake(.release(release.id), at: now + every)
                    } else if due > now {
                        wake(.release(release.id), at: due)
                    }
                }
                known[uid] = probe
            }
        }
        releases[release.id]?.probes = known
        if isMissing { reachProven(builder, every: every, now: now) }
    }

    /// What pods answered in an attempt stands as long as the status shows the attempt: a decision
    /// that was made for it, and asks nobody any more, may have to wait for another write.
    private func answersNotToldOf(_ builder: SnapshotBuilder) -> [String: ReleaseMemory.Probe] {
        let probes = releases[builder.release.id]?.probes ?? [:]
        guard builder.release.status.attempt != nil, !probes.isEmpty else { return [:] }
        let pods = Set(builder.allPods.map(\.view.metadata.uid))
        return probes.filter { pods.contains($0.key) }
    }

    private func order(
        _ golden: [GoldenProbe], _ pod: PodRecord, _ digest: Digest, _ release: ModelRelease
    ) -> ProbeOrder? {
        let name = NamespacedName(
            namespace: release.metadata.namespace,
            name: Names.versioned(release.metadata.name, digest))
        guard let data = view.revisions[name]?.value.data else { return nil }
        let requests = golden.flatMap { probe in
            probe.cases.map { item in
                ProbeOrder.Request(
                    path: item.path ?? data.inferencePath, body: item.request,
                    timeout: probe.timeout)
            }
        }
        return ProbeOrder(
            host: pod.view.podIP, port: pod.view.port ?? data.port, requests: requests)
    }

    /// Asks one ready pod of a proven version whether it can be reached at all.
    private mutating func reachProven(
        _ builder: SnapshotBuilder, every: TimeSpan, now: Timestamp
    ) {
        let release = builder.release
        guard var memory = releases[release.id], !memory.reachInFlight,
            memory.reachAsked.map({ now >= $0 + every }) ?? true
        else { return }
        for share in release.status.proven?.shares ?? [] {
            let name = NamespacedName(
                namespace: release.metadata.namespace,
                name: Names.versioned(release.metadata.name, share.digest))
            guard let data = view.revisions[name]?.value.data,
                let pod = builder.pods(share.digest).first(where: {
                    $0.view.ready && !$0.view.isLeaving && !$0.view.podIP.isEmpty
                })
            else { continue }
            let order = ProbeOrder(
                host: pod.view.podIP, port: pod.view.port ?? data.port,
                requests: [
                    .init(
                        path: data.readyPath.isEmpty ? "/" : data.readyPath, body: nil,
                        timeout: .seconds(5))
                ])
            hit(.proverDoubted)
            memory.reachInFlight = true
            memory.reachAsked = now
            releases[release.id] = memory
            start(.reach, for: .release(release.id)) { .probe($0, order) }
            return
        }
    }

    /// Takes in what a pod answered.
    mutating func probed(
        _ id: NamespacedName, _ purpose: Flights.Purpose, _ outcome: ProbeOutcome, now: Timestamp
    ) {
        guard case .answers(let answers) = outcome else { return }
        switch purpose {
        case .reach:
            releases[id]?.reachInFlight = false
            if case .answered = answers.first { releases[id]?.reached = now }
        case .golden(let pod):
            guard var probe = releases[id]?.probes[pod] else { return }
            probe.inFlight = false
            let release = view.releases[id].flatMap { readings.read($0.value).value }
            let golden = release?.spec.health.probes ?? []
            probe.state = judge(golden.flatMap(\.cases), answers, before: probe.state)
            releases[id]?.probes[pod] = probe
        default: break
        }
    }

    /// A wrong answer stays wrong; answers that are missing are counted.
    private func judge(
        _ cases: [GoldenCase], _ answers: [ProbeAnswer], before: PodSample.Golden
    ) -> PodSample.Golden {
        if case .mismatch = before { return before }
        var missed = 0
        if case .unanswered(let times, _) = before { missed = times }
        for (index, item) in cases.enumerated() {
            guard answers.indices.contains(index) else {
                return .unanswered(missed + 1, "no answer")
            }
            switch answers[index] {
            case .unanswered(let reason): return .unanswered(missed + 1, reason)
            case .answered(let status, let body):
                guard (200..<300).contains(status) else {
                    return .unanswered(missed + 1, "HTTP status \(status)")
                }
                guard let body else {
                    return .mismatch("golden case \(index + 1): the answer is no JSON")
                }
                if let difference = GoldenAnswer.difference(
                    expect: item.expect, actual: body, tolerance: item.tolerance)
                {
                    hit(.goldenWrong)
                    return .mismatch("golden case \(index + 1): \(difference)")
                }
            }
        }
        return .passed
    }
}
