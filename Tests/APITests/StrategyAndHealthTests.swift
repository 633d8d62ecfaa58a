import Domain
import Testing

@testable import API

@Suite struct StrategyAndHealthTests {
    private func errors(_ path: [String], _ value: Document) -> [String] {
        ModelRelease.decode(Samples.minimal(path, value)).errors.map(\.description)
    }

    @Test(
        arguments: [
            (["weight": 5], nil),
            (["weight": 5, "for": "0s"], nil),
            (["pause": ["for": "10m"]], nil),
            ([:], "a step needs a `weight` or a `pause`"),
            (["weight": 0], "weight: is 0, must be 1 to 100"),
            (
                ["weight": 5, "for": "5 minutes"],
                "for: must be a duration such as 30s, 5m or 1h30m"
            ),
            (["weight": 5, "for": 5], "for: must be a duration such as 30s, 5m or 1h30m"),
            (
                ["weight": 5, "pause": ["for": "1m"]],
                "a step has either a `weight` or a `pause`; write two steps"
            ),
            (
                ["pause": [:]], "pause: needs either `approval: required` or a time: `for: 10m`"
            ),
            (
                ["pause": ["approval": "yes"]],
                "pause.approval: is `yes`, must be `required`"
            ),
            (["pause": ["for": "1m"], "for": "1m"], "for: belongs into `pause: {for: …}`"),
            (
                ["cohort": ["header": ["name": "x"]]],
                "cohort: `cohort` is not supported by this version of Slipway"
            ),
            (["wait": "5m"], "wait: unknown field `wait`"),
        ] as [(Document, String?)]
    )
    func stepsAreChecked(step: Document, wrong: String?) {
        let place = "spec.strategy.canary.steps[0]"
        let found = errors(["strategy", "canary", "steps"], [step])
        guard let wrong else {
            #expect(found == [])
            return
        }
        let expected = wrong.hasPrefix("a step") ? "\(place): \(wrong)" : "\(place).\(wrong)"
        #expect(found.first == expected)
    }

    @Test func weightsAscend() {
        #expect(
            errors(
                ["strategy", "canary", "steps"],
                [["weight": 25], ["pause": ["for": "1m"]], ["weight": 25], ["weight": 50]])
                == [
                    "spec.strategy.canary.steps[2].weight: "
                        + "is 25, must be above the step before it (25)"
                ])
        #expect(
            errors(
                ["strategy", "canary", "steps"], [["weight": 25], ["weight": 5], ["weight": 10]]
            )
            .count == 2)
    }

    @Test func stepsAreLimited() {
        let steps = Array(repeating: ["pause": ["for": "1m"]] as Document, count: 33)
        #expect(
            errors(["strategy", "canary", "steps"], .array(steps)) == [
                "spec.strategy.canary.steps: has 33 entries, at most 32 are allowed"
            ]
        )
    }

    @Test func noStepsAtAllIsAChoice() {
        let release = ModelRelease.decode(Samples.minimal(["strategy", "canary", "steps"], []))
        #expect(release.value?.spec.strategy == .canary(.init(steps: [], bake: .hours(1))))
    }

    @Test func aStrategyIsNamed() {
        #expect(
            errors(["strategy"], [:]) == [
                "spec.strategy: name one: canary, or leave `strategy` out for the default"
            ]
        )
        #expect(
            errors(["strategy"], "canary") == [
                "spec.strategy: must be an object, not a string"
            ]
        )
    }

    @Test(
        arguments: [
            (["unready": ["max": -1]], "unready.max: is -1, must be 0 to 1000"),
            (["restarts": ["maximum": 1]], "restarts.maximum: unknown field `maximum`"),
            (["progressDeadline": "0s"], "progressDeadline: is 0s, must be 1s to 24h"),
            (
                ["probes": [["every": "5s"]]],
                "probes[0]: needs `golden`, a file of requests and answers, or `cases`"
            ),
            (
                ["probes": [["golden": "../x"]]],
                "probes[0].golden: must be a path inside the repository, such as models/fraud"
            ),
            (
                ["probes": [["golden": "x", "every": "0s"]]],
                "probes[0].every: is 0s, must be 1s to 24h"
            ),
            (
                ["probes": [["golden": "x", "timeout": "2m"]]],
                "probes[0].timeout: is 2m, must be 100ms to 1m"
            ),
            (["probes": [["cases": []]]], "probes[0].cases: must have at least one entry"),
            (
                ["probes": [["cases": [["request": 1]]]]],
                "probes[0].cases[0].expect: is required: what the answer must contain"
            ),
            (
                ["probes": [["cases": [["request": 1, "expect": 1, "tolerance": -1]]]]],
                "probes[0].cases[0].tolerance: must be a number, 0 or more"
            ),
        ] as [(Document, String)]
    )
    func healthIsChecked(health: Document, wrong: String) {
        #expect(errors(["health"], health) == ["spec.health.\(wrong)"])
    }

    @Test func aFileMayNameAGoldenFileAloneButAnObjectMayNot() {
        let document = Samples.minimal(["health", "probes"], [["golden": "tests/golden.jsonl"]])
        #expect(ModelRelease.decode(document).errors == [])
        #expect(
            ModelRelease.decode(document, resolved: true).errors.map(\.description) == [
                "spec.health.probes[0]: needs `cases`; only a file in Git may name `golden` alone"
            ]
        )
    }

    @Test func casesAreBoundedAsAWhole() {
        let body = Document.string(String(repeating: "x", count: 100_000))
        let one: Document = ["cases": [["request": body, "expect": body]]]
        #expect(errors(["health", "probes"], [one]) == [])
        #expect(
            errors(["health", "probes"], [one, one]).first?.hasPrefix(
                "spec.health.probes: the cases"
            )
                == true
        )
    }

    @Test func aLineOfAGoldenFileIsRead() {
        #expect(
            GoldenCase.decode(["request": ["x": 1], "expect": ["y": 2], "tolerance": 0.5]).value
                == GoldenCase(request: ["x": 1], expect: ["y": 2], tolerance: 0.5)
        )
        #expect(
            GoldenCase.decode(["request": 1, "expct": 2]).errors.map(\.description) == [
                "expct: unknown field `expct`, did you mean `expect`?",
                "expect: is required: what the answer must contain",
            ]
        )
    }
}
