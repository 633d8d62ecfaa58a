import Domain

/// Reads `spec.traffic`.
enum TrafficReader {
    static let later = ["istio", "ingress", "service", "replicas", "kserve"]

    static func read(_ spec: ObjectReader) -> Traffic? {
        spec.require("traffic", "name a router: gateway")
        guard let traffic = spec.object("traffic", known: ["gateway"], later: later) else {
            return nil
        }
        guard traffic.has("gateway") else {
            if !later.contains(where: traffic.has) {
                spec.fail("traffic", "name a router: gateway")
            }
            return nil
        }
        guard
            let gateway = traffic.object("gateway", known: ["parentRefs", "hostnames", "path"])
        else { return nil }
        gateway.require("parentRefs", "the Gateways that traffic comes from")
        return .gateway(
            GatewayTraffic(
                parentRefs: parents(gateway),
                hostnames: hostnames(gateway),
                path: gateway.string("path", limit: Limits.path, check: Formats.httpPath) ?? "/"
            )
        )
    }

    private static func parents(_ gateway: ObjectReader) -> [GatewayTraffic.ParentReference] {
        var parents: [GatewayTraffic.ParentReference] = []
        for entry in gateway.list("parentRefs", count: Limits.parentRefs) ?? [] {
            guard
                let reader = ObjectReader(
                    entry.value,
                    at: entry.path,
                    gateway.problems,
                    known: ["name", "namespace", "sectionName", "port"]
                )
            else { continue }
            reader.require("name")
            let parent = GatewayTraffic.ParentReference(
                name: reader.string("name", check: Formats.subdomain) ?? "",
                namespace: reader.string("namespace") { Formats.label($0) },
                sectionName: reader.string("sectionName", check: Formats.subdomain),
                port: reader.integer("port", in: 1...65_535)
            )
            if !parent.name.isEmpty, parents.contains(where: { clash($0, parent) }) {
                gateway.problems.add(
                    entry.path,
                    "names a Gateway that stands here already; "
                        + "give both a `sectionName` of their own"
                )
            }
            parents.append(parent)
        }
        return parents
    }

    /// The Gateway API takes two references to one Gateway only if both name different listeners.
    private static func clash(
        _ left: GatewayTraffic.ParentReference,
        _ right: GatewayTraffic.ParentReference
    ) -> Bool {
        guard left.name == right.name, left.namespace == right.namespace else { return false }
        guard let one = left.sectionName, let other = right.sectionName else { return true }
        return one == other
    }

    private static func hostnames(_ gateway: ObjectReader) -> [String] {
        var names: [String] = []
        for entry in gateway.list("hostnames", count: Limits.hostnames) ?? [] {
            guard let name = entry.value.stringValue else {
                gateway.problems.add(
                    entry.path,
                    "must be a string, not a \(entry.value.kindName)"
                )
                continue
            }
            if let problem = Formats.hostname(name) {
                gateway.problems.add(entry.path, problem)
            } else if names.contains(name) {
                gateway.problems.add(entry.path, "stands twice")
            }
            names.append(name)
        }
        return names
    }
}
