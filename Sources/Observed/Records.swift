package import API
package import Domain
package import Resources

/// A ModelRelease as it is in the cluster: read, and as written.
package struct ReleaseRecord: ObservedValue {
    package let metadata: ObjectMetadata
    /// The spec as stored, for comparison with Git.
    package let spec: Document
    /// The status as stored, for comparison with what it should be.
    package let status: Document
    package let decoded: DecodeResult<ModelRelease>

    package init?(_ object: Document) {
        metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        spec = object["spec"] ?? .null
        status = object["status"] ?? .null
        decoded = ModelRelease.decode(object)
    }
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
    /// It was ready at some time: it was seen so, or its condition changed after its start (a pod
    /// that was never ready keeps the time of its start there).
    package private(set) var wasReady: Bool

    package init?(_ object: Document) {
        guard let view = PodView(object) else { return nil }
        self.view = view
        if let started = view.started, let changed = view.readyChanged, !view.ready {
            wasReady = changed > started
        } else {
            wasReady = view.ready
        }
    }

    package mutating func inherit(from older: PodRecord) {
        wasReady = wasReady || older.wasReady
    }
}

/// A Deployment, with its spec for drift repair.
package struct DeploymentRecord: ObservedValue {
    package let view: DeploymentView
    package let object: Document

    package init?(_ object: Document) {
        guard let view = DeploymentView(object) else { return nil }
        self.view = view
        self.object = slim(object)
    }
}

/// A Service, with its spec for drift repair.
package struct ServiceRecord: ObservedValue {
    package let view: ServiceView
    package let object: Document

    package init?(_ object: Document) {
        guard let view = ServiceView(object) else { return nil }
        self.view = view
        self.object = slim(object)
    }
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

extension EndpointSliceView: ObservedValue {}
extension RevisionView: ObservedValue {}
extension HTTPRouteView: ObservedValue {}
extension GatewayView: ObservedValue {}
