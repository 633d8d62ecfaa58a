import API
import ControlPlane
import Domain
import Engine
import KubeWire
import Resources

/// Carrying out what the controller wants, with the time it takes.
extension World {
    mutating func send(_ effect: Effect, from index: Int) {
        guard mayDispatch(effect, from: index) else { return }
        let delay: TimeSpan =
            switch effect {
            case .write, .read, .readMetadata, .emit, .intend, .leadership: delays.write
            case .fetch: delays.fetch
            case .probe: delays.probe
            case .revert, .record: delays.push
            }
        if case .write(_, let request) = effect {
            checkKnowledge(of: request, index)
            checkDoubt(of: request.key, index)
        }
        enqueue(now + delay, .effect(effect, life: processes[index].life))
    }

    /// The shell asks once more whether the process may act, right before a call goes out; what
    /// it drops it answers as not done.
    private mutating func mayDispatch(_ effect: Effect, from index: Int) -> Bool {
        guard let authority = processes[index].authority else { return false }
        let mayAct = now + processes[index].clock < authority
        let dropped: Event
        switch effect {
        case .write(let id, let request) where request.key.kind != .lease:
            dropped = .written(
                id, .notApplied(.init(.unreachable, "this process does not lead")))
        case .revert(let id, _): dropped = .reverted(id, .failed("this process does not lead"))
        case .record(let id, _): dropped = .recorded(id, .failed("this process does not lead"))
        default: return true
        }
        if !mayAct { answer(dropped, processes[index].life) }
        return mayAct
    }

    mutating func carryOut(_ effect: Effect, of life: Int) {
        if let index = process(of: life), processes[index].waiting != nil,
            processes[index].stoodStill(before: effect, &chance)
        {
            return
        }
        // What a dead controller has sent still arrives: writes are not called back.
        switch effect {
        case .write(let id, let request):
            checkConditions(of: request)
            let outcome = write(request, life)
            if let index = process(of: life) {
                acknowledge(request, outcome, index)
                note(outcome, of: request.key, index)
            }
            answer(.written(id, outcome), life)
        case .read(let id, let key):
            let isLost = apiIsAway || goesOtherwise()
            if let index = process(of: life) { noteRead(key, failed: isLost, index) }
            if key.kind == .node, hidesNodes, !speaksHTTP {
                answer(.read(id, .failed(.init(.forbidden, Self.nodesAreForbidden))), life)
            } else if isLost {
                answer(.read(id, .failed(.init(.unreachable, "connection refused"))), life)
            } else {
                let found =
                    speaksHTTP
                    ? exchange(reading: key)
                    : store.object(key).map { .found($0) } ?? .notFound
                answer(.read(id, found), life)
            }
        case .readMetadata(let id, let key): answer(.read(id, metadata(of: key, life)), life)
        case .fetch(let source, let spec, let known):
            let outcome: FetchOutcome =
                gitIsAway
                ? .failed("connection timed out")
                : git.look(spec, source, known: known)
            answer(.fetched(source, outcome), life)
        case .probe(let id, let order):
            answer(.probed(id, probe(order)), life)
        case .revert(let id, let order): answer(.reverted(id, revert(order, life)), life)
        case .record(let id, let order): answer(.recorded(id, record(order, life)), life)
        case .emit(let notice): notices.append(notice)
        case .intend: break
        case .leadership(.stopped(let why)):
            if let index = process(of: life) { die(index, why) }
        case .leadership(.leads(let term)): note("process \(life) leads with term \(term)")
        case .leadership(.follows): break
        }
    }

    /// A write on its way to the server.
    private mutating func write(_ request: WriteRequest, _ life: Int) -> WriteOutcome {
        if apiIsAway { return .notApplied(.init(.unreachable, "connection refused")) }
        let sent = now - delays.write
        if request.key.kind == .lease {
            return meet(callFaults.write(&chance), request, sent, life)
        }
        calls += 1
        if let death = deaths[calls], let index = process(of: life) {
            let before = store
            if death == .standstill {
                // It had left before, and arrives when somebody else leads.
                enqueue(now + .seconds(30), .landing(request, sent: sent))
            } else {
                _ = perform(request, sent: sent, of: life)
            }
            end(index, death, before)
            return .unknown("the process does not hear it any more")
        }
        return meet(fates[calls] ?? callFaults.write(&chance), request, sent, life)
    }

    private mutating func meet(
        _ fate: CallFaults.WriteFate, _ request: WriteRequest, _ sent: Timestamp, _ life: Int
    ) -> WriteOutcome {
        if fate != .done { injected["call \(fate)", default: 0] += 1 }
        switch fate {
        case .unanswered, .twice: _ = perform(request, sent: sent, of: life)
        case .late:
            let span = TimeSpan.milliseconds(Int64(chance.next() % 10_000))
            enqueue(now + span, .landing(request, sent: sent))
        case .done, .refused, .forbidden, .conflict, .lost: break
        }
        return fate.answer(number: calls)?.outcome(of: request)
            ?? perform(request, sent: sent, of: life)
    }

    /// What a systematic run does with the process that made a call.
    private mutating func end(_ index: Int, _ death: Death, _ before: Store) {
        injected["death \(death.rawValue)", default: 0] += 1
        switch death {
        case .plain: die(index, "at call \(calls)")
        case .staleStart:
            die(index, "at call \(calls)")
            frozen = before
            truth.blindSince = truth.blindSince ?? now
            enqueue(now + delays.restart + .seconds(1), .action(.freeze(false)))
        case .standstill:
            pause(index)
            enqueue(now + .seconds(40), .action(.pause(process: index, false)))
        }
    }

    /// A write reaches the server; `life` is `nil` for one that nobody waits for any more.
    @discardableResult
    mutating func perform(
        _ request: WriteRequest, sent: Timestamp, of life: Int?
    ) -> WriteOutcome {
        let old = store.object(request.key)
        let before = store.version
        let outcome = speaksHTTP ? exchange(request) : store.perform(request, now: now)
        guard case .applied = outcome, store.version != before else { return outcome }
        checkApplied(
            request, from: old, to: store.object(request.key), sent: sent,
            isLate: life.flatMap { process(of: $0) } == nil)
        // Who leads is told by the processes themselves.
        if request.key.kind != .lease { wrote(describe(request), life) }
        return outcome
    }

    /// What a process reads of its own writes' answers is the least that it has to know.
    private mutating func acknowledge(
        _ request: WriteRequest, _ outcome: WriteOutcome, _ index: Int
    ) {
        guard case .applied(let object) = outcome else { return }
        if case .delete = request {
            processes[index].acknowledged[request.key] = nil
        } else if let version = Int64(ObjectMetadata(of: object).resourceVersion) {
            processes[index].acknowledged[request.key] = version
        }
    }

    private mutating func revert(_ order: RevertOrder, _ life: Int) -> GitOutcome {
        let outcome = push(life) { world in
            let before = world.git.head
            let outcome = world.git.revert(order)
            if case .pushed = outcome {
                world.wrote("git revert \(order.release)", life)
                world.checkRevert(order, over: before)
            }
            return outcome
        }
        if let index = process(of: life) { note(outcome, of: .revert(order.release), index) }
        return outcome
    }

    private mutating func record(_ order: RecordOrder, _ life: Int) -> GitOutcome {
        let outcome = push(life) { world in
            if world.git.record(order) { world.wrote("git record \(order.release)", life) }
            return .pushed("state")
        }
        if let index = process(of: life) { note(outcome, of: .record(order.release), index) }
        return outcome
    }

    private mutating func push(_ life: Int, _ change: (inout World) -> GitOutcome) -> GitOutcome {
        calls += 1
        if let death = deaths[calls], death != .standstill, let index = process(of: life) {
            let before = store
            _ = change(&self)
            end(index, death, before)
            return .failed("the process does not hear it any more")
        }
        switch fates[calls] {
        case .unanswered, .late, .twice:
            _ = change(&self)
            return .failed("the connection broke")
        case .done, nil: break
        case .lost, .refused, .forbidden, .conflict: return .failed("the connection broke")
        }
        if gitIsAway { return .failed("connection timed out") }
        if gitRefusesPushes { return .failed("pre-receive hook declined") }
        guard goesOtherwise() else { return change(&self) }
        if chance.next() % 2 == 0 { _ = change(&self) }
        return .failed("the connection broke")
    }

    /// Whether a call that is no write of the cluster goes wrong.
    mutating func goesOtherwise() -> Bool {
        guard callFaults.other(&chance) else { return false }
        injected["call otherwise", default: 0] += 1
        return true
    }

    private mutating func answer(_ event: Event, _ life: Int) {
        enqueue(now, .event(event, life: life))
    }

    private mutating func wrote(_ what: String, _ life: Int?) {
        writes += 1
        lastWrite = now
        note("#\(writes) \(what)")
        if writes > writeLimit { giveUp("the controller writes without end") }
        if writes == crashAfterWrite {
            die(life.flatMap { process(of: $0) } ?? 0, "after write \(writes)")
        }
    }

    private func describe(_ request: WriteRequest) -> String {
        switch request {
        case .create(let key, _): "create \(key)\(shares(key))"
        case .apply(let key, _, _): "apply \(key)"
        case .handOver(let key, _): "hand over \(key)"
        case .applyStatus(let key, let body):
            "status \(key) \(body.at("status", "phase")?.stringValue ?? ""): "
                + "\(body.at("status", "message")?.stringValue ?? "")"
        case .jsonPatch(let key, _): "patch \(key)\(shares(key))"
        case .delete(let key, _, _): "delete \(key)"
        }
    }

    /// What a route says now.
    private func shares(_ key: ResourceKey) -> String {
        guard key.kind == .httpRoute, let route = store.object(key) else { return "" }
        let split = Self.split(route).sorted { $0.key < $1.key }
        return ": " + split.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private func probe(_ order: ProbeOrder) -> ProbeOutcome {
        guard
            let pod = store.objects(.pod).first(where: {
                $0.at("status", "podIP")?.stringValue == order.host
            })
        else { return .answers([.unanswered("connection refused")]) }
        guard !kubelet.isSilent(ObjectMetadata(of: pod).uid) else {
            return .answers([.unanswered("no route to host")])
        }
        let version = pod.at("metadata", "labels", Names.versionLabel)?.stringValue ?? ""
        let behaviour = behaviours[version] ?? PodBehaviour()
        return .answers(
            order.requests.map { _ in
                switch behaviour.golden {
                case .right: .answered(status: 200, body: ["y": 1])
                case .wrong: .answered(status: 200, body: ["y": 2])
                case .silent: .unanswered("timed out after 10s")
                }
            })
    }
}
