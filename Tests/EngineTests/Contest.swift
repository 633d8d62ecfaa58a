import API
import ControlPlane
import Domain
import Engine
import Resources

/// Processes that want to lead, one Lease in a real store, and a true time that none of them knows.
struct Contest {
    /// One process, with a clock of its own.
    struct Process {
        var election: Election
        var jitter: SplitMix64
        /// How its clock runs, in percent of the true time.
        var rate: Int64 = 100
        var isPaused = false
        /// Its requests are not carried out.
        var isCutOff = false
        /// Its reads fail.
        var cannotRead = false
        /// From a request's execution to its answer.
        var delay = TimeSpan.milliseconds(5)
        var inbox: [(at: Timestamp, event: Election.Event)] = []
        var until = Timestamp(milliseconds: 0)
        var term: Term?
        var stopped: String?
        var followed: [String] = []

        mutating func take(_ output: Election.Output) {
            switch output {
            case .read, .write: break
            case .lead(let term, let until):
                self.term = term
                self.until = until
            case .follow(let holder): followed.append(holder)
            case .stop(let why): stopped = why
            }
        }
    }

    static let start = Timestamp(milliseconds: 1_767_225_600_000)
    static let key = ResourceKey(.lease, namespace: "default", name: "slipway-controller")

    var store = Store(seed: 1, now: start)
    var now = Contest.start
    var processes: [Process] = []
    /// Moments at which two processes could act.
    var overlaps: [String] = []
    /// The terms that began, in order.
    var terms: [Term] = []

    init(names: [String] = ["a", "b"], seen: Int64? = 0) {
        for (index, name) in names.enumerated() { join(name, holder: "\(index)", seen: seen) }
    }

    mutating func join(_ name: String, holder: String, seen: Int64? = 0) {
        let settings = Election.Settings(
            lease: NamespacedName(namespace: "default", name: "slipway-controller"),
            identity: name, holder: holder)
        processes.append(
            Process(
                election: Election(settings: settings),
                jitter: SplitMix64(seed: UInt64(processes.count))))
        if let seen { step(processes.count - 1, .seen(epoch: seen)) }
    }

    /// The time by a process's own clock.
    func clock(_ index: Int) -> Timestamp {
        Self.start + .milliseconds((now - Self.start).milliseconds * processes[index].rate / 100)
    }

    func mayAct(_ index: Int) -> Bool {
        let process = processes[index]
        return process.term != nil && process.stopped == nil && clock(index) < process.until
    }

    /// Who may act.
    var leaders: [Int] { processes.indices.filter(mayAct) }

    mutating func step(_ index: Int, _ event: Election.Event) {
        let before = processes[index].term
        var process = processes[index]
        let outputs = process.election.step(event, now: clock(index), jitter: &process.jitter)
        for output in outputs { process.take(output) }
        // Who gives up does nothing any more by itself.
        if case .resign = event { process.term = nil }
        processes[index] = process
        if let term = process.term, term != before { terms.append(term) }
        for output in outputs { carryOut(output, of: index) }
    }

    private mutating func carryOut(_ output: Election.Output, of index: Int) {
        let process = processes[index]
        let event: Election.Event
        switch output {
        case .read(let call):
            let isAway = process.isCutOff || process.cannotRead
            event = .read(
                call,
                isAway
                    ? .failed(WriteRefusal(.unreachable, "timed out"))
                    : store.object(Self.key).map { .found($0) } ?? .notFound)
        case .write(let call, let request):
            event = .written(
                call,
                process.isCutOff ? .unknown("timed out") : store.perform(request, now: now))
        case .lead, .follow, .stop: return
        }
        processes[index].inbox.append((now + process.delay, event))
    }

    /// Lets time pass, 25 ms at a time.
    mutating func run(for span: TimeSpan) {
        let end = now + span
        while now < end {
            now = now + .milliseconds(25)
            for index in processes.indices where !processes[index].isPaused {
                while let first = processes[index].inbox.first, first.at <= now {
                    processes[index].inbox.removeFirst()
                    step(index, first.event)
                }
                if let due = processes[index].election.nextTick, due <= clock(index) {
                    step(index, .tick)
                }
            }
            if leaders.count > 1 { overlaps.append("\(now - Self.start): \(leaders)") }
        }
    }

    /// Somebody else changes the Lease.
    mutating func edit(_ change: (inout Document) -> Void) {
        let context = WriteContext(now: now, manager: "person")
        _ = try? store.update(Self.key, context) { object throws(APIStatus) in
            var changed = object
            change(&changed)
            return changed
        }
    }

    var lease: Document { store.object(Self.key) ?? .null }
}
