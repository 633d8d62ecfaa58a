import API
import ControlPlane
import Domain
import Resources

/// Checks against what really is in the store, not against what the controller believes.
extension World {
    /// Ready endpoints of a Service by its slices.
    private func readyEndpoints(_ service: String, _ namespace: String) -> Int {
        let slices = store.objects(.endpointSlice, namespace: namespace)
            .compactMap(EndpointSliceView.init).filter { $0.service == service }
        return EndpointSliceView.ready(in: slices).count
    }

    private mutating func violate(_ rule: String, _ what: String) {
        let line = "\(now) \(rule): \(what)"
        if violations.count < 50 { violations.append(line) }
        trace.append("VIOLATION \(line)")
    }

    /// Before a write of the controller is applied.
    mutating func checkWrite(_ request: WriteRequest) {
        switch request {
        case .jsonPatch(let key, let operations) where key.kind == .httpRoute:
            guard operations.contains(where: { $0.kind == .test }) else {
                violate("conditional", "a patch of \(key) without a test")
                return
            }
            guard let spec = operations.first(where: { $0.path == "/spec" })?.value else { return }
            let old = store.object(key)
            checkRaise(key, from: old.map(Self.split) ?? [:], to: Self.split(["spec": spec]))
        case .create(let key, let object) where key.kind == .httpRoute:
            checkRaise(key, from: [:], to: Self.split(object))
        case .delete(let key, let uid, _):
            if uid.isEmpty { violate("conditional", "a delete of \(key) without a uid") }
            let release = store.object(key)?.at("metadata", "labels", Names.releaseLabel)?
                .stringValue
            guard key.kind == .deployment || key.kind == .service, let release,
                let route = store.object(
                    ResourceKey(.httpRoute, namespace: key.namespace, name: release))
            else { return }
            if Self.split(route)[key.name, default: 0] > 0 {
                violate("drain before shrink", "\(key) is deleted with traffic on it")
            }
        default: break
        }
    }

    private mutating func checkRaise(_ key: ResourceKey, from: [String: Int], to: [String: Int]) {
        if to.values.reduce(0, +) != 100 { violate("weights", "\(to) of \(key)") }
        for name in to.keys.sorted() where to[name, default: 0] > from[name, default: 0] {
            if readyEndpoints(name, key.namespace) == 0 {
                violate("no traffic to nobody", "\(name) gets \(to[name, default: 0]) % of \(key)")
            }
        }
    }

    /// After every event.
    mutating func check() {
        for route in store.objects(.httpRoute) {
            let now = Self.split(route).filter { $0.value > 0 }
            if splits.last?.split != now { splits.append((at: self.now, split: now)) }
            let metadata = ObjectMetadata(of: route)
            for name in now.keys.sorted() {
                let key = ResourceKey(.service, namespace: metadata.namespace, name: name)
                if store.object(key) == nil, metadata.label(Names.releaseLabel) != nil {
                    violate("no dangling backend", "\(name) has traffic and no Service")
                }
            }
        }
    }
}
