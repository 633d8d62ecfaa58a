import API
import ControlPlane
import Domain
package import Sandbox
import Synchronization

/// Stands in for kubelet and gateway where no process shall run: writes the status of pods as a
/// script says, and accepts routes.
package final class ScriptedNode: Sendable {
    /// What becomes of the pods of a version.
    package enum Script: Hashable, Sendable {
        case ready
        /// Running, and its readiness probe fails.
        case unready
        /// The first pod loses readiness, the others stay ready.
        case oneUnready
        /// The first pod loses readiness by the control plane's word, as if its node were lost.
        case oneWrittenOff
        case imageMissing
        case crashLoop
    }

    private let server: SandboxServer
    private let scripts = Mutex<[String: Script]>([:])

    /// The node that pods are bound to where there is an object of it.
    package static let name = "scripted"

    package init(_ server: SandboxServer) { self.server = server }

    /// From now on the pods of a version are like this.
    package func play(_ script: Script, version: String) {
        scripts.withLock { $0[version] = script }
    }

    /// Works until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let scripts = self.scripts.withLock { $0 }
            await server.change { store, now in
                for pod in store.objects(.pod) { Self.work(pod, scripts, &store, now) }
                for route in store.objects(.httpRoute) { Self.accept(route, &store, now) }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func work(
        _ pod: Document, _ scripts: [String: Script], _ store: inout Store, _ now: Timestamp
    ) {
        let metadata = ObjectMetadata(of: pod)
        let key = ResourceKey(.pod, namespace: metadata.namespace, name: metadata.name)
        if metadata.deletionTimestamp != nil {
            _ = try? store.delete(
                key, options: DeleteOptions(gracePeriodSeconds: 0), WriteContext(now: now))
            return
        }
        if (pod.at("spec", "nodeName")?.stringValue ?? "").isEmpty,
            store.object(ResourceKey(.node, namespace: "", name: name)) != nil
        {
            _ = try? store.update(key, WriteContext(now: now, manager: "kubelet", part: .system)) {
                pod in
                var bound = pod
                bound.set(["spec", "nodeName"], to: .string(name))
                return bound
            }
        }
        let version = metadata.label(Names.versionLabel) ?? ""
        let script = scripts[version] ?? .ready
        var isReady = script == .ready
        if script == .oneUnready || script == .oneWrittenOff {
            let first = store.objects(.pod).map { ObjectMetadata(of: $0) }
                .filter { $0.label(Names.versionLabel) == version }.map(\.name).min()
            isReady = metadata.name != first
        }
        let old = pod["status"] ?? [:]
        let wasReady = old["conditions"]?.arrayValue?.contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
        var state: Document = ["running": ["startedAt": .string(now.description)]]
        if script == .imageMissing { state = ["waiting": ["reason": "ImagePullBackOff"]] }
        if script == .crashLoop { state = ["waiting": ["reason": "CrashLoopBackOff"]] }
        guard old["containerStatuses"] == nil || wasReady != isReady || script == .crashLoop else {
            return
        }
        let number = metadata.uid.utf8.reduce(7) { ($0 * 31 + Int($1)) % 60_000 }
        var container: Document = [
            "name": "model", "ready": .bool(isReady || script == .oneWrittenOff), "state": state,
            "restartCount": script == .crashLoop ? 3 : 0,
        ]
        if script == .crashLoop {
            container["lastState"] = ["terminated": ["reason": "Error", "exitCode": 1]]
        }
        let status: Document = [
            "phase": script == .imageMissing ? "Pending" : "Running",
            "podIP": .string("127.9.\(number / 250).\(number % 250 + 1)"),
            "startTime": .string((metadata.creationTimestamp ?? now).description),
            "containerStatuses": [container],
            "conditions": .array(
                [("Ready", isReady), ("ContainersReady", isReady || script == .oneWrittenOff)].map {
                    [
                        "type": .string($0.0), "status": $0.1 ? "True" : "False",
                        "lastTransitionTime": .string(now.description),
                    ]
                }),
        ]
        guard status != old else { return }
        _ = try? store.update(key, WriteContext(now: now, manager: "kubelet", part: .status)) {
            pod in
            var changed = pod
            changed.set(["status"], to: status)
            return changed
        }
    }

    private static func accept(_ route: Document, _ store: inout Store, _ now: Timestamp) {
        let metadata = ObjectMetadata(of: route)
        let parents = route.at("status", "parents")?.arrayValue ?? []
        let seen = parents.first?["conditions"]?[0]?["observedGeneration"]?.integerValue ?? 0
        guard seen < metadata.generation else { return }
        let status: [Document] = (route.at("spec", "parentRefs")?.arrayValue ?? []).map { parent in
            [
                "parentRef": parent, "controllerName": "example.com/gateway",
                "conditions": .array(
                    ["Accepted", "ResolvedRefs"].map { type in
                        [
                            "type": .string(type), "status": "True", "reason": .string(type),
                            "observedGeneration": .integer(metadata.generation),
                            "lastTransitionTime": .string(now.description), "message": "",
                        ]
                    }),
            ]
        }
        let key = ResourceKey(.httpRoute, namespace: metadata.namespace, name: metadata.name)
        _ = try? store.update(key, WriteContext(now: now, manager: "gateway", part: .status)) {
            route in
            var changed = route
            changed.set(["status", "parents"], to: .array(status))
            return changed
        }
    }
}
