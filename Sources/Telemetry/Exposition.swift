/// Numbers in the words of Prometheus: the text format 0.0.4
/// (prometheus.io, "Exposition formats").
package struct Exposition: Sendable {
    /// What Prometheus does with a family.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// The media type of ``bytes``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The page.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Begins a family; its samples follow.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        let line = Self.escaped(help, quotes: false)
        bytes += "# HELP \(name) \(line)\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// A number with its labels.
    package mutating func sample(
        _ name: String, labels: KeyValuePairs<String, String> = [:], _ value: Int
    ) {
        sample(name, labels.map { ($0, $1) }, String(value))
    }

    /// A time in seconds with its labels.
    package mutating func sample(
        _ name: String, labels: KeyValuePairs<String, String> = [:], _ value: Duration
    ) {
        sample(name, labels.map { ($0, $1) }, Self.seconds(value))
    }

    /// A family with one sample and no labels.
    package mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, .gauge, help)
        sample(name, [], String(value))
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        bytes += name.utf8
        if !labels.isEmpty {
            let pairs = labels.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
            bytes += "{\(pairs.joined(separator: ","))}".utf8
        }
        bytes += " \(value)\n".utf8
    }

    /// Seconds as a decimal fraction, exact to the nanosecond: `0.25`, `12`.
    static func seconds(_ duration: Duration) -> String {
        let (whole, rest) = duration.components
        let nanoseconds = rest / 1_000_000_000
        guard nanoseconds != 0 else { return String(whole) }
        let isNegative = whole < 0 || nanoseconds < 0
        let digits = String(nanoseconds.magnitude)
        var fraction = String(repeating: "0", count: 9 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(isNegative ? "-" : "")\(whole.magnitude).\(fraction)"
    }

    /// A label's value is cut after so many characters.
    private static let longestLabel = 253

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars.prefix(longestLabel) {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
