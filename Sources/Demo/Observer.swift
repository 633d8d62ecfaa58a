import API
import Cluster
import Domain
import KubeWire
import Resources
import Synchronization

/// Watches the cluster as anybody could, and notes when what happened: the demo's own eyes, apart
/// from the controller's.
final class Observer: Sendable {
    /// What was seen, with the moment it was seen.
    struct Sight: Sendable {
        enum What: Sendable {
            /// Shares of the route by version name.
            case split([String: Int])
            case readinessLost(version: String, pod: String)
        }

        let at: ContinuousClock.Instant
        let what: What
    }

    private struct State {
        var status = ReleaseStatus()
        var exists = false
        /// Version names by the name of their Service.
        var versions: [String: String] = [:]
        var split: [String: Int] = [:]
        var ready: [String: Bool] = [:]
        var pods: [String: String] = [:]
        var sights: [Sight] = []
    }

    private let client: ClusterClient
    private let state = Mutex(State())

    init(_ client: ClusterClient) { self.client = client }

    var status: ReleaseStatus { state.withLock(\.status) }

    /// Shares of the route by version name; empty without a route.
    var split: [String: Int] { state.withLock(\.split) }

    var sights: [Sight] { state.withLock(\.sights) }

    /// Pods of a version that exist.
    func pods(of version: String) -> Int {
        state.withLock { state in state.pods.values.count { $0 == version } }
    }

    /// When a version first had a share of traffic after a moment.
    func firstShare(of version: String, after start: ContinuousClock.Instant)
        -> ContinuousClock.Instant?
    {
        sights.first { sight in
            guard sight.at >= start, case .split(let split) = sight.what else { return false }
            return (split[version] ?? 0) > 0
        }?.at
    }

    /// Watches until the task is cancelled.
    func run() async {
        let kinds: [ResourceKind] = [.modelRelease, .service, .httpRoute, .pod]
        await withTaskGroup(of: Void.self) { group in
            for kind in kinds {
                group.addTask {
                    var generator = SystemRandomNumberGenerator()
                    let selection = ObjectSelection(
                        kind, namespace: "risk",
                        labels: kind == .modelRelease ? nil : Names.releaseLabel)
                    await Reflector(selection, client: self.client).run(using: &generator) {
                        self.see(kind, $0)
                    }
                }
            }
        }
    }

    private func see(_ kind: ResourceKind, _ event: ViewEvent) {
        switch event {
        case .replaced(let objects, _): for object in objects { see(kind, object) }
        case .changed(let object): see(kind, object)
        case .deleted(let object):
            guard kind == .pod else { return }
            let name = ObjectMetadata(of: object).name
            state.withLock { state in
                state.pods[name] = nil
                state.ready[name] = nil
            }
        case .bookmark, .interrupted, .refused: break
        }
    }

    private func see(_ kind: ResourceKind, _ object: Document) {
        let metadata = ObjectMetadata(of: object)
        let version = metadata.label(Names.versionLabel) ?? ""
        state.withLock { state in
            switch kind {
            case .modelRelease:
                state.exists = true
                state.status = ReleaseStatus(object["status"] ?? .null)
            case .service: state.versions[metadata.name] = version
            case .httpRoute: see(route: object, &state)
            case .pod: see(pod: object, version, &state)
            default: break
            }
        }
    }

    private func see(route: Document, _ state: inout State) {
        var split: [String: Int] = [:]
        let rules = route.at("spec", "rules")?.arrayValue ?? []
        for backend in rules.first?["backendRefs"]?.arrayValue ?? [] {
            let name = backend["name"]?.stringValue ?? ""
            split[state.versions[name] ?? name, default: 0] += backend["weight"]?.intValue ?? 1
        }
        split = split.filter { $0.value > 0 }
        guard split != state.split else { return }
        state.split = split
        state.sights.append(Sight(at: .now, what: .split(split)))
    }

    private func see(pod: Document, _ version: String, _ state: inout State) {
        guard let view = PodView(pod) else { return }
        let name = view.metadata.name
        state.pods[name] = version
        if state.ready[name] == true, !view.ready, !view.isLeaving {
            state.sights.append(
                Sight(at: .now, what: .readinessLost(version: version, pod: name)))
        }
        state.ready[name] = view.ready
    }
}
