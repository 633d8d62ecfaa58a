/// An amount of a resource as Kubernetes writes it: `500m`, `1Gi`, `2`, `1e3`.
package struct Quantity: Hashable, Sendable, Comparable {
    private enum Form: Hashable {
        case decimal
        case binary
        case exponent
    }

    /// Billionths; smaller parts are rounded up, as Kubernetes does.
    private let nanos: Int128
    private let form: Form

    private static let decimals: [(suffix: String, power: Int)] = [
        ("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("", 0), ("m", -3),
        ("u", -6), ("n", -9),
    ]
    private static let binaries = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    /// The complaint about a text that is none.
    package static let complaint =
        "quantities must match the regular expression "
        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

    /// `nil` for what is no quantity, or more than 10^20 of something.
    package init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
        let suffix = String(rest.dropFirst(number.count))
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, number.contains(where: { $0 != "." }), let whole = parts.first,
            let digits = Int128(whole + (parts.count == 2 ? parts[1] : "")),
            digits < 1_000_000_000_000_000_000_000_000_000_000
        else { return nil }
        let fraction = parts.count == 2 ? parts[1].count : 0
        var power = 9 - fraction
        var factor: Int128 = 1
        if let known = Self.decimals.first(where: { $0.suffix == suffix }) {
            form = .decimal
            power += known.power
        } else if let index = Self.binaries.firstIndex(of: suffix) {
            form = .binary
            factor = 1 << (10 * Int128(index + 1))
        } else if let first = suffix.first, first == "e" || first == "E",
            let exponent = Int(suffix.dropFirst()), (-30...18).contains(exponent)
        {
            form = .exponent
            power += exponent
        } else {
            return nil
        }
        guard let value = Self.scaled(digits, power, factor), value <= Self.largest else {
            return nil
        }
        nanos = isNegative ? -value : value
    }

    /// 10^20 in billionths.
    private static let largest: Int128 = 100_000_000_000_000_000_000 * 1_000_000_000

    private static func scaled(_ digits: Int128, _ power: Int, _ factor: Int128) -> Int128? {
        var (value, overflow) = digits.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        for _ in 0..<max(power, 0) {
            (value, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
        }
        guard power < 0 else { return value }
        guard power > -30 else { return value > 0 ? 1 : 0 }
        var divisor: Int128 = 1
        for _ in 0..<(-power) { divisor *= 10 }
        return value / divisor + (value % divisor == 0 ? 0 : 1)
    }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    /// The amount in billionths.
    var billionths: Int128 { nanos }

    /// A quantity that is so many billionths larger; `nil` beyond 10^20 in either direction.
    func adding(_ billionths: Int128) -> Quantity? {
        let (sum, overflow) = nanos.addingReportingOverflow(billionths)
        guard !overflow, (-Self.largest...Self.largest).contains(sum) else { return nil }
        return Quantity(nanos: sum, form: form)
    }

    private init(nanos: Int128, form: Form) {
        self.nanos = nanos
        self.form = form
    }

    /// Above zero.
    package var isPositive: Bool { nanos > 0 }

    /// The one spelling in which the server stores it.
    package var canonical: String {
        guard nanos != 0 else { return "0" }
        let unit: Int128 = 1_000_000_000
        let isWhole = nanos % unit == 0
        if form == .binary, isWhole, abs(nanos / unit) >= 1024 {
            var value = nanos / unit
            var suffix = ""
            for next in Self.binaries where value % 1024 == 0 {
                value /= 1024
                suffix = next
            }
            return "\(value)\(suffix)"
        }
        for (suffix, power) in Self.decimals {
            var divisor: Int128 = 1
            for _ in 0..<(power + 9) { divisor *= 10 }
            guard nanos % divisor == 0 else { continue }
            if form == .exponent, power != 0 { return "\(nanos / divisor)e\(power)" }
            return "\(nanos / divisor)\(suffix)"
        }
        return "\(nanos)n"
    }
}

private func abs(_ value: Int128) -> Int128 { value < 0 ? -value : value }
