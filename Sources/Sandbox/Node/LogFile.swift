import Domain
import Glibc

/// Reads what ``ContainerLog`` has written.
struct LogFile: Sendable {
    struct Line: Sendable {
        let time: String
        /// The line's text; a part of a long line has no end.
        let text: String
        let isWhole: Bool
    }

    let path: String

    /// What is there of the log, the older part first.
    ///
    /// - Parameter tail: only so many lines from the end; `nil` for all.
    func lines(tail: Int? = nil) -> [Line] {
        var lines: [Line] = []
        for part in ["\(path).1", path] {
            guard let bytes = try? Folders.read(part, limit: 64 << 20) else { continue }
            lines += Self.lines(bytes[...]).lines
        }
        return tail.map { Array(Self.last($0, of: lines)) } ?? lines
    }

    /// So many lines from the end; the parts of a long line count as one.
    static func last(_ count: Int, of lines: [Line]) -> ArraySlice<Line> {
        var start = lines.endIndex
        var found = 0
        while start > lines.startIndex {
            if lines[start - 1].isWhole || start == lines.endIndex {
                if found == count { break }
                found += 1
            }
            start -= 1
        }
        return lines[start...]
    }

    /// The whole lines in these bytes, and how many bytes they take.
    static func lines(_ bytes: ArraySlice<UInt8>) -> (lines: [Line], consumed: Int) {
        var lines: [Line] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let parts = bytes[start..<end].split(
                separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            start = end + 1
            guard parts.count == 4 else { continue }
            lines.append(
                Line(
                    time: String(decoding: parts[0], as: UTF8.self),
                    text: String(decoding: parts[3], as: UTF8.self),
                    isWhole: parts[2].first == UInt8(ascii: "F")))
        }
        return (lines, start - bytes.startIndex)
    }
}

/// Follows a log while it grows, over the change from one file to the next.
struct LogFollower {
    private let path: String
    private var descriptor: Int32
    private var rest: [UInt8] = []

    /// Begins at the end of what `seen` whole bytes of the newer file are.
    init(path: String) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// The lines that have come since the last call.
    mutating func next() -> [LogFile.Line] {
        var lines = read()
        if isReplaced {
            // What came between the last look and the change.
            lines += read()
            close()
            rest = []
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            lines += read()
        }
        return lines
    }

    private mutating func read() -> [LogFile.Line] {
        guard descriptor >= 0 else { return [] }
        while rest.count < 4 << 20 {
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
            }
            if piece.isEmpty { break }
            rest += piece
        }
        let (lines, consumed) = LogFile.lines(rest[...])
        rest.removeFirst(consumed)
        return lines
    }

    private var isReplaced: Bool {
        var old = stat()
        var new = stat()
        guard stat(path, &new) == 0 else { return false }
        guard descriptor >= 0, fstat(descriptor, &old) == 0 else { return true }
        return old.st_ino != new.st_ino
    }
}
