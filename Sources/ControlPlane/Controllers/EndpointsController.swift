import Domain

/// Keeps the EndpointSlices and Endpoints of a Service.
struct EndpointsController {
    /// Endpoints in one slice at most.
    static let sliceLimit = 100
    /// Addresses in one Endpoints object at most.
    static let addressLimit = 1000
    static let managedBy = "endpointslice.kubernetes.io/managed-by"
    static let manager = "endpointslice-controller.k8s.io"
    static let serviceName = "kubernetes.io/service-name"
    static let headless = "service.kubernetes.io/headless"

    /// One round for one Service.
    static func reconcile(
        _ key: ResourceKey,
        _ store: inout Store,
        _ now: Timestamp,
        _ index: LabelIndex
    ) {
        guard let service = store.object(key) else {
            // The slices go with their owner; Endpoints have none.
            let endpoints = ResourceKey(.endpoints, namespace: key.namespace, name: key.name)
            if let old = store.object(endpoints),
                old.objectLabels["endpoints.kubernetes.io/managed-by"] != nil
            {
                _ = try? store.delete(endpoints, .controller(now))
            }
            return
        }
        guard let selector = service.at("spec", "selector")?.objectValue, !selector.isEmpty,
            !service.isTerminating,
            service.at("spec", "type")?.stringValue != "ExternalName"
        else { return }
        let pods = index.candidates(key.namespace, selector).compactMap { name -> Document? in
            let pod = store.object(ResourceKey(.pod, namespace: key.namespace, name: name))
            guard let pod,
                selector.members.allSatisfy({ pod.objectLabels[$0.key] == $0.value }),
                !pod.isFinishedPod, pod.at("status", "podIP")?.stringValue != nil
            else { return nil }
            return pod
        }
        writeSlices(service, pods, &store, now)
        writeEndpoints(service, pods, &store, now)
    }

    // MARK: Slices

    private static func writeSlices(
        _ service: Document,
        _ pods: [Document],
        _ store: inout Store,
        _ now: Timestamp
    ) {
        var groups: [(ports: Document, endpoints: [Document])] = []
        for pod in pods {
            let ports = Document.array(ports(service, pod))
            let endpoint = endpoint(service, pod, store)
            if let place = groups.firstIndex(where: { $0.ports == ports }) {
                groups[place].endpoints.append(endpoint)
            } else {
                groups.append((ports, [endpoint]))
            }
        }
        var existing = slices(of: service, store)
        let metadata = sliceMetadata(service)
        for group in groups {
            var rest = group.endpoints
            var own = existing.filter { $0["ports"] == group.ports }
            existing.removeAll { $0["ports"] == group.ports }
            var kept = own.map { slice in keep(slice, &rest) }
            for place in own.indices {
                let free = max(0, sliceLimit - kept[place].count)
                kept[place] += rest.prefix(free)
                rest = Array(rest.dropFirst(free))
            }
            while !rest.isEmpty {
                // A slice with other ports, or none, that is not needed any more.
                if let spare = existing.popLast() { own.append(spare) } else { own.append(.null) }
                kept.append(Array(rest.prefix(sliceLimit)))
                rest = Array(rest.dropFirst(sliceLimit))
            }
            for (place, slice) in own.enumerated() {
                if kept[place].isEmpty {
                    existing.append(slice)
                } else {
                    write(slice, metadata, kept[place], group.ports, service, &store, now)
                }
            }
        }
        if groups.isEmpty {
            // An empty one says that there is nothing.
            let spare = existing.isEmpty ? Document.null : existing.removeFirst()
            write(spare, metadata, [], .null, service, &store, now)
        }
        for slice in existing {
            let key = ResourceKey(
                .endpointSlice,
                namespace: slice.objectNamespace,
                name: slice.objectName
            )
            _ = try? store.delete(key, .controller(now))
        }
    }

    /// The endpoints that stay in the slice where they are, as they are now.
    private static func keep(_ slice: Document, _ rest: inout [Document]) -> [Document] {
        let uids = (slice["endpoints"]?.arrayValue ?? []).compactMap {
            $0.at("targetRef", "uid")?.stringValue
        }
        var kept: [Document] = []
        for uid in uids {
            let place = rest.firstIndex { $0.at("targetRef", "uid")?.stringValue == uid }
            if let place { kept.append(rest.remove(at: place)) }
        }
        return kept
    }

    private static func slices(of service: Document, _ store: Store) -> [Document] {
        store.dependents(of: service.objectUID).compactMap { key in
            guard key.kind == .endpointSlice, let slice = store.object(key),
                slice.objectLabels[managedBy]?.stringValue == manager, !slice.isTerminating
            else { return nil }
            return slice
        }
    }

    private static func sliceMetadata(_ service: Document) -> Document {
        var labels = service.objectLabels
        labels[headless] = isHeadless(service) ? "" : nil
        labels[serviceName] = .string(service.objectName)
        labels[managedBy] = .string(manager)
        return [
            "generateName": .string("\(service.objectName)-"),
            "labels": .object(labels),
            "ownerReferences": [.controllerReference(to: service, .service)],
        ]
    }

    private static func write(
        _ slice: Document,
        _ metadata: Document,
        _ endpoints: [Document],
        _ ports: Document,
        _ service: Document,
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let family = service.at("spec", "ipFamilies")?[0]?.stringValue ?? "IPv4"
        let list: Document = endpoints.isEmpty ? .null : .array(endpoints)
        guard !slice.isNull else {
            let new: Document = [
                "metadata": metadata, "addressType": .string(family), "endpoints": list,
                "ports": ports,
            ]
            _ = try? store.create(
                .endpointSlice,
                namespace: service.objectNamespace,
                new,
                .controller(now)
            )
            return
        }
        let isSame =
            slice["endpoints"] ?? .null == list && slice["ports"] ?? .null == ports
            && slice.at("metadata", "labels") == metadata["labels"]
        guard !isSame else { return }
        let key = ResourceKey(
            .endpointSlice,
            namespace: slice.objectNamespace,
            name: slice.objectName
        )
        _ = try? store.update(key, .controller(now)) { object in
            var new = object
            new.set(["metadata", "labels"], to: metadata["labels"])
            new["endpoints"] = list
            new["ports"] = ports
            return new
        }
    }

    // MARK: Parts

    static func isHeadless(_ service: Document) -> Bool {
        service.at("spec", "clusterIP")?.stringValue == "None"
    }

    private static func endpoint(_ service: Document, _ pod: Document, _ store: Store) -> Document {
        let isTerminating = pod.isTerminating
        let serves = pod.isReadyPod
        let all = service.at("spec", "publishNotReadyAddresses")?.boolValue ?? false
        var endpoint: Document = [
            "addresses": [pod.at("status", "podIP") ?? ""],
            "conditions": [
                "ready": .bool(all || (serves && !isTerminating)), "serving": .bool(serves),
                "terminating": .bool(isTerminating),
            ],
            "targetRef": target(pod),
        ]
        if let node = pod.at("spec", "nodeName")?.stringValue, !node.isEmpty {
            endpoint["nodeName"] = .string(node)
            let object = store.object(ResourceKey(.node, namespace: "", name: node))
            endpoint["zone"] = object?.objectLabels["topology.kubernetes.io/zone"]
        }
        if let host = pod.at("spec", "hostname"),
            pod.at("spec", "subdomain")?.stringValue == service.objectName
        {
            endpoint["hostname"] = host
        }
        return endpoint
    }

    private static func target(_ pod: Document) -> Document {
        [
            "kind": "Pod", "namespace": .string(pod.objectNamespace),
            "name": .string(pod.objectName), "uid": .string(pod.objectUID),
        ]
    }

    /// The Service's ports as numbers of a pod; ports that the pod does not have are left out.
    private static func ports(_ service: Document, _ pod: Document) -> [Document] {
        (service.at("spec", "ports")?.arrayValue ?? []).compactMap { port in
            let transport = port["protocol"] ?? "TCP"
            let target = port["targetPort"] ?? port["port"] ?? 0
            let number: Document
            if let name = target.stringValue {
                let containers = pod.at("spec", "containers")?.arrayValue ?? []
                let found = containers.lazy.flatMap { $0["ports"]?.arrayValue ?? [] }.first {
                    $0["name"]?.stringValue == name && $0["protocol"] ?? "TCP" == transport
                }
                guard let found = found?["containerPort"] else { return nil }
                number = found
            } else {
                number = target.intValue == 0 ? port["port"] ?? 0 : target
            }
            var result: Document = [
                "name": port["name"] ?? "", "protocol": transport, "port": number,
            ]
            result["appProtocol"] = port["appProtocol"]
            return result
        }
    }

    // MARK: Endpoints

    private static func writeEndpoints(
        _ service: Document,
        _ pods: [Document],
        _ store: inout Store,
        _ now: Timestamp
    ) {
        let subsets = subsets(service, pods)
        let key = ResourceKey(
            .endpoints,
            namespace: service.objectNamespace,
            name: service.objectName
        )
        var labels = service.objectLabels
        labels[headless] = isHeadless(service) ? "" : nil
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        guard let old = store.object(key) else {
            var new: Document = [
                "metadata": ["name": .string(service.objectName), "labels": .object(labels)]
            ]
            if !subsets.isEmpty { new["subsets"] = .array(subsets) }
            _ = try? store.create(.endpoints, namespace: key.namespace, new, .controller(now))
            return
        }
        guard old["subsets"]?.arrayValue ?? [] != subsets || old.objectLabels != labels else {
            return
        }
        _ = try? store.update(key, .controller(now)) { object in
            var new = object
            new.set(["metadata", "labels"], to: .object(labels))
            new["subsets"] = subsets.isEmpty ? nil : .array(subsets)
            return new
        }
    }

    private static func subsets(_ service: Document, _ pods: [Document]) -> [Document] {
        let all = service.at("spec", "publishNotReadyAddresses")?.boolValue ?? false
        var groups: [(ports: [Document], ready: [Document], notReady: [Document])] = []
        for pod in pods.prefix(addressLimit) where all || !pod.isTerminating {
            var address: Document = [
                "ip": pod.at("status", "podIP") ?? "", "targetRef": target(pod),
            ]
            address["nodeName"] = pod.at("spec", "nodeName")
            var ports = ports(service, pod)
            // Without a name there is no member for it, unlike in slices.
            for place in ports.indices where ports[place]["name"] == "" {
                ports[place]["name"] = nil
            }
            let place: Int
            if let known = groups.firstIndex(where: { $0.ports == ports }) {
                place = known
            } else {
                groups.append((ports, [], []))
                place = groups.count - 1
            }
            if all || pod.isReadyPod {
                groups[place].ready.append(address)
            } else {
                groups[place].notReady.append(address)
            }
        }
        return groups.map { group in
            var subset: Document = [:]
            if !group.ready.isEmpty { subset["addresses"] = .array(group.ready) }
            if !group.notReady.isEmpty { subset["notReadyAddresses"] = .array(group.notReady) }
            if !group.ports.isEmpty { subset["ports"] = .array(group.ports) }
            return subset
        }
    }
}
