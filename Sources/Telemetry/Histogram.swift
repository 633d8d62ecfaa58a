/// How long something took, by how many were at most so long: a family of the kind histogram.
package struct Histogram: Sendable {
    private struct Times: Sendable {
        /// Not cumulative; the last one is for what is longer than every bound.
        var counts: [Int]
        var sum = Duration.zero
    }

    /// From a millisecond to a minute.
    package static let usualBounds: [Duration] = [
        .milliseconds(1), .milliseconds(5), .milliseconds(10), .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500),
        .seconds(1), .milliseconds(2500), .seconds(5), .seconds(10), .seconds(30), .seconds(60),
    ]

    private let name: String
    private let help: String
    private let bounds: [Duration]
    private let empty: Times
    private var series: Series<Times>

    /// - Parameters:
    ///   - name: ends in `_seconds`.
    ///   - bounds: ascending.
    package init(
        _ name: String, _ help: String, labels: String..., bounds: [Duration] = usualBounds
    ) {
        self.name = name
        self.help = help
        self.bounds = bounds
        series = Series(labels)
        // As with counters: one without labels is there from the start.
        empty = Times(counts: Array(repeating: 0, count: bounds.count + 1))
        if labels.isEmpty { series.change([], from: empty) { _ in } }
    }

    /// Takes in one duration. One value for each label of the family.
    package mutating func observe(_ duration: Duration, _ labels: String...) {
        let place = bounds.firstIndex { duration <= $0 } ?? bounds.count
        series.change(labels, from: empty) {
            $0.counts[place] += 1
            $0.sum += duration
        }
    }

    /// How many were taken in for a set of label values.
    package func count(_ labels: String...) -> Int {
        series[labels]?.counts.reduce(0, +) ?? 0
    }

    /// Writes the family.
    package func write(to page: inout Exposition) {
        page.family(name, .histogram, help)
        for (labels, times) in series.all {
            var sum = 0
            for (count, bound) in zip(times.counts, bounds.map(Exposition.seconds) + ["+Inf"]) {
                sum += count
                page.sample("\(name)_bucket", labels + [("le", bound)], String(sum))
            }
            page.sample("\(name)_sum", labels, Exposition.seconds(times.sum))
            page.sample("\(name)_count", labels, String(sum))
        }
    }
}
