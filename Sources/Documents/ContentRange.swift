/// From where to where a document's content reaches, in libyaml's scalars.
struct ContentRange {
    var start: Int?
    private var end = 0
    /// Line feeds at the end of the text, if a block scalar is what stands last.
    private var trailingBreaks: Int?
    /// That text ends in blanks: lines of white space may be part of it.
    private var endsInBlanks = false

    /// Something of the document ends here; `blockText` if it is a block scalar, which takes in
    /// the blank lines that follow it.
    mutating func reach(_ index: Int, blockText: String? = nil) {
        guard index >= end else { return }
        end = index
        let last = blockText?.utf8.last { $0 != UInt8(ascii: "\n") }
        endsInBlanks = last == UInt8(ascii: " ") || last == UInt8(ascii: "\t")
        trailingBreaks = blockText.map { text in
            let breaks = text.utf8.reversed().prefix { $0 == UInt8(ascii: "\n") }.count
            // Without text the first of them is not the end of a line but a blank one.
            return breaks == text.utf8.count ? breaks + 1 : breaks
        }
    }

    /// The bytes: from the beginning of the first line, if there is only indentation before the
    /// content, to the end of the last line without its line feed.
    func bytes(of bytes: [UInt8], origin: Int, offsets: ScalarOffsets) -> Range<Int> {
        let content = min(bytes.count, origin + offsets.byteOffset(of: start ?? 0))
        var last = min(bytes.count, origin + offsets.byteOffset(of: end))
        if endsInBlanks {
            if last > content, bytes[last - 1] == UInt8(ascii: "\n") { last -= 1 }
        } else if let trailingBreaks {
            last = Self.endOfText(before: last, from: content, in: bytes)
            for _ in 1..<max(1, trailingBreaks) {
                guard let lineFeed = bytes[last...].firstIndex(of: UInt8(ascii: "\n")) else {
                    break
                }
                last = lineFeed + 1
            }
        }
        while last < bytes.count, bytes[last] != UInt8(ascii: "\n") { last += 1 }
        while last > content, bytes[last - 1] == UInt8(ascii: "\r") { last -= 1 }
        var first = content
        while first > origin, bytes[first - 1] == UInt8(ascii: " ") { first -= 1 }
        if first > origin, bytes[first - 1] != UInt8(ascii: "\n") { first = content }
        return first..<max(first, last)
    }

    /// The end of the last line with text before an offset, its line feed not counted.
    private static func endOfText(before offset: Int, from start: Int, in bytes: [UInt8]) -> Int {
        var end = offset
        var probe = offset
        while probe > start {
            switch bytes[probe - 1] {
            case UInt8(ascii: "\n"):
                end = probe - 1
                probe -= 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): probe -= 1
            default: return end
            }
        }
        return end
    }
}

/// Turns counts of Unicode scalars into byte offsets: libyaml counts the one, files are cut by the
/// other.
struct ScalarOffsets {
    private static let stride = 64
    private let bytes: ArraySlice<UInt8>
    /// Byte offset of every 64th scalar; empty if all bytes are ASCII.
    private var marks: [Int] = []

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        guard bytes.contains(where: { $0 >= 0x80 }) else { return }
        var count = 0
        for index in bytes.indices where bytes[index] & 0xC0 != 0x80 {
            if count % Self.stride == 0 { marks.append(index - bytes.startIndex) }
            count += 1
        }
    }

    /// The offset of the scalar with this number; the end for one after the last.
    func byteOffset(of scalar: Int) -> Int {
        guard !marks.isEmpty else { return min(scalar, bytes.count) }
        let mark = scalar / Self.stride
        guard marks.indices.contains(mark) else { return bytes.count }
        var offset = marks[mark]
        var left = scalar % Self.stride
        while offset < bytes.count {
            if bytes[bytes.startIndex + offset] & 0xC0 != 0x80 {
                if left == 0 { return offset }
                left -= 1
            }
            offset += 1
        }
        return bytes.count
    }
}
