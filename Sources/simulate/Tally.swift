import Domain
import Simulation

/// What all runs of a campaign came to.
struct Tally {
    private var runs = 0
    private(set) var broken = 0
    private var events = 0
    private var steps = 0
    private var writes = 0
    private var users = Users.Tally()
    private var simulated = TimeSpan.zero
    private var settled = TimeSpan.zero
    private var faults: [String: Int] = [:]
    /// Of one run only.
    private var hash: TraceHash?

    mutating func add(_ run: ScheduledRun) {
        runs += 1
        if !run.world.violations.isEmpty { broken += 1 }
        events += run.world.events
        steps += run.world.steps
        writes += run.world.writes
        users.add(run.world.users.tally)
        simulated = simulated + run.simulated
        settled = max(settled, run.settled)
        for (fault, count) in run.faults { faults[fault, default: 0] += count }
        hash = runs == 1 ? run.world.hash : nil
    }

    func summary(_ duration: Duration) -> String {
        let seconds = max(0.001, duration / .seconds(1))
        let hours = Double(simulated.milliseconds) / 3_600_000
        var lines = [
            "\(runs) runs, \(broken) broken; \((hours * 10).rounded() / 10) simulated hours in "
                + "\((seconds * 10).rounded() / 10) s",
            "\(events) events, \(Int(Double(events) / seconds)) a second: \(steps) met by the "
                + "controller, \(writes) writes of it, \(users.sent) requests of users",
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
