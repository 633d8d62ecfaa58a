package import Domain

/// The members that all Kubernetes objects have.
extension Document {
    package var objectName: String { at("metadata", "name")?.stringValue ?? "" }
    package var objectNamespace: String { at("metadata", "namespace")?.stringValue ?? "" }
    package var objectUID: String { at("metadata", "uid")?.stringValue ?? "" }
    /// `metadata.resourceVersion`; empty if there is none.
    package var objectVersion: String {
        at("metadata", "resourceVersion")?.stringValue ?? ""
    }
    package var objectGeneration: Int64 { at("metadata", "generation")?.integerValue ?? 0 }
    package var objectLabels: Fields { at("metadata", "labels")?.objectValue ?? .init() }
    package var objectAnnotations: Fields {
        at("metadata", "annotations")?.objectValue ?? .init()
    }
    package var objectFinalizers: [String] {
        (at("metadata", "finalizers")?.arrayValue ?? []).compactMap(\.stringValue)
    }
    /// The object has been deleted and waits for its finalizers or its grace period.
    package var isTerminating: Bool { at("metadata", "deletionTimestamp")?.stringValue != nil }

    /// The uids of `metadata.ownerReferences`.
    package var ownerUIDs: [String] {
        (at("metadata", "ownerReferences")?.arrayValue ?? []).compactMap {
            $0["uid"]?.stringValue
        }
    }

    /// The reference of the owner that manages this object (`controller: true`).
    package var controllerReference: Document? {
        at("metadata", "ownerReferences")?.arrayValue?.first {
            $0["controller"]?.boolValue == true
        }
    }
}
