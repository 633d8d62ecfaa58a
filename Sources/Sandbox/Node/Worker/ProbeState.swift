import Domain

/// What a probe has found out so far about one run of a container.
struct ProbeState: Sendable {
    let plan: ProbePlan
    private(set) var nextAt: Timestamp
    private(set) var isAsking = false
    /// What counts: answers that came often enough in a row.
    private(set) var verdict: Bool?
    private var last: Bool?
    private var count = 0

    init(_ plan: ProbePlan, firstAt: Timestamp) {
        self.plan = plan
        nextAt = firstAt
    }

    /// Whether to ask now; then the next time is a period later.
    mutating func isDue(_ now: Timestamp) -> Bool {
        guard !isAsking, nextAt <= now else { return false }
        isAsking = true
        let late = (now - nextAt).milliseconds / max(plan.period.milliseconds, 1)
        nextAt = nextAt + plan.period * (late + 1)
        return true
    }

    /// Takes an answer.
    ///
    /// - Returns: whether it is now certain, this time or still.
    mutating func take(_ isSuccess: Bool) -> Bool {
        isAsking = false
        count = last == isSuccess ? min(count + 1, 1_000_000) : 1
        last = isSuccess
        let needed = isSuccess ? plan.successThreshold : plan.failureThreshold
        guard count >= needed else { return false }
        verdict = isSuccess
        return true
    }
}
