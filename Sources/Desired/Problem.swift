package import Documents

/// Something about a file of the repository that a person should know, with its place.
package struct Problem: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// How much it matters.
    package enum Severity: Hashable, Sendable {
        /// What the file declares is not taken over; what it declared before stays in force.
        case error
        /// It is taken over, or was never meant for Slipway.
        case warning
    }

    package let severity: Severity
    /// The file's path in the repository.
    package let file: String
    /// `nil` where it is about the file as a whole.
    package let position: Position?
    package let message: String

    package init(
        _ severity: Severity = .error, file: String, position: Position?, _ message: String
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.message = message
    }

    /// `models/fraud/release.yaml:14:11: weights sum to 110, must be 100 (7: 90, 8: 20)`.
    package var description: String {
        let place = position.map { ":\($0)" } ?? ""
        return "\(file)\(place): \(severity == .warning ? "warning: " : "")\(message)"
    }

    package static func < (left: Problem, right: Problem) -> Bool {
        let places = (left.position ?? .start, right.position ?? .start)
        if left.file != right.file { return left.file < right.file }
        if places.0 != places.1 { return places.0 < places.1 }
        return left.message < right.message
    }
}
