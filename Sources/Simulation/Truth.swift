import API
import ControlPlane
import Domain
import Resources

/// What really was, kept for the checks: nobody whose decisions are checked sees it. It looks only
/// at what has changed since its last look.
struct Truth: Sendable {
    /// What is and was of one Service's pods.
    struct Readiness: Sendable {
        private(set) var ready: [String] = []
        var wanted = 0
        /// The sets of ready endpoints, oldest first, with the times from which they were so.
        private var past: [(since: Timestamp, ready: [String])] = []
        /// Until when all wanted pods, and at least one, were ready endpoints, and until when one
        /// was; what holds now has no end yet.
        private(set) var wasComplete: Timestamp?
        private(set) var wasSome: Timestamp?
        private var isComplete = false
        private var isSome = false

        /// The ready endpoints as they were at a time, not long ago.
        func ready(asOf time: Timestamp) -> [String] {
            past.last { $0.since <= time }?.ready ?? past.first?.ready ?? []
        }

        /// Whether there was a moment since a time, not long ago, without a ready endpoint.
        func wasEmpty(since time: Timestamp) -> Bool {
            ready(asOf: time).isEmpty || past.contains { $0.since > time && $0.ready.isEmpty }
        }

        mutating func settle(_ ready: [String], _ now: Timestamp) {
            if ready != self.ready {
                self.ready = ready
                past.append((now, ready))
                if past.count > 8 { past.removeFirst() }
            }
            if isComplete { wasComplete = now }
            if isSome { wasSome = now }
            isSome = !ready.isEmpty
            isComplete = isSome && ready.count >= wanted
        }

        func lastComplete(_ now: Timestamp) -> Timestamp? { isComplete ? now : wasComplete }
        func lastSome(_ now: Timestamp) -> Timestamp? { isSome ? now : wasSome }
    }

    /// By Service.
    private(set) var readiness: [NamespacedName: Readiness] = [:]
    /// By EndpointSlice: its Service and ready endpoints.
    private var slices: [NamespacedName: (service: NamespacedName, ready: Set<String>)] = [:]
    /// The splits of Slipway's routes as they are stored.
    private(set) var stored: [NamespacedName: [String: Int]] = [:]
    /// Statuses of the releases as they are stored.
    private(set) var statuses: [NamespacedName: ReleaseStatus] = [:]
    /// What some status has told as proven, also where the status was lost since.
    private(set) var proven: [NamespacedName: Set<Digest>] = [:]
    /// When a Service last lost its last share, in a stored route and at every proxy.
    private var lost: [NamespacedName: Timestamp] = [:]
    /// Services with a share, in a stored route or at a proxy.
    private(set) var serving: Set<NamespacedName> = []
    /// The marks of refusal that stood on each route at any time.
    private(set) var marks: [NamespacedName: Set<RefusedMark>] = [:]
    /// The split that the controller wrote last, by route.
    var lastSplit: [ResourceKey: [String: Int]] = [:]
    /// What people changed or deleted: what they broke is not the controller's doing.
    var taken: Set<ResourceKey> = []
    /// When a Deployment last got another autoscaler, or lost it.
    var rescaled: [ResourceKey: Timestamp] = [:]
    /// When a person last changed something of the cluster.
    private(set) var lastHand: Timestamp?
    /// When a person last changed or deleted each of them.
    private(set) var hands: [ResourceKey: Timestamp] = [:]
    /// When the controller last wrote what a person had changed.
    var putBack: [ResourceKey: Timestamp] = [:]
    /// When pods of a version last were taken away or killed.
    private(set) var disturbances: [String: Timestamp] = [:]
    /// When a node was last not heard of.
    var lastNodeLoss: Timestamp?
    /// By release: when the controller last gave the new versions another share, in which attempt
    /// and how much, and whether that is less than before.
    var given: [NamespacedName: (at: Timestamp, intent: Int64, weight: Int, isLess: Bool)] = [:]
    /// Since when a version with a share has been bad, by release and Service.
    var badSince: [NamespacedName: [String: Timestamp]] = [:]
    /// The longest lag that a watch has had.
    var slowest = TimeSpan.zero
    /// When the shares of a stored route changed last.
    var splitChanged: [NamespacedName: Timestamp] = [:]
    /// The split of each route that stands in the history of splits last.
    var noted: [NamespacedName: [String: Int]] = [:]
    /// When something was last wrong with the controller, the API or the calls in between.
    var disturbed = Timestamp(milliseconds: 0)
    /// Whether something was wrong at the last event.
    var isDisturbed = false
    /// Since when the controller's view may be behind by more than its lag.
    var blindSince: Timestamp?
    /// The states of the store and the proxies that were looked at last.
    private var seen: [ResourceKind: Int64] = [:]
    private var seenVersion: Int64 = -1
    private var seenProxies = -1

    mutating func take(_ key: ResourceKey, _ now: Timestamp) {
        taken.insert(key)
        lastHand = now
        hands[key] = now
    }

    mutating func disturb(_ version: String, _ now: Timestamp) { disturbances[version] = now }

    /// When a Service last had a share.
    func lastServed(_ service: NamespacedName, _ now: Timestamp) -> Timestamp? {
        serving.contains(service) ? now : lost[service]
    }

    /// Takes in what is new; false if nothing is.
    mutating func look(
        _ store: Store, _ gateway: SimulatedGateway, now: Timestamp
    ) -> Bool {
        guard store.version != seenVersion || gateway.changes != seenProxies else { return false }
        seenVersion = store.version
        seenProxies = gateway.changes
        for event in news(.modelRelease, store) {
            let id = ObjectMetadata(of: event.object).id
            let status = ReleaseStatus(event.object["status"] ?? .null)
            statuses[id] = event.change == .deleted ? nil : status
            for share in status.proven?.shares ?? [] where share.weight > 0 {
                proven[id, default: []].insert(share.digest)
            }
        }
        for event in news(.httpRoute, store) {
            let metadata = ObjectMetadata(of: event.object)
            let isOurs = metadata.label(Names.managedByLabel) == Names.managedByValue
            if let text = metadata.annotation(Names.refused), let mark = RefusedMark(text) {
                marks[metadata.id, default: []].insert(mark)
            }
            stored[metadata.id] =
                event.change == .deleted || !isOurs ? nil : World.split(event.object)
        }
        lookAtEndpoints(store, now)
        var serves: Set<NamespacedName> = []
        for (route, split) in stored { Self.collect(route, split, into: &serves) }
        for (route, proxies) in gateway.inForce {
            for split in proxies { Self.collect(route, split, into: &serves) }
        }
        for service in serving where !serves.contains(service) { lost[service] = now }
        serving = serves
        return true
    }

    /// Takes in what is new before the store forgets it.
    mutating func catchUp(_ store: Store, _ gateway: SimulatedGateway, now: Timestamp) {
        _ = look(store, gateway, now: now)
        for kind in seen.keys { seen[kind] = store.version }
    }

    private static func collect(
        _ route: NamespacedName, _ split: [String: Int], into serves: inout Set<NamespacedName>
    ) {
        for (service, weight) in split where weight > 0 {
            serves.insert(NamespacedName(namespace: route.namespace, name: service))
        }
    }

    private mutating func lookAtEndpoints(_ store: Store, _ now: Timestamp) {
        var touched: Set<NamespacedName> = []
        for event in news(.endpointSlice, store) {
            let id = ObjectMetadata(of: event.object).id
            if let old = slices[id] { touched.insert(old.service) }
            slices[id] = nil
            guard event.change != .deleted, let slice = EndpointSliceView(event.object) else {
                continue
            }
            let service = NamespacedName(namespace: slice.namespace, name: slice.service)
            slices[id] = (service, Set(EndpointSliceView.ready(in: [slice])))
            touched.insert(service)
        }
        for event in news(.deployment, store) {
            guard let deployment = DeploymentView(event.object) else { continue }
            let id = NamespacedName(
                namespace: deployment.metadata.namespace, name: deployment.metadata.name)
            touched.insert(id)
            readiness[id, default: Readiness()].wanted =
                event.change == .deleted ? 0 : deployment.replicas
        }
        for service in touched {
            var ready: Set<String> = []
            for slice in slices.values where slice.service == service {
                ready.formUnion(slice.ready)
            }
            readiness[service, default: Readiness()].settle(ready.sorted(), now)
        }
    }

    private mutating func news(_ kind: ResourceKind, _ store: Store) -> [StoreEvent] {
        let last = seen[kind] ?? Store.origin
        guard store.lastChange(of: kind) > last else { return [] }
        seen[kind] = store.version
        return (try? store.events(kind, after: last)) ?? []
    }
}
