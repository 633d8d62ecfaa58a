/// SplitMix64 (Steele, Lea, Flood 2014): the only source of chance in the model. The same seed
/// gives the same uids and generated names in every process.
package struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    /// What is drawn next follows from this alone.
    private(set) var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The end of a generated name: `count` characters of the alphabet that Kubernetes uses (no
    /// vowels, nothing that looks like another character).
    package mutating func suffix(_ count: Int = 5) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        var text = ""
        for _ in 0..<count {
            text.append(alphabet[Int(next() % UInt64(alphabet.count))])
        }
        return text
    }

    /// A UUID of version 4.
    package mutating func uid() -> String {
        let high = next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let hex = Self.hex(high) + Self.hex(low)
        var text = ""
        for (index, character) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
