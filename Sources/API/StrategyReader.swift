import Domain

/// Reads `spec.strategy`.
enum StrategyReader {
    static let later = ["recreate", "rolling", "blueGreen", "shadow", "ab"]
    static let laterSteps = ["cohort", "mirror", "analysis", "bake"]

    static func read(_ spec: ObjectReader) -> Strategy {
        guard let strategy = spec.object("strategy", known: ["canary"], later: later) else {
            return .canary(.default)
        }
        guard strategy.has("canary") || later.contains(where: strategy.has) else {
            // `canary:` with nothing behind it is null and means the same as `canary: {}`.
            if strategy.fields["canary"] == nil {
                spec.fail("strategy", "name one: canary, or leave `strategy` out for the default")
            }
            return .canary(.default)
        }
        var canary = Canary.default
        guard let reader = strategy.object("canary", known: ["steps", "bake"]) else {
            return .canary(canary)
        }
        if let entries = reader.list("steps", count: Limits.steps) {
            let steps = entries.map {
                (step: step($0.value, at: $0.path, reader.problems), $0.path)
            }
            checkAscending(steps, reader.problems)
            canary.steps = steps.compactMap(\.step)
        }
        if let bake = reader.span("bake", in: Limits.bake) { canary.bake = bake }
        return .canary(canary)
    }

    private static func step(_ value: Document, at path: FieldPath, _ problems: Problems)
        -> CanaryStep?
    {
        guard
            let reader = ObjectReader(
                value,
                at: path,
                problems,
                known: ["weight", "for", "pause"],
                later: laterSteps
            )
        else { return nil }
        switch (reader.has("weight"), reader.has("pause")) {
        case (true, true):
            problems.add(path, "a step has either a `weight` or a `pause`; write two steps")
            return nil
        case (false, false):
            if !laterSteps.contains(where: reader.has) {
                problems.add(path, "a step needs a `weight` or a `pause`")
            }
            return nil
        case (true, false):
            let hold = reader.span("for", in: Limits.stepHold)
            return reader.integer("weight", in: 1...100).map { .weight($0, for: hold ?? .zero) }
        case (false, true):
            if reader.has("for") { reader.fail("for", "belongs into `pause: {for: …}`") }
            return pause(reader)
        }
    }

    private static func pause(_ step: ObjectReader) -> CanaryStep? {
        guard let pause = step.object("pause", known: ["approval", "for"]) else { return nil }
        switch (pause.has("approval"), pause.has("for")) {
        case (true, false):
            let word = pause.string("approval") {
                $0 == "required" ? nil : "is `\($0)`, must be `required`"
            }
            return word.map { _ in .pauseForApproval }
        case (false, true):
            return pause.span("for", in: Limits.stepHold).map { .pause(for: $0) }
        default:
            step.fail("pause", "needs either `approval: required` or a time: `for: 10m`")
            return nil
        }
    }

    private static func checkAscending(
        _ steps: [(step: CanaryStep?, path: FieldPath)],
        _ problems: Problems
    ) {
        var before = 0
        for (step, path) in steps {
            guard case .weight(let weight, _)? = step else { continue }
            if weight <= before {
                problems.add(
                    path["weight"],
                    "is \(weight), must be above the step before it (\(before))"
                )
            }
            before = max(before, weight)
        }
    }
}
