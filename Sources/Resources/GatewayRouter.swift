package import API
package import Domain

/// The router for the Gateway API: turns a split of traffic into an HTTPRoute that is Slipway's
/// alone, and an HTTPRoute back into what it says.
///
/// The route is made by POST and changed whole in one JSON Patch whose tests are its uid, epoch and
/// sequence number. Server-side apply would conflict with the same manager's own writes, and a
/// resourceVersion would fail whenever a gateway writes the route's status.
package struct GatewayRouter: Sendable {
    /// One write's content.
    package struct Content: Sendable {
        package let split: Weights
        /// `DIGEST@INTENT` of the version that traffic is taken back from; `nil` leaves what stands.
        package let refused: String?
        package let epoch: Int64

        package init(split: Weights, refused: String?, epoch: Int64) {
            self.split = split
            self.refused = refused
            self.epoch = epoch
        }
    }

    private let release: ObjectMetadata
    private let traffic: GatewayTraffic

    package init(release: ObjectMetadata, traffic: GatewayTraffic) {
        self.release = release
        self.traffic = traffic
    }

    package var key: ResourceKey {
        ResourceKey(.httpRoute, namespace: release.namespace, name: release.name)
    }

    /// The route for POST, with sequence number 1.
    package func object(_ content: Content) -> Document {
        var annotations: Document = [
            Names.epoch: .string(String(content.epoch)), Names.sequence: "1",
            Names.releaseUID: .string(release.uid),
        ]
        if let refused = content.refused { annotations[Names.refused] = .string(refused) }
        if let onDelete = release.annotation(Names.onDelete) {
            annotations[Names.onDelete] = .string(onDelete)
        }
        return [
            "apiVersion": .string(ResourceKind.httpRoute.apiVersion),
            "kind": .string(ResourceKind.httpRoute.kind),
            "metadata": [
                "name": .string(release.name), "namespace": .string(release.namespace),
                "labels": [
                    Names.managedByLabel: .string(Names.managedByValue),
                    "app.kubernetes.io/instance": .string(release.name),
                    Names.releaseLabel: .string(release.name),
                ],
                "annotations": annotations,
            ],
            "spec": spec(content.split),
        ]
    }

    /// The whole change of a route that was seen, in one conditional patch.
    package func patch(_ view: HTTPRouteView, _ content: Content) -> [PatchOperation] {
        var operations = [PatchOperation(.test, "/metadata/uid", .string(view.metadata.uid))]
        let annotations = "/metadata/annotations"
        func path(_ name: String) -> String { "\(annotations)/\(PatchOperation.escape(name))" }
        if let epoch = view.metadata.annotation(Names.epoch),
            let sequence = view.metadata.annotation(Names.sequence)
        {
            operations.append(.init(.test, path(Names.epoch), .string(epoch)))
            operations.append(.init(.test, path(Names.sequence), .string(sequence)))
        } else {
            // Somebody took our marks away: only the exact object that was seen is changed.
            operations.append(
                .init(.test, "/metadata/resourceVersion", .string(view.metadata.resourceVersion)))
            if view.metadata.annotations.isEmpty {
                operations.append(.init(.add, annotations, .object(Fields())))
            }
        }
        let next = max(0, min(view.sequence, Int64.max - 1)) + 1
        operations.append(.init(.add, path(Names.epoch), .string(String(content.epoch))))
        operations.append(.init(.add, path(Names.sequence), .string(String(next))))
        operations.append(.init(.add, path(Names.releaseUID), .string(release.uid)))
        if let refused = content.refused {
            operations.append(.init(.add, path(Names.refused), .string(refused)))
        }
        operations.append(.init(.replace, "/spec", spec(content.split)))
        return operations
    }

    /// Whether the stored spec says what a split asks for, apart from defaults the server adds.
    package func isInForce(_ split: Weights, in view: HTTPRouteView) -> Bool {
        view.spec.includes(spec(split))
    }

    /// What the gateways say of the route at its current generation: all of the parents that the
    /// release names must have accepted it and resolved its backends.
    package func acceptance(_ view: HTTPRouteView) -> HTTPRouteView.Acceptance {
        for reference in traffic.parentRefs {
            let namespace = reference.namespace ?? release.namespace
            let name = "Gateway \(namespace)/\(reference.name)"
            guard
                let parent = view.parents.first(where: {
                    $0.name == reference.name && $0.namespace == namespace
                        && $0.sectionName == reference.sectionName && $0.port == reference.port
                })
            else { return .pending("\(name) to accept the route") }
            for type in ["Accepted", "ResolvedRefs"] {
                guard let condition = parent.conditions.first(where: { $0.type == type }),
                    condition.observedGeneration >= view.metadata.generation
                else { return .pending("\(name) to accept the route") }
                if condition.status != .yes {
                    return .refused(
                        "\(name) refuses the route: \(type) is \(condition.status.rawValue): "
                            + "\(condition.reason): \(condition.message)")
                }
            }
        }
        return .accepted
    }

    private func spec(_ split: Weights) -> Document {
        var spec: Document = [
            "parentRefs": .array(
                traffic.parentRefs.map { reference in
                    var document: Document = ["name": .string(reference.name)]
                    document["namespace"] = reference.namespace.map(Document.string)
                    document["sectionName"] = reference.sectionName.map(Document.string)
                    document["port"] = reference.port.map { .integer($0) }
                    return document
                }),
            "rules": [
                [
                    "matches": [["path": ["type": "PathPrefix", "value": .string(traffic.path)]]],
                    "backendRefs": .array(
                        split.shares.map { share in
                            [
                                "name": .string(Names.versioned(release.name, share.digest)),
                                "port": 80, "weight": .integer(share.weight),
                            ]
                        }),
                ]
            ],
        ]
        if !traffic.hostnames.isEmpty {
            spec["hostnames"] = .array(traffic.hostnames.map(Document.string))
        }
        return spec
    }
}

/// What decisions need of an HTTPRoute.
package struct HTTPRouteView: Hashable, Sendable {
    /// What the gateways say of it.
    package enum Acceptance: Hashable, Sendable {
        case pending(String)
        case accepted
        case refused(String)
    }

    /// One entry of `status.parents`.
    package struct Parent: Hashable, Sendable {
        package let name: String
        package let namespace: String
        package let sectionName: String?
        package let port: Int?
        package let conditions: [Condition]
    }

    package let metadata: ObjectMetadata
    package let spec: Document
    package let parents: [Parent]
    /// Service names and weights of the only rule; `nil` where there are more rules or other kinds
    /// of backends.
    package let backends: [String: Int]?

    package init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        self.metadata = metadata
        spec = object["spec"] ?? .null
        parents = (object.at("status", "parents")?.arrayValue ?? []).compactMap { parent in
            guard let reference = parent["parentRef"], let name = reference["name"]?.stringValue
            else { return nil }
            return Parent(
                name: name,
                namespace: reference["namespace"]?.stringValue ?? metadata.namespace,
                sectionName: reference["sectionName"]?.stringValue,
                port: reference["port"]?.intValue,
                conditions: (parent["conditions"]?.arrayValue ?? []).compactMap(Condition.init))
        }
        backends = Self.backends(of: spec)
    }

    /// Grows by one with every write of ours; 0 where the annotation is missing.
    package var sequence: Int64 {
        metadata.annotation(Names.sequence).flatMap { Int64($0) } ?? 0
    }

    package var epoch: Int64 { metadata.annotation(Names.epoch).flatMap { Int64($0) } ?? 0 }

    /// The mark of refusal: digest and attempt.
    package var refused: (digest: Digest, intent: Int64)? {
        guard let parts = metadata.annotation(Names.refused)?.split(separator: "@"),
            parts.count == 2, let digest = Digest(parts[0]), let intent = Int64(parts[1])
        else { return nil }
        return (digest, intent)
    }

    /// The split, for the digests that backends can stand for; `nil` where the route says something
    /// else than Slipway writes.
    package func split(release: String, digests: [Digest]) -> Weights? {
        guard let backends else { return nil }
        var shares: [Weights.Share] = []
        for digest in Set(digests).sorted() {
            guard let weight = backends[Names.versioned(release, digest)] else { continue }
            shares.append(.init(digest: digest, weight: weight))
        }
        guard shares.count == backends.count else { return nil }
        return Weights(shares)
    }

    private static func backends(of spec: Document) -> [String: Int]? {
        guard let rules = spec["rules"]?.arrayValue, rules.count == 1 else { return nil }
        var backends: [String: Int] = [:]
        for reference in rules[0]["backendRefs"]?.arrayValue ?? [] {
            guard let name = reference["name"]?.stringValue, backends[name] == nil,
                (reference["kind"]?.stringValue ?? "Service") == "Service",
                reference["namespace"] == nil, let weight = reference["weight"]?.intValue
            else { return nil }
            backends[name] = weight
        }
        return backends
    }
}
