import API
import Domain
import Planning
import Testing

struct RolloutPlanTests {
    let a = Digest(of: "a")
    let b = Digest(of: "b")
    let c = Digest(of: "c")
    let canary = Strategy.canary(
        Canary(
            steps: [
                .weight(5, for: .minutes(5)), .pauseForApproval, .weight(25, for: .minutes(10)),
            ],
            bake: .hours(1)
        )
    )

    func split(_ shares: (Digest, Int)...) throws -> Weights {
        try #require(Weights(shares.map { .init(digest: $0.0, weight: $0.1) }))
    }

    @Test func aNewVersionWalksTheStepsAndEndsAtTheDeclaredSplit() throws {
        let plan = RolloutPlan(
            strategy: canary,
            base: Weights(all: a),
            target: Weights(all: b),
            new: [b]
        )
        #expect(plan.steps.map(\.newWeight) == [5, 5, 25, 100])
        #expect(
            plan.steps.map(\.wait) == [
                .hold(.minutes(5)), .approval, .hold(.minutes(10)), .bake(.hours(1)),
            ]
        )
        #expect(try plan.steps[0].split == split((a, 95), (b, 5)))
        #expect(plan.steps[3].split == Weights(all: b))
        #expect(plan.shortestDuration == .minutes(75))
    }

    @Test func stepsAtOrAboveTheTargetAreSkipped() throws {
        let plan = RolloutPlan(
            strategy: canary,
            base: Weights(all: a),
            target: try split((a, 80), (b, 20)),
            new: [b]
        )
        #expect(plan.steps.map(\.newWeight) == [5, 5, 20])
        #expect(try plan.steps[2].split == split((a, 80), (b, 20)))
    }

    @Test func twoNewVersionsGoOneAfterTheOther() throws {
        let plan = RolloutPlan(
            strategy: canary,
            base: Weights(all: a),
            target: try split((b, 50), (c, 50)),
            new: [b, c]
        )
        let shares = plan.steps.map { [$0.split.weight(of: b), $0.split.weight(of: c)] }
        #expect(
            shares == [
                [5, 0], [5, 0], [25, 0], [50, 0], [50, 5], [50, 5], [50, 25], [50, 50],
            ]
        )
        #expect(plan.steps.allSatisfy { $0.split.shares.reduce(0) { $0 + $1.weight } == 100 })
        for (before, after) in zip(plan.steps, plan.steps.dropFirst()) {
            #expect(before.newWeight <= after.newWeight)
        }
    }

    @Test func theBaseKeepsItsProportions() throws {
        let plan = RolloutPlan(
            strategy: canary,
            base: try split((a, 60), (b, 40)),
            target: try split((a, 40), (b, 30), (c, 30)),
            new: [c]
        )
        #expect(try plan.steps[2].split == split((a, 45), (b, 30), (c, 25)))
        #expect(try plan.steps[3].split == split((a, 40), (b, 30), (c, 30)))
    }

    @Test func theFirstVersionGetsEverythingAtOnceAndBakes() {
        let plan = RolloutPlan(strategy: canary, base: nil, target: Weights(all: a), new: [a])
        #expect(plan.steps.map(\.split) == [Weights(all: a)])
        #expect(plan.steps.map(\.wait) == [.bake(.hours(1))])
    }

    @Test func provenVersionsAreGoneToAtOnce() {
        let plan = RolloutPlan(
            strategy: canary,
            base: Weights(all: b),
            target: Weights(all: a),
            new: []
        )
        #expect(plan.steps.map(\.split) == [Weights(all: a)])
        #expect(plan.steps.map(\.wait) == [.bake(.zero)])
    }

    @Test func anEditOfTheStepsChangesTheFingerprint() {
        let other = Strategy.canary(Canary(steps: [.weight(6, for: .zero)], bake: .hours(1)))
        func plan(_ strategy: Strategy) -> RolloutPlan {
            RolloutPlan(
                strategy: strategy,
                base: Weights(all: a),
                target: Weights(all: b),
                new: [b]
            )
        }
        #expect(plan(canary).fingerprint == plan(canary).fingerprint)
        #expect(plan(canary).fingerprint != plan(other).fingerprint)
    }

    /// A status keeps it: a controller of another release has to come to the same.
    @Test func theFingerprintIsMadeOfTheSplitsAndWaitsAsTheyPrint() {
        let plan = RolloutPlan(
            strategy: canary, base: Weights(all: a), target: Weights(all: b), new: [b])
        let text = plan.steps.map { "\($0.split)|\($0.wait)" }.joined(separator: ";")
        #expect(text.contains("|hold(5m);"))
        #expect(text.contains("|approval;"))
        #expect(text.hasSuffix("|bake(1h)"))
        #expect(plan.fingerprint == String(SHA256.hex(text.utf8).prefix(12)))
    }
}
