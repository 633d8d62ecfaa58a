package import Domain

/// An amount as Kubernetes writes them: `500m`, `1`, `1.5Gi`, `1e3`. Two spellings of the same
/// amount are equal.
package struct Quantity: Hashable, Sendable, Comparable {
    /// Billionths, the finest that Kubernetes keeps; finer parts are rounded up.
    private let nanos: Int128

    /// Reads a string or number of a document; `nil` if it is no quantity.
    package init?(_ document: Document) {
        switch document {
        case .string(let text): self.init(text)
        case .integer(let number): self.init(String(number))
        case .double(let number): self.init(number.description)
        default: return nil
        }
    }

    /// `nil` if the text is no quantity or beyond 10^28.
    package init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction = Substring()
        if rest.hasPrefix(".") {
            fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !(whole.isEmpty && fraction.isEmpty), let scale = Self.scale(of: rest),
            let digits = Int128(String(whole + fraction)),
            let nanos = Self.nanos(
                digits, tens: 9 + scale.tens - fraction.count, twos: scale.twos)
        else { return nil }
        self.nanos = isNegative ? -nanos : nanos
    }

    /// Powers of ten and two of a suffix; `nil` for anything else.
    private static func scale(of suffix: Substring) -> (tens: Int, twos: Int)? {
        let tens = [
            "": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
        ]
        let twos = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60]
        if let power = tens[String(suffix)] { return (power, 0) }
        if let power = twos[String(suffix)] { return (0, power) }
        guard suffix.hasPrefix("e") || suffix.hasPrefix("E"),
            let power = Int(suffix.dropFirst()), (-40...40).contains(power)
        else { return nil }
        return (power, 0)
    }

    private static func nanos(_ digits: Int128, tens: Int, twos: Int) -> Int128? {
        var value = digits
        for _ in 0..<twos {
            let (next, overflow) = value.multipliedReportingOverflow(by: 2)
            if overflow { return nil }
            value = next
        }
        for _ in 0..<max(0, tens) {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = next
        }
        for _ in 0..<max(0, -tens) {
            value = value / 10 + (value % 10 == 0 ? 0 : 1)
        }
        return value
    }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
}
