import Documents
import Domain

/// The keys that stand twice in an object of a JSON text.
///
/// The text must have been read as JSON before: what is no JSON ends the search without an error,
/// and the reader's limit of depth bounds the recursion.
struct RepeatedKeys {
    /// Paths such as `data.k`, in the order of the text; at most ``limit``.
    private(set) var paths: [String] = []
    static let limit = 100

    private let bytes: [UInt8]
    private var index = 0

    init(in bytes: [UInt8]) {
        self.bytes = bytes
        value("", depth: 0)
    }

    private mutating func value(_ path: String, depth: Int) {
        skipSpace()
        guard index < bytes.count, depth <= RequestBody.limits.depth else { return }
        switch bytes[index] {
        case UInt8(ascii: "{"): object(path, depth: depth + 1)
        case UInt8(ascii: "["): array(path, depth: depth + 1)
        case UInt8(ascii: "\""): _ = string()
        default: word()
        }
    }

    private mutating func object(_ path: String, depth: Int) {
        var seen: Set<String> = []
        repeat {
            index += 1
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { break }
            let key = string()
            let place = path.isEmpty ? key : "\(path).\(key)"
            if !seen.insert(key).inserted, paths.count < Self.limit, !paths.contains(place) {
                paths.append(place)
            }
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return }
            index += 1
            value(place, depth: depth)
            skipSpace()
        } while index < bytes.count && bytes[index] == UInt8(ascii: ",")
        index += 1
    }

    private mutating func array(_ path: String, depth: Int) {
        var number = 0
        repeat {
            index += 1
            skipSpace()
            guard index < bytes.count, bytes[index] != UInt8(ascii: "]") else { break }
            value("\(path)[\(number)]", depth: depth)
            number += 1
            skipSpace()
        } while index < bytes.count && bytes[index] == UInt8(ascii: ",")
        index += 1
    }

    /// The text of the string that begins here.
    private mutating func string() -> String {
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index + 1, bytes.count)
        let written = Array(bytes[start..<index])
        return (try? JSON.parse(written))?.stringValue ?? ""
    }

    private mutating func word() {
        let ends: [UInt8] = [44, 93, 125, 32, 9, 10, 13]
        while index < bytes.count, !ends.contains(bytes[index]) { index += 1 }
    }

    private mutating func skipSpace() {
        while index < bytes.count, [32, 9, 10, 13].contains(bytes[index]) { index += 1 }
    }
}
