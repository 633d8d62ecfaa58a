package import API
package import Domain

/// The steps of one rollout, expanded from the strategy: one list for the one machine that walks
/// it. `slipway plan` prints it and ``Rollouts`` takes it step by step.
package struct RolloutPlan: Hashable, Sendable {
    /// One step: a split of traffic and what ends it.
    package struct Step: Hashable, Sendable {
        /// What must happen before the next step.
        package enum Wait: Hashable, Sendable {
            /// The split holds, healthy, for this long after it was confirmed in force.
            case hold(TimeSpan)
            /// Somebody approves.
            case approval
            /// The declared split is watched for this long; then the versions are proven.
            case bake(TimeSpan)

            /// As it stands in ``RolloutPlan/fingerprint``, which statuses keep: never to be
            /// changed.
            fileprivate var text: String {
                switch self {
                case .hold(let time): "hold(\(time))"
                case .approval: "approval"
                case .bake(let time): "bake(\(time))"
                }
            }
        }

        package let split: Weights
        /// Share of all traffic for the new versions together.
        package let newWeight: Int
        package let wait: Wait
    }

    package let steps: [Step]

    /// The steps from a base split to a target.
    ///
    /// - Without new digests (a rollback, weights set by hand among proven versions) the target is
    ///   gone to at once.
    /// - Without a base (the first version) too: there is nothing to compare with or return to;
    ///   a bake follows.
    /// - Otherwise each new digest walks the strategy's weights below its own target, then takes
    ///   its target; the next new digest follows. The base has the rest, in its proportions. The
    ///   declared split is the last step, with the bake. Pauses stay in their places, once per
    ///   digest.
    package init(strategy: Strategy, base: Weights?, target: Weights, new: [Digest]) {
        guard !new.isEmpty else {
            steps = [Step(split: target, newWeight: 0, wait: .bake(.zero))]
            return
        }
        let canary =
            switch strategy {
            case .canary(let canary): canary
            }
        let newTotal = new.reduce(0) { $0 + target.weight(of: $1) }
        let last = Step(split: target, newWeight: newTotal, wait: .bake(canary.bake))
        guard let base else {
            steps = [last]
            return
        }
        var steps: [Step] = []
        var arrived: [(Digest, Int)] = []
        for digest in new {
            let goal = target.weight(of: digest)
            let before = arrived.reduce(0) { $0 + $1.1 }
            var weight = 0
            func add(_ weight: Int, _ wait: Step.Wait) {
                let shares = arrived + [(digest, weight)]
                guard
                    let split = Self.mix(
                        shares.filter { $0.1 > 0 },
                        over: base,
                        registering: new
                    )
                else { return }
                steps.append(Step(split: split, newWeight: before + weight, wait: wait))
            }
            for step in canary.steps {
                switch step {
                case .weight(let next, let hold):
                    guard next < goal else { continue }
                    weight = next
                    add(weight, .hold(hold))
                case .pauseForApproval: add(weight, .approval)
                case .pause(let hold): add(weight, .hold(hold))
                }
            }
            if digest != new.last { add(goal, .hold(.zero)) }
            arrived.append((digest, goal))
        }
        self.steps = steps + [last]
    }

    /// Fixed shares, and the rest as `base` splits it without those digests.
    private static func mix(
        _ fixed: [(Digest, Int)],
        over base: Weights,
        registering new: [Digest]
    ) -> Weights? {
        let part = fixed.reduce(0) { $0 + $1.1 }
        let others = base.removing(Set(fixed.map(\.0)))
        var shares = fixed.map { Weights.Share(digest: $0.0, weight: $0.1) }
        if part < 100 {
            guard let others,
                let rest = Weights.proportional(
                    others.shares.map { ($0.digest, $0.weight) },
                    total: 100 - part
                )
            else { return nil }
            shares += rest
        }
        return Weights(shares)?.registering(new)
    }

    /// A short fingerprint of the steps: another one means that they changed.
    package var fingerprint: String {
        let text = steps.map { "\($0.split)|\($0.wait.text)" }.joined(separator: ";")
        return String(SHA256.hex(text.utf8).prefix(12))
    }

    /// How long the rollout takes when nothing fails and everybody approves at once.
    package var shortestDuration: TimeSpan {
        steps.reduce(.zero) { sum, step in
            switch step.wait {
            case .hold(let time), .bake(let time): sum + time
            case .approval: sum
            }
        }
    }
}
