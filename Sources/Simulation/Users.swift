import API
import ControlPlane
package import Domain
import Engine
import Resources

/// People who ask the models through the gateway, one request at a time, and never ask twice.
package struct Users: Sendable {
    /// What became of requests.
    package struct Tally: Hashable, Sendable {
        package var sent = 0
        package var answered = 0
        /// Answered by a model that answers wrongly.
        package var wrong = 0
        /// Failed on a version that is bad by itself, on one whose pods somebody took away, or on
        /// a node that is lost.
        package var failed = 0
        /// Failed although nothing but the controller, or what it works with, could be the reason.
        package var lost = 0

        package init() {}

        package mutating func add(_ other: Tally) {
            sent += other.sent
            answered += other.answered
            wrong += other.wrong
            failed += other.failed
            lost += other.lost
        }
    }

    /// From one request to the next; `nil`: nobody asks.
    package var every: TimeSpan?
    package internal(set) var tally = Tally()
    /// Routes that have been in force.
    var known: Set<NamespacedName> = []
    private(set) var due: Timestamp?
    var chance = SplitMix64(seed: 7)

    /// How much later than the API the gateway knows of endpoints.
    static var endpointLag: TimeSpan { .milliseconds(50) }
    /// So long after a person's or the cluster's hand a failure counts as its doing.
    static var aftermath: TimeSpan { .minutes(2) }

    /// Begins to ask.
    package mutating func begin(at now: Timestamp, every span: TimeSpan, seed: UInt64) {
        every = span
        due = now
        chance = SplitMix64(seed: seed)
    }

    mutating func wait() {
        guard let last = due, let every else { return }
        due = last + every
    }
}

extension World {
    /// One request of a user.
    mutating func useModels() {
        users.wait()
        for (route, proxies) in gateway.inForce where proxies.allSatisfy({ !$0.isEmpty }) {
            users.known.insert(route)
        }
        guard !users.known.isEmpty else { return }
        let routes = users.known.sorted()
        let route = routes[Int(users.chance.next() % UInt64(routes.count))]
        users.tally.sent += 1
        let proxies = gateway.inForce[route] ?? []
        let proxy = Int(users.chance.next() % UInt64(max(1, gateway.proxies)))
        guard proxies.indices.contains(proxy), !proxies[proxy].isEmpty else {
            let key = ResourceKey(.modelRelease, namespace: route.namespace, name: route.name)
            // Nobody promises anything of a release that is gone.
            if store.object(key) == nil { return users.known = users.known.subtracting([route]) }
            return miss(route, "", "no route")
        }
        let roll = Int(users.chance.next() % 100)
        guard let service = choose(proxies[proxy], roll) else {
            return miss(route, "", "weights of 0")
        }
        let name = NamespacedName(namespace: route.namespace, name: service)
        let pods = truth.readiness[name]?.ready(asOf: now - Users.endpointLag) ?? []
        guard !pods.isEmpty else { return miss(route, service, "no endpoint") }
        let pod = pods[Int(users.chance.next() % UInt64(pods.count))]
        guard kubelet.answers(pod) else { return miss(route, service, "no answer", pod: pod) }
        if behaviours[kubelet.version(pod) ?? ""]?.golden == .wrong { users.tally.wrong += 1 }
        users.tally.answered += 1
    }

    private func choose(_ split: [String: Int], _ roll: Int) -> String? {
        var left = roll
        for (service, weight) in split.sorted(by: { $0.key < $1.key }) {
            if left < weight { return service }
            left -= weight
        }
        return nil
    }

    /// A request had no answer: whose doing is it?
    private mutating func miss(
        _ route: NamespacedName, _ service: String, _ why: String, pod: String = ""
    ) {
        let revision = ResourceKey(
            .controllerRevision, namespace: route.namespace, name: service)
        let version =
            kubelet.version(pod)
            ?? store.object(revision)?.at("data", "version")?.stringValue ?? ""
        func isRecent(_ time: Timestamp?) -> Bool {
            time.map { now - $0 < Users.aftermath } ?? false
        }
        let isBad = behaviours[version].map { $0.fault != .none } ?? false
        // A route that a person took away is promised again once all proxies have it again.
        let key = ResourceKey(.httpRoute, namespace: route.namespace, name: route.name)
        if service.isEmpty, truth.taken.contains(key) { users.known.remove(route) }
        // A pod on a lost node does not answer; where all pods were there, nobody does for a while.
        let isOfNode =
            pod.isEmpty ? isRecent(truth.lastNodeLoss) : kubelet.isSilent(pod)
        if isBad || isRecent(truth.disturbances[version]) || isRecent(truth.lastHand) || isOfNode {
            users.tally.failed += 1
            return
        }
        users.tally.lost += 1
        violate("user harm", "a request to \(route) is lost: \(why) of \(service) \(version)")
    }
}
