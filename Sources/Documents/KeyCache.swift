/// Remembers long member names so that a list of ten thousand pods holds
/// `terminationGracePeriodSeconds` once. One entry per hash; a clash replaces, nothing grows.
struct KeyCache {
    private struct Entry {
        let hash: Int
        let text: String
    }

    private static let size = 256
    private var entries: [Entry?] = []

    /// The stored string with exactly these bytes.
    func find(_ input: Span<UInt8>, _ start: Int, _ end: Int) -> String? {
        guard !entries.isEmpty else { return nil }
        let hash = Self.hash(input, start, end)
        guard let entry = entries[hash & (Self.size - 1)], entry.hash == hash,
            entry.text.utf8.count == end - start
        else { return nil }
        var place = start
        for byte in entry.text.utf8 {
            guard input[place] == byte else { return nil }
            place &+= 1
        }
        return entry.text
    }

    /// Keeps a string whose bytes stand at this place of the input.
    mutating func store(_ text: String, _ input: Span<UInt8>, _ start: Int, _ end: Int) {
        if entries.isEmpty { entries = Array(repeating: nil, count: Self.size) }
        let hash = Self.hash(input, start, end)
        entries[hash & (Self.size - 1)] = Entry(hash: hash, text: text)
    }

    /// FNV-1a. Clashes cost time for one comparison, never a wrong answer.
    private static func hash(_ input: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for place in start..<end { hash = (hash ^ UInt64(input[place])) &* 0x100_0000_01b3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
