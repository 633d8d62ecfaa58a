/// An expression that has been read and checked, ready to be evaluated as often as one likes.
struct CELProgram: Sendable {
    let code: CELCode
    /// The type of what it becomes.
    let type: CELType
    /// The variables it names.
    let used: Set<String>
    private let slots: Int

    /// - Parameter variables: in the order in which their values come.
    /// - Throws: ``CELErrors`` with all that is wrong.
    init(
        _ text: String, variables: [(name: String, type: CELType)]
    ) throws(CELErrors) {
        let scalars = Array(text.unicodeScalars)
        let syntax: CELSyntax
        do {
            syntax = try CELParser.parse(scalars)
        } catch {
            throw CELErrors([error], in: scalars)
        }
        var checker = CELChecker(variables)
        let checked = checker.check(syntax)
        guard checker.problems.isEmpty else { throw CELErrors(checker.problems, in: scalars) }
        code = checked.code
        type = checker.whole(checked.type)
        used = checker.used
        slots = checker.slots
    }

    /// Evaluates it within a number of steps; says how many it took.
    func evaluate(
        _ values: [CELValue], limit: Int
    ) -> (result: Result<CELValue, CELFailure>, steps: Int) {
        var evaluator = CELEvaluator(values, slots: slots, limit: limit)
        let result: Result<CELValue, CELFailure>
        do {
            result = .success(try evaluator.evaluate(code))
        } catch {
            result = .failure(error)
        }
        return (result, limit - max(evaluator.meter.left, -1))
    }
}

/// All that is wrong with an expression, in the words and the form of the API server.
struct CELErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// Complaints that are told at most.
    static let limit = 100
    /// Characters that are shown before and behind the place of a complaint at most.
    private static let width = 200

    let description: String

    init(_ problems: [CELProblem], in scalars: [Unicode.Scalar]) {
        var texts = problems.prefix(Self.limit).map { Self.text($0, scalars) }
        if problems.count > Self.limit {
            texts.append("\(problems.count - Self.limit) more errors were truncated")
        }
        description = texts.joined(separator: "\n")
    }

    private static func text(_ problem: CELProblem, _ scalars: [Unicode.Scalar]) -> String {
        let place = min(problem.position, scalars.count)
        let before = scalars[..<place]
        let start = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let line = 1 + before.count { $0 == "\n" }
        let end = scalars[start...].firstIndex(of: "\n") ?? scalars.count
        let first = max(start, place - width)
        let last = min(end, place + width)
        var shown = String.UnicodeScalarView()
        if first > start { shown.append(contentsOf: "...".unicodeScalars) }
        shown.append(contentsOf: scalars[first..<last].map { $0 == "\t" ? " " : $0 })
        if last < end { shown.append(contentsOf: "...".unicodeScalars) }
        // Wide characters get wide dots.
        var marks = first > start ? "..." : ""
        marks += scalars[first..<place].map { $0.isASCII ? "." : "．" }.joined()
        marks += place < scalars.count && !scalars[place].isASCII ? "＾" : "^"
        return "ERROR: <input>:\(line):\(place - start + 1): \(problem.message)\n"
            + " | \(String(shown))\n | \(marks)"
    }
}
