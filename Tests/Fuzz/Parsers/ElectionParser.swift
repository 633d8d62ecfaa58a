import Documents
import Domain
import Engine
import Resources

extension Parser {
    /// A Lease as others leave it, and how calls on it end: whatever they say, a candidate neither
    /// traps nor leads without a write of its own. `{"seen": N, "answers": [ANSWER, …]}`, where an
    /// answer is `{"found": OBJECT}`, `{"absent": true}`, `{"failed": KIND, "retryAfter": SECONDS}`
    /// or `{"unknown": true}`; `resign` beside it ends the process after that answer.
    static let election = Parser(name: "election", about: "Leases, and answers about them") {
        input, check in
        guard let story = try? JSON.parse(input), let answers = story["answers"]?.arrayValue else {
            return
        }
        var race = Race()
        let seen = story["seen"]?.integerValue ?? 0
        race.step(.seen(epoch: min(max(seen, 0), Term.largest)), &check)
        for answer in answers.prefix(60) { race.meet(answer, &check) }
    }
}

/// One candidate and what it may rely on.
private struct Race {
    private static let settings = Election.Settings(
        lease: NamespacedName(namespace: "slipway", name: "controller"), identity: "a_1",
        holder: "a")

    private var election = Election(settings: settings)
    private var now = Timestamp(milliseconds: 1_000_000)
    private var jitter = SplitMix64(seed: 1)
    /// The call under way.
    private var pending: Election.Output?
    /// The specs that this process has sent.
    private var sent: [Document] = []
    /// The last answer showed one of them as what is stored.
    private var isOwn = false
    private var highest: Int64 = 0

    mutating func step(_ event: Election.Event, _ check: inout Check) {
        if case .seen(let epoch) = event { highest = max(highest, epoch) }
        let outputs = election.step(event, now: now, jitter: &jitter)
        var calls = 0
        for output in outputs {
            switch output {
            case .read:
                calls += 1
                pending = output
                check.went("read")
            case .write(_, let request):
                calls += 1
                pending = output
                note(request, &check)
            case .lead(let term, let until):
                check.went("lead")
                check.expect(isOwn, "lead: without a write of its own that is stored")
                check.expect(
                    term.epoch > 0 && term.epoch >= highest,
                    "term: \(term.epoch) after \(highest)")
                let most = now + Self.settings.leaseDuration
                check.expect(until <= most, "lead: beyond the lease")
            case .follow: check.went("follow")
            case .stop:
                check.went("stop")
                check.expect(election.nextTick == nil, "stop: wants to be woken")
            }
        }
        check.expect(calls <= 1, "calls: \(calls) at once")
    }

    private mutating func note(_ request: WriteRequest, _ check: inout Check) {
        switch request {
        case .create(_, let object):
            check.went("create")
            if let spec = object["spec"] { sent.append(spec) }
        case .jsonPatch(_, let operations):
            check.went("patch")
            let tests = Set(operations.filter { $0.kind == .test }.map(\.path))
            check.expect(
                tests.isSuperset(of: ["/metadata/uid", "/metadata/resourceVersion"]),
                "write: changes a Lease that nobody has seen")
            sent += operations.filter { $0.path == "/spec" }.compactMap(\.value)
        default: check.expect(false, "write: \(request)")
        }
    }

    mutating func meet(_ answer: Document, _ check: inout Check) {
        // Until it asks something, or does not want to any more.
        for _ in 0..<4 where pending == nil {
            guard let due = election.nextTick else { break }
            now = max(now + .milliseconds(1), min(due, now + .hours(1)))
            step(.tick, &check)
        }
        let call = pending
        pending = nil
        isOwn = false
        switch call {
        case .read(let number): step(.read(number, read(answer)), &check)
        case .write(let number, _):
            step(.written(number, written(answer)), &check)
        case .lead, .follow, .stop, nil: break
        }
        if answer["resign"] != nil { step(.resign, &check) }
    }

    private mutating func read(_ answer: Document) -> ReadOutcome {
        if let object = answer["found"] {
            isOwn = object["spec"].map { sent.contains($0) } ?? false
            return .found(object)
        }
        return answer["failed"] == nil ? .notFound : .failed(refusal(answer))
    }

    /// A write that was carried out shows what was written.
    private mutating func written(_ answer: Document) -> WriteOutcome {
        if answer["unknown"] != nil { return .unknown("no answer") }
        guard var object = answer["found"] else { return .notApplied(refusal(answer)) }
        if let spec = sent.last, object["spec"] == nil { object["spec"] = spec }
        isOwn = true
        return .applied(object)
    }

    private func refusal(_ answer: Document) -> WriteRefusal {
        let kinds: [WriteRefusal.Kind] = [
            .conflict, .alreadyExists, .notFound, .forbidden, .invalid, .tooManyRequests,
            .unreachable,
        ]
        let number = Int(truncatingIfNeeded: answer["failed"]?.integerValue ?? 0)
        let kind = kinds[Int(number.magnitude % UInt(kinds.count))]
        let seconds = answer["retryAfter"]?.integerValue ?? 0
        return WriteRefusal(
            kind, "no", retryAfter: seconds == 0 ? nil : .seconds(min(max(seconds, 0), 86_400)))
    }
}
