/// Where a sandbox keeps its cluster.
package struct StateOptions: Sendable {
    /// The folder; it is made if there is none.
    package var folder: String
    /// Told, in a line, what was found and what goes wrong.
    package var report: @Sendable (_ line: String, _ isTrouble: Bool) -> Void

    package init(
        folder: String, report: @escaping @Sendable (String, Bool) -> Void = { _, _ in }
    ) {
        self.folder = folder
        self.report = report
    }
}

/// Why the cluster cannot be kept, or not be read back.
package struct StateFailure: Error, CustomStringConvertible, Sendable {
    package let description: String
}
