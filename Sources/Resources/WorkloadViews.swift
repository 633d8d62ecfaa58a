package import API
package import Domain

/// What decisions need of a Deployment.
package struct DeploymentView: Hashable, Sendable {
    package let metadata: ObjectMetadata
    package let observedGeneration: Int64
    /// `spec.replicas`; 1 where not written, as the API server has it.
    package let replicas: Int
    package let readyReplicas: Int
    package let updatedReplicas: Int
    package let availableReplicas: Int
    package let conditions: [Condition]
    /// The object without its status, for drift repair.
    package let spec: Document

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty, let spec = object["spec"] else { return nil }
        self.spec = spec
        replicas = spec["replicas"]?.intValue ?? 1
        let status = object["status"]
        observedGeneration = status?["observedGeneration"]?.integerValue ?? 0
        readyReplicas = status?["readyReplicas"]?.intValue ?? 0
        updatedReplicas = status?["updatedReplicas"]?.intValue ?? 0
        availableReplicas = status?["availableReplicas"]?.intValue ?? 0
        conditions = (status?["conditions"]?.arrayValue ?? []).compactMap(Condition.init)
    }

    /// The Deployment controller has seen the newest spec.
    package var isObserved: Bool { observedGeneration >= metadata.generation }
}

/// What decisions need of a Service.
package struct ServiceView: Hashable, Sendable {
    package let metadata: ObjectMetadata
    package let spec: Document

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        spec = object["spec"] ?? .null
    }
}

/// What decisions need of an EndpointSlice.
package struct EndpointSliceView: Hashable, Sendable {
    /// One endpoint; missing conditions are read as Kubernetes documents them.
    package struct Endpoint: Hashable, Sendable {
        /// The pod's uid, or its first address where no pod is named.
        package let identity: String
        package let isReady: Bool
    }

    package let metadata: ObjectMetadata
    /// The label `kubernetes.io/service-name`.
    package let service: String
    package let endpoints: [Endpoint]

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard let service = metadata.label("kubernetes.io/service-name") else { return nil }
        self.service = service
        endpoints = (object["endpoints"]?.arrayValue ?? []).compactMap { endpoint in
            guard
                let identity = endpoint.at("targetRef", "uid")?.stringValue
                    ?? endpoint["addresses"]?[0]?.stringValue
            else { return nil }
            return Endpoint(
                identity: identity,
                isReady: endpoint.at("conditions", "ready")?.boolValue ?? true)
        }
    }

    /// How many different endpoints of some slices are ready: one may stand in two of them.
    package static func ready(_ slices: [EndpointSliceView]) -> Int {
        Set(slices.flatMap(\.endpoints).filter(\.isReady).map(\.identity)).count
    }
}

/// What decisions need of a ControllerRevision: the rendered version it keeps.
package struct RevisionView: Hashable, Sendable {
    package let metadata: ObjectMetadata
    package let data: Document

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        data = object["data"] ?? .null
    }
}

/// What decisions need of a Gateway.
package struct GatewayView: Hashable, Sendable {
    package let metadata: ObjectMetadata

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
    }
}

extension ObjectMetadata {
    /// The version digest that an object of ours carries in full.
    package var versionDigest: Digest? { annotation(Names.digest).flatMap { Digest($0) } }
}
