/// How often something happened since the start: a family of the kind counter.
package struct Counter: Sendable {
    private let name: String
    private let help: String
    private var series: Series<Int>

    /// - Parameter name: ends in `_total`.
    package init(_ name: String, _ help: String, labels: String...) {
        self.name = name
        self.help = help
        series = Series(labels)
        // A family without labels is there from the start, so that its first step is seen.
        if labels.isEmpty { add(0) }
    }

    /// Counts. One value for each label of the family.
    package mutating func add(_ count: Int = 1, _ labels: String...) {
        series.change(labels, from: 0) { $0 += count }
    }

    /// What was counted for a set of label values.
    package func value(_ labels: String...) -> Int { series[labels] ?? 0 }

    /// Writes the family.
    package func write(to page: inout Exposition) {
        page.family(name, .counter, help)
        for (labels, value) in series.all { page.sample(name, labels, String(value)) }
    }
}
