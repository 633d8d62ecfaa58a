/// Makes an input smaller while it still shows what it shows.
enum Shrinker {
    /// The smallest input found in so many trials; `shows` says whether one still does.
    static func shrink(
        _ input: [UInt8], trials: Int, _ shows: ([UInt8]) -> Bool
    ) -> [UInt8] {
        var best = input
        var left = trials
        func isSmaller(_ candidate: [UInt8]) -> Bool {
            guard left > 0 else { return false }
            left -= 1
            guard shows(candidate) else { return false }
            best = candidate
            return true
        }
        var size = max(1, best.count / 2)
        while left > 0 {
            var start = 0
            var changed = false
            while start < best.count, left > 0 {
                var candidate = best
                candidate.removeSubrange(start..<min(best.count, start + size))
                if isSmaller(candidate) { changed = true } else { start += size }
            }
            if size == 1, !changed { break }
            if !changed { size = max(1, size / 2) }
        }
        // What stays is made plain.
        for index in best.indices where best[index] != UInt8(ascii: "0") {
            var candidate = best
            candidate[index] = UInt8(ascii: "0")
            _ = isSmaller(candidate)
        }
        return best
    }
}
