import API
import ControlPlane
import Domain
import Engine
import Resources

/// Carrying out what the controller wants, with the time it takes.
extension World {
    mutating func send(_ effect: Effect) {
        let delay: TimeSpan =
            switch effect {
            case .write, .read, .emit, .leadership: delays.write
            case .fetch: delays.fetch
            case .probe: delays.probe
            case .revert, .record: delays.push
            }
        enqueue(now + delay, .effect(effect, incarnation: incarnation))
    }

    mutating func carryOut(_ effect: Effect, born: Int) {
        // What a dead controller has sent still arrives: writes are not called back.
        switch effect {
        case .write(let id, let request):
            checkConditions(of: request)
            answer(.written(id, write(request, born)), born)
        case .read(let id, let key):
            if apiIsAway || callFaults.other(&chance) {
                answer(.read(id, .failed(.init(.unreachable, "connection refused"))), born)
            } else {
                answer(.read(id, store.object(key).map { .found($0) } ?? .notFound), born)
            }
        case .fetch(let source, let spec, let known):
            let outcome: FetchOutcome =
                gitIsAway
                ? .failed("connection timed out")
                : git.look(spec, namespace: source.namespace, known: known)
            answer(.fetched(source, outcome), born)
        case .probe(let id, let order):
            answer(.probed(id, probe(order)), born)
        case .revert(let id, let order):
            answer(
                .reverted(
                    id,
                    push { world in
                        let outcome = world.git.revert(order)
                        if case .pushed = outcome { world.wrote("git revert \(order.release)") }
                        return outcome
                    }), born)
        case .record(let id, let order):
            answer(
                .recorded(
                    id,
                    push { world in
                        if world.git.record(order) { world.wrote("git record \(order.release)") }
                        return .pushed("state")
                    }), born)
        case .emit(let notice): notices.append(notice)
        case .leadership(.stopped(let why)): if born == incarnation { die(why) }
        case .leadership(.leads), .leadership(.follows): break
        }
    }

    /// A write on its way to the server.
    private mutating func write(_ request: WriteRequest, _ born: Int) -> WriteOutcome {
        if apiIsAway { return .notApplied(.init(.unreachable, "connection refused")) }
        let sent = now - delays.write
        switch callFaults.write(&chance) {
        case .done: return perform(request, sent: sent, isLate: born != incarnation)
        case .refused:
            return .notApplied(
                .init(.tooManyRequests, "too many requests", retryAfter: .seconds(1)))
        case .lost: return .unknown("the connection broke")
        case .unanswered:
            _ = perform(request, sent: sent, isLate: born != incarnation)
            return .unknown("the connection broke")
        case .late:
            let span = TimeSpan.milliseconds(Int64(chance.next() % 10_000))
            enqueue(now + span, .landing(request, sent: sent))
            return .unknown("timed out")
        case .twice:
            _ = perform(request, sent: sent, isLate: born != incarnation)
            return perform(request, sent: sent, isLate: born != incarnation)
        }
    }

    /// A write reaches the server.
    @discardableResult
    mutating func perform(
        _ request: WriteRequest, sent: Timestamp, isLate: Bool
    ) -> WriteOutcome {
        let old = store.object(request.key)
        let before = store.version
        let outcome = store.perform(request, now: now)
        guard case .applied = outcome, store.version != before else { return outcome }
        checkApplied(
            request, from: old, to: store.object(request.key), sent: sent, isLate: isLate)
        wrote("\(describe(request))")
        return outcome
    }

    private mutating func push(_ change: (inout World) -> GitOutcome) -> GitOutcome {
        if gitIsAway { return .failed("connection timed out") }
        guard callFaults.other(&chance) else { return change(&self) }
        if chance.next() % 2 == 0 { _ = change(&self) }
        return .failed("the connection broke")
    }

    private mutating func answer(_ event: Event, _ born: Int) {
        enqueue(now, .event(event, incarnation: born))
    }

    private mutating func wrote(_ what: String) {
        writes += 1
        trace.append("\(now) #\(writes) \(what)")
        if writes > 5000 { giveUp("the controller writes without end") }
        if writes == crashAfterWrite { die("after write \(writes)") }
    }

    private func describe(_ request: WriteRequest) -> String {
        switch request {
        case .create(let key, _): "create \(key)"
        case .apply(let key, _, _): "apply \(key)"
        case .applyStatus(let key, let body):
            "status \(key) \(body.at("status", "phase")?.stringValue ?? ""): "
                + "\(body.at("status", "message")?.stringValue ?? "")"
        case .jsonPatch(let key, _): "patch \(key)"
        case .delete(let key, _, _): "delete \(key)"
        }
    }

    private func probe(_ order: ProbeOrder) -> ProbeOutcome {
        guard
            let pod = store.objects(.pod).first(where: {
                $0.at("status", "podIP")?.stringValue == order.host
            })
        else { return .answers([.unanswered("connection refused")]) }
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

    private func some(_ kind: ResourceKind, _ number: Int) -> ResourceKey? {
        let ours = store.objects(kind).map { ObjectMetadata(of: $0) }.filter {
            kind == .modelRelease || $0.label(Names.managedByLabel) == Names.managedByValue
        }
        guard !ours.isEmpty else { return nil }
        let metadata = ours[number % ours.count]
        return ResourceKey(kind, namespace: metadata.namespace, name: metadata.name)
    }

    mutating func act(_ action: Action) {
        let context = WriteContext(now: now, manager: "person")
        switch action {
        case .merge(let files, let author):
            let commit = git.merge(files, author: author)
            trace.append("\(now) \(author) merges \(commit)")
        case .annotate(let release, let name, let value):
            let key = ResourceKey(
                .modelRelease, namespace: release.namespace, name: release.name)
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                changed.set(["metadata", "annotations", name], to: value.map(Document.string))
                return changed
            }
        case .change(let key, let part, let change):
            truth.taken.insert(key)
            let context = WriteContext(now: now, manager: "person", part: part)
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                change(&changed)
                return changed
            }
        case .delete(let key):
            truth.taken.insert(key)
            _ = try? store.delete(key, options: .init(), context)
        case .changeSome(let kind, let number, let part, let change):
            if let key = some(kind, number) { act(.change(key, part: part, change)) }
        case .deleteSome(let kind, let number):
            if let key = some(kind, number) { act(.delete(key)) }
        case .behave(let version, let behaviour):
            behaviours[version] = behaviour
            kubelet.wake(at: now)
        case .killContainer(let version): kubelet.killContainer(of: version, now: now)
        case .relist: if engine != nil { feedLists() }
        case .meddle(let key, let change):
            meddlers = change.map { meddlers + [.init(key: key, change: $0)] } ?? []
        case .kill: die("killed")
        case .gitAway(let away): gitIsAway = away
        case .apiAway(let away): apiIsAway = away
        case .calls(let faults): callFaults = faults
        case .evict(let version):
            let pod = store.objects(.pod).first {
                let metadata = ObjectMetadata(of: $0)
                return metadata.label(Names.versionLabel) == version
                    && metadata.deletionTimestamp == nil
            }
            guard let metadata = pod.map({ ObjectMetadata(of: $0) }) else { return }
            let key = ResourceKey(
                .pod, namespace: metadata.namespace, name: metadata.name)
            _ = try? store.delete(key, options: .init(), context)
        }
    }
}
