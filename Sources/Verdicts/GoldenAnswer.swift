package import Domain

/// Compares an answer of a model with the one it must give.
package enum GoldenAnswer {
    /// `nil` when `actual` contains all that `expect` names; else what differs, in words:
    /// `outputs[0].data[2]: expected 0.31, got 0.92 (tolerance 0.01)`.
    ///
    /// Members that `expect` does not name do not matter; lists must have the same length; numbers
    /// may differ by `tolerance`; what is not finite never equals a number.
    package static func difference(
        expect: Document,
        actual: Document,
        tolerance: Double,
        at path: FieldPath = .root
    ) -> String? {
        switch (expect, actual) {
        case (.object(let fields), .object(let other)):
            for member in fields.members {
                guard let value = other[member.key] else {
                    return "\(path[member.key]): missing in the answer"
                }
                if let difference = difference(
                    expect: member.value,
                    actual: value,
                    tolerance: tolerance,
                    at: path[member.key]
                ) {
                    return difference
                }
            }
            return nil
        case (.array(let elements), .array(let others)):
            guard elements.count == others.count else {
                return "\(path): expected \(elements.count) elements, got \(others.count)"
            }
            for (index, pair) in zip(elements, others).enumerated() {
                if let difference = difference(
                    expect: pair.0,
                    actual: pair.1,
                    tolerance: tolerance,
                    at: path[index]
                ) {
                    return difference
                }
            }
            return nil
        case (.integer, _), (.double, _):
            guard let wanted = expect.doubleValue, let got = actual.doubleValue,
                abs(wanted - got) <= tolerance
            else { return text(path, expect, actual, tolerance) }
            return nil
        default:
            return expect == actual ? nil : text(path, expect, actual, 0)
        }
    }

    private static func text(
        _ path: FieldPath,
        _ expect: Document,
        _ actual: Document,
        _ tolerance: Double
    ) -> String {
        let place = path.parts.isEmpty ? "answer" : path.description
        let bound = tolerance > 0 ? " (tolerance \(tolerance))" : ""
        return "\(place): expected \(expect.canonicalJSONString().prefix(80)), "
            + "got \(actual.canonicalJSONString().prefix(80))\(bound)"
    }
}
