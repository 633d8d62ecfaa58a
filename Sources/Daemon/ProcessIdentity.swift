package import Domain
package import Engine

/// What a process is called in an election.
package enum ProcessIdentity {
    /// The settings of a process that takes part in an election from now on.
    ///
    /// - Parameters:
    ///   - lease: what all candidates take.
    ///   - host: the pod's or machine's name, for people.
    package static func candidate(
        _ lease: NamespacedName, host: String, using generator: inout some RandomNumberGenerator
    ) -> Election.Settings {
        // A version 4 UUID (RFC 9562 section 5.4).
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(3 << 62) | 2 << 62
        let digits = hex(high) + hex(low)
        func part(_ from: Int, _ count: Int) -> Substring { digits.dropFirst(from).prefix(count) }
        let uuid = [part(0, 8), part(8, 4), part(12, 4), part(16, 4), part(20, 12)]
            .joined(separator: "-")
        let name = host.prefix(200)
        return Election.Settings(
            lease: lease, identity: name.isEmpty ? uuid : "\(name)_\(uuid)",
            holder: String(uuid.prefix(13)))
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
