import ControlPlane
import Domain
import Observed

/// A schedule as lines of words: what a person reads in a report, and what a file holds.
extension Schedule: CustomStringConvertible {
    package var description: String {
        var lines = ["seed \(seed)", "releases \(releases)", "processes \(processes)"]
        lines.append("proxies \(proxies)")
        if let requests { lines.append("requests every \(requests)") }
        if speaksHTTP { lines.append("over HTTP") }
        if hidesNodes { lines.append("without nodes") }
        for delay in Delay.allCases {
            if let span = delays[delay] { lines.append("delay \(delay.rawValue) \(span)") }
        }
        for kind in lags.keys.sorted() { lines.append("lag \(kind) \(lags[kind] ?? .zero)") }
        for version in behaviours.keys.sorted() {
            guard let behaviour = behaviours[version] else { continue }
            lines.append("version \(version) \(behaviour.words)")
        }
        for at in comparisons { lines.append("compare \(at)") }
        for fault in Lasting.allCases where lasting.contains(fault) {
            lines.append("lasting \(fault.rawValue)")
        }
        lines.append("storm \(storm)")
        lines.append("calm \(calm)")
        for entry in entries { lines.append("at \(entry.at) \(entry.act)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is wrong with a text.
    package struct Problem: Error, CustomStringConvertible {
        /// From 1.
        package let line: Int
        package let text: String

        package var description: String { "line \(line): cannot read \"\(text)\"" }
    }

    /// Reads what ``description`` writes; empty lines and lines that begin with `#` mean nothing.
    package init(text: String) throws(Problem) {
        self.init()
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let words = line.split(separator: " ")
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard read(String(first), words.dropFirst().map(String.init)) else {
                throw Problem(line: index + 1, text: String(line))
            }
        }
    }

    private mutating func read(_ word: String, _ words: [String]) -> Bool {
        let span = words.last.flatMap { TimeSpan($0) }
        let number = words.first.flatMap { Int($0) }.flatMap { (1...1000).contains($0) ? $0 : nil }
        switch (word, words.count) {
        case ("seed", 1): return words.first.flatMap { UInt64($0) }.map { seed = $0 } != nil
        case ("releases", 1): return number.map { releases = $0 } != nil
        case ("processes", 1): return number.map { processes = $0 } != nil
        case ("proxies", 1): return number.map { proxies = $0 } != nil
        case ("over", 1):
            speaksHTTP = words == ["HTTP"]
            return speaksHTTP
        case ("without", 1):
            hidesNodes = words == ["nodes"]
            return hidesNodes
        case ("requests", 2): return span.map { requests = $0 } != nil
        case ("storm", 1): return span.map { storm = $0 } != nil
        case ("calm", 1): return span.map { calm = $0 } != nil
        case ("delay", 2):
            guard let delay = Delay(rawValue: words[0]), let span else { return false }
            delays[delay] = span
        case ("compare", 1): return span.map { comparisons.append($0) } != nil
        case ("lasting", 1):
            guard let fault = Lasting(rawValue: words[0]) else { return false }
            lasting.insert(fault)
        case ("lag", 2):
            guard ResourceKind(watched: words[0]) != nil, let span else { return false }
            lags[words[0]] = span
        case ("version", 3...):
            guard let behaviour = PodBehaviour(words: words[1...]) else { return false }
            behaviours[words[0]] = behaviour
        case ("at", 2...):
            guard let at = TimeSpan(words[0]), let act = Act(words: Array(words[1...])) else {
                return false
            }
            entries.append(Entry(at: at, act))
        default: return false
        }
        return true
    }
}

extension ResourceKind {
    /// A kind that the controller watches, by its name.
    init?(watched name: String) {
        guard let kind = ClusterView.kinds.first(where: { $0.kind.kind == name })?.kind else {
            return nil
        }
        self = kind
    }
}

extension Act: CustomStringConvertible {
    /// The kind of act, for counts.
    var kind: String {
        let words = description.split(separator: " ")
        let isPerson = words.first == "person"
        return words.prefix(isPerson ? 2 : 1).joined(separator: " ")
    }

    package var description: String {
        switch self {
        case .commit(let release, let shares, let strategy):
            let list = shares.map { "\($0.version):\($0.weight)" }.joined(separator: " ")
            return "commit \(release) strategy \(strategy) \(list)"
        case .rewind(let commits): return "rewind \(commits)"
        case .behave(let version, let behaviour): return "behave \(version) \(behaviour.words)"
        case .kill(let process): return "kill \(process)"
        case .stop(let process): return "stop \(process)"
        case .pause(let process, let span): return "pause \(process) for \(span)"
        case .clock(let process, let span):
            return span < .zero
                ? "clock \(process) behind \(.zero - span)" : "clock \(process) ahead \(span)"
        case .gitAway(let span): return "git-away for \(span)"
        case .gitRefusesPushes(let span): return "git-refuses-pushes for \(span)"
        case .apiAway(let span): return "api-away for \(span)"
        case .freeze(let span): return "caches-freeze for \(span)"
        case .lag(let kind, let span): return "lag \(kind) \(span)"
        case .calls(let faults, let span): return "calls \(faults.words) for \(span)"
        case .relist: return "relist"
        case .watchesLost(let span): return "watches-lost for \(span)"
        case .evict(let version): return "evict \(version)"
        case .killContainer(let version): return "kill-container \(version)"
        case .node(let number, let span): return "node-lost \(number) for \(span)"
        case .proxy(let number, let span): return "proxy-stuck \(number) for \(span)"
        case .hand(let hand, let number): return "person \(hand.rawValue) \(number)"
        case .autoscale(let number, let least, let most):
            return "person addsAutoscaler \(number) \(least) \(most)"
        case .removeAutoscaler(let number): return "person removesAutoscaler \(number)"
        case .load(let percent): return "load \(percent)"
        case .hold(let release, let span): return "person pauses \(release) for \(span)"
        }
    }

    init?(words: [String]) {
        let span = words.last.flatMap { TimeSpan($0) }
        let number = words.dropFirst().first.flatMap { Int($0) }
        switch (words[0], number, span, words.count) {
        case ("commit", let release?, _, 5...):
            let shares = words.dropFirst(4).compactMap { Share(word: $0) }
            guard let strategy = Int(words[3]), Strategies.all.indices.contains(strategy),
                shares.count == words.count - 4
            else { return nil }
            self = .commit(release: release, shares, strategy: strategy)
        case ("rewind", let commits?, _, 2): self = .rewind(commits: commits)
        case ("behave", _, _, 4...):
            guard let behaviour = PodBehaviour(words: words[2...]) else { return nil }
            self = .behave(version: words[1], behaviour)
        case ("kill", let process?, _, 2): self = .kill(process: process)
        case ("stop", let process?, _, 2): self = .stop(process: process)
        case ("pause", let process?, let span?, 4): self = .pause(process: process, span)
        case ("clock", let process?, let span?, 4):
            self = .clock(process: process, words[2] == "behind" ? .zero - span : span)
        case ("git-away", _, let span?, 3): self = .gitAway(span)
        case ("git-refuses-pushes", _, let span?, 3): self = .gitRefusesPushes(span)
        case ("api-away", _, let span?, 3): self = .apiAway(span)
        case ("caches-freeze", _, let span?, 3): self = .freeze(span)
        case ("lag", _, let span?, 3):
            guard ResourceKind(watched: words[1]) != nil else { return nil }
            self = .lag(kind: words[1], span)
        case ("calls", _, let span?, 4...):
            guard let faults = CallFaults(words: words[1..<(words.count - 2)]) else { return nil }
            self = .calls(faults, span)
        case ("relist", _, _, 1): self = .relist
        case ("watches-lost", _, let span?, 3): self = .watchesLost(span)
        case ("evict", _, _, 2): self = .evict(version: words[1])
        case ("kill-container", _, _, 2): self = .killContainer(version: words[1])
        case ("node-lost", let number?, let span?, 4): self = .node(number, span)
        case ("proxy-stuck", let number?, let span?, 4): self = .proxy(number, span)
        case ("load", let percent?, _, 2): self = .load(percent)
        case ("person", _, _, 5) where words[1] == "addsAutoscaler":
            let numbers = words.dropFirst(2).compactMap { Int($0) }
            guard numbers.count == 3, numbers[1] >= 1, numbers[2] >= numbers[1] else { return nil }
            self = .autoscale(numbers[0], least: numbers[1], most: numbers[2])
        case ("person", _, _, 3) where words[1] == "removesAutoscaler":
            guard let number = Int(words[2]) else { return nil }
            self = .removeAutoscaler(number)
        case ("person", _, let span?, 5):
            guard words[1] == "pauses", let release = Int(words[2]) else { return nil }
            self = .hold(release: release, span)
        case ("person", _, _, 3):
            guard let hand = Hand(rawValue: words[1]), let number = Int(words[2]) else {
                return nil
            }
            self = .hand(hand, number)
        default: return nil
        }
    }
}

extension Act.Share {
    fileprivate init?(word: String) {
        let parts = word.split(separator: ":")
        guard parts.count == 2, let weight = Int(parts[1]) else { return nil }
        self.init(String(parts[0]), weight)
    }
}

extension CallFaults {
    static var fields: [(name: String, path: any WritableKeyPath<CallFaults, Int> & Sendable)] {
        [
            ("refused", \.refused), ("lost", \.lost), ("unanswered", \.unanswered),
            ("late", \.late), ("twice", \.twice), ("forbidden", \.forbidden),
            ("conflict", \.conflict), ("otherwise", \.otherwise),
        ]
    }

    var words: String {
        let parts = Self.fields.filter { self[keyPath: $0.path] > 0 }
        return parts.isEmpty
            ? "right" : parts.map { "\($0.name)=\(self[keyPath: $0.path])" }.joined(separator: " ")
    }

    init?(words: some Sequence<String>) {
        self.init()
        for word in words where word != "right" {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let percent = Int(parts[1]), (0...100).contains(percent),
                let field = Self.fields.first(where: { $0.name == parts[0] })
            else { return nil }
            self[keyPath: field.path] = percent
        }
    }
}

extension PodBehaviour {
    var words: String {
        let wrong = golden == .right ? "" : " golden \(golden)"
        return switch fault {
        case .none: "good startup \(startup)\(wrong)"
        case .neverReady: "never-ready startup \(startup)\(wrong)"
        case .imageMissing: "image-missing startup \(startup)\(wrong)"
        case .losesReadiness(let span): "loses-readiness \(span) startup \(startup)\(wrong)"
        case .flaps(let up, let down): "flaps \(up) \(down) startup \(startup)\(wrong)"
        case .crashes(let span): "crashes \(span) startup \(startup)\(wrong)"
        case .runsOutOfMemory(let span): "out-of-memory \(span) startup \(startup)\(wrong)"
        }
    }

    init?(words: ArraySlice<String>) {
        let parts = words.split(separator: "startup", maxSplits: 1).map { Array($0) }
        guard parts.count == 2, let fault = Fault(words: parts[0]),
            let startup = TimeSpan(parts[1][0])
        else { return nil }
        self.init(startup: startup, fault: fault)
        switch parts[1].dropFirst().joined(separator: " ") {
        case "": break
        case "golden wrong": golden = .wrong
        case "golden silent": golden = .silent
        default: return nil
        }
    }
}

extension PodBehaviour.Fault {
    fileprivate init?(words: [String]) {
        let spans = words.dropFirst().compactMap { TimeSpan($0) }
        guard spans.count == words.count - 1 else { return nil }
        switch (words.first, spans.count) {
        case ("good", 0): self = .none
        case ("never-ready", 0): self = .neverReady
        case ("image-missing", 0): self = .imageMissing
        case ("loses-readiness", 1): self = .losesReadiness(after: spans[0])
        case ("flaps", 2): self = .flaps(up: spans[0], down: spans[1])
        case ("crashes", 1): self = .crashes(after: spans[0])
        case ("out-of-memory", 1): self = .runsOutOfMemory(after: spans[0])
        default: return nil
        }
    }
}
