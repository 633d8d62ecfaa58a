import Engine

/// Makes new inputs of old ones, the same for the same seed.
struct Mutator {
    private(set) var entries: [[UInt8]]
    private let longest: Int
    private var random: SplitMix64

    /// `entries` are what it begins with; the empty input if there are none.
    init(_ entries: [[UInt8]], longest: Int, seed: UInt64) {
        self.entries = entries.isEmpty ? [[]] : entries
        self.longest = longest
        random = SplitMix64(seed: seed)
    }

    /// Remembers an input that went a way of its own.
    mutating func keep(_ input: [UInt8]) {
        if entries.count < 4000 {
            entries.append(input)
        } else {
            entries[entries.count / 2 + below(entries.count / 2)] = input
        }
    }

    /// The next input.
    mutating func next() -> [UInt8] {
        var bytes = entries[below(entries.count)]
        for _ in 0...below(below(3) == 0 ? 8 : 2) { change(&bytes) }
        if bytes.count > longest { bytes.removeSubrange(longest...) }
        return bytes
    }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }

    private mutating func range(_ bytes: [UInt8], _ most: Int) -> Range<Int> {
        let start = below(bytes.count + 1)
        return start..<min(bytes.count, start + below(most))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = below(bytes.count + 1)
        switch below(15) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
        case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2, 3: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
        case 4: bytes.removeSubrange(range(bytes, 16))
        case 5: bytes.removeSubrange(range(bytes, max(1, bytes.count)))
        case 6: bytes.removeSubrange(place...)
        case 7: repeatPart(&bytes)
        case 8: splice(&bytes)
        case 9: replaceNumber(&bytes)
        case 10: nest(&bytes)
        case 11: exchangeLines(&bytes)
        case 12: replaceWord(&bytes)
        case 13: doubleMember(&bytes)
        default:
            let part = Array(bytes[range(bytes, 40)])
            bytes.insert(contentsOf: part, at: place)
        }
    }

    private mutating func repeatPart(_ bytes: inout [UInt8]) {
        let part = range(bytes, 24)
        guard !part.isEmpty else { return }
        let most = max(1, (longest - bytes.count) / part.count)
        let times = min(most, below(4) == 0 ? below(5000) : 1 + below(8))
        let copy = Array(bytes[part])
        var more: [UInt8] = []
        for _ in 0..<times { more += copy }
        bytes.insert(contentsOf: more, at: part.upperBound)
    }

    /// A part of another input at a place of this one.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = entries[below(entries.count)]
        let part = Array(other[range(other, max(1, other.count))])
        bytes.replaceSubrange(range(bytes, 64), with: part)
    }

    private mutating func replaceNumber(_ bytes: inout [UInt8]) {
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
        let digits = bytes.indices.filter { isDigit(bytes[$0]) }
        guard !digits.isEmpty else { return }
        let start = digits[below(digits.count)]
        var end = start
        while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        bytes.replaceSubrange(start..<end, with: Self.numbers[below(Self.numbers.count)])
    }

    private mutating func nest(_ bytes: inout [UInt8]) {
        let (open, close) = Self.brackets[below(Self.brackets.count)]
        let depth = below(3) == 0 ? below(400) : 1 + below(5)
        let part = range(bytes, 40)
        var inside: [UInt8] = []
        for _ in 0..<depth { inside += open }
        inside += bytes[part]
        for _ in 0..<(below(4) == 0 ? below(depth + 1) : depth) { inside += close }
        bytes.replaceSubrange(part, with: inside)
    }

    private mutating func exchangeLines(_ bytes: inout [UInt8]) {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        guard lines.count > 1 else { return }
        let (one, other) = (below(lines.count), below(lines.count))
        if below(2) == 0 {
            lines.swapAt(one, other)
        } else {
            lines.insert(lines[one], at: other)
        }
        bytes = Array(lines.joined(separator: [10]))
    }

    /// A quoted text, or the word at a place, gets the value of another one.
    private mutating func replaceWord(_ bytes: inout [UInt8]) {
        let other = entries[below(entries.count)]
        let words = Self.wordRanges(other)
        let mine = Self.wordRanges(bytes)
        guard !words.isEmpty, !mine.isEmpty else { return }
        bytes.replaceSubrange(mine[below(mine.count)], with: other[words[below(words.count)]])
    }

    private static func wordRanges(_ bytes: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start: Int?
        for (index, byte) in bytes.prefix(4000).enumerated() {
            let isWord =
                (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == 45
                || byte == 46 || byte == 47 || byte == 95 || byte >= 128
            if isWord, start == nil { start = index }
            if !isWord, let begin = start {
                ranges.append(begin..<index)
                start = nil
            }
        }
        return ranges
    }

    /// A member of an object stands twice.
    private mutating func doubleMember(_ bytes: inout [UInt8]) {
        let separators = bytes.indices.filter { bytes[$0] == 44 || bytes[$0] == 10 }
        guard separators.count > 1 else { return }
        let index = below(separators.count - 1)
        let member = Array(bytes[separators[index]..<separators[index + 1]])
        bytes.insert(contentsOf: member, at: separators[index])
    }

    private static let brackets: [(open: [UInt8], close: [UInt8])] = [
        (Array("[".utf8), Array("]".utf8)), (Array("{\"a\":".utf8), Array("}".utf8)),
        (Array("{a: ".utf8), Array("}".utf8)), (Array("(".utf8), Array(")*".utf8)),
        (Array("- ".utf8), []), (Array("\n  a:".utf8), []), (Array("\"".utf8), Array("\"".utf8)),
    ]

    private static let numbers: [[UInt8]] = [
        "0", "-0", "-1", "1", "2", "99", "100", "101", "255", "256", "65535", "65536",
        "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105728",
        "1e308", "1e309", "-1e309", "1e-400", "0.1", "1e9", "00", "1_000", "0x7f", "NaN",
        "99999999999999999999999999999999999999999999999999999999999999999999",
    ].map { Array($0.utf8) }

    private static let words: [[UInt8]] =
        [
            "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\n", "\r\n", "\t", " ", "#", "- ",
            "---\n",
            "...\n", "|", ">", "|+\n", ">-\n", "&a ", "*a", "<<: ", "!!str ", "? ", "%YAML 1.2\n",
            "null", "true", "~", "yes", "\\u0000", "\\ud800", "\\udc00\\ud800", "\\u00e9", "@",
            "sha256:", "/", "..", "../", "~1", "~0", "$patch", "managedFields", "metadata", "items",
            "\"items\":[", "resourceVersion", "name", "e9", "E+", ".", "-", "+", "*", "?", "^",
            "(", ")", "{1,1000}", "[^", "Gi", "m", "h", "Z", "T", "%2F", "%00", "é", "\u{85}",
            "\u{2028}", "\u{feff}", "😀", "e\u{301}",
        ].map { Array($0.utf8) } + [
            [0], [0x80], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xE2, 0x82], [0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0x1F, 0x8B], [0x7F],
        ]
}
