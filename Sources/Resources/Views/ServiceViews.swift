import API
package import Domain

/// What Slipway keeps of a Service.
package struct ServiceView: Hashable, Sendable {
    package let metadata: OwnedMetadata
    /// The selector's labels of Slipway; empty where they are missing.
    package let selectsRelease: String
    package let selectsDigest: String
    /// There are labels in the selector that Slipway does not write.
    package let selectsMore: Bool
    /// The port with the name `http`, else the only one.
    package let port: Int?
    package let clusterIP: String

    /// `nil` without a name.
    package init?(_ object: Document) {
        guard let metadata = OwnedMetadata(object) else { return nil }
        self.metadata = metadata
        let selector = object.at("spec", "selector")
        selectsRelease = selector?.word(Names.releaseLabel) ?? ""
        selectsDigest = selector?.word(Names.digestLabel) ?? ""
        selectsMore = (selector?.objectValue?.keys ?? [])
            .contains { $0 != Names.releaseLabel && $0 != Names.digestLabel }
        let ports = object.at("spec", "ports")?.arrayValue ?? []
        let named = ports.first { $0["name"] == "http" } ?? (ports.count == 1 ? ports.first : nil)
        port = named?["port"]?.intValue
        clusterIP = object["spec"]?.word("clusterIP") ?? ""
    }

    /// The selector is the one that Slipway wrote for this version.
    package func selects(release: String, digest: Digest) -> Bool {
        selectsRelease == release && selectsDigest == digest.short && !selectsMore
    }
}

/// What Slipway keeps of an EndpointSlice.
package struct EndpointSliceView: Hashable, Sendable {
    /// One endpoint. What the slice leaves open has the meaning that the API gives it: ready and
    /// serving, not terminating.
    package struct Endpoint: Hashable, Sendable {
        /// The uid of the pod behind it; empty where it is no pod.
        package let podUID: String
        package let podName: String
        package let addresses: [String]
        package let ready: Bool
        package let serving: Bool
        package let terminating: Bool

        /// Names the pod where there is one, else the address.
        fileprivate var identity: String { podUID.isEmpty ? addresses.first ?? "" : podUID }
    }

    /// One port.
    package struct Port: Hashable, Sendable {
        package let name: String
        package let port: Int
    }

    package let name: String
    package let namespace: String
    package let uid: String
    package let resourceVersion: String
    /// The label `kubernetes.io/service-name`.
    package let service: String
    package let endpoints: [Endpoint]
    package let ports: [Port]

    /// `nil` without a name or the label of its Service.
    package init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty,
            let service = metadata.label("kubernetes.io/service-name"), !service.isEmpty
        else { return nil }
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        self.service = service
        endpoints = (object["endpoints"]?.arrayValue ?? []).prefix(1000).map(Self.endpoint)
        ports = (object["ports"]?.arrayValue ?? []).prefix(100).compactMap { port in
            port["port"]?.intValue.map { Port(name: port.word("name"), port: $0) }
        }
    }

    private static func endpoint(_ endpoint: Document) -> Endpoint {
        let target = endpoint["targetRef"]
        let isPod = target?["kind"] == "Pod"
        let conditions = endpoint["conditions"] ?? .null
        return Endpoint(
            podUID: isPod ? target?.word("uid") ?? "" : "",
            podName: isPod ? target?.word("name") ?? "" : "",
            addresses: (endpoint["addresses"]?.arrayValue ?? []).prefix(16).compactMap(
                \.stringValue),
            ready: conditions["ready"]?.boolValue ?? true,
            serving: conditions["serving"]?.boolValue ?? true,
            terminating: conditions["terminating"]?.boolValue ?? false)
    }

    /// The ready endpoints of all slices of a Service, each pod once, ascending: a pod may stand in
    /// two slices for a moment, and has an address of either family.
    package static func ready(in slices: some Sequence<EndpointSliceView>) -> [String] {
        var identities = Set<String>()
        for slice in slices {
            for endpoint in slice.endpoints where endpoint.ready && !endpoint.terminating {
                if !endpoint.identity.isEmpty { identities.insert(endpoint.identity) }
            }
        }
        return identities.sorted()
    }
}

/// What Slipway keeps of a Gateway.
package struct GatewayView: Hashable, Sendable {
    package let name: String
    package let namespace: String
    package let uid: String
    package let resourceVersion: String
    package let className: String
    /// The condition `Programmed` at the newest generation: is it in force in the data plane?
    package let programmed: Condition.Status
    /// Reason and message of that condition, for people.
    package let message: String
    /// The names of its listeners.
    package let listeners: [String]
    /// Where it answers: addresses or host names.
    package let addresses: [String]

    /// `nil` without a name.
    package init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        className = object["spec"]?.word("gatewayClassName") ?? ""
        let condition = object.condition("Programmed").flatMap(Condition.init)
        let fresh = condition.map { $0.observedGeneration >= metadata.generation } ?? false
        programmed = fresh ? condition?.status ?? .unknown : .unknown
        message = condition.map { "\($0.reason): \($0.message)" } ?? ""
        listeners = (object.at("spec", "listeners")?.arrayValue ?? []).prefix(64).map {
            $0.word("name")
        }
        addresses = (object.at("status", "addresses")?.arrayValue ?? []).prefix(16).map {
            $0.word("value")
        }
    }
}
