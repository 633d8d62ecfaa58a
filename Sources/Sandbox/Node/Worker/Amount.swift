import Domain

/// Amounts of resources as numbers.
enum Amount {
    private static let suffixes: [(text: String, factor: Double)] = [
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12),
        ("P", 1e15), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9),
    ]

    /// A quantity in thousandths, rounded up; `nil` if it is none.
    static func thousandths(_ value: Document) -> Int64? {
        if let number = value.doubleValue { return whole(number * 1000) }
        guard let text = value.stringValue, text.utf8.count <= 64 else { return nil }
        let suffix = suffixes.first { text.hasSuffix($0.text) }
        let digits = suffix.map { text.dropLast($0.text.count) } ?? text[...]
        return Double(digits).flatMap { whole($0 * (suffix?.factor ?? 1) * 1000) }
    }

    /// A quantity in whole units, rounded up; `nil` if it is none.
    static func units(_ value: Document) -> Int64? {
        thousandths(value).map { $0 / 1000 + ($0 % 1000 > 0 ? 1 : 0) }
    }

    private static func whole(_ value: Double) -> Int64? {
        value.isFinite ? Int64(exactly: value.rounded(.up)) : nil
    }
}
