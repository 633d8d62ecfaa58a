import Domain

/// Cutting a schedule that breaks a check down to a small one that still breaks the same check.
///
/// Entries are left out in ever smaller groups (delta debugging: Zeller and Hildebrandt,
/// "Simplifying and Isolating Failure-Inducing Input", TSE 2002), then the setting is made plain.
package struct Shrinking: Sendable {
    /// The smallest schedule found so far.
    package private(set) var schedule: Schedule
    /// How many schedules were played.
    package private(set) var tries = 0
    private let rule: String
    private let limit: Int

    /// - Parameters:
    ///   - rule: the name of the check that has to break.
    ///   - limit: how many schedules may be played.
    package init(_ schedule: Schedule, rule: String, limit: Int = 400) {
        self.schedule = schedule
        self.rule = rule
        self.limit = limit
    }

    /// The name of the check that a violation is of.
    package static func rule(of violation: String) -> String {
        let text = violation.split(separator: " ", maxSplits: 1).last ?? ""
        return String(text.split(separator: ":", maxSplits: 1).first ?? "")
    }

    /// Does all of it.
    package mutating func shrink() {
        leaveOutEntries()
        simplifySetting()
        leaveOutEntries()
    }

    private mutating func breaks(_ candidate: Schedule) -> Bool {
        guard tries < limit else { return false }
        tries += 1
        var run = ScheduledRun(candidate)
        run.play()
        guard run.world.violations.contains(where: { Self.rule(of: $0) == rule }) else {
            return false
        }
        schedule = candidate
        return true
    }

    private mutating func leaveOutEntries() {
        var size = max(1, schedule.entries.count / 2)
        while true {
            var index = 0
            var isSmaller = false
            while index < schedule.entries.count {
                var candidate = schedule
                let end = min(index + size, candidate.entries.count)
                candidate.entries.removeSubrange(index..<end)
                if breaks(candidate) { isSmaller = true } else { index += size }
            }
            if size == 1, !isSmaller || tries >= limit { return }
            size = max(1, size / 2)
        }
    }

    private mutating func simplifySetting() {
        func without(_ change: (inout Schedule) -> Void) -> Schedule {
            var candidate = schedule
            change(&candidate)
            return candidate
        }
        for kind in schedule.lags.keys.sorted() { _ = breaks(without { $0.lags[kind] = nil }) }
        for delay in Schedule.Delay.allCases where schedule.delays[delay] != nil {
            _ = breaks(without { $0.delays[delay] = nil })
        }
        for version in schedule.behaviours.keys.sorted() {
            _ = breaks(without { $0.behaviours[version] = nil })
        }
        if !schedule.comparisons.isEmpty { _ = breaks(without { $0.comparisons = [] }) }
        if schedule.proxies > 1 { _ = breaks(without { $0.proxies = 1 }) }
        if schedule.requests != nil { _ = breaks(without { $0.requests = nil }) }
        if schedule.releases > 1 { _ = breaks(without { $0.releases = 1 }) }
    }
}
