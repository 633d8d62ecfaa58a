import Domain

/// A moment of expressions: nanoseconds are kept, years from 1 to 9999.
struct CELTime: Hashable, Comparable, Sendable {
    let seconds: Int64
    /// From 0 to 999,999,999.
    let nanos: Int64

    private static let bounds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
    private static let second: Int64 = 1_000_000_000

    private init?(seconds: Int64, nanos: Int64) {
        guard Self.bounds.contains(seconds) else { return nil }
        self.seconds = seconds
        self.nanos = nanos
    }

    /// Since 1970.
    init?(seconds: Int64) { self.init(seconds: seconds, nanos: 0) }

    /// RFC 3339.
    init?(_ text: String) {
        guard text.utf8.count <= 40, let time = Timestamp(rfc3339: text) else { return nil }
        // A day that does not exist would be one of the next month; a leap second is refused too.
        let day = text.utf8.prefix(10)
        guard let start = Timestamp(rfc3339: "\(text.prefix(10))T00:00:00Z"),
            start.description.utf8.prefix(10).elementsEqual(day),
            !text.utf8.dropFirst(17).starts(with: "60".utf8)
        else { return nil }
        let fraction = text.utf8.drop { $0 != 46 }.dropFirst().prefix { (48...57).contains($0) }
        var nanos: Int64 = 0
        var scale = Self.second / 10
        for digit in fraction {
            nanos += Int64(digit - 48) * scale
            scale /= 10
        }
        let milliseconds = time.milliseconds
        let rest = (milliseconds % 1000 + 1000) % 1000
        self.init(seconds: (milliseconds - rest) / 1000, nanos: nanos)
    }

    static func < (left: CELTime, right: CELTime) -> Bool {
        (left.seconds, left.nanos) < (right.seconds, right.nanos)
    }

    func adding(_ span: Int64) throws(CELFailure) -> CELTime {
        let total = Int128(seconds) * Int128(Self.second) + Int128(nanos) + Int128(span)
        let unit = Int128(Self.second)
        let rest = (total % unit + unit) % unit
        guard let whole = Int64(exactly: (total - rest) / unit),
            let time = CELTime(seconds: whole, nanos: Int64(rest))
        else { throw CELFailure("timestamp overflow") }
        return time
    }

    /// Nanoseconds from another moment to this one.
    func since(_ other: CELTime) throws(CELFailure) -> Int64 {
        let total =
            (Int128(seconds) - Int128(other.seconds)) * Int128(Self.second)
            + Int128(nanos - other.nanos)
        guard let span = Int64(exactly: total) else { throw CELFailure("duration overflow") }
        return span
    }

    static func sum(_ one: Int64, _ other: Int64) throws(CELFailure) -> Int64 {
        let (value, overflow) = one.addingReportingOverflow(other)
        guard !overflow else { throw CELFailure("duration overflow") }
        return value
    }

    // MARK: Text

    var text: String {
        let whole = Timestamp(milliseconds: seconds * 1000).description
        guard nanos > 0 else { return whole }
        return "\(whole.dropLast()).\(Self.fraction(nanos))Z"
    }

    private static func fraction(_ nanos: Int64) -> String {
        let digits = String(nanos)
        let padded = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        return String(padded.reversed().drop { $0 == "0" }.reversed())
    }

    /// Seconds, as `string(duration)` writes them.
    static func text(of span: Int64) -> String {
        let whole = span.magnitude / UInt64(second)
        let rest = Int64(span.magnitude % UInt64(second))
        let sign = span < 0 ? "-" : ""
        return rest == 0 ? "\(sign)\(whole)s" : "\(sign)\(whole).\(fraction(rest))s"
    }

    private static let units: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": second,
        "m": 60 * second, "h": 3600 * second,
    ]

    /// Reads `1h30m`, `-1.5s`, `0`: a length of time as Go writes it; `nil` for anything else.
    static func nanoseconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 100 else { return nil }
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int128 = 0
        while !rest.isEmpty {
            let number = Substring(rest.utf8.prefix { (48...57).contains($0) || $0 == 46 })
            rest = Substring(rest.utf8.dropFirst(number.utf8.count))
            let unit = Substring(rest.utf8.prefix { !(48...57).contains($0) && $0 != 46 })
            rest = Substring(rest.utf8.dropFirst(unit.utf8.count))
            let parts = number.split(separator: ".", omittingEmptySubsequences: false)
            guard let scale = units[String(unit)], parts.count <= 2, let whole = parts.first,
                number.contains(where: { $0 != "." }), whole.count <= 19,
                let value = whole.isEmpty ? 0 : Int128(whole)
            else { return nil }
            total += value * Int128(scale)
            guard parts.count == 2 else { continue }
            var place = Int128(scale)
            for digit in parts[1].utf8.prefix(18) {
                place /= 10
                total += Int128(digit - 48) * place
            }
        }
        return Int64(exactly: isNegative ? -total : total)
    }

    // MARK: Parts

    /// The parts of a date and time at some distance from UTC.
    struct Parts {
        let year, month, day, hour, minute, second: Int64
        let weekday, dayOfYear: Int64
    }

    /// - Parameter zone: `UTC` or an offset as `+01:00`; names of zones are not known here.
    func parts(_ zone: String) throws(CELFailure) -> Parts {
        guard let offset = Self.offset(zone) else {
            throw CELFailure("unknown time zone \(zone.cut(to: 100))")
        }
        let local = seconds + offset
        let text = Timestamp(milliseconds: local * 1000).description
        let fields = text.split { !$0.isNumber }.compactMap { Int64($0) }
        guard fields.count == 6 else { throw CELFailure("timestamp overflow") }
        let days = (local - ((local % 86_400) + 86_400) % 86_400) / 86_400
        let year = String(text.prefix(4))
        let first = Timestamp(rfc3339: "\(year)-01-01T00:00:00Z")?.milliseconds ?? 0
        return Parts(
            year: fields[0], month: fields[1], day: fields[2], hour: fields[3],
            minute: fields[4], second: fields[5], weekday: ((days + 4) % 7 + 7) % 7,
            dayOfYear: days - first / 86_400_000)
    }

    private static func offset(_ zone: String) -> Int64? {
        if zone == "UTC" || zone == "" { return 0 }
        guard zone.utf8.count <= 6 else { return nil }
        let sign: Int64 = zone.hasPrefix("-") ? -1 : 1
        let parts = zone.drop { $0 == "+" || $0 == "-" }.split(separator: ":")
        guard parts.count == 2, let hours = Int64(parts[0]), let minutes = Int64(parts[1]),
            (0...14).contains(hours), (0...59).contains(minutes)
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

extension CELFunction {
    /// The parts of moments and of lengths of time.
    static let times: [String: CELFunction] = {
        typealias Parts = CELTime.Parts
        let dates: [(String, @Sendable (Parts) -> Int64)] = [
            ("getFullYear", { $0.year }), ("getMonth", { $0.month - 1 }),
            ("getDate", { $0.day }), ("getDayOfMonth", { $0.day - 1 }),
            ("getDayOfWeek", { $0.weekday }), ("getDayOfYear", { $0.dayOfYear }),
        ]
        let clocks: [(String, Int64, @Sendable (Parts) -> Int64)] = [
            ("getHours", 3_600_000_000_000, { $0.hour }),
            ("getMinutes", 60_000_000_000, { $0.minute }),
            ("getSeconds", 1_000_000_000, { $0.second }),
        ]
        let moments = [
            member([.timestamp], .int), member([.timestamp, .string], .int),
        ]
        var result: [String: CELFunction] = [:]
        for (name, part) in dates {
            result[name] = CELFunction(moments) { arguments, _ throws(CELFailure) in
                .int(part(try parts(arguments)))
            }
        }
        for (name, unit, part) in clocks {
            result[name] = CELFunction(moments + [member([.duration], .int)]) {
                arguments, _ throws(CELFailure) in
                if case .duration(let span) = arguments[0] { return .int(span / unit) }
                return .int(part(try parts(arguments)))
            }
        }
        result["getMilliseconds"] = CELFunction(moments + [member([.duration], .int)]) {
            arguments, _ throws(CELFailure) in
            switch arguments[0] {
            case .duration(let span): return .int(span / 1_000_000)
            case .timestamp(let time): return .int(time.nanos / 1_000_000)
            default: throw .noOverload
            }
        }
        return result
    }()

    private static func parts(_ arguments: [CELValue]) throws(CELFailure) -> CELTime.Parts {
        guard case .timestamp(let time) = arguments[0] else { throw .noOverload }
        guard arguments.count == 2 else { return try time.parts("UTC") }
        guard let zone = arguments[1].asString else { throw .noOverload }
        return try time.parts(zone)
    }
}
