package import Domain
package import Planning

/// What `slipway adopt` says before it does anything.
package struct AdoptionPage: Hashable, Sendable {
    private let steps: [AdoptionStep]
    private let notes: [String]
    private let problems: [String]
    private let outcome: String
    private let release: Document?

    package init(_ adoption: Adoption, _ goal: Adoption.Goal) {
        steps = adoption.steps(goal)
        notes = goal == .takeOver ? adoption.notes : []
        release = goal == .takeOver && !adoption.isDeclared ? adoption.object : nil
        switch adoption.next(goal) {
        case .refused(let reasons): (problems, outcome) = (reasons, "refused")
        case .done: (problems, outcome) = ([], "done")
        case .wait, .write, .switch: (problems, outcome) = ([], "planned")
        }
    }

    /// For programs: `result` is `done`, `planned` or `refused`; `release` is what would be
    /// declared, where nothing is.
    package var document: Document {
        var document: Document = [
            "result": .string(outcome),
            "steps": .array(
                steps.map { ["text": .string($0.text), "state": .string($0.state.rawValue)] }),
            "notes": .array(notes.map(Document.string)),
            "problems": .array(problems.map(Document.string)),
        ]
        document["release"] = release
        return document
    }

    /// The steps, numbered, what is done marked; then what one should know. Nothing of a way that
    /// cannot be gone.
    package func text(_ style: Style) -> String {
        guard problems.isEmpty else { return "" }
        var text = ""
        for (index, step) in steps.enumerated() {
            let mark: Style.Mark =
                switch step.state {
                case .done: .done
                case .next: .start
                case .later: .waiting
                }
            text += style.line(mark, "\(index + 1). \(step.text)") + "\n"
        }
        return text + notes.map { style.line(.warning, $0) + "\n" }.joined()
    }
}
