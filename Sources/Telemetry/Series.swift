/// What each set of label values of one family holds. The sets are bounded: what would be one too
/// many is counted under `other`, so that nobody's input can fill the memory.
struct Series<Value: Sendable>: Sendable {
    private let labels: [String]
    private var values: [[String]: Value] = [:]

    /// The most sets of label values.
    static var most: Int { 1000 }

    init(_ labels: [String]) { self.labels = labels }

    /// Changes the value of a set of label values, one for each label.
    mutating func change(
        _ set: [String], from first: Value, _ body: (inout Value) -> Void
    ) {
        let isKnown = values[set] != nil || values.count < Self.most
        let place = isKnown ? set : labels.map { _ in "other" }
        body(&values[place, default: first])
    }

    /// All values with their labels, ordered.
    var all: [(labels: [(String, String)], value: Value)] {
        values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (Array(zip(labels, $0.key)), $0.value) }
    }

    subscript(set: [String]) -> Value? { values[set] }
}
