import API
import ControlPlane
import Domain
import Resources

/// What really was, kept for the checks: nobody whose decisions are checked sees it.
struct Truth: Sendable {
    /// What is and was of one Service's pods.
    struct Readiness: Sendable {
        var ready = 0
        var wanted = 0
        /// Until when all wanted pods, and at least one, were ready endpoints.
        var lastComplete: Timestamp?
        var lastSome: Timestamp?
    }

    /// By Service.
    var readiness: [NamespacedName: Readiness] = [:]
    /// When a Service last had a share, by a stored route or at a proxy.
    var lastServed: [NamespacedName: Timestamp] = [:]
    /// The split that the controller wrote last, by route.
    var lastSplit: [ResourceKey: [String: Int]] = [:]
    /// What people changed or deleted: what they broke is not the controller's doing.
    var taken: Set<ResourceKey> = []
    /// By release: when the controller last gave the new versions another share, in which attempt
    /// and how much.
    var given: [NamespacedName: (at: Timestamp, intent: Int64, weight: Int)] = [:]
    /// Since when a version with a share has been bad, by Service.
    var badSince: [NamespacedName: Timestamp] = [:]
    /// When something was last wrong with the controller, the API or the calls in between.
    var disturbed = Timestamp(milliseconds: 0)
    /// Since when the controller's view may be behind by more than its lag.
    var blindSince: Timestamp?
    /// The state of the store that was looked at last.
    var seen: Int64 = -1

    /// Takes in what the store says of endpoints at a moment.
    mutating func note(_ store: Store, now: Timestamp) {
        for name in readiness.keys { touch(name, now) }
        guard store.version != seen else { return }
        seen = store.version
        var ready: [NamespacedName: Set<String>] = [:]
        for slice in store.objects(.endpointSlice).compactMap(EndpointSliceView.init) {
            let name = NamespacedName(namespace: slice.namespace, name: slice.service)
            ready[name, default: []].formUnion(EndpointSliceView.ready(in: [slice]))
        }
        var all: [NamespacedName: Readiness] = [:]
        for deployment in store.objects(.deployment).compactMap(DeploymentView.init) {
            let name = NamespacedName(
                namespace: deployment.metadata.namespace, name: deployment.metadata.name)
            var entry = readiness[name] ?? Readiness()
            entry.ready = ready[name]?.count ?? 0
            entry.wanted = deployment.replicas
            all[name] = entry
        }
        for (name, entry) in readiness where all[name] == nil {
            var gone = entry
            gone.ready = ready[name]?.count ?? 0
            all[name] = gone
        }
        readiness = all
        for name in readiness.keys { touch(name, now) }
    }

    private mutating func touch(_ name: NamespacedName, _ now: Timestamp) {
        guard let entry = readiness[name] else { return }
        if entry.ready > 0 { readiness[name]?.lastSome = now }
        if entry.ready > 0, entry.ready >= entry.wanted { readiness[name]?.lastComplete = now }
    }
}
