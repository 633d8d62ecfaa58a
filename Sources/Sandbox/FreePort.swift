import Glibc
import Synchronization

/// Ports of this machine that nobody listens on.
package enum FreePort {
    /// Below the range from which systems take ports by themselves (32768 and up with Linux'
    /// defaults, 49152 with IANA's, RFC 6335 section 6): a port from there may be taken by any
    /// connection before it is used.
    private static let range = 18_000..<32_000
    /// Processes begin at different places.
    private static let next = Atomic<Int>(Int(getpid()) &* 61)

    /// A port that is free on 127.0.0.1, not given twice until all others were; `nil` if there is
    /// none.
    package static func find() -> Int? {
        for _ in range {
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            let port = range.lowerBound + (number & Int.max) % range.count
            if isFree(UInt16(port)) { return port }
        }
        return nil
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
