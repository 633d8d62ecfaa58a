import Glibc

/// One server to ask: an IP address that the caller knows to be that of a pod, and a port.
///
/// A name is never looked up: whoever controls a name server would choose whom we talk to.
package struct ProbeTarget: Hashable, Sendable, CustomStringConvertible {
    /// The longest body that is read.
    package static let largestAnswer = 1 << 20

    /// As the system prints it: IPv6 without brackets.
    package let address: String
    package let port: Int
    private let isIPv6: Bool

    /// `nil` unless `address` is an IPv4 or IPv6 address of one host and `port` 1...65535. Of
    /// addresses inside other addresses (IPv4 in IPv6) only the plain form is accepted. Zones are
    /// refused.
    package init?(address: String, port: Int) {
        // A text with a NUL in it is not the address that C reads.
        guard (1...65535).contains(port), !address.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, address, &v4) == 1 {
            let value = UInt32(bigEndian: v4.s_addr)
            // 0.0.0.0/8, link-local with the clouds' metadata service, multicast and above.
            guard value >> 24 != 0, value >> 16 != 0xA9FE, value >> 28 < 0xE else { return nil }
            isIPv6 = false
        } else if inet_pton(AF_INET6, address, &v6) == 1 {
            let bytes = withUnsafeBytes(of: &v6) { [UInt8]($0) }
            guard Self.isHost(bytes) else { return nil }
            isIPv6 = true
        } else {
            return nil
        }
        self.address = address
        self.port = port
    }

    /// `127.0.0.5:8080`, `[fd00::1]:8080`.
    package var description: String { isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }

    private static func isHost(_ bytes: [UInt8]) -> Bool {
        let embeddings: [[UInt8]] = [
            // ::/96 with IPv4-compatible addresses and ::, but see below for ::1.
            [UInt8](repeating: 0, count: 12),
            // ::ffff:0:0/96, IPv4-mapped.
            [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF],
            // 64:ff9b::/96, NAT64.
            [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8),
        ]
        let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
        let isMulticast = bytes.first == 0xFF
        let isLinkLocal = bytes.first == 0xFE && (bytes.dropFirst().first ?? 0) & 0xC0 == 0x80
        // The metadata service of a large cloud.
        let metadata: [UInt8] =
            [0xFD, 0, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [2, 0x54]
        return isLoopback
            || !isMulticast && !isLinkLocal && bytes != metadata
                && !embeddings.contains { bytes.starts(with: $0) }
    }
}
