import ControlPlane
import Domain

/// An HTTPRoute in Envoy's words, before it is known where it is attached.
struct CompiledRoute: Sendable {
    /// One match of one rule.
    struct Entry: Sendable {
        let rank: [Int]
        /// In the order in which Envoy tries them.
        let routes: [Document]
    }

    /// Backends whose share is above zero.
    private struct Share {
        let weight: Int64
        let backend: Backend
        let headers: Document
    }

    /// All pieces, or none where the route has something that is not supported.
    private(set) var entries: [Entry] = []
    /// The backends that it names, also those without a share: they are kept warm.
    private(set) var backends: Set<Backend> = []
    /// Why no part of it is used; `nil` if it is.
    private(set) var unsupported: String?
    /// The finding `ResolvedRefs`.
    private(set) var resolved = Finding.yes("ResolvedRefs")
    let hostnames: [Hostname]

    init(_ route: Document, _ services: Backends) {
        let spec = route["spec"] ?? [:]
        let names = spec.list("hostnames").map { $0.stringValue.flatMap(Hostname.init) }
        hostnames = names.compactMap { $0 }
        do throws(RouteMatch.Unsupported) {
            guard hostnames.count == names.count else {
                throw .init("a host name is none")
            }
            for (index, rule) in spec.list("rules").enumerated() {
                try add(rule, index, route.objectNamespace, services)
            }
        } catch {
            unsupported = error.message
            entries = []
        }
    }

    private mutating func add(
        _ rule: Document, _ index: Int, _ namespace: String, _ services: Backends
    ) throws(RouteMatch.Unsupported) {
        var shares: [Share] = []
        var whole: Int64 = 0
        var lost: Int64 = 0
        for reference in rule.list("backendRefs") {
            let weight = min(max(0, reference["weight"]?.integerValue ?? 1), 1_000_000)
            whole += weight
            let filters = try RouteFilters(
                reference.list("filters"), prefix: nil, isBackend: true)
            guard let backend = resolve(reference, namespace, services) else {
                lost += weight
                continue
            }
            guard weight > 0 else { continue }
            shares.append(Share(weight: weight, backend: backend, headers: filters.headers))
        }
        let matches = rule.list("matches")
        for (place, match) in (matches.isEmpty ? [[:]] : matches).enumerated() {
            let match = try RouteMatch(match)
            let filters = try RouteFilters(rule.list("filters"), prefix: match.prefix)
            var routes: [Document] = []
            if lost > 0 || shares.isEmpty {
                // The share of backends that are not there is answered by an error.
                var refused: Document = [
                    "match": match.document, "direct_response": Self.noBackend,
                ]
                if !shares.isEmpty {
                    refused.set(
                        ["match", "runtime_fraction"], to: EnvoyParts.fraction(lost, of: whole))
                }
                routes.append(refused)
            }
            if !shares.isEmpty {
                var route = filters.headers
                route["match"] = match.document
                route["route"] = try action(rule, shares, filters, namespace, services)
                routes.append(route)
            }
            entries.append(Entry(rank: match.rank + [-index, -place], routes: routes))
        }
    }

    private static let noBackend: Document = [
        "status": 500, "body": ["inline_string": "no backend for this request\n"],
    ]

    private mutating func action(
        _ rule: Document, _ shares: [Share], _ filters: RouteFilters, _ namespace: String,
        _ services: Backends
    ) throws(RouteMatch.Unsupported) -> Document {
        var action = filters.rewrite
        action["weighted_clusters"] = [
            "clusters": .array(
                shares.map { share in
                    var cluster = share.headers
                    cluster["name"] = .string(share.backend.name)
                    cluster["weight"] = .integer(share.weight)
                    return cluster
                })
        ]
        var retries = EnvoyParts.retries
        // Nobody but the route limits how long an answer takes.
        var total: Int64 = 0
        for (name, text) in rule["timeouts"]?.objectValue?.members.map({ ($0.key, $0.value) }) ?? []
        {
            guard let time = GatewayDuration.milliseconds(text.stringValue ?? "") else {
                throw .init("timeouts.\(name) is no duration such as 10s or 500ms")
            }
            if name == "request" { total = time }
            if name == "backendRequest", time > 0 {
                retries["per_try_timeout"] = EnvoyParts.duration(milliseconds: time)
            }
        }
        action["timeout"] = EnvoyParts.duration(milliseconds: total)
        action["retry_policy"] = retries
        var copies: [Document] = []
        for mirror in filters.mirrors {
            guard let backend = resolve(mirror.reference, namespace, services) else { continue }
            copies.append([
                "cluster": .string(backend.name), "runtime_fraction": mirror.fraction,
                "disable_shadow_host_suffix_append": true,
            ])
        }
        if !copies.isEmpty { action["request_mirror_policies"] = .array(copies) }
        return action
    }

    private mutating func resolve(
        _ reference: Document, _ namespace: String, _ services: Backends
    ) -> Backend? {
        do throws(Backends.Refusal) {
            let backend = try services.resolve(reference, from: namespace)
            backends.insert(backend)
            return backend
        } catch {
            // The first one is told.
            if resolved.status == .yes {
                resolved = .no("ResolvedRefs", error.reason, error.message)
            }
            return nil
        }
    }
}
