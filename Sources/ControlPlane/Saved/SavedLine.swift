import Documents
import Domain

/// One line of a saved store: eight hexadecimal digits of a checksum, a space, a JSON object and
/// a line feed.
enum SavedLine {
    /// What the checksum and the space take.
    private static let head = 9
    /// Longer lines are none of ours: a line holds a few objects, of 3 MiB each when they came.
    static let longest = 256 << 20
    /// Deeper than what the API accepts, since an object stands inside a record.
    private static let limits = JSON.Limits(
        bytes: longest, depth: 160, values: 100_000_000)

    static func write(_ record: Document) -> [UInt8] {
        var line = [UInt8](repeating: UInt8(ascii: " "), count: head)
        record.writeCanonicalJSON(into: &line)
        let checksum = hex(Checksum.crc32(line[head...]))
        line.replaceSubrange(0..<checksum.count, with: checksum)
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// What a line says, its line feed not counted; `nil` if it is damaged.
    static func read(_ line: some RandomAccessCollection<UInt8>) -> Document? {
        guard line.count > head, line.count <= longest else { return nil }
        let content = Array(line.dropFirst(head))
        let start = hex(Checksum.crc32(content)) + [UInt8(ascii: " ")]
        guard line.prefix(head).elementsEqual(start) else { return nil }
        return try? JSON.parse(content, limits: limits)
    }

    /// Eight digits.
    private static func hex(_ value: UInt32) -> [UInt8] {
        let digits = String(value, radix: 16)
        return Array((String(repeating: "0", count: 8 - digits.utf8.count) + digits).utf8)
    }
}
