package import API
package import Domain
package import Resources

/// A ModelRelease as it is in the cluster. There may be ten thousand: it is kept packed.
package struct ReleaseRecord: ObservedValue {
    package let metadata: ObjectMetadata
    /// Its status tells of a rollout under way.
    package let isUnderWay: Bool
    private let packed: PackedDocument

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        isUnderWay = object["status"]?["attempt"] != nil
        var kept = object
        kept["metadata"]?["managedFields"] = nil
        packed = PackedDocument(kept)
    }

    /// The release, read each time: ask once a decision.
    package var decoded: DecodeResult<ModelRelease> { ModelRelease.decode(packed.document) }

    /// The release, of whose spec is known what it says: it was read under the same uid and
    /// generation, so only the rest is read.
    package func decoded(withSpecOf known: ModelRelease) -> ModelRelease {
        ModelRelease(metadata: metadata, spec: known.spec, status: status)
    }

    /// The status alone, also of a release that cannot be read. It is read each time.
    package var status: ReleaseStatus { ReleaseStatus(packed.document["status"] ?? .null) }
}

/// A ReleaseSource as it is in the cluster.
package struct SourceRecord: ObservedValue {
    package let metadata: ObjectMetadata
    package let status: Document
    package let decoded: DecodeResult<ReleaseSource>

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        status = object["status"] ?? .null
        decoded = ReleaseSource.decode(object)
    }
}

/// A Pod, with what only its past tells.
package struct PodRecord: ObservedValue {
    package let view: PodView
    /// It was ready at some time: it was seen so, or its status shows it.
    package private(set) var wasReady: Bool

    package init?(_ object: Document) {
        guard let view = PodView(object) else { return nil }
        self.view = view
        wasReady = view.ready || view.showsLostReadiness
    }

    package mutating func inherit(from older: PodRecord) {
        wasReady = wasReady || older.wasReady
    }

    package var place: String { view.node }

    package static var isPacked: Bool { true }

    /// Without what its template says: the status is small beside that.
    package static func kept(of object: Document) -> Document {
        var kept = object
        kept["metadata"]?["managedFields"] = nil
        var spec = Document.object(Fields())
        spec["nodeName"] = object.at("spec", "nodeName")
        spec["containers"] = .array(
            (object.at("spec", "containers")?.arrayValue ?? []).map { container in
                var ports = Document.object(Fields())
                ports["ports"] = container["ports"]
                return ports
            })
        kept["spec"] = spec
        return kept
    }

    package var hasPast: Bool { wasReady }
    package mutating func recall() { wasReady = true }
}

/// A Deployment, with its spec for drift repair.
package struct DeploymentRecord: ObservedValue {
    package let view: DeploymentView
    /// What can drift.
    package let object: Document

    package init?(_ object: Document) {
        guard let view = DeploymentView(object) else { return nil }
        self.view = view
        self.object = slim(object)
    }

    package static var isPacked: Bool { true }
}

/// A Service, with its spec for drift repair.
package struct ServiceRecord: ObservedValue {
    package let view: ServiceView
    /// What can drift.
    package let object: Document

    package init?(_ object: Document) {
        guard let view = ServiceView(object) else { return nil }
        self.view = view
        self.object = slim(object)
    }

    package static var isPacked: Bool { true }
}

/// An object without its status and without the metadata that nobody compares.
private func slim(_ object: Document) -> Document {
    var slim = object
    slim["status"] = nil
    var metadata = Document.object(Fields())
    for key in ["name", "namespace", "uid", "labels", "annotations"] {
        metadata[key] = object.at("metadata", key)
    }
    slim["metadata"] = metadata
    return slim
}

extension EndpointSliceView: ObservedValue {
    package static var isPacked: Bool { true }
}

extension RevisionView: ObservedValue {
    package static var isPacked: Bool { true }
}

extension HTTPRouteView: ObservedValue {
    package static var isPacked: Bool { true }
}

extension GatewayView: ObservedValue {}

extension NodeView: ObservedValue {
    /// Nodes tell every few minutes that they live: only their readiness is news.
    package func saysNothingNew(after older: NodeView) -> Bool { self == older }
}

extension AutoscalerView: ObservedValue {
    /// The Deployment that it scales.
    package static func owner(of object: ObjectMetadata, _ value: Self) -> String? { value.target }
}
