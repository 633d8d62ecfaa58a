/// The size of a terminal, to show a table on it that is drawn over and over.
package struct Screen: Hashable, Sendable {
    package let columns: Int
    package let rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = max(20, columns)
        self.rows = max(3, rows)
    }

    /// The text cut to what fits without wrapping or scrolling: one row stays free for the cursor.
    /// What does not fit is counted in the last line.
    package func fit(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let room = rows - 1
        var shown = lines.prefix(room).map { String($0.prefix(columns)) }
        if lines.count > room {
            shown = Array(shown.prefix(room - 1))
            shown.append("... and \(lines.count - shown.count) more")
        }
        return shown.map { $0 + "\n" }.joined()
    }
}
