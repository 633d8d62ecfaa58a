/// A regular expression in the common part of RE2 and ECMA 262, matched in time proportional to
/// the text: all alternatives advance together, nothing is tried twice.
///
/// Literals, `.`, classes, `\d \w \s` and their opposites, groups (also with a name, which changes
/// nothing), the flags `i` and `s`, `|`, `* + ? {n,m}` (also lazy, which changes nothing here), `^`
/// and `$`. No back references and no looking around, as in RE2.
package struct LinearPattern: Hashable, Sendable {
    /// Instructions of a compiled pattern at most.
    static let sizeLimit = 20_000
    /// Nodes visited while a pattern is compiled at most: what is repeated counts as often as it
    /// is, even if it leaves no instruction.
    static let effortLimit = 100_000
    /// Steps spent on one text at most; what needs more does not match.
    static let stepLimit = 20_000_000

    indirect enum Node: Hashable {
        case empty
        case set(ScalarSet)
        case start
        case end
        case sequence([Node])
        case choice([Node])
        case repeated(Node, Int, Int?)
    }

    private enum Instruction: Hashable {
        case match
        case set(ScalarSet)
        case start
        case end
        case split(Int, Int)
        case jump(Int)
    }

    package let text: String
    private var program: [Instruction] = []
    /// What one character of a text costs at most: an instruction is a step, and so are four
    /// ranges of its characters.
    private(set) var size = 0

    /// `nil` for what is no pattern of this language, or too large.
    package init?(_ text: String) {
        var effort = Self.effortLimit
        self.init(text, effort: &effort)
    }

    /// As ``init(_:)``; takes from `effort` what it took, whether it is a pattern or not.
    init?(_ text: String, effort: inout Int) {
        self.text = text
        var parser = PatternParser(text)
        guard let node = parser.pattern(), emit(node, &effort) else { return nil }
        program.append(.match)
        size = program.reduce(0) { sum, instruction in
            guard case .set(let set) = instruction else { return sum + 1 }
            return sum + 1 + set.ranges.count / 4
        }
    }

    /// Whether the pattern matches anywhere in the text; not if that takes too many steps.
    package func matches(_ text: String) -> Bool { matchesWithinLimit(text) ?? false }

    /// As ``matches(_:)``; `nil` if it takes too many steps.
    func matchesWithinLimit(_ text: String) -> Bool? {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count <= Self.stepLimit / max(size, 1) else { return nil }
        var current: [Int] = []
        var next: [Int] = []
        var pending: [Int] = []
        var marks = [Int](repeating: -1, count: program.count)
        for place in 0...scalars.count {
            // The pattern may begin at every place.
            if add(0, place, scalars.count, &current, &marks, &pending) { return true }
            guard place < scalars.count else { return false }
            next.removeAll(keepingCapacity: true)
            for index in current {
                guard case .set(let set) = program[index], set.contains(scalars[place]) else {
                    continue
                }
                if add(index + 1, place + 1, scalars.count, &next, &marks, &pending) {
                    return true
                }
            }
            swap(&current, &next)
        }
        return false
    }

    /// Adds a state and all that follow it without reading; says whether the end is among them.
    private func add(
        _ first: Int,
        _ place: Int,
        _ end: Int,
        _ states: inout [Int],
        _ marks: inout [Int],
        _ pending: inout [Int]
    ) -> Bool {
        pending.removeAll(keepingCapacity: true)
        pending.append(first)
        while let index = pending.popLast() {
            guard marks[index] != place else { continue }
            marks[index] = place
            switch program[index] {
            case .match: return true
            case .set: states.append(index)
            case .start: if place == 0 { pending.append(index + 1) }
            case .end: if place == end { pending.append(index + 1) }
            case .jump(let target): pending.append(target)
            case .split(let one, let other):
                pending.append(other)
                pending.append(one)
            }
        }
        return false
    }

    private mutating func emit(_ node: Node, _ effort: inout Int) -> Bool {
        effort -= 1
        guard program.count < Self.sizeLimit, effort >= 0 else { return false }
        switch node {
        case .empty: break
        case .set(let set): program.append(.set(set))
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .sequence(let nodes):
            for node in nodes {
                guard emit(node, &effort) else { return false }
            }
        case .choice(let nodes):
            var jumps: [Int] = []
            for (index, node) in nodes.enumerated() {
                let split = program.count
                if index < nodes.count - 1 { program.append(.jump(0)) }
                guard emit(node, &effort) else { return false }
                guard index < nodes.count - 1 else { continue }
                jumps.append(program.count)
                program.append(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least {
                guard emit(node, &effort) else { return false }
            }
            guard let most else {
                let split = program.count
                program.append(.jump(0))
                guard emit(node, &effort) else { return false }
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return true
            }
            var splits: [Int] = []
            for _ in least..<max(most, least) {
                splits.append(program.count)
                program.append(.jump(0))
                guard emit(node, &effort) else { return false }
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
        return program.count < Self.sizeLimit
    }
}

/// Characters that may stand at a place.
struct ScalarSet: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isInverted = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) } != isInverted
    }

    mutating func insert(_ scalar: Unicode.Scalar) { ranges.append(scalar.value...scalar.value) }

    static let digits = ScalarSet(ranges: [48...57])
    static let words = ScalarSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let spaces = ScalarSet(ranges: [9...10, 12...13, 32...32])
    /// The classes of POSIX, which are of ASCII only (RE2).
    private static let classes: [String: [ClosedRange<UInt32>]] = [
        "alnum": [48...57, 65...90, 97...122], "alpha": [65...90, 97...122], "ascii": [0...127],
        "blank": [9...9, 32...32], "cntrl": [0...31, 127...127], "digit": [48...57],
        "graph": [33...126], "lower": [97...122], "print": [32...126],
        "punct": [33...47, 58...64, 91...96, 123...126], "space": [9...13, 32...32],
        "upper": [65...90], "word": [48...57, 65...90, 95...95, 97...122],
        "xdigit": [48...57, 65...70, 97...102],
    ]

    /// The class of that name, all others with `^` before it; `nil` if there is none.
    static func posix(_ name: String) -> ScalarSet? {
        let isInverted = name.hasPrefix("^")
        return classes[isInverted ? String(name.dropFirst()) : name].map {
            ScalarSet(ranges: $0, isInverted: isInverted)
        }
    }

    /// Everything but the end of a line.
    static let any = ScalarSet(ranges: [10...10], isInverted: true)

    var inverted: ScalarSet { ScalarSet(ranges: ranges, isInverted: !isInverted) }

    /// With the small and the capital letter of each letter of ASCII.
    var withBothCases: ScalarSet {
        var result = self
        for range in ranges {
            let capitals = range.clamped(to: 65...90)
            if range.overlaps(65...90) {
                result.ranges.append(capitals.lowerBound + 32...capitals.upperBound + 32)
            }
            let small = range.clamped(to: 97...122)
            if range.overlaps(97...122) {
                result.ranges.append(small.lowerBound - 32...small.upperBound - 32)
            }
        }
        return result
    }

    /// The ranges, turned around if the set is inverted.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isInverted else { return ranges }
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10_FFFF { result.append(next...0x10_FFFF) }
        return result
    }
}

/// Reads patterns.
private struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0
    private var flags = Flags()

    private struct Flags {
        var ignoresCase = false
        var dotTakesLineEnds = false
    }

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        place += 1
        return true
    }

    mutating func pattern() -> LinearPattern.Node? {
        guard let node = choice(), place == scalars.count else { return nil }
        return node
    }

    private mutating func choice() -> LinearPattern.Node? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 50 else { return nil }
        var nodes: [LinearPattern.Node] = []
        repeat {
            guard let node = sequence() else { return nil }
            nodes.append(node)
        } while take("|")
        return nodes.count == 1 ? nodes[0] : .choice(nodes)
    }

    private mutating func sequence() -> LinearPattern.Node? {
        var nodes: [LinearPattern.Node] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            guard let atom = atom(), let node = repeated(atom) else { return nil }
            nodes.append(node)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repeated(_ atom: LinearPattern.Node) -> LinearPattern.Node? {
        guard let (least, most) = quantifier() else { return atom }
        guard least <= 1000, most ?? 0 <= 1000, most ?? least >= least else { return nil }
        _ = take("?")
        // RE2: "invalid nested repetition operator".
        guard quantifier() == nil else { return nil }
        return .repeated(atom, least, most)
    }

    /// How often what stands before it may stand; `nil` (and nothing read) for anything else.
    private mutating func quantifier() -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        return counts()
    }

    /// `{n}`, `{n,}` or `{n,m}`; `nil` (and nothing read) for anything else.
    private mutating func counts() -> (Int, Int?)? {
        let start = place
        guard take("{"), let least = number() else {
            place = start
            return nil
        }
        if take("}") { return (least, least) }
        if take(",") {
            if take("}") { return (least, nil) }
            if let most = number(), take("}") { return (least, most) }
        }
        place = start
        return nil
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = next, (48...57).contains(scalar.value), value ?? 0 < 100_000 {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            place += 1
        }
        return value
    }

    private mutating func atom() -> LinearPattern.Node? {
        guard let scalar = next else { return nil }
        place += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".":
            return .set(flags.dotTakesLineEnds ? ScalarSet(isInverted: true) : .any)
        case "[": return bracket().map(set)
        case "\\": return escape()
        case "(":
            let outer = flags
            let isOpen = take("?") ? group() : true
            guard let isOpen else { return nil }
            // Flags without a group hold to the end of the group around them.
            guard isOpen else { return .empty }
            guard let node = choice(), take(")") else { return nil }
            flags = outer
            return node
        case "*", "+", "?": return nil
        default: return set(ScalarSet(ranges: [scalar.value...scalar.value]))
        }
    }

    private func set(_ set: ScalarSet) -> LinearPattern.Node {
        .set(flags.ignoresCase ? set.withBothCases : set)
    }

    /// What stands after `(?`: a name, or flags. Says whether a group follows.
    private mutating func group() -> Bool? {
        if next == "<" || take("P") {
            guard take("<") else { return nil }
            let start = place
            while let scalar = next, ScalarSet.words.contains(scalar) { place += 1 }
            return place > start && take(">") ? true : nil
        }
        var isOn = true
        while let scalar = next {
            place += 1
            switch scalar {
            case "i": flags.ignoresCase = isOn
            case "s": flags.dotTakesLineEnds = isOn
            case "-" where isOn: isOn = false
            case ":": return true
            case ")": return false
            default: return nil
            }
        }
        return nil
    }

    private mutating func escape() -> LinearPattern.Node? {
        guard let scalar = next else { return nil }
        if scalar == "A" || scalar == "z" {
            place += 1
            return scalar == "A" ? .start : .end
        }
        return escapedSet().map(set)
    }

    /// What stands after a backslash, in or outside of brackets.
    private mutating func escapedSet() -> ScalarSet? {
        guard let scalar = next else { return nil }
        place += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .words
        case "W": return ScalarSet.words.inverted
        case "s": return .spaces
        case "S": return ScalarSet.spaces.inverted
        case "n": return ScalarSet(ranges: [10...10])
        case "r": return ScalarSet(ranges: [13...13])
        case "t": return ScalarSet(ranges: [9...9])
        case "x": return hex()
        default:
            // A letter or digit that means something we do not know is no literal.
            guard !scalar.properties.isAlphabetic, !(48...57).contains(scalar.value) else {
                return nil
            }
            return ScalarSet(ranges: [scalar.value...scalar.value])
        }
    }

    private mutating func hex() -> ScalarSet? {
        var value: UInt32 = 0
        for _ in 0..<2 {
            guard let digit = next.flatMap({ Character($0).hexDigitValue }) else { return nil }
            value = value * 16 + UInt32(digit)
            place += 1
        }
        return ScalarSet(ranges: [value...value])
    }

    private mutating func bracket() -> ScalarSet? {
        var set = ScalarSet()
        set.isInverted = take("^")
        var isFirst = true
        while let scalar = next {
            if scalar == "]", !isFirst {
                place += 1
                return set
            }
            isFirst = false
            if let name = className() {
                guard let named = ScalarSet.posix(name) else { return nil }
                set.ranges += named.plainRanges
                continue
            }
            guard let low = element() else { return nil }
            guard low.ranges.count == 1, !low.isInverted, next == "-",
                place + 1 < scalars.count, scalars[place + 1] != "]",
                let from = low.ranges.first, from.count == 1
            else {
                set.ranges += low.plainRanges
                continue
            }
            place += 1
            guard let high = element(), let to = high.ranges.first, to.count == 1,
                high.ranges.count == 1, from.lowerBound <= to.lowerBound
            else { return nil }
            set.ranges.append(from.lowerBound...to.lowerBound)
        }
        return nil
    }

    /// What stands between `[:` and `:]`; `nil` (and nothing read) for anything else.
    private mutating func className() -> String? {
        let start = place
        if take("["), take(":") {
            var name = String.UnicodeScalarView()
            while let scalar = next, scalar == "^" || ScalarSet.words.contains(scalar) {
                name.append(scalar)
                place += 1
            }
            if take(":"), take("]") { return String(name) }
        }
        place = start
        return nil
    }

    private mutating func element() -> ScalarSet? {
        guard let scalar = next else { return nil }
        place += 1
        if scalar == "\\" { return escapedSet() }
        return ScalarSet(ranges: [scalar.value...scalar.value])
    }
}
