/// A host name of a listener or a route: one name, or all names below one (`*.example.com`).
struct Hostname: Hashable, Sendable {
    /// In lower case, as Envoy is told.
    let text: String

    /// `nil` for what is no name of a host.
    init?(_ text: String) {
        let lowered = text.lowercased()
        let name = lowered.hasPrefix("*.") ? lowered.dropFirst(2) : lowered[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy(Self.isLabel) else { return nil }
        self.text = lowered
    }

    private init(any: Void) { text = "*" }

    /// Every name.
    static let any = Hostname(any: ())

    private static func isLabel(_ label: Substring) -> Bool {
        !label.isEmpty
            && label.utf8.allSatisfy {
                $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")
                    || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-")
            }
    }

    private var isWildcard: Bool { text.hasPrefix("*.") }

    /// Whether every name of the other is one of these.
    func covers(_ other: Hostname) -> Bool {
        if self == .any || self == other { return true }
        guard isWildcard, other != .any else { return false }
        return other.text.hasSuffix(text.dropFirst())
    }

    /// The names that both stand for.
    func intersection(_ other: Hostname) -> Hostname? {
        covers(other) ? other : other.covers(self) ? self : nil
    }

    /// The more exact, the greater: a name, then wildcards by their length, then any.
    var rank: Int { self == .any ? 0 : isWildcard ? text.utf8.count : 1000 + text.utf8.count }
}

/// Durations of the Gateway API: `10s`, `1h30m`, `500ms`; `0s` means none.
enum GatewayDuration {
    /// `nil` for what is no such duration: up to four numbers of up to five digits with units.
    static func milliseconds(_ text: String) -> Int64? {
        let units: [String: Int64] = ["h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1]
        var rest = text[...]
        var sum: Int64 = 0
        var count = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard digits.count <= 5, let number = Int64(digits), let factor = units[String(unit)]
            else { return nil }
            sum += number * factor
            count += 1
        }
        return count > 0 && count <= 4 ? sum : nil
    }
}
