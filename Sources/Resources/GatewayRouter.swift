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
        /// `DIGEST@INTENT` of the version that traffic is taken back from; `nil` leaves the mark
        /// that is there, unless the split gives more to the very version that it names.
        package let refused: String?
        package let term: Term

        package init(split: Weights, refused: String?, term: Term) {
            self.split = split
            self.refused = refused
            self.term = term
        }

        package init(split: Weights, refused: String?, epoch: Int64) {
            self.init(split: split, refused: refused, term: Term(epoch: epoch, holder: ""))
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
            Names.epoch: .string(String(content.term.epoch)), Names.sequence: "1",
            Names.releaseUID: .string(release.uid),
        ]
        if !content.term.holder.isEmpty {
            annotations[Names.leader] = .string(content.term.holder)
        }
        if let refused = content.refused { annotations[Names.refused] = .string(refused) }
        if let onDelete = release.annotation(Names.onDelete) {
            annotations[Names.onDelete] = .string(onDelete)
        }
        return [
            "apiVersion": .string(ResourceKind.httpRoute.apiVersion),
            "kind": .string(ResourceKind.httpRoute.kind),
            "metadata": [
                "name": .string(release.name), "namespace": .string(release.namespace),
                "labels": labels, "annotations": annotations,
            ],
            "spec": spec(content.split),
        ]
    }

    private var labels: Document {
        [
            Names.managedByLabel: .string(Names.managedByValue),
            "app.kubernetes.io/component": "route",
            "app.kubernetes.io/instance": .string(release.name),
            "app.kubernetes.io/name": .string(release.name),
            Names.releaseLabel: .string(release.name),
        ]
    }

    /// The whole change of a route that was seen, in one conditional patch.
    package func patch(_ view: HTTPRouteView, _ content: Content) -> [PatchOperation] {
        var operations = seal(view, content.term)
        func path(_ name: String) -> String { Self.annotation(name) }
        operations.append(.init(.add, path(Names.releaseUID), .string(release.uid)))
        if let refused = content.refused {
            operations.append(.init(.add, path(Names.refused), .string(refused)))
        } else if isOutdated(view, content.split) {
            operations.append(.init(.remove, path(Names.refused)))
        }
        let onDelete = release.annotation(Names.onDelete)
        if let onDelete, view.metadata.annotation(Names.onDelete) != onDelete {
            operations.append(.init(.add, path(Names.onDelete), .string(onDelete)))
        }
        operations += relabelling(view)
        operations.append(.init(.replace, "/spec", spec(content.split)))
        return operations
    }

    /// Whether the route's mark is of the past: what it names gets more again, which only a newer
    /// declaration or a retry can ask for. Left there, it would refuse that version once more as
    /// soon as the status is lost.
    private func isOutdated(_ view: HTTPRouteView, _ split: Weights) -> Bool {
        guard let digest = view.refused?.digest else { return false }
        let has = view.backends?[Names.versioned(release.name, digest)] ?? 0
        return split.weight(of: digest) > has && !isMutated(.outdatedMarkStays)
    }

    fileprivate static func annotation(_ name: String) -> String {
        "/metadata/annotations/\(PatchOperation.escape(name))"
    }

    /// Takes a route that was seen into a term and changes nothing else of it. Whatever an earlier
    /// leader has sent on the strength of the same sight does not fit any more, and the gateways
    /// have nothing to do: the spec's generation stays.
    package func seal(_ view: HTTPRouteView, _ term: Term) -> [PatchOperation] {
        var operations = [PatchOperation(.test, "/metadata/uid", .string(view.metadata.uid))]
        func path(_ name: String) -> String { Self.annotation(name) }
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
                operations.append(
                    .init(.add, "/metadata/annotations", .object(Fields())))
            }
        }
        let grown = max(0, min(view.sequence, Int64.max - 1)) + 1
        let next = isMutated(.sequenceStands) ? view.sequence : grown
        operations.append(.init(.add, path(Names.epoch), .string(String(term.epoch))))
        operations.append(.init(.add, path(Names.sequence), .string(String(next))))
        if !term.holder.isEmpty {
            operations.append(.init(.add, path(Names.leader), .string(term.holder)))
        } else if view.metadata.annotation(Names.leader) != nil {
            operations.append(.init(.remove, path(Names.leader)))
        }
        return operations
    }

    /// Puts labels back that somebody took away.
    private func relabelling(_ view: HTTPRouteView) -> [PatchOperation] {
        let missing = (labels.objectValue?.members ?? []).filter {
            view.metadata.labels[$0.key] != $0.value
        }
        guard !missing.isEmpty, !view.metadata.labels.isEmpty else {
            return missing.isEmpty ? [] : [.init(.add, "/metadata/labels", labels)]
        }
        return missing.map {
            .init(.add, "/metadata/labels/\(PatchOperation.escape($0.key))", $0.value)
        }
    }

    /// Whether the stored route says what a split asks for, apart from defaults the server adds.
    package func isInForce(_ split: Weights, in view: HTTPRouteView) -> Bool {
        guard view.backends != nil else { return false }
        let stored = view.spec
        let isRewriting = stored["rules"]?[0]?["filters"]?[0] != nil
        return stored.includes(spec(split)) && (traffic.path == "/") == !isRewriting
            && (stored["hostnames"]?.arrayValue ?? []).count == traffic.hostnames.count
    }

    /// What the gateways say of the route at its current generation: all of the parents that the
    /// release names must have accepted it whole and resolved its backends.
    package func acceptance(_ view: HTTPRouteView) -> HTTPRouteView.Acceptance {
        var pending: String?
        for reference in traffic.parentRefs {
            let namespace = reference.namespace ?? release.namespace
            let name = "Gateway \(namespace)/\(reference.name)"
            // There is one entry per controller; those of other controllers may be left-overs.
            let answers = view.parents.filter {
                $0.name == reference.name && $0.namespace == namespace
                    && $0.sectionName == reference.sectionName && $0.port == reference.port
            }.map { $0.acceptance(generation: view.metadata.generation) }
            for case .refused(let why) in answers {
                return .refused("\(name) refuses the route: \(why)")
            }
            if !answers.contains(.accepted) {
                pending = pending ?? "\(name) to accept the route"
            }
        }
        return pending.map { .pending($0) } ?? .accepted
    }

    private func written(_ weight: Int) -> Int {
        isMutated(.roundedTo99) && (weight > 50 && weight < 100) ? weight - 1 : weight
    }

    private func spec(_ split: Weights) -> Document {
        // Weights are always written: one that is left out counts as 1, not as 0.
        var rule: Document = [
            "matches": [["path": ["type": "PathPrefix", "value": .string(traffic.path)]]],
            "backendRefs": .array(
                split.shares.map { share in
                    [
                        "name": .string(Names.versioned(release.name, share.digest)),
                        "port": .integer(VersionObjects.servicePort),
                        "weight": .integer(written(share.weight)),
                    ]
                }),
        ]
        if traffic.path != "/" { rule["filters"] = [HTTPRouteView.rewrite] }
        var spec: Document = [
            "parentRefs": .array(traffic.parentRefs.map(\.document)), "rules": [rule],
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

        /// What this parent says; conditions of an older generation say nothing.
        fileprivate func acceptance(generation: Int64) -> Acceptance {
            func fresh(_ type: String) -> Condition? {
                conditions.first {
                    $0.type == type
                        && ($0.observedGeneration >= generation || isMutated(.staleAcceptance))
                }
            }
            func words(_ condition: Condition) -> String {
                "\(condition.type) is \(condition.status.rawValue): \(condition.reason): "
                    + "\(condition.message.prefix(512))"
            }
            let needed = ["Accepted", "ResolvedRefs"].map(fresh)
            for case let condition? in needed where condition.status == .no {
                return .refused(words(condition))
            }
            if let part = fresh("PartiallyInvalid"), part.status == .yes {
                return .refused(words(part))
            }
            return needed.allSatisfy { $0?.status == .yes } ? .accepted : .pending("")
        }
    }

    package let metadata: ObjectMetadata
    package let owned: OwnedMetadata
    /// As stored.
    package let spec: Document
    package let parents: [Parent]
    /// Service names and weights of the only rule; `nil` where there are more rules, other kinds of
    /// backends, or anything else in the rule that Slipway does not write.
    package let backends: [String: Int]?

    package init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard let owned = OwnedMetadata(object) else { return nil }
        self.metadata = metadata
        self.owned = owned
        let spec = object["spec"] ?? .null
        self.spec = spec
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

    package var epoch: Int64 { owned.term?.epoch ?? 0 }

    /// The mark of refusal.
    package var refused: RefusedMark? { owned.refused }

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

    /// Model servers know nothing of the prefix that a release is reached by: it is cut off.
    package static let rewrite: Document = [
        "type": "URLRewrite",
        "urlRewrite": ["path": ["type": "ReplacePrefixMatch", "replacePrefixMatch": "/"]],
    ]

    private static func backends(of spec: Document) -> [String: Int]? {
        guard let rules = spec["rules"]?.arrayValue, rules.count == 1, isPlain(rules[0]) else {
            return nil
        }
        var backends: [String: Int] = [:]
        for reference in rules[0]["backendRefs"]?.arrayValue ?? [] {
            guard let name = reference["name"]?.stringValue, backends[name] == nil,
                (reference["group"]?.stringValue ?? "").isEmpty,
                (reference["kind"]?.stringValue ?? "Service") == "Service",
                reference["port"]?.intValue == VersionObjects.servicePort,
                reference["namespace"] == nil, reference["filters"] == nil,
                let weight = (reference["weight"] ?? 1).intValue
            else { return nil }
            backends[name] = weight
        }
        return backends
    }

    /// Nothing in a rule selects, delays or changes requests beyond what Slipway writes. Members
    /// that a newer Gateway API may add by default are let pass.
    private static func isPlain(_ rule: Document) -> Bool {
        let foreign = ["timeouts", "retry", "sessionPersistence"].contains { rule[$0] != nil }
        let filters = rule["filters"]?.arrayValue ?? []
        let matches = rule["matches"]?.arrayValue ?? []
        return !foreign && (filters.isEmpty || filters == [rewrite]) && matches.count <= 1
            && matches.allSatisfy { match in
                ["headers", "queryParams", "method"].allSatisfy { match[$0] == nil }
            }
    }
}

extension WriteRequest {
    /// Whether it is the route write of a revert: it marks what is refused.
    package var marksRefusal: Bool {
        guard key.kind == .httpRoute else { return false }
        switch self {
        case .create(_, let body), .apply(_, let body, _), .handOver(_, let body),
            .applyStatus(_, let body):
            return body.at("metadata", "annotations", Names.refused) != nil
        case .jsonPatch(_, let operations):
            let path = GatewayRouter.annotation(Names.refused)
            return operations.contains { $0.kind == .add && $0.path == path }
        case .delete: return false
        }
    }
}
