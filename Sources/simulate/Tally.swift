import Domain
import Simulation

/// What all runs of a campaign came to.
struct Tally: Sendable {
    private var runs = 0
    private(set) var broken = 0
    private var events = 0
    private var steps = 0
    private var writes = 0
    private var users = Users.Tally()
    private var simulated = TimeSpan.zero
    private var settled = TimeSpan.zero
    private(set) var faults: [String: Int] = [:]
    /// Of one run only.
    private var hash: TraceHash?

    mutating func add(_ run: ScheduledRun) {
        var one = Tally()
        one.runs = 1
        one.broken = run.world.violations.isEmpty ? 0 : 1
        one.events = run.world.events
        one.steps = run.world.steps
        one.writes = run.writes
        one.users = run.world.users.tally
        one.simulated = run.simulated
        one.settled = run.settled
        one.faults = run.faults
        one.hash = run.world.hash
        add(one)
    }

    mutating func add(_ other: Tally) {
        runs += other.runs
        broken += other.broken
        events += other.events
        steps += other.steps
        writes += other.writes
        users.add(other.users)
        simulated = simulated + other.simulated
        settled = max(settled, other.settled)
        for (fault, count) in other.faults { faults[fault, default: 0] += count }
        hash = runs == 1 ? other.hash : nil
    }

    /// - Parameter workers: how many runs were played at the same time.
    func summary(_ duration: Duration, workers: Int) -> String {
        let seconds = max(0.001, duration / .seconds(1))
        let hours = Double(simulated.milliseconds) / 3_600_000
        func pace(_ count: Int) -> String { "\(Int(Double(count) / seconds)) a second" }
        var lines = [
            "\(runs) runs, \(broken) broken; \((hours * 10).rounded() / 10) simulated hours in "
                + "\((seconds * 10).rounded() / 10) s, \(workers) at a time",
            "\(events) events, \(pace(events)): \(users.sent) requests of users, "
                + "\(events - users.sent) others, \(pace(events - users.sent))",
            "\(steps) of them met by the controller, \(pace(steps)); \(writes) writes of it",
            "requests: \(users.answered) answered, \(users.failed) failed on bad versions or by "
                + "somebody's hand, \(users.lost) lost",
            "longest time to settle after the last fault: \(settled)",
        ]
        if !faults.isEmpty {
            let list = faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            lines.append("faults: " + list.joined(separator: ", "))
        }
        if let hash { lines.append("trace hash: \(hash)") }
        return lines.joined(separator: "\n")
    }
}
