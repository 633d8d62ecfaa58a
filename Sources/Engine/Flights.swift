import Domain
import Resources

/// What is under way in the world: effects whose end has not come back, and the waits after
/// failures. Per object at most one write or read is under way.
struct Flights: Sendable {
    /// What an effect was for.
    enum Purpose: Hashable, Sendable {
        case write(ResourceKey, WriteRequest)
        case read(ResourceKey)
        case probe(pod: NamespacedName, uid: String, release: NamespacedName)
        case revert(release: NamespacedName)
        case record(release: NamespacedName)
    }

    private var purposes: [EffectID: Purpose] = [:]
    private var busy: [ResourceKey: EffectID] = [:]
    private var backoffs: [ResourceKey: Backoff] = [:]
    /// Objects whose last write ended unknown: nothing is decided for their release until they
    /// were read.
    private(set) var uncertain: Set<ResourceKey> = []
    private var lastID: UInt64 = 0

    var isEmpty: Bool { purposes.isEmpty }

    /// Starts an effect.
    mutating func start(_ purpose: Purpose) -> EffectID {
        lastID += 1
        let id = EffectID(lastID)
        purposes[id] = purpose
        if let key = purpose.key { busy[key] = id }
        return id
    }

    /// Ends an effect; `nil` for one that is not known (it came back twice).
    mutating func end(_ id: EffectID) -> Purpose? {
        guard let purpose = purposes.removeValue(forKey: id) else { return nil }
        if let key = purpose.key, busy[key] == id { busy[key] = nil }
        return purpose
    }

    func isBusy(_ key: ResourceKey) -> Bool { busy[key] != nil }

    /// Nothing is under way for the object and no wait is on.
    func isFree(_ key: ResourceKey, now: Timestamp) -> Bool {
        busy[key] == nil && backoffs[key]?.isOver(now) != false
    }

    /// The wait of an object, if one is on.
    func wait(_ key: ResourceKey) -> Backoff? { backoffs[key] }

    mutating func fail(
        _ key: ResourceKey, _ reason: String, now: Timestamp, retryAfter: TimeSpan? = nil,
        jitter: inout SplitMix64
    ) {
        backoffs[key, default: Backoff()].fail(
            reason, now: now, retryAfter: retryAfter, jitter: &jitter)
    }

    mutating func succeed(_ key: ResourceKey) {
        backoffs[key] = nil
        uncertain.remove(key)
    }

    mutating func doubt(_ key: ResourceKey) { uncertain.insert(key) }
}

extension Flights.Purpose {
    /// The API object that is written or read.
    fileprivate var key: ResourceKey? {
        switch self {
        case .write(let key, _), .read(let key): key
        case .probe, .revert, .record: nil
        }
    }
}
