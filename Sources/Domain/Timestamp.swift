/// A moment: milliseconds since 1970-01-01T00:00:00Z. The core is handed moments, it never reads
/// a clock.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func + (left: Timestamp, right: TimeSpan) -> Timestamp {
        .init(milliseconds: left.milliseconds + right.milliseconds)
    }
    package static func - (left: Timestamp, right: TimeSpan) -> Timestamp {
        .init(milliseconds: left.milliseconds - right.milliseconds)
    }
    package static func - (left: Timestamp, right: Timestamp) -> TimeSpan {
        .init(milliseconds: left.milliseconds - right.milliseconds)
    }
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`.
    package var description: String { rfc3339(fractionDigits: 0) }

    /// RFC 3339 in UTC; 0, 3 or 6 digits of fraction (`metav1.MicroTime` has 6).
    package func rfc3339(fractionDigits: Int) -> String {
        let seconds = floorDivide(milliseconds, 1000)
        let date = CivilDate(daysSinceEpoch: floorDivide(seconds, 86_400))
        let inDay = seconds - floorDivide(seconds, 86_400) * 86_400
        let fraction = milliseconds - seconds * 1000
        var text: [UInt8] = []
        text.reserveCapacity(32)
        /// A sign and a number of at least so many digits.
        func append(_ sign: Unicode.Scalar?, _ value: Int64, _ width: Int) {
            if let sign { text.append(UInt8(ascii: sign)) }
            let digits = String(value).utf8
            for _ in 0..<max(0, width - digits.count) { text.append(UInt8(ascii: "0")) }
            text.append(contentsOf: digits)
        }
        append(nil, date.year, 4)
        append("-", date.month, 2)
        append("-", date.day, 2)
        append("T", inDay / 3600, 2)
        append(":", inDay / 60 % 60, 2)
        append(":", inDay % 60, 2)
        if fractionDigits == 3 { append(".", fraction, 3) }
        if fractionDigits == 6 { append(".", fraction * 1000, 6) }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads RFC 3339 with any fraction (cut to milliseconds) and any offset; `nil` if it is not.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int64? {
            guard from + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[from..<from + count] {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard bytes.count >= 20, bytes.count <= 40, bytes[4] == 45, bytes[7] == 45,
            bytes[10] == 84 || bytes[10] == 116, bytes[13] == 58, bytes[16] == 58,
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == 46 {
            index += 1
            var scale: Int64 = 100
            let start = index
            while index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 {
                fraction += Int64(bytes[index] - 48) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard index < bytes.count else { return nil }
        var offset: Int64 = 0
        switch bytes[index] {
        case 90, 122:
            guard index == bytes.count - 1 else { return nil }
        case 43, 45:
            guard index + 6 == bytes.count, bytes[index + 3] == 58,
                let hours = number(index + 1, 2), let minutes = number(index + 4, 2)
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (bytes[index] == 43 ? 1 : -1)
        default: return nil
        }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        milliseconds = seconds * 1000 + fraction
    }
}

/// A date of the proleptic Gregorian calendar. The conversions are Howard Hinnant's
/// "chrono-compatible low-level date algorithms".
private struct CivilDate {
    var year: Int64
    var month: Int64
    var day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

private func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    let quotient = dividend / divisor
    return dividend % divisor < 0 ? quotient - 1 : quotient
}
