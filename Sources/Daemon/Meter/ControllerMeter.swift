import Domain
import Engine
import Resources
import Telemetry

/// What the controller counts of its own work; see ``Controller/metrics()`` for all of them.
struct ControllerMeter: Sendable {
    typealias Instant = ContinuousClock.Instant

    private(set) var steps = Histogram(
        "slipway_reconcile_duration_seconds", "How long it took to decide after one event.",
        bounds: [
            .microseconds(50), .microseconds(100), .microseconds(500), .milliseconds(1),
            .milliseconds(5), .milliseconds(10), .milliseconds(50), .milliseconds(100),
            .milliseconds(500), .seconds(1), .seconds(5),
        ])
    private(set) var lag = Histogram(
        "slipway_reconcile_lag_seconds", "How late the controller looked at what was due.")
    private(set) var writes = Histogram(
        "slipway_write_duration_seconds",
        "From the decision to write an object to the API server's answer.",
        labels: "resource", "result")
    private(set) var fetches = Histogram(
        "slipway_git_fetch_duration_seconds",
        "From the decision to look at a repository to what was found.", labels: "result")
    private(set) var pushes = Counter(
        "slipway_git_pushes_total",
        "Commits for Git, by what they are for and what became of them.",
        labels: "purpose", "result")
    private(set) var probes = Histogram(
        "slipway_probe_duration_seconds", "How long golden inferences of a pod took.")
    private(set) var reverts = Histogram(
        "slipway_revert_duration_seconds",
        "From the word of a failure to the answer that traffic was taken back.")
    private(set) var interruptions = Counter(
        "slipway_view_interruptions_total",
        "How often a kind of objects could not be followed for a while.", labels: "resource")
    private(set) var notices = Counter(
        "slipway_events_total", "What the controller told as Kubernetes Events, by reason.",
        labels: "type", "reason")

    private(set) var intentions = Counter(
        "slipway_intentions_total",
        "What a controller that only observes would have done, each change once.",
        labels: "action", "resource")

    /// Effects under way or in their lane, with the moment they were decided.
    private var writing: [EffectID: Write] = [:]
    private var probing: [EffectID: Instant] = [:]
    private var pushing: Set<EffectID> = []
    private var reading: Set<EffectID> = []
    private var fetching: [String: Instant] = [:]
    /// Routes of which traffic is to be taken back, since when and with which write first, until
    /// that is applied.
    private var reverting: [ResourceKey: (since: Instant, first: EffectID)] = [:]

    private struct Write {
        let key: ResourceKey
        let start: Instant
        let takesTrafficBack: Bool
    }

    /// - Parameter at: when the event came that the effect answers.
    mutating func note(_ effect: Effect, at: Instant) {
        switch effect {
        case .write(let id, let request):
            let write = Write(
                key: request.key, start: at, takesTrafficBack: request.marksRefusal)
            writing[id] = write
            if write.takesTrafficBack, reverting[request.key] == nil {
                reverting[request.key] = (at, id)
            }
        case .read(let id, _), .readMetadata(let id, _): reading.insert(id)
        case .fetch(let source, _, _): fetching["\(source)"] = at
        case .probe(let id, _): probing[id] = at
        case .revert(let id, _), .record(let id, _): pushing.insert(id)
        case .emit(let notice):
            notices.add(1, notice.isWarning ? "Warning" : "Normal", notice.reason)
        case .intend(let notice):
            intentions.add(
                1, notice.intention.action.rawValue, notice.intention.object.kind.plural)
        case .leadership: break
        }
    }

    mutating func note(_ event: Event, at: Instant) {
        switch event {
        case .view(let kind, .interrupted), .view(let kind, .refused):
            interruptions.add(1, kind.plural)
        case .view, .notified, .resigned, .tick: break
        case .written(let id, let outcome): ended(id, outcome, at: at)
        case .read(let id, _): reading.remove(id)
        case .fetched(let source, let outcome):
            guard let start = fetching.removeValue(forKey: "\(source)") else { break }
            let result =
                switch outcome {
                case .unchanged: "unchanged"
                case .commit: "commit"
                case .failed: "failed"
                }
            fetches.observe(start.duration(to: at), result)
        case .probed(let id, _):
            guard let start = probing.removeValue(forKey: id) else { break }
            probes.observe(start.duration(to: at))
        case .reverted(let id, let outcome): ended(id, "revert", outcome)
        case .recorded(let id, let outcome): ended(id, "record", outcome)
        }
    }

    mutating func decided(in duration: Duration) { steps.observe(duration) }

    mutating func looked(late duration: Duration) { lag.observe(max(.zero, duration)) }

    private mutating func ended(_ id: EffectID, _ outcome: WriteOutcome, at: Instant) {
        guard let write = writing.removeValue(forKey: id) else { return }
        let result: String
        switch outcome {
        case .applied:
            result = "applied"
            // A later write of the route means that this revert is over, or not wanted any more;
            // one that was on its way when the revert began may be answered after it.
            if let revert = reverting[write.key], id >= revert.first {
                reverting[write.key] = nil
                if write.takesTrafficBack { reverts.observe(revert.since.duration(to: at)) }
            }
        case .notApplied(let refusal): result = refusal.kind.rawValue
        case .unknown: result = "unknown"
        }
        writes.observe(write.start.duration(to: at), write.key.kind.plural, result)
    }

    private mutating func ended(_ id: EffectID, _ purpose: String, _ outcome: GitOutcome) {
        pushing.remove(id)
        let result =
            switch outcome {
            case .pushed: "pushed"
            case .dropped: "dropped"
            case .failed: "failed"
            }
        pushes.add(1, purpose, result)
    }

    /// How much is under way or waits for its turn, by sort.
    var underWay: [(sort: String, count: Int)] {
        [
            ("fetch", fetching.count), ("probe", probing.count), ("push", pushing.count),
            ("read", reading.count), ("write", writing.count),
        ]
    }

    func write(to page: inout Exposition) {
        steps.write(to: &page)
        lag.write(to: &page)
        page.family("slipway_queue_depth", .gauge, "Effects under way or in line, by sort.")
        for (sort, count) in underWay {
            page.sample("slipway_queue_depth", labels: ["sort": sort], count)
        }
        writes.write(to: &page)
        interruptions.write(to: &page)
        fetches.write(to: &page)
        pushes.write(to: &page)
        probes.write(to: &page)
        reverts.write(to: &page)
        notices.write(to: &page)
        intentions.write(to: &page)
    }
}
