package import API
import Documents
import Domain
import Resources

/// Where a running model is reached, as a release says it: what of an HTTPRoute Slipway's own route
/// can say as well.
struct CarriedTraffic {
    private(set) var traffic: GatewayTraffic?
    /// The Service's port that the route sends to.
    private(set) var port: Int?
    private(set) var findings = AdoptionFindings()

    /// - Parameter service: the name of the Service that serves.
    init(route: Document, service: String, namespace: String) {
        let title = route.title
        guard route.meta.namespace == namespace else {
            findings.refuse(
                "\(title) is in namespace \(route.meta.namespace); Slipway's route is in that of "
                    + "its release, \(namespace)")
            return
        }
        let rules = route["spec"]?.elements("rules") ?? []
        guard rules.count == 1, let rule = rules.first else {
            findings.refuse("\(title) has \(rules.count) rules; Slipway's route has one")
            return
        }
        takeBackends(rule, service, namespace, title)
        let path = self.path(of: rule, title)
        let parents = self.parents(of: route, title)
        if let keeper = route.keeper {
            findings.note(
                "\(title) is kept by \(keeper), which may attach it again: take it out there too")
        }
        guard findings.problems.isEmpty, let path else { return }
        traffic = GatewayTraffic(
            parentRefs: parents,
            hostnames: (route["spec"]?.elements("hostnames") ?? []).compactMap(\.stringValue),
            path: path)
    }

    private mutating func takeBackends(
        _ rule: Document, _ service: String, _ namespace: String, _ title: String
    ) {
        let backends = rule.elements("backendRefs").filter { $0["weight"]?.intValue != 0 }
        guard backends.count == 1, let backend = backends.first,
            Self.sends(backend, to: service, namespace: namespace, from: namespace)
        else {
            let names = backends.compactMap { $0["name"]?.stringValue }
            findings.refuse(
                "\(title) sends to \(names.isEmpty ? "nothing" : listed(names)); only a route that "
                    + "sends everything to Service \(service) can be taken over")
            return
        }
        if backend["filters"] != nil {
            findings.refuse("\(title): filters of a backend have no place in Slipway's route")
        }
        port = backend["port"]?.intValue
    }

    private mutating func path(of rule: Document, _ title: String) -> String? {
        for key in ["timeouts", "retry", "sessionPersistence"] where rule[key] != nil {
            findings.refuse("\(title): `\(key)` has no place in Slipway's route")
        }
        let matches = rule.elements("matches")
        guard matches.count <= 1 else {
            findings.refuse("\(title) has \(matches.count) matches; Slipway's route has one path")
            return nil
        }
        for key in ["headers", "queryParams", "method"] where matches.first?[key] != nil {
            findings.refuse(
                "\(title) matches by `\(key)`; Slipway's route matches by path and host name alone")
        }
        let match = matches.first?["path"]
        let type = match?["type"]?.stringValue ?? "PathPrefix"
        guard type == "PathPrefix" else {
            findings.refuse("\(title): its path is \(type); Slipway's route has a PathPrefix")
            return nil
        }
        let path = match?["value"]?.stringValue ?? "/"
        let filters = rule.elements("filters")
        if !filters.isEmpty, filters != [HTTPRouteView.rewrite] {
            let kinds = filters.map { $0["type"]?.stringValue ?? "?" }
            findings.refuse(
                "\(title): its filters (\(listed(kinds))) have no place in Slipway's route; it "
                    + "knows only the URLRewrite that replaces its path by `/`")
        } else if filters.isEmpty, path != "/" {
            findings.refuse(
                "\(title) hands the path \(path) on to the pods, and Slipway's route cuts it off: "
                    + "give the model a host name of its own and the path `/` first")
        }
        return path
    }

    private mutating func parents(
        of route: Document, _ title: String
    ) -> [GatewayTraffic.ParentReference] {
        let references = CarriedTraffic.parents(of: route)
        if references.isEmpty {
            findings.refuse("\(title) is attached to no Gateway")
        }
        return references.compactMap { reference in
            let kind = reference["kind"]?.stringValue ?? "Gateway"
            guard kind == "Gateway",
                reference["group"]?.stringValue ?? ResourceKind.gateway.group
                    == ResourceKind.gateway.group
            else {
                findings.refuse("\(title) is attached to a \(kind); Slipway knows only Gateways")
                return nil
            }
            return GatewayTraffic.ParentReference(
                name: reference["name"]?.stringValue ?? "",
                namespace: reference["namespace"]?.stringValue,
                sectionName: reference["sectionName"]?.stringValue,
                port: reference["port"]?.intValue)
        }
    }

    // MARK: Attached and detached

    /// The Gateways that a route is attached to, or was before it was taken over.
    static func parents(of route: Document) -> [Document] {
        guard isDetached(route) else { return route["spec"]?.elements("parentRefs") ?? [] }
        let text = route.meta.annotation(Names.adoptedParents) ?? ""
        return (try? JSON.parse(text))?.arrayValue ?? []
    }

    /// It is attached to nothing and says what it was attached to.
    static func isDetached(_ route: Document) -> Bool {
        (route["spec"]?.elements("parentRefs") ?? []).isEmpty
            && route.meta.annotation(Names.adoptedParents) != nil
    }

    /// A route sends something to a Service.
    static func leads(_ route: Document, to service: String, namespace: String) -> Bool {
        (route["spec"]?.elements("rules") ?? []).flatMap { $0.elements("backendRefs") }.contains {
            sends($0, to: service, namespace: namespace, from: route.meta.namespace)
        }
    }

    private static func sends(
        _ backend: Document, to service: String, namespace: String, from own: String
    ) -> Bool {
        backend["name"]?.stringValue == service
            && (backend["kind"]?.stringValue ?? "Service") == "Service"
            && (backend["group"]?.stringValue ?? "").isEmpty
            && (backend["namespace"]?.stringValue ?? own) == namespace
    }

    // MARK: Routes that match the same requests

    /// Whether some request would match a route just as it matches one with this traffic, so that
    /// the older of the two has it.
    static func answers(
        _ route: Document, like traffic: GatewayTraffic, in namespace: String
    ) -> Bool {
        let parents = (route["spec"]?.elements("parentRefs") ?? []).map { parent in
            NamespacedName(
                namespace: parent["namespace"]?.stringValue ?? route.meta.namespace,
                name: parent["name"]?.stringValue ?? "")
        }
        let gateways = traffic.parentRefs.map {
            NamespacedName(namespace: $0.namespace ?? namespace, name: $0.name)
        }
        let hosts = (route["spec"]?.elements("hostnames") ?? []).compactMap(\.stringValue)
        return gateways.contains(where: parents.contains) && overlap(hosts, traffic.hostnames)
            && (route["spec"]?.elements("rules") ?? []).contains { rule in
                let matches = rule.elements("matches")
                return matches.isEmpty && traffic.path == "/"
                    || matches.contains { isPlain($0, at: traffic.path) }
            }
    }

    private static func overlap(_ left: [String], _ right: [String]) -> Bool {
        left.isEmpty || right.isEmpty
            || left.contains { one in
                right.contains { one == $0 || covers(one, $0) || covers($0, one) }
            }
    }

    /// `*.example.com` covers `a.example.com`.
    private static func covers(_ pattern: String, _ host: String) -> Bool {
        pattern.hasPrefix("*.") && host.hasSuffix(pattern.dropFirst())
    }

    private static func isPlain(_ match: Document, at path: String) -> Bool {
        ["headers", "queryParams", "method"].allSatisfy { match[$0] == nil }
            && match["path"]?["type"]?.stringValue ?? "PathPrefix" == "PathPrefix"
            && match["path"]?["value"]?.stringValue ?? "/" == path
    }
}

extension GatewayTraffic {
    /// Whether all that reaches a model by another traffic reaches it by this one too.
    func covers(_ other: GatewayTraffic, namespace: String) -> Bool {
        func full(_ reference: ParentReference) -> ParentReference {
            var reference = reference
            reference.namespace = reference.namespace ?? namespace
            return reference
        }
        let own = parentRefs.map(full)
        return path == other.path && other.parentRefs.allSatisfy { own.contains(full($0)) }
            && (hostnames.isEmpty
                || !other.hostnames.isEmpty
                    && other.hostnames.allSatisfy(hostnames.contains))
    }

    /// `Gateway public, host a.example.com, path /fraud`.
    package var summary: String {
        let gateways = parentRefs.map { reference in
            (reference.namespace.map { "\($0)/" } ?? "") + reference.name
        }
        let hosts = hostnames.isEmpty ? "every host" : "host \(listed(hostnames))"
        return "Gateway \(listed(gateways)), \(hosts), path \(path)"
    }
}
