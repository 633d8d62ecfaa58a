package import Domain

/// How often runs reached what a proof has to reach: the marks of the controller's branches, which
/// only a proving build counts, and every kind of fault. It has a form as lines of text, so that
/// the runs of several processes make one.
package struct Coverage: Sendable, CustomStringConvertible {
    /// What is wrong with a text.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    private var counts: [String: Int] = [:]

    package init() {}

    /// All that there is to reach: `mark NAME` and `fault NAME`.
    package static let aims: [String] =
        Mark.allCases.map { "mark \($0.name)" } + faults.map { "fault \($0)" }

    /// Every kind of fault, by the names that runs count them under.
    package static let faults: [String] =
        CallFaults.WriteFate.allCases.filter { $0 != .done }.map { "call \($0)" }
        + ["call otherwise"]
        + World.Death.allCases.map { "death \($0.rawValue)" }
        + Act.kinds + Schedule.Lasting.allCases.map { "lasting \($0.rawValue)" }
        + PodBehaviour.kinds + ["watches one behind", "without nodes"]

    package mutating func add(faults: [String: Int]) {
        for (fault, count) in faults { counts["fault \(fault)", default: 0] += count }
    }

    package mutating func add(_ mark: Mark, _ count: Int) {
        counts["mark \(mark.name)", default: 0] += count
    }

    package mutating func add(_ other: Coverage) {
        for (aim, count) in other.counts { counts[aim, default: 0] += count }
    }

    /// A line `COUNT AIM` for everything there is to reach.
    package var description: String {
        Self.aims.map { "\(counts[$0, default: 0]) \($0)\n" }.joined()
    }

    /// Reads what ``description`` writes.
    package init(text: String) throws(Problem) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let count = Int(words[0]) else {
                throw Problem(description: "not COUNT AIM: \(line)")
            }
            counts[String(words[1]), default: 0] += count
        }
    }

    /// How many of all aims were reached.
    package var reached: Int { Self.aims.count { counts[$0, default: 0] > 0 } }

    /// What was not reached and is not said to be out of reach, and what is said to be and was
    /// reached, or does not exist.
    ///
    /// - Parameter unreached: lines `AIM: REASON`; lines that begin with `#` mean nothing.
    package func complaints(unreached: String) -> [String] {
        var reasons: [String: String] = [:]
        var complaints: [String] = []
        for line in unreached.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let aim = parts.first.map(String.init) ?? ""
            let reason = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            if reason.isEmpty { complaints.append("no reason why: \(line)") }
            if !Self.aims.contains(aim) { complaints.append("there is no \(aim)") }
            reasons[aim] = String(reason)
        }
        for aim in Self.aims {
            let isReached = counts[aim, default: 0] > 0
            if !isReached, reasons[aim] == nil { complaints.append("not reached: \(aim)") }
            if isReached, let reason = reasons[aim] {
                complaints.append("reached, though \"\(reason)\": \(aim)")
            }
        }
        return complaints
    }
}

extension Act {
    /// One of each kind.
    private static let samples: [Act] =
        [
            .commit(release: 0, [], strategy: 0), .rewind(commits: 1),
            .behave(version: "1", PodBehaviour()), .kill(process: 0), .stop(process: 0),
            .pause(process: 0, .zero),
            .clock(process: 0, .zero), .gitAway(.zero), .gitRefusesPushes(.zero), .apiAway(.zero),
            .freeze(.zero), .lag(kind: "Pod", .zero), .calls(CallFaults(), .zero), .relist,
            .watchesLost(.zero), .evict(version: "1"), .killContainer(version: "1"),
            .node(0, .zero), .proxy(0, .zero), .hold(release: 0, .zero),
            .autoscale(0, least: 1, most: 1), .removeAutoscaler(0), .load(0),
        ] + Hand.allCases.map { .hand($0, 0) }

    /// The names of all kinds, for counts.
    package static let kinds: [String] = samples.map(\.kind)
}

extension PodBehaviour {
    /// The names of all ways to go wrong, for counts.
    package static let kinds: [String] = [
        PodBehaviour(fault: .neverReady), PodBehaviour(fault: .imageMissing),
        PodBehaviour(fault: .losesReadiness(after: .zero)),
        PodBehaviour(fault: .flaps(up: .zero, down: .zero)),
        PodBehaviour(fault: .crashes(after: .zero)),
        PodBehaviour(fault: .runsOutOfMemory(after: .zero)), PodBehaviour(golden: .wrong),
        PodBehaviour(golden: .silent),
    ].flatMap(\.faults)

    /// What is wrong with it, for counts.
    var faults: [String] {
        var faults: [String] = []
        if fault != .none, let word = words.split(separator: " ").first {
            faults.append("pods \(word)")
        }
        if golden != .right { faults.append("pods golden \(golden)") }
        return faults
    }
}
