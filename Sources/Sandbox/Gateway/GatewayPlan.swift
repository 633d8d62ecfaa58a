import ControlPlane
import Domain

/// The configuration of Envoy: resources by name.
struct EnvoyResources: Hashable, Sendable {
    var listeners: [String: Document] = [:]
    /// By the name of the listener that they are for.
    var routes: [String: Document] = [:]
    var clusters: [String: Document] = [:]
    var endpoints: [String: Document] = [:]
    /// The clusters that each of the routes needs.
    var needs: [String: Set<String>] = [:]
}

/// What follows from a snapshot: Envoy's configuration, and what is to be said of the objects once
/// it is in force.
struct GatewayPlan: Sendable {
    /// The name under which this part of the sandbox takes GatewayClasses.
    static let controller = "slipway.dev/sandbox-gateway"

    /// What is to be said of a Gateway.
    struct GatewayState: Sendable {
        let object: Document
        let listeners: [GatewayListener]
        /// Routes by listener.
        let attached: [Int]
    }

    /// What is to be said of a route to one of its parents.
    struct RouteState: Sendable {
        let route: Document
        let parent: Document
        let findings: [Finding]
        /// The sockets that must have the route before it is said.
        let sockets: Set<String>
    }

    private(set) var resources = EnvoyResources()
    /// Sockets were asked for that cannot be had.
    let isUnusable: Bool
    private(set) var classes: [Document] = []
    private(set) var gateways: [GatewayState] = []
    private(set) var routes: [RouteState] = []

    /// A route at one listener, under one of its host names.
    private struct Attachment {
        let listener: Int
        let hostname: Hostname
        let route: Int
    }

    /// - Parameters:
    ///   - address: of Gateways that ask for none.
    ///   - unusable: sockets that cannot be had, and why.
    init(_ snapshot: GatewaySnapshot, address: String, unusable: [String: String] = [:]) {
        isUnusable = !unusable.isEmpty
        classes = snapshot.classes.filter {
            $0.at("spec", "controllerName")?.stringValue == Self.controller
        }
        let names = Set(classes.map(\.objectName))
        let objects = GatewaySnapshot.byAge(snapshot.gateways).filter {
            names.contains($0.at("spec", "gatewayClassName")?.stringValue ?? "")
        }
        let listeners = GatewayListener.all(objects, address: address, unusable: unusable)
        let backends = Backends(snapshot)
        let documents = GatewaySnapshot.byAge(snapshot.routes)
        let compiled = documents.map { CompiledRoute($0, backends) }
        var labels: [String: Fields] = [:]
        for namespace in snapshot.namespaces {
            labels[namespace.objectName] = namespace.objectLabels
        }
        var attachments: [Attachment] = []
        let known = Set(objects.map(\.namespacedName))
        for (index, route) in documents.enumerated() {
            for parent in (route["spec"] ?? [:]).list("parentRefs") {
                guard let gateway = Self.gateway(of: parent, route), known.contains(gateway) else {
                    continue
                }
                let (finding, found) = Self.attach(
                    route, compiled[index], parent, gateway, listeners,
                    labels[route.objectNamespace] ?? .init())
                attachments += found.map {
                    Attachment(listener: $0.listener, hostname: $0.hostname, route: index)
                }
                routes.append(
                    RouteState(
                        route: route, parent: parent,
                        findings: [finding, compiled[index].resolved],
                        sockets: Set(found.map { listeners[$0.listener].socket })))
            }
        }
        fill(listeners, attachments, compiled, backends)
        gateways = objects.map { gateway in
            let own = listeners.indices.filter { listeners[$0].gateway == gateway.namespacedName }
            return GatewayState(
                object: gateway, listeners: own.map { listeners[$0] },
                attached: own.map { place in
                    Set(attachments.filter { $0.listener == place }.map(\.route)).count
                })
        }
    }

    // MARK: Attaching

    private static func gateway(of parent: Document, _ route: Document) -> NamespacedName? {
        guard parent.text("group") ?? ResourceKind.gateway.group == ResourceKind.gateway.group,
            parent.text("kind") ?? "Gateway" == "Gateway", let name = parent.text("name")
        else { return nil }
        return NamespacedName(
            namespace: parent.text("namespace") ?? route.objectNamespace, name: name)
    }

    /// Where a route goes, and the finding `Accepted`.
    private static func attach(
        _ route: Document, _ compiled: CompiledRoute, _ parent: Document,
        _ gateway: NamespacedName, _ listeners: [GatewayListener], _ labels: Fields
    ) -> (Finding, [(listener: Int, hostname: Hostname)]) {
        if let unsupported = compiled.unsupported {
            return (.no("Accepted", "UnsupportedValue", unsupported), [])
        }
        var places = listeners.indices.filter { listeners[$0].gateway == gateway }
        if let section = parent.text("sectionName") {
            places = places.filter { listeners[$0].name == section }
        }
        if let port = parent["port"]?.intValue {
            places = places.filter { listeners[$0].port == port }
        }
        guard !places.isEmpty else {
            return (
                .no("Accepted", "NoMatchingParent", "Gateway \(gateway) has no such listener"), []
            )
        }
        places = places.filter { listeners[$0].admits(route.objectNamespace, labels) }
        guard !places.isEmpty else {
            return (
                .no(
                    "Accepted", "NotAllowedByListeners",
                    "Gateway \(gateway) takes no routes of namespace \(route.objectNamespace)"), []
            )
        }
        let found = places.flatMap { place in
            let own = listeners[place].hostname
            let names =
                compiled.hostnames.isEmpty
                ? [own] : compiled.hostnames.compactMap { own.intersection($0) }
            return names.map { (listener: place, hostname: $0) }
        }
        guard !found.isEmpty else {
            return (
                .no(
                    "Accepted", "NoMatchingListenerHostname",
                    "no host name of the route is one of Gateway \(gateway)"), []
            )
        }
        let usable = found.filter { listeners[$0.listener].problem == nil }
        guard !usable.isEmpty else {
            let why = listeners[found[0].listener].problem ?? ""
            return (.no("Accepted", "NoReadyListener", "Gateway \(gateway): \(why)"), [])
        }
        return (.yes("Accepted"), usable)
    }

    // MARK: Envoy's resources

    private mutating func fill(
        _ listeners: [GatewayListener], _ attachments: [Attachment], _ compiled: [CompiledRoute],
        _ backends: Backends
    ) {
        let usable = listeners.indices.filter { listeners[$0].problem == nil }
        for (socket, places) in Dictionary(grouping: usable, by: { listeners[$0].socket }) {
            guard let first = places.first else { continue }
            resources.listeners[socket] = EnvoyParts.listener(
                socket, address: listeners[first].address, port: listeners[first].port)
            let own = attachments.filter { places.contains($0.listener) }
            var names = Set(places.map { listeners[$0].hostname })
            names.formUnion(own.map(\.hostname))
            let hosts = names.sorted { $0.text < $1.text }.map { name in
                // The most exact listener has a name to itself.
                let owner = places.filter { listeners[$0].hostname.covers(name) }
                    .max { listeners[$0].hostname.rank < listeners[$1].hostname.rank }
                let fitting = own.filter { $0.listener == owner && $0.hostname.covers(name) }
                return (name, Self.ordered(fitting, compiled))
            }
            resources.routes[socket] = EnvoyParts.routes(socket, hosts)
            let needed = Set(own.flatMap { compiled[$0.route].backends })
            resources.needs[socket] = Set(needed.map(\.name))
            for backend in needed where resources.clusters[backend.name] == nil {
                resources.clusters[backend.name] = backends.cluster(backend)
                resources.endpoints[backend.name] = backends.endpoints(backend)
            }
        }
    }

    /// The pieces of routes in the order in which the Gateway API tries them.
    private static func ordered(
        _ attachments: [Attachment], _ compiled: [CompiledRoute]
    ) -> [Document] {
        var pieces: [(rank: [Int], routes: [Document])] = []
        for attachment in attachments {
            for entry in compiled[attachment.route].entries {
                // Age decides before the place in the route does.
                let rank =
                    [attachment.hostname.rank] + entry.rank.prefix(5) + [-attachment.route]
                    + entry.rank.dropFirst(5)
                pieces.append((rank, entry.routes))
            }
        }
        return pieces.sorted { $1.rank.lexicographicallyPrecedes($0.rank) }.flatMap(\.routes)
    }
}
