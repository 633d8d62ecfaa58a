import API
import ControlPlane
import Domain
import Resources

/// The cluster's own machinery: the controllers of the control plane, the nodes, the gateway.
extension World {
    /// Lets everything in the cluster work until nothing changes any more.
    mutating func workCluster() {
        for _ in 0..<100 {
            let before = store.version
            if before != settledVersion { controllers.run(&store, now: now) }
            autoscale()
            kubelet.work(
                &store, now: now,
                pace: .init(schedule: delays.schedule, end: delays.podEnd), behaviours: behaviours)
            nodeLifecycle.work(
                &store, silent: kubelet.silent, pace: Kubelet.patience, now: now)
            gateway.work(
                &store, now: now, pace: .init(accept: delays.gateway, proxies: delays.proxies))
            meddle()
            if store.version == before {
                settledVersion = before
                return
            }
        }
        giveUp("the cluster does not settle")
    }

    /// When something in the cluster happens by itself.
    var clusterDue: Timestamp? {
        [kubelet.due, gateway.due, nodeLifecycle.due, autoscalers.nextLook].compactMap { $0 }.min()
    }

    /// Other controllers put back what they want.
    private mutating func meddle() {
        for meddler in meddlers {
            _ = try? store.update(meddler.key, WriteContext(now: now, manager: "meddler")) {
                object throws(APIStatus) in
                var changed = object
                meddler.change(&changed)
                return changed
            }
        }
    }

    /// The shares of a route as it is stored, by Service.
    static func split(_ route: Document) -> [String: Int] {
        var split: [String: Int] = [:]
        for reference in route.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue ?? [] {
            split[reference["name"]?.stringValue ?? ""] = reference["weight"]?.intValue ?? 1
        }
        return split
    }
}
