import API
import ControlPlane
import Domain
import Engine
import Observed
import Resources

/// What the controller sees of the cluster: lists and watches, each kind with a lag of its own.
extension World {
    /// Lists every kind, as a controller does at its start or after a watch was lost.
    mutating func feedLists() {
        guard !apiIsAway else {
            needsLists = true
            return
        }
        needsLists = false
        for (kind, label) in ClusterView.kinds {
            let objects = store.objects(kind).filter { carries($0, label) }
            cursors[kind] = store.version
            enqueue(
                now + lag(kind),
                .event(
                    .view(kind, .replaced(objects, resourceVersion: String(store.version))),
                    incarnation: incarnation))
        }
    }

    private func lag(_ kind: ResourceKind) -> TimeSpan { delays.lags[kind] ?? delays.watch }

    private func carries(_ object: Document, _ label: String?) -> Bool {
        guard let label else { return true }
        return object.at("metadata", "labels", label) != nil
    }

    /// Sends what has changed since the last look.
    mutating func feedWatches() {
        guard engine != nil, !apiIsAway else { return }
        if needsLists { feedLists() }
        for (kind, label) in ClusterView.kinds {
            guard let cursor = cursors[kind], store.lastChange(of: kind) > cursor else { continue }
            let events = (try? store.events(kind, after: cursor)) ?? []
            cursors[kind] = store.version
            for event in events {
                let matches = carries(event.object, label)
                let matched = event.previous.map { carries($0, label) } ?? false
                guard matches || matched else { continue }
                let viewEvent: ViewEvent =
                    event.change == .deleted || !matches
                    ? .deleted(event.object) : .changed(event.object)
                enqueue(
                    now + lag(kind), .event(.view(kind, viewEvent), incarnation: incarnation))
            }
        }
    }
}
