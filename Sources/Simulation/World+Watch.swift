import ControlPlane
import Documents
import Domain
import KubeWire
import Observed
import Resources

/// A process' view of one kind over HTTP: what it does next, and its open watch.
struct WireView: Sendable {
    var progress = ViewProgress()
    var watch: WatchSubscription?
    /// After a failure nothing is tried before.
    var pausedUntil = Timestamp(milliseconds: 0)
}

/// Lists and watches as bytes, with what follows when a version is too old, a watch ends or a list
/// fails: the rules are the real client's (``ViewProgress``).
extension World {
    /// Brings a process' view of a kind as far as it can be brought now.
    mutating func follow(_ index: Int, _ kind: ResourceKind, _ label: String?) {
        var view = processes[index].wires[kind] ?? WireView()
        defer { processes[index].wires[kind] = view }
        let selection = ObjectSelection(kind, labels: label)
        // A list, the watch from there, and once more if that is too old already.
        for _ in 0..<4 where now >= view.pausedUntil {
            do throws(ClusterError) {
                if apiIsAway { throw ClusterError(.unavailable, "connection refused") }
                switch view.progress.next {
                case .list(let version):
                    let list = try list(selection, version, of: frozen ?? store)
                    tell(
                        index, kind, .replaced(list.items, resourceVersion: list.version))
                    view.progress.listed(list.version)
                case .watch(let version):
                    guard frozen == nil else { return }
                    if view.watch == nil {
                        view.watch = try watch(selection, from: version)
                    }
                    return try read(&view, index, kind)
                }
            } catch {
                fail(&view, error, index, kind)
            }
        }
    }

    /// Tells what an open watch has to say.
    private mutating func read(
        _ view: inout WireView, _ index: Int, _ kind: ResourceKind
    ) throws(ClusterError) {
        guard var watch = view.watch, store.lastChange(of: kind) > watch.version else { return }
        let lines = watch.events(store, now: now)
        view.watch = watch
        for line in lines {
            switch try WatchLine(JSON.write(line)) {
            case .changed(let object, let version):
                news(index, kind, .changed(object))
                view.progress.saw(version)
            case .deleted(let object, let version):
                news(index, kind, .deleted(object))
                view.progress.saw(version)
            case .bookmark(let version): view.progress.saw(version)
            case .failed(let error): throw error
            }
        }
    }

    private mutating func fail(
        _ view: inout WireView, _ error: ClusterError, _ index: Int, _ kind: ResourceKind
    ) {
        checkRights(error, on: kind)
        if case .list = view.progress.next {
            view.progress.listFailed(error)
        } else {
            var end = ViewProgress.WatchEnd()
            end.accepted = view.watch != nil
            end.error = error
            _ = view.progress.watchEnded(end)
        }
        view.watch = nil
        if error.kind != .forbidden {
            injected["watch \(error.kind.rawValue)", default: 0] += 1
        }
        if let news = view.progress.interrupt(by: error, reading: "\(kind)") {
            tell(index, kind, news)
        }
        // What is too old or too new is asked for anew at once.
        guard error.kind != .expired, error.kind != .versionTooLarge else { return }
        view.pausedUntil =
            now + (error.kind == .forbidden ? .seconds(30) : .milliseconds(500))
        enqueue(view.pausedUntil, .action(.look(process: index)))
    }

    /// The server forgets what was, and all watches end: who has not seen everything has to list.
    mutating func cutWatches() {
        truth.catchUp(store, gateway, now: now)
        store.compact(upTo: store.version)
        for index in processes.indices {
            processes[index].cursors = [:]
            processes[index].areWatchesLost = false
            for kind in processes[index].wires.keys.sorted() {
                processes[index].wires[kind]?.watch = nil
            }
        }
        fedVersion = -1
    }
}
