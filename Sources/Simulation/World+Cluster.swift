import API
import ControlPlane
package import Domain
import Resources

/// How the pods of a version behave.
package struct PodBehaviour: Hashable, Sendable {
    /// What the model answers to golden inferences.
    package enum Golden: Hashable, Sendable { case right, wrong, silent }

    /// How it goes wrong.
    package enum Fault: Hashable, Sendable {
        case none
        case neverReady
        /// The first pod loses readiness so long after it was ready.
        case losesReadiness(after: TimeSpan)
        case imageMissing
        /// The container dies so long after its start, again and again.
        case crashes(after: TimeSpan)
        /// It is killed for its memory so long after its start.
        case runsOutOfMemory(after: TimeSpan)
    }

    package var startup: TimeSpan
    package var fault: Fault
    package var golden: Golden

    package init(startup: TimeSpan = .seconds(3), fault: Fault = .none, golden: Golden = .right) {
        self.startup = startup
        self.fault = fault
        self.golden = golden
    }
}

/// Workloads, endpoints and gateway: each looks at the store and does the next thing.
extension World {
    private var system: WriteContext { WriteContext(now: now, manager: "cluster", part: .system) }

    /// Lets the cluster's own controllers work; returns when they want to look again.
    mutating func workCluster() -> Timestamp? {
        var next: [Timestamp] = []
        let deployments = store.objects(.deployment)
        for deployment in deployments { work(deployment: deployment, &next) }
        removeOrphanPods(deployments)
        for service in store.objects(.service) { work(service: service) }
        removeOrphanSlices()
        for route in store.objects(.httpRoute) { work(route: route, &next) }
        return next.filter { $0 > now }.min()
    }

    private func key(_ kind: ResourceKind, _ object: Document) -> ResourceKey {
        let metadata = ObjectMetadata(of: object)
        return ResourceKey(kind, namespace: metadata.namespace, name: metadata.name)
    }

    private mutating func set(_ key: ResourceKey, _ path: [String], _ value: Document) {
        _ = try? store.update(key, system) { object throws(APIStatus) in
            var changed = object
            changed.set(path, to: value)
            return changed
        }
    }

    private func podsOf(_ deployment: Document) -> [Document] {
        let uid = ObjectMetadata(of: deployment).uid
        return store.objects(.pod).filter {
            $0.at("metadata", "ownerReferences")?[0]?["uid"]?.stringValue == uid
        }
    }

    private mutating func work(deployment: Document, _ next: inout [Timestamp]) {
        let metadata = ObjectMetadata(of: deployment)
        let wanted = deployment.at("spec", "replicas")?.intValue ?? 1
        var pods = podsOf(deployment)
        while pods.count < wanted {
            podNumber += 1
            var pod = deployment.at("spec", "template") ?? [:]
            pod.set(["metadata", "name"], to: .string("\(metadata.name)-\(podNumber)"))
            pod.set(
                ["metadata", "ownerReferences"],
                to: [
                    [
                        "apiVersion": "apps/v1", "kind": "Deployment", "controller": true,
                        "name": .string(metadata.name), "uid": .string(metadata.uid),
                    ]
                ])
            let context = WriteContext(now: now, manager: "cluster")
            guard
                (try? store.create(.pod, namespace: metadata.namespace, pod, context)) != nil
            else { return }
            pods = podsOf(deployment)
        }
        for pod in pods.dropFirst(max(0, wanted)) { remove(key(.pod, pod)) }
        for (index, pod) in pods.prefix(wanted).enumerated() {
            work(pod: pod, index: index, &next)
        }
        let ready = podsOf(deployment).filter(isReady).count
        let status: Document = [
            "observedGeneration": .integer(metadata.generation), "replicas": .integer(wanted),
            "readyReplicas": .integer(ready), "updatedReplicas": .integer(wanted),
            "availableReplicas": .integer(ready),
        ]
        if deployment["status"] != status { set(key(.deployment, deployment), ["status"], status) }
    }

    private mutating func remove(_ key: ResourceKey) {
        _ = try? store.delete(
            key, options: DeleteOptions(gracePeriodSeconds: 0), WriteContext(now: now))
    }

    private func isReady(_ pod: Document) -> Bool {
        (pod.at("status", "conditions")?.arrayValue ?? []).contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
    }

    private mutating func work(pod: Document, index: Int, _ next: inout [Timestamp]) {
        let metadata = ObjectMetadata(of: pod)
        let version = metadata.label(Names.versionLabel) ?? ""
        let behaviour = behaviours[version] ?? PodBehaviour()
        let born = metadata.creationTimestamp ?? now
        let readyAt = born + behaviour.startup
        var isReady = now >= readyAt
        var readyChanged = isReady ? readyAt : born
        var restarts = 0
        var waiting: String?
        var end: Document?
        next.append(readyAt)
        switch behaviour.fault {
        case .none: break
        case .neverReady:
            isReady = false
            readyChanged = born
        case .losesReadiness(let after):
            let lost = readyAt + after
            next.append(lost)
            if index == 0, now >= lost {
                isReady = false
                readyChanged = lost
            }
        case .imageMissing:
            isReady = false
            readyChanged = born
            waiting = now >= born + .seconds(2) ? "ImagePullBackOff" : "ErrImagePull"
            next.append(born + .seconds(2))
        case .crashes(let after), .runsOutOfMemory(let after):
            let died = readyAt + after
            next.append(died)
            if now >= died {
                isReady = false
                readyChanged = died
                restarts = 1
                waiting = "CrashLoopBackOff"
                var killed = false
                if case .runsOutOfMemory = behaviour.fault { killed = true }
                end = ["reason": killed ? "OOMKilled" : "Error", "exitCode": killed ? 137 : 1]
            }
        }
        var container: Document = [
            "name": "model", "ready": .bool(isReady), "restartCount": .integer(restarts),
            "state": waiting.map { ["waiting": ["reason": .string($0)]] } ?? ["running": [:]],
        ]
        if let end { container["lastState"] = ["terminated": end] }
        let number = metadata.name.split(separator: "-").last.flatMap { Int($0) } ?? 0
        let status: Document = [
            "phase": .string(isReady ? "Running" : "Pending"),
            "podIP": .string("10.0.\(number / 250).\(number % 250 + 1)"),
            "startTime": .string(born.description), "containerStatuses": [container],
            "conditions": [
                [
                    "type": "Ready", "status": isReady ? "True" : "False",
                    "lastTransitionTime": .string(readyChanged.description),
                ]
            ],
        ]
        if pod["status"] != status { set(key(.pod, pod), ["status"], status) }
    }

    private mutating func removeOrphanPods(_ deployments: [Document]) {
        let owners = Set(deployments.map { ObjectMetadata(of: $0).uid })
        for pod in store.objects(.pod) {
            let owner = pod.at("metadata", "ownerReferences")?[0]?["uid"]?.stringValue ?? ""
            if !owners.contains(owner) { remove(key(.pod, pod)) }
        }
    }

    private mutating func work(service: Document) {
        let metadata = ObjectMetadata(of: service)
        guard let selector = service.at("spec", "selector")?.objectValue, !selector.isEmpty else {
            return
        }
        let pods = store.objects(.pod, namespace: metadata.namespace).filter { pod in
            Document.object(ObjectMetadata(of: pod).labels).includes(.object(selector))
        }
        let endpoints: [Document] = pods.map { pod in
            [
                "addresses": [pod.at("status", "podIP") ?? "0.0.0.0"],
                "conditions": ["ready": .bool(isReady(pod))],
                "targetRef": [
                    "kind": "Pod", "name": pod.at("metadata", "name") ?? .null,
                    "uid": pod.at("metadata", "uid") ?? .null,
                ],
            ]
        }
        let key = ResourceKey(
            .endpointSlice, namespace: metadata.namespace, name: "\(metadata.name)-slice")
        if let slice = store.object(key) {
            if slice["endpoints"] != .array(endpoints) {
                set(key, ["endpoints"], .array(endpoints))
            }
            return
        }
        var labels = metadata.labels
        labels["kubernetes.io/service-name"] = .string(metadata.name)
        _ = try? store.create(
            .endpointSlice, namespace: metadata.namespace,
            [
                "metadata": ["name": .string(key.name), "labels": .object(labels)],
                "addressType": "IPv4", "endpoints": .array(endpoints), "ports": [],
            ], system)
    }

    private mutating func removeOrphanSlices() {
        for slice in store.objects(.endpointSlice) {
            let metadata = ObjectMetadata(of: slice)
            let service = ResourceKey(
                .service, namespace: metadata.namespace,
                name: metadata.label("kubernetes.io/service-name") ?? "")
            if store.object(service) == nil { remove(key(.endpointSlice, slice)) }
        }
    }

    /// A gateway that accepts every route a moment after it changed.
    private mutating func work(route: Document, _ next: inout [Timestamp]) {
        let metadata = ObjectMetadata(of: route)
        let parents = route.at("status", "parents")?.arrayValue ?? []
        let seen = parents.first?["conditions"]?[0]?["observedGeneration"]?.integerValue ?? 0
        guard seen < metadata.generation else { return }
        let since = routeSeen[metadata.id] ?? now
        routeSeen[metadata.id] = since
        guard now >= since + delays.gateway else {
            next.append(since + delays.gateway)
            return
        }
        routeSeen[metadata.id] = nil
        let status: [Document] = (route.at("spec", "parentRefs")?.arrayValue ?? []).map { parent in
            [
                "parentRef": parent, "controllerName": "simulated/gateway",
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
        set(key(.httpRoute, route), ["status", "parents"], .array(status))
    }
}
