import API
import Documents
import Domain

/// A golden file: requests with known answers, one JSON object a line.
struct GoldenFile {
    /// The cases as documents, in the order of the file; empty if there are problems.
    private(set) var cases: [Document] = []
    private(set) var problems: [Problem] = []
    private let path: String

    /// Errors shown for one file.
    private static let problemLimit = 10

    init(path: String, bytes: [UInt8]) {
        self.path = path
        guard bytes.count <= FileReader.goldenBytes else {
            fail(
                nil,
                "has more than \(FileReader.goldenBytes) bytes, a golden file has no more"
            )
            return
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard line.contains(where: { !Self.isBlank($0) }) else { continue }
            guard cases.count < Limits.cases.upperBound else {
                fail(
                    Position(line: index + 1, column: 1),
                    "more than \(Limits.cases.upperBound) cases")
                break
            }
            read(Array(line), number: index + 1)
            if problems.count >= Self.problemLimit { break }
        }
        if cases.isEmpty, problems.isEmpty {
            fail(nil, "has no case; a line is {\"request\": …, \"expect\": …}")
        }
        if !problems.isEmpty { cases = [] }
    }

    private mutating func read(_ line: [UInt8], number: Int) {
        let limits = JSON.Limits(
            bytes: FileReader.goldenBytes, depth: Limits.templateDepth + 1, values: 50_000)
        do {
            let located = try JSON.parseLocated(line, limits: limits)
            cases.append(located.document)
            for error in GoldenCase.decode(located.document).errors {
                let place = located.nearestPosition(of: error.path, ofKey: error.concernsKey)
                fail(Position(line: number, column: place.column), error.description)
            }
        } catch {
            fail(Position(line: number, column: error.position.column), error.reason)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private mutating func fail(_ position: Position?, _ message: String) {
        problems.append(Problem(file: path, position: position, message))
    }
}
