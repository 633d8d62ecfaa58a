/// Cuts a stream of bytes into lines: the events of a watch come one a line, in chunks that know
/// nothing of lines.
///
/// A line may span any number of chunks and a chunk may hold any number of lines; what is held
/// between chunks is at most one line, and that is bounded.
package struct LineSplitter: Sendable {
    /// A line grew longer than the limit; the stream cannot be read on.
    package struct LineTooLong: Error, Hashable, Sendable, CustomStringConvertible {
        package let limit: Int
        package var description: String { "a line of more than \(limit) bytes" }
    }

    private let limit: Int
    private var rest: [UInt8] = []

    /// `limit` is the longest line in bytes, its end not counted.
    package init(limit: Int = 16 << 20) {
        self.limit = limit
    }

    /// Takes the next bytes and hands back the lines that are complete now, without their line
    /// feed (or carriage return and line feed). Empty lines are left out.
    package mutating func feed(_ chunk: some Collection<UInt8>) throws(LineTooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = chunk.startIndex
        while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try keep(chunk[start..<end])
            if let line = takeLine() { lines.append(line) }
            start = chunk.index(after: end)
        }
        try keep(chunk[start...])
        return lines
    }

    /// The bytes after the last line feed, when the stream has ended.
    package mutating func finish() -> [UInt8]? { takeLine() }

    private mutating func keep(_ part: some Collection<UInt8>) throws(LineTooLong) {
        guard part.count <= limit - rest.count else {
            rest = []
            throw LineTooLong(limit: limit)
        }
        rest.append(contentsOf: part)
    }

    private mutating func takeLine() -> [UInt8]? {
        var line: [UInt8] = []
        swap(&line, &rest)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line.isEmpty ? nil : line
    }
}
