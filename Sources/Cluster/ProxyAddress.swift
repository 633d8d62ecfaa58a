import Glibc
import Transport

/// The proxy between us and the API server.
package struct ProxyAddress: Hashable, Sendable {
    /// As libcurl reads it; may hold a password.
    let url: String

    /// `nil` unless it is the URL of a proxy: http, https or socks5, nothing behind the host.
    init?(_ text: String) {
        guard let end = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let scheme = text[..<end.lowerBound].lowercased()
        var rest = text[end.upperBound...]
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let host = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        guard !rest.contains(where: { "/?#".contains($0) }), ParsedURL("http://\(host)") != nil
        else { return nil }
        switch scheme {
        // As client-go does, the proxy looks up names.
        case "socks5", "socks5h": url = "socks5h://\(rest)"
        case "http", "https": url = "\(scheme)://\(rest)"
        default: return nil
        }
    }

    /// The proxy that the environment names for a server, as client-go reads it: `HTTPS_PROXY`,
    /// but not for this machine and not for what `NO_PROXY` lists.
    ///
    /// - Throws: if there is one that is no URL of a proxy.
    static func fromEnvironment(
        _ environment: [String: String], server: String
    ) throws(KubeConfiguration.Invalid) -> ProxyAddress? {
        let names = ["HTTPS_PROXY", "https_proxy"]
        guard let name = names.first(where: { environment[$0]?.isEmpty == false }),
            let text = environment[name], let server = ParsedURL(server),
            server.scheme == "https", !server.isLoopback
        else { return nil }
        let except = [environment["NO_PROXY"], environment["no_proxy"]].compactMap { $0 }
            .first { !$0.isEmpty }
        let rules = ProxyExceptions(except ?? "")
        guard !rules.apply(host: server.host, port: server.port) else { return nil }
        guard let proxy = ProxyAddress(text.contains("://") ? text : "http://\(text)") else {
            throw KubeConfiguration.Invalid(
                file: name, place: "", reason: "not the URL of an http, https or socks5 proxy")
        }
        return proxy
    }
}

extension ProxyAddress: CustomStringConvertible, CustomReflectable {
    package var description: String { HTTPRequest.printable(url) }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A `NO_PROXY`: names with all below them, `.names` with only what is below them, addresses,
/// networks, each with a port or without, or `*`.
struct ProxyExceptions {
    private let rules: [Substring]

    init(_ text: String) {
        rules = text.lowercased().split(whereSeparator: { $0 == "," || $0.isWhitespace })
    }

    /// - Parameter host: as in a URL: an IPv6 address has its brackets.
    func apply(host: String, port: Int) -> Bool {
        let name = host.lowercased().trimmingBrackets
        return rules.contains { Self.applies($0, name, port) }
    }

    private static func applies(_ rule: Substring, _ name: Substring, _ port: Int) -> Bool {
        if rule == "*" { return true }
        let address = IPAddress(name)
        if let slash = rule.firstIndex(of: "/"), let network = IPAddress(rule[..<slash]),
            let length = Int(rule[rule.index(after: slash)...])
        {
            return address.map { network.contains($0, length: length) } ?? false
        }
        if let only = IPAddress(String(rule).trimmingBrackets) { return only == address }
        var pattern = rule
        if let colon = rule.lastIndex(of: ":"), let only = Int(rule[rule.index(after: colon)...]) {
            guard only == port else { return false }
            pattern = rule[..<colon]
        }
        if let only = IPAddress(String(pattern).trimmingBrackets) { return only == address }
        guard address == nil else { return false }
        if pattern.hasPrefix("*.") { pattern = pattern.dropFirst() }
        if pattern.hasPrefix(".") { return name.hasSuffix(pattern) }
        return !pattern.isEmpty && (name == pattern || name.hasSuffix(".\(pattern)"))
    }
}

/// An IPv4 or IPv6 address in its bytes.
private struct IPAddress: Hashable {
    private let bytes: [UInt8]

    init?(_ text: Substring) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, String(text), &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, String(text), &six) == 1 {
            bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
    }

    func contains(_ other: IPAddress, length: Int) -> Bool {
        guard bytes.count == other.bytes.count, (0...bytes.count * 8).contains(length) else {
            return false
        }
        return (0..<length).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return bytes[bit / 8] & mask == other.bytes[bit / 8] & mask
        }
    }
}

extension String {
    fileprivate var trimmingBrackets: Substring {
        hasPrefix("[") && hasSuffix("]") ? dropFirst().dropLast() : self[...]
    }
}
