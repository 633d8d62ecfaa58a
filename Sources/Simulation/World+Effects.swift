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
            case .write, .read, .emit: delays.write
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
            if apiIsAway {
                answer(.written(id, .notApplied(.init(.unreachable, "connection refused"))), born)
                return
            }
            let before = store.version
            checkWrite(request)
            let outcome = store.perform(request, now: now)
            if case .applied = outcome, store.version != before {
                wrote("\(describe(request))")
                if born != incarnation { return }
            }
            answer(.written(id, outcome), born)
        case .read(let id, let key):
            if apiIsAway {
                answer(.read(id, .failed(.init(.unreachable, "connection refused"))), born)
            } else {
                answer(.read(id, store.object(key).map { .found($0) } ?? .notFound), born)
            }
        case .fetch(let source, let spec, let known):
            answer(
                .fetched(
                    source,
                    gitIsAway
                        ? .failed("connection timed out")
                        : git.look(spec, namespace: source.namespace, known: known)), born)
        case .probe(let id, let order):
            answer(.probed(id, probe(order)), born)
        case .revert(let id, let order):
            if gitIsAway {
                answer(.reverted(id, .failed("connection timed out")), born)
                return
            }
            let outcome = git.revert(order)
            if case .pushed = outcome { wrote("git revert \(order.release)") }
            answer(.reverted(id, outcome), born)
        case .record(let id, let order):
            if gitIsAway {
                answer(.recorded(id, .failed("connection timed out")), born)
                return
            }
            if git.record(order) { wrote("git record \(order.release)") }
            answer(.recorded(id, .pushed("state")), born)
        case .emit(let notice): notices.append(notice)
        }
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
            "status \(key) \(body.at("status", "phase")?.stringValue ?? "")"
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
            let context = WriteContext(now: now, manager: "person", part: part)
            _ = try? store.update(key, context) { object throws(APIStatus) in
                var changed = object
                change(&changed)
                return changed
            }
        case .delete(let key):
            _ = try? store.delete(key, options: .init(), context)
        case .behave(let version, let behaviour):
            behaviours[version] = behaviour
            kubelet.wake(at: now)
        case .killContainer(let version): kubelet.killContainer(of: version, now: now)
        case .relist: if engine != nil { feedLists() }
        case .meddle(let key, let change):
            meddlers = change.map { meddlers + [.init(key: key, change: $0)] } ?? []
        case .kill: die("killed")
        case .gitAway(let away): gitIsAway = away
        case .apiAway(let away):
            apiIsAway = away
        }
    }
}
