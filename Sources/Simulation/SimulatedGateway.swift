import API
import ControlPlane
import Domain
import Resources

/// A gateway that accepts routes a moment after they changed, and proxies that follow a moment
/// later: what a request really meets is what the proxies have.
package struct SimulatedGateway: Sendable {
    /// How long the gateway takes.
    struct Pace: Sendable {
        /// From a change of a route to its status.
        var accept: TimeSpan
        /// From the status to the last proxy; the others are there before it.
        var proxies: TimeSpan
    }

    /// How many proxies there are.
    package var proxies = 1

    /// One split that proxies have or will have.
    private struct Change: Sendable {
        let at: Timestamp
        let split: [String: Int]
    }

    /// What is known of a route.
    private struct Route: Sendable {
        /// When the state that is not answered yet was seen first.
        var since: Timestamp?
        /// What each proxy will take, in order.
        var changes: [[Change]]

        init(proxies: Int) { changes = Array(repeating: [], count: proxies) }
    }

    /// When something happens next by itself.
    private(set) var due: Timestamp?
    /// By route: the share of each Service, as each proxy has it; empty where it has none.
    private(set) var inForce: [NamespacedName: [[String: Int]]] = [:]
    /// How often something changed at a proxy.
    private(set) var changes = 0
    private(set) var stuck: Set<Int> = []
    /// Proxies have been later than the controller's settings allow for.
    private(set) var hasBeenStuck = false
    private var routes: [NamespacedName: Route] = [:]
    private var seen: [Int64] = []

    /// Lets a proxy take nothing new, or go on.
    mutating func proxy(_ number: Int, isStuck: Bool) {
        if isStuck { stuck.insert(number % proxies) } else { stuck.remove(number % proxies) }
        hasBeenStuck = true
        due = due ?? Timestamp(milliseconds: 0)
        seen = []
    }

    mutating func work(_ store: inout Store, now: Timestamp, pace: Pace) {
        let newest = [ResourceKind.httpRoute, .service, .gateway].map { store.lastChange(of: $0) }
        guard newest != seen || due.map({ $0 <= now }) ?? false else { return }
        var times: [Timestamp] = []
        var names: Set<NamespacedName> = []
        for route in store.objects(.httpRoute) {
            names.insert(ObjectMetadata(of: route).id)
            look(at: route, &store, now, pace, &times)
        }
        for name in routes.keys.sorted() {
            if !names.contains(name) { forget(name, now, pace) }
            take(name, now, &times)
        }
        due = times.min()
        seen = [ResourceKind.httpRoute, .service, .gateway].map { store.lastChange(of: $0) }
    }

    private mutating func look(
        at object: Document, _ store: inout Store, _ now: Timestamp, _ pace: Pace,
        _ times: inout [Timestamp]
    ) {
        let metadata = ObjectMetadata(of: object)
        var route = routes[metadata.id] ?? Route(proxies: proxies)
        defer { routes[metadata.id] = route }
        let wanted = parents(of: object, store, metadata)
        let stored = object.at("status", "parents")?.arrayValue ?? []
        guard wanted.map(Self.withoutTimes) != stored.map(Self.withoutTimes) else {
            route.since = nil
            return
        }
        let since = route.since ?? now
        guard now >= since + pace.accept else {
            route.since = since
            times.append(since + pace.accept)
            return
        }
        route.since = nil
        let stamped = wanted.map { Self.stamped($0, now) }
        let context = WriteContext(now: now, manager: "gateway", part: .system)
        let key = ResourceKey(
            .httpRoute, namespace: metadata.namespace, name: metadata.name)
        _ = try? store.update(key, context) { object throws(APIStatus) in
            var changed = object
            changed.set(["status", "parents"], to: .array(stamped))
            return changed
        }
        put(World.split(object), into: &route, now, pace)
    }

    /// The first proxy has it at once, the last one at the end.
    private func put(
        _ split: [String: Int], into route: inout Route, _ now: Timestamp, _ pace: Pace
    ) {
        for proxy in 0..<proxies {
            let part = pace.proxies.milliseconds * Int64(proxy + 1) / Int64(proxies)
            route.changes[proxy].append(Change(at: now + .milliseconds(part), split: split))
        }
    }

    private mutating func forget(_ name: NamespacedName, _ now: Timestamp, _ pace: Pace) {
        guard var route = routes[name] else { return }
        route.since = nil
        defer { routes[name] = route }
        let last = route.changes.last?.last?.split ?? inForce[name]?.last ?? [:]
        guard !last.isEmpty else { return }
        put([:], into: &route, now + pace.accept, pace)
    }

    /// The proxies take what is due.
    private mutating func take(
        _ name: NamespacedName, _ now: Timestamp, _ times: inout [Timestamp]
    ) {
        guard var route = routes[name] else { return }
        for proxy in 0..<proxies where !stuck.contains(proxy) {
            while let change = route.changes[proxy].first, change.at <= now {
                inForce[name, default: Array(repeating: [:], count: proxies)][proxy] =
                    change.split
                route.changes[proxy].removeFirst()
                changes += 1
            }
            if let change = route.changes[proxy].first { times.append(change.at) }
        }
        if inForce[name]?.allSatisfy(\.isEmpty) == true { inForce[name] = nil }
        routes[name] = route
        if inForce[name] == nil, route.changes.allSatisfy(\.isEmpty), route.since == nil {
            routes[name] = nil
        }
    }

    /// What the gateway has to say: nothing where there is no Gateway.
    private func parents(
        of route: Document, _ store: Store, _ metadata: ObjectMetadata
    ) -> [Document] {
        let isResolved = World.split(route).keys.allSatisfy {
            store.object(ResourceKey(.service, namespace: metadata.namespace, name: $0)) != nil
        }
        let word = isResolved ? "ResolvedRefs" : "BackendNotFound"
        return (route.at("spec", "parentRefs")?.arrayValue ?? []).compactMap { parent in
            let gateway = ResourceKey(
                .gateway, namespace: parent["namespace"]?.stringValue ?? metadata.namespace,
                name: parent["name"]?.stringValue ?? "")
            guard store.object(gateway) != nil else { return nil }
            func condition(_ type: String, _ isTrue: Bool, _ reason: String) -> Document {
                [
                    "type": .string(type), "status": isTrue ? "True" : "False",
                    "reason": .string(reason), "message": "",
                    "observedGeneration": .integer(metadata.generation),
                ]
            }
            return [
                "parentRef": parent, "controllerName": "example.com/gateway",
                "conditions": [
                    condition("Accepted", true, "Accepted"),
                    condition("ResolvedRefs", isResolved, word),
                ],
            ]
        }
    }

    private static func stamped(_ parent: Document, _ now: Timestamp) -> Document {
        var stamped = parent
        let conditions = (parent["conditions"]?.arrayValue ?? []).map { condition in
            var dated = condition
            dated["lastTransitionTime"] = .string(now.description)
            return dated
        }
        stamped["conditions"] = .array(conditions)
        return stamped
    }

    private static func withoutTimes(_ parent: Document) -> Document {
        var bare = parent
        let conditions = (parent["conditions"]?.arrayValue ?? []).map { condition in
            var undated = condition
            undated["lastTransitionTime"] = nil
            return undated
        }
        bare["conditions"] = .array(conditions)
        return bare
    }
}
