import ControlPlane
import Domain

/// A listener of a Gateway, and whether it can serve.
struct GatewayListener: Sendable {
    /// From where routes may attach.
    enum Admission: Sendable {
        case all
        case sameNamespace
        case selected(LabelSelector)
        case nobody
    }

    let gateway: NamespacedName
    let name: String
    let hostname: Hostname
    let address: String
    let port: Int
    let admission: Admission
    /// `Accepted`, `Conflicted`, `ResolvedRefs`.
    var findings: [Finding]

    /// Names the socket, and with it Envoy's listener: several listeners of a Gateway may share it.
    var socket: String { "\(address):\(port)" }

    /// Why it serves nothing; `nil` if it does.
    var problem: String? {
        findings.first { $0.type == "Conflicted" ? $0.status == .yes : $0.status == .no }?.message
    }

    /// Whether routes of a namespace with these labels may attach.
    func admits(_ namespace: String, _ labels: Fields) -> Bool {
        switch admission {
        case .all: true
        case .sameNamespace: namespace == gateway.namespace
        case .selected(let selector): selector.matches(labels)
        case .nobody: false
        }
    }

    // MARK: All of them

    /// The listeners of Gateways, the oldest first. Of two Gateways that want the same port the
    /// older one has it.
    ///
    /// - Parameter unusable: sockets that cannot be had on this machine, and why.
    static func all(
        _ gateways: [Document], address: String, unusable: [String: String]
    ) -> [GatewayListener] {
        var owners: [String: NamespacedName] = [:]
        return gateways.flatMap { gateway in
            var taken: [String: String] = [:]
            return (gateway["spec"] ?? [:]).list("listeners").map { listener in
                var result = GatewayListener(listener, of: gateway, address: address)
                guard result.problem == nil else { return result }
                let host = "\(result.socket) \(result.hostname.text)"
                if let other = owners[result.socket], other != result.gateway {
                    result.refuse(
                        "PortUnavailable", "\(result.socket) is taken by Gateway \(other)")
                } else if let other = taken[host] {
                    result.findings.removeAll { $0.type == "Conflicted" }
                    result.findings.append(
                        .yes(
                            "Conflicted", "HostnameConflict",
                            "listener \(other) has the same port and host name"))
                } else {
                    owners[result.socket] = result.gateway
                    taken[host] = result.name
                    if let why = unusable[result.socket] {
                        result.refuse("PortUnavailable", why)
                    }
                }
                return result
            }
        }
    }

    private init(_ listener: Document, of gateway: Document, address: String) {
        self.gateway = gateway.namespacedName
        name = listener.text("name") ?? ""
        port = listener["port"]?.intValue ?? 0
        let asked = (gateway["spec"] ?? [:]).list("addresses").first?.text("value")
        self.address = asked ?? address
        let hostname = listener.text("hostname").map(Hostname.init) ?? .any
        self.hostname = hostname ?? .any
        let from = listener.at("allowedRoutes", "namespaces")
        switch from?.text("from") {
        case "All": admission = .all
        case "Selector":
            let selector = from?["selector"].flatMap { LabelSelector($0) }
            admission = selector.map { .selected($0) } ?? .nobody
        default: admission = .sameNamespace
        }
        findings = [
            .yes("Accepted"), .no("Conflicted", "NoConflicts", ""), .yes("ResolvedRefs"),
        ]
        let kinds = (listener["allowedRoutes"] ?? [:]).list("kinds")
        if !kinds.isEmpty, !kinds.contains(where: { $0.text("kind") == "HTTPRoute" }) {
            findings[2] = .no(
                "ResolvedRefs", "InvalidRouteKinds", "only HTTPRoute can be attached here")
        }
        if listener.text("protocol") != "HTTP" {
            refuse(
                "UnsupportedProtocol",
                "only HTTP is served here, not "
                    + (listener.text("protocol") ?? "nothing"))
        } else if hostname == nil {
            refuse("UnsupportedValue", "\(listener.text("hostname") ?? "") is no host name")
        } else if !Self.isLoopback(self.address) {
            refuse("UnsupportedValue", "the address must be in 127.0.0.0/8, not \(self.address)")
        }
    }

    private mutating func refuse(_ reason: String, _ message: String) {
        findings.removeAll { $0.type == "Accepted" }
        findings.insert(.no("Accepted", reason, message), at: 0)
    }

    private static func isLoopback(_ address: String) -> Bool {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
