import Domain
import Resources

/// Whom an effect or a timer is for.
enum Subject: Hashable, Sendable, Comparable {
    case source(NamespacedName)
    case release(NamespacedName)
    /// Who leads.
    case leadership

    static func < (left: Subject, right: Subject) -> Bool {
        switch (left, right) {
        case (.source(let one), .source(let other)), (.release(let one), .release(let other)):
            one < other
        case (.source, .release), (.source, .leadership), (.release, .leadership): true
        case (.release, .source), (.leadership, _): false
        }
    }
}

/// What is under way in the world: effects whose end has not come back, objects that have to be
/// read before anything is decided about them, and the waits after failures. Per object at most
/// one write or read is under way.
struct Flights: Sendable {
    /// What an effect was for.
    enum Purpose: Hashable, Sendable {
        case write(WriteRequest)
        case read(ResourceKey)
        /// Golden inferences of a pod, by uid.
        case golden(pod: String)
        /// Can the prober reach a pod of a proven version?
        case reach
        case revert(intent: Int64)
        case record(RecordedStatus)
        /// A read or write of the Lease.
        case lease(Election.Call)
    }

    /// One effect under way.
    struct Flight: Sendable {
        let subject: Subject
        let purpose: Purpose
    }

    private var flights: [EffectID: Flight] = [:]
    private var busy: [ResourceKey: EffectID] = [:]
    private var backoffs: [ResourceKey: Backoff] = [:]
    /// How often objects were put back lately.
    private var repairs: [ResourceKey: Backoff] = [:]
    /// Objects whose last write was refused for what it was based on, or ended unknown.
    private var doubts: [Subject: Set<ResourceKey>] = [:]
    /// Routes that are being sealed.
    private var seals: Set<ResourceKey> = []
    private var lastID: UInt64 = 0

    /// Effects under way, but for those of the election.
    var count: Int { flights.count - leaseCalls }

    /// Objects that are being written or read.
    var objects: Int { busy.count }

    private var leaseCalls = 0

    /// How many routes are being sealed.
    var sealing: Int { seals.count }

    /// The write of a route that is about to start is a seal.
    mutating func seal(_ key: ResourceKey) { seals.insert(key) }

    /// Starts an effect.
    mutating func start(_ purpose: Purpose, for subject: Subject) -> EffectID {
        lastID += 1
        let id = EffectID(lastID)
        flights[id] = Flight(subject: subject, purpose: purpose)
        if let key = purpose.key { busy[key] = id }
        if case .lease = purpose { leaseCalls += 1 }
        return id
    }

    /// Ends an effect; `nil` for one that is not known (it came back twice).
    mutating func end(_ id: EffectID) -> Flight? {
        guard let flight = flights.removeValue(forKey: id) else { return nil }
        if let key = flight.purpose.key, busy[key] == id { busy[key] = nil }
        if let key = flight.purpose.key, !seals.isEmpty { seals.remove(key) }
        if case .lease = flight.purpose { leaseCalls -= 1 }
        return flight
    }

    func isBusy(_ key: ResourceKey) -> Bool { busy[key] != nil }

    /// The write of an object that is under way.
    func write(of key: ResourceKey) -> WriteRequest? {
        guard let id = busy[key], case .write(let request) = flights[id]?.purpose else {
            return nil
        }
        return request
    }

    /// Nothing is under way for the object, it needs no reading and no wait is on.
    func isFree(_ key: ResourceKey, of subject: Subject, now: Timestamp) -> Bool {
        busy[key] == nil && backoffs[key]?.isOver(now) != false
            && doubts[subject]?.contains(key) != true
    }

    /// When the wait of an object ends, if one is on.
    func waitEnd(_ key: ResourceKey, now: Timestamp) -> Timestamp? {
        backoffs[key].flatMap { $0.isOver(now) ? nil : $0.until }
    }

    /// Some write failed lately, or some object was put back.
    var hasTroubles: Bool { !backoffs.isEmpty || !repairs.isEmpty }

    /// Why the last write of an object failed, while it is waited with.
    func failure(_ key: ResourceKey) -> String? { backoffs[key]?.reason }

    /// Who changes an object again and again, and until when that is worth telling.
    func quarrel(_ key: ResourceKey, now: Timestamp) -> (reason: String, until: Timestamp)? {
        guard let repair = repairs[key], repair.failures > Self.freeRepairs else { return nil }
        let until = repair.until + Self.calm
        return now <= until ? (repair.reason, until) : nil
    }

    private static let freeRepairs = 3
    /// After so long without a repair the next one is the first.
    private static let calm = TimeSpan.minutes(2)

    mutating func fail(
        _ key: ResourceKey, _ reason: String, now: Timestamp, retryAfter: TimeSpan? = nil,
        free: Int = 0, longest: TimeSpan = Backoff.longest, jitter: inout SplitMix64
    ) {
        backoffs[key, default: Backoff()].fail(
            reason, now: now, retryAfter: retryAfter, free: free, longest: longest, jitter: &jitter)
    }

    mutating func succeed(_ key: ResourceKey) { backoffs[key] = nil }

    /// Notes that an object is put back to how it has to be. Once or twice that is done at once;
    /// whoever changes it again and again, a server or another controller, meets ever longer
    /// waits.
    mutating func repair(
        _ key: ResourceKey, now: Timestamp, longest: TimeSpan = Backoff.longest,
        jitter: inout SplitMix64
    ) {
        if let last = repairs[key], now > last.until + Self.calm { repairs[key] = nil }
        repairs[key, default: Backoff()].fail(
            "is changed by somebody else again and again", now: now, free: Self.freeRepairs,
            longest: longest,
            jitter: &jitter)
        if repairs.count > 1000 { repairs = repairs.filter { $0.value.until > now } }
    }

    /// When an object may be put back again, if that has to wait.
    func repairEnd(_ key: ResourceKey, now: Timestamp) -> Timestamp? {
        repairs[key].flatMap { $0.isOver(now) ? nil : $0.until }
    }

    /// The object has to be read before the next decision about it.
    mutating func doubt(_ key: ResourceKey, for subject: Subject) {
        doubts[subject, default: []].insert(key)
    }

    /// The object was read.
    mutating func settle(_ key: ResourceKey, for subject: Subject) {
        doubts[subject]?.remove(key)
        if doubts[subject]?.isEmpty == true { doubts[subject] = nil }
    }

    /// Objects of a subject that have to be read, ordered.
    func doubts(of subject: Subject) -> [ResourceKey] { (doubts[subject] ?? []).sorted() }
}

extension Flights.Purpose {
    /// The API object that is written or read.
    var key: ResourceKey? {
        switch self {
        case .write(let request): request.key
        case .read(let key): key
        case .golden, .reach, .revert, .record, .lease: nil
        }
    }
}
