/// A place in a text file: line and column count from 1, columns in Unicode scalars.
package struct Position: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The first character of a file.
    package static let start = Position(line: 1, column: 1)

    /// The place of a byte: counts line feeds and scalars before it.
    package init(offset: Int, in bytes: Span<UInt8>) {
        var line = 1
        var column = 1
        for index in 0..<min(offset, bytes.count) {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.init(line: line, column: column)
    }

    package var description: String { "\(line):\(column)" }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Turns ascending byte offsets into positions in one pass.
struct PlaceCursor {
    private var offset = 0
    private var line = 1
    private var column = 1

    /// The place of a byte at or after the one asked for last.
    mutating func position(of target: Int, in bytes: Span<UInt8>) -> Position {
        while offset < min(target, bytes.count) {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 0
            }
            offset += 1
            // The first byte of a scalar begins a column; what follows belongs to it.
            if offset >= bytes.count || bytes[offset] & 0xC0 != 0x80 { column += 1 }
        }
        return Position(line: line, column: column)
    }
}
