/// A place where a rule of the house is broken.
struct Violation: Equatable, Comparable, CustomStringConvertible {
    let path: String
    /// 1-based.
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }

    static func < (left: Violation, right: Violation) -> Bool {
        (left.path, left.line, left.message) < (right.path, right.line, right.message)
    }
}

extension SwiftSource {
    func violation(_ line: Int, _ message: String) -> Violation {
        Violation(path: path, line: line, message: message)
    }
}
