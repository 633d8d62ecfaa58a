/// Words for people about names that are not known.
enum Spelling {
    /// ``unknown field `wieght`, did you mean `weight`?``
    static func unknownField(_ key: String, among known: [String]) -> String {
        "unknown field `\(key.prefix(64))`" + suggestion(key, among: known)
    }

    /// `` , did you mean `X`?`` if a known word is near, else nothing.
    static func suggestion(_ word: String, among known: [String]) -> String {
        guard word.utf8.count <= 64 else { return "" }
        let written = Array(word.lowercased().utf8)
        var best: (distance: Int, word: String)?
        for candidate in known {
            let distance = distance(written, Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? Int.max { best = (distance, candidate) }
        }
        guard let best, best.distance <= max(1, min(3, best.word.utf8.count / 3)) else { return "" }
        return ", did you mean `\(best.word)`?"
    }

    /// `a`, `a or b`, `a, b or c`.
    static func choice(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one word to
    /// the other (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                var cost = min(
                    last[column + 1] + 1,
                    current[column] + 1,
                    last[column] + (left[row] == right[column] ? 0 : 1)
                )
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
