import API
package import Domain
package import Observed
import Resources
package import Rollouts

/// The whole brain of the controller: a value that turns events into effects.
///
/// It never suspends, never throws, reads no clock and does no I/O. It is level-based: an event
/// only says where to look again, decisions are made from what is known then. What it keeps beyond
/// the cluster's objects may be lost at any moment: another engine that starts on the same cluster
/// takes the same next action.
package struct Engine: Sendable {
    package let settings: EngineSettings
    var view = ClusterView()
    var releases: [NamespacedName: ReleaseMemory] = [:]
    var sources: [NamespacedName: SourceMemory] = [:]
    /// Which sources declare a release.
    var claims: [NamespacedName: Set<NamespacedName>] = [:]
    /// Releases that more than one source declares.
    var contested: Set<NamespacedName> = []
    /// Releases whose routes name a Gateway.
    var gatewayUsers: [NamespacedName: Set<NamespacedName>] = [:]
    var readings = ReleaseReadings()
    private var recent: RecentReleases
    var configuration = ConfigurationLooks()
    var flights = Flights()
    var timers = Timers<Subject>()
    /// When the subject that is being settled wants to be looked at again.
    var wakes: [Subject: Timestamp] = [:]
    var jitter: SplitMix64
    /// The time of the event that is being taken in.
    var now = Timestamp(milliseconds: 0)
    /// Writes that were not sent because they would have broken an invariant, since the start.
    package internal(set) var violations = 0
    var effects: [Effect] = []
    var leadership: Leadership
    /// Of an engine that only observes: what the subject that is being settled would change.
    var wanted = Wanted()
    /// Of an engine that only observes: what was said of each subject.
    var intended: [Subject: [Told]] = [:]
    private var dirty: Set<Subject> = []
    /// Who has to wait because one event touched very many, each once, in order.
    private var line: ArraySlice<Subject> = []
    /// Those of them whose rollout is under way: they may have traffic to take back.
    private var urgent: ArraySlice<Subject> = []
    /// When somebody who waits was settled last.
    private var lastTaken = Timestamp(milliseconds: 0)
    private var waiting: Set<Subject> = []
    private var wasSynced = false
    /// At the last step it was known how the cluster stands, and this process led.
    private var mayAct = false
    /// When this process began to lead, knowing how the cluster stands: whoever only follows asks
    /// no pod anything.
    private(set) var began: Timestamp?

    package init(settings: EngineSettings) {
        self.settings = settings
        recent = RecentReleases(limit: settings.recentReleases)
        jitter = SplitMix64(seed: settings.seed)
        leadership = Leadership(settings.observes ? nil : settings.election)
    }

    /// When ``Event/tick`` is wanted, if nothing happens before; at once while somebody waits who
    /// may begin. An engine that may not act wants none but for its election.
    package var nextTick: Timestamp? {
        let election = leadership.election?.nextTick
        guard mayAct else { return election }
        let soon = isFull ? lastTaken + .seconds(1) : Timestamp(milliseconds: 0)
        let next = waiting.isEmpty ? nil : soon
        return [election, timers.next, next].compactMap { $0 }.min()
    }

    /// Whether it could act when it was stepped last: the cluster was known, and it led.
    package var leads: Bool { mayAct && !settings.observes }

    /// Releases and sources that wait for another step, because one event touched very many.
    package var waitingSubjects: Int { waiting.count }

    /// So many of the subjects that an event touches are settled in its step: at the first sight
    /// of a large cluster nobody else's event waits for all of them.
    private static let subjectsPerStep = 100
    /// So many of those who wait are settled in the step of a tick. Other events leave them alone:
    /// while there are many, what happens in the cluster is taken in as fast as it comes.
    private static let waitingPerTick = 20
    /// While so many objects are being written or read, of those who wait only releases whose
    /// rollout is under way are settled, and one other a second: what has begun is finished first,
    /// and the write of a revert's status does not stand in a queue of thousands.
    private static let objectsUnderWay = 64

    private var isFull: Bool { urgent.isEmpty && flights.objects >= Self.objectsUnderWay }

    /// Everything known of the cluster, for pages and metrics.
    package var cluster: ClusterView { view }

    /// Nothing is under way.
    package var isIdle: Bool { flights.count == 0 }

    /// Takes in one event; returns what is to be done, in this order.
    package mutating func step(_ event: Event, now: Timestamp) -> [Effect] {
        effects = []
        self.now = now
        absorb(event, now: now)
        for subject in timers.take(now: now) { dirty.insert(subject) }
        lead(event, now: now)
        if view.isSynced, !wasSynced {
            wasSynced = true
            for release in view.knownReleases { dirty.insert(.release(release)) }
            for source in view.sources.names { dirty.insert(.source(source)) }
        }
        let couldAct = mayAct
        mayAct = view.isSynced && leadership.mayAct(at: now)
        if mayAct, !couldAct { began = now }
        if mayAct { settle(now: now) }
        if mayAct, case .tick = event { settleWaiting(now: now) }
        return effects
    }

    /// Settles who was touched by this event.
    private mutating func settle(now: Timestamp) {
        var left = Self.subjectsPerStep
        // Settling a source can touch releases; those follow in the same step.
        while left > 0, !dirty.isEmpty {
            let subjects = dirty.sorted()
            dirty = []
            for subject in subjects.prefix(left) { settle(subject, now: now) }
            queue(subjects.dropFirst(left))
            left -= min(left, subjects.count)
        }
        queue(dirty.sorted()[...])
        dirty = []
    }

    /// Settles some of those who wait, and whom they touch.
    private mutating func settleWaiting(now: Timestamp) {
        for _ in 0..<Self.waitingPerTick {
            while let first = urgent.first, !waiting.contains(first) { urgent.removeFirst() }
            while let first = line.first, !waiting.contains(first) { line.removeFirst() }
            guard !isFull || now >= lastTaken + .seconds(1),
                let next = urgent.popFirst() ?? line.popFirst()
            else { break }
            lastTaken = now
            dirty = [next]
            settle(now: now)
        }
    }

    private mutating func settle(_ subject: Subject, now: Timestamp) {
        waiting.remove(subject)
        switch subject {
        case .source(let id): settleSource(id, now: now)
        case .release(let id): settleRelease(id, now: now)
        case .leadership: break
        }
        tellIntentions(of: subject)
    }

    private mutating func queue(_ subjects: ArraySlice<Subject>) {
        for subject in subjects where waiting.insert(subject).inserted {
            if case .release(let id) = subject, view.releases[id]?.value.isUnderWay == true {
                urgent.append(subject)
            } else {
                line.append(subject)
            }
        }
    }

    /// Notes that something happens to a release: those to which nothing has for long are packed.
    mutating func note(_ release: NamespacedName) {
        for former in recent.note(release) { view.pack(former) }
    }

    /// Looks at a subject again before the step ends.
    mutating func touch(_ subject: Subject) { dirty.insert(subject) }

    /// Starts an effect that comes back.
    mutating func start(
        _ purpose: Flights.Purpose, for subject: Subject, _ effect: (EffectID) -> Effect
    ) {
        effects.append(effect(flights.start(purpose, for: subject)))
    }

    /// Sends a write, if it breaks no invariant.
    mutating func write(_ request: WriteRequest, for subject: Subject) {
        if let broken = broken(by: request, of: subject), !areAssertsSilent {
            if settings.observes { return }
            return refuse(request, broken, for: subject)
        }
        if settings.observes { return intend(request, for: subject) }
        start(.write(request), for: subject) { .write($0, request) }
    }

    mutating func read(_ key: ResourceKey, for subject: Subject) {
        start(.read(key), for: subject) { .read($0, key) }
    }
}

/// What belongs to the installation.
package struct EngineSettings: Sendable {
    /// The name of this cluster in the record.
    package var cluster: String
    package var rollout: RolloutSettings
    /// Of the jitter.
    package var seed: UInt64
    /// The election that the process takes part in; `nil` where the installation sees to it that
    /// only one controller runs.
    package var election: Election.Settings?
    /// The only namespace that is followed; `nil` for the whole cluster.
    package var namespace: String?
    /// Decide and say what would be done (``Effect/intend(_:)``), but change nothing: no write, no
    /// Event, nothing in Git, no Lease, and no request to a pod. There is no election then.
    package var observes: Bool
    /// Of so many releases the objects are kept as they are read, those of the others packed:
    /// nothing but time and memory depends on it.
    package var recentReleases: Int

    package init(
        cluster: String = "default", rollout: RolloutSettings = .init(), seed: UInt64 = 0,
        election: Election.Settings? = nil, namespace: String? = nil, observes: Bool = false,
        recentReleases: Int = 64
    ) {
        self.cluster = cluster
        self.rollout = rollout
        self.seed = seed
        self.election = election
        self.namespace = namespace
        self.observes = observes
        self.recentReleases = recentReleases
    }
}
