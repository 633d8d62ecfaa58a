import API
import ControlPlane
import Domain
import Engine
import Observed
import Resources

/// What the controllers see of the cluster: lists and watches, each kind with a lag of its own.
extension World {
    /// Lists every kind, as a controller does at its start or after a watch was lost.
    mutating func feedLists(_ index: Int) {
        guard !apiIsAway else {
            processes[index].needsLists = true
            return
        }
        processes[index].needsLists = false
        processes[index].areWatchesLost = false
        processes[index].heldBack = [:]
        fedVersion = -1
        if speaksHTTP {
            processes[index].wires = [:]
            for (kind, label) in ClusterView.kinds { follow(index, kind, label) }
            return
        }
        let source = frozen ?? store
        for (kind, label) in ClusterView.kinds {
            if kind == .node, hidesNodes {
                tell(index, kind, .refused(.forbidden, Self.nodesAreForbidden))
                continue
            }
            let objects = source.objects(kind).filter { carries($0, label) }
            processes[index].cursors[kind] = source.version
            tell(
                index, kind, .replaced(objects, resourceVersion: String(source.version)))
        }
    }

    static var nodesAreForbidden: String { "nodes is forbidden: cannot list resource nodes" }

    private func lag(_ kind: ResourceKind) -> TimeSpan { delays.lags[kind] ?? delays.watch }

    private func carries(_ object: Document, _ label: String?) -> Bool {
        guard let label else { return true }
        return object.at("metadata", "labels", label) != nil
    }

    /// News of a kind is on its way to a process; it does not overtake older news.
    mutating func tell(_ index: Int, _ kind: ResourceKind, _ event: ViewEvent) {
        let arrival = max(
            now + lag(kind), processes[index].arrivals[kind] ?? Timestamp(milliseconds: 0))
        processes[index].arrivals[kind] = arrival
        enqueue(arrival, .event(.view(kind, event), life: processes[index].life))
    }

    /// Sends what has changed since the last look.
    mutating func feedWatches() {
        guard store.version != fedVersion else { return }
        let last = fedVersion
        fedVersion = store.version
        guard !speaksHTTP else { return followAll() }
        guard !apiIsAway, frozen == nil else {
            fedVersion = -1
            return
        }
        // Everybody knows of what had changed by the last look.
        let changed = ClusterView.kinds.filter { store.lastChange(of: $0.kind) > last }
        for index in processes.indices where processes[index].isAlive {
            if processes[index].needsLists { feedLists(index) }
            for (kind, label) in changed { feed(index, kind, label) }
        }
        fedVersion = store.version
    }

    private mutating func feed(_ index: Int, _ kind: ResourceKind, _ label: String?) {
        guard let cursor = processes[index].cursors[kind],
            store.lastChange(of: kind) > cursor
        else { return }
        let events = (try? store.events(kind, after: cursor)) ?? []
        processes[index].cursors[kind] = store.version
        for event in events {
            let matches = carries(event.object, label)
            let matched = event.previous.map { carries($0, label) } ?? false
            guard matches || matched else { continue }
            let news: ViewEvent =
                event.change == .deleted || !matches
                ? .deleted(event.object) : .changed(event.object)
            self.news(index, kind, news)
        }
    }

    private mutating func followAll() {
        if frozen != nil || areWatchesLost { fedVersion = -1 }
        guard !areWatchesLost else { return }
        let isHeld = apiIsAway || frozen != nil
        for index in processes.indices where processes[index].isAlive {
            for (kind, label) in ClusterView.kinds {
                let changed = store.lastChange(of: kind)
                guard isHeld || !processes[index].hasHeard(of: kind, upTo: changed) else {
                    continue
                }
                follow(index, kind, label)
            }
        }
    }

    /// News of a watch.
    mutating func news(_ index: Int, _ kind: ResourceKind, _ news: ViewEvent) {
        guard watchesAreOneBehind else { return tell(index, kind, news) }
        if let held = processes[index].heldBack[kind] { tell(index, kind, held) }
        processes[index].heldBack[kind] = news
        enqueue(now + Self.patience, .action(.letGo(process: index, kind)))
    }

    /// So long news is held back at most.
    static var patience: TimeSpan { .seconds(3) }

    /// What was held back arrives although nothing newer came.
    mutating func letGo(_ index: Int, _ kind: ResourceKind) {
        guard let held = processes[index].heldBack.removeValue(forKey: kind) else { return }
        tell(index, kind, held)
    }
}
