/// Rows under upper-case headings, columns as wide as what stands in them, three spaces between,
/// no space at the end of a line.
package struct TextTable: Hashable, Sendable {
    package let headings: [String]
    package private(set) var rows: [[String]] = []

    package init(_ headings: [String]) {
        self.headings = headings
    }

    /// Adds a row; what is missing at its end is empty, what is too much is left out. Cells are
    /// made printable, and an empty one reads `-`, so that a column can be cut out by a program.
    package mutating func add(_ cells: [String]) {
        var row = cells.prefix(headings.count).map { $0.isEmpty ? "-" : printable($0) }
        while row.count < headings.count { row.append("-") }
        rows.append(row)
    }

    /// Every line with its end. Without `heading`, rows alone.
    package func text(heading: Bool = true) -> String {
        let widths = columnWidths
        return ((heading ? [headings] : []) + rows).map { line($0, widths) }.joined()
    }

    private var columnWidths: [Int] {
        headings.indices.map { column in
            rows.reduce(headings[column].count) { max($0, $1[column].count) }
        }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            line += cell
            guard column < cells.count - 1 else { break }
            line += String(repeating: " ", count: widths[column] - cell.count + 3)
        }
        return line + "\n"
    }
}
