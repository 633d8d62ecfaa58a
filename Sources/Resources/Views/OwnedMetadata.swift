import API
package import Domain

/// What Slipway keeps of the metadata of an object that may be its own.
package struct OwnedMetadata: Hashable, Sendable {
    /// Whose an object is, as seen by a release.
    package enum Ownership: Hashable, Sendable {
        case ours
        /// It was made for a release of the same name that has another uid: to be adopted.
        case formerly(uid: String)
        /// Somebody else's; by whom, for people.
        case foreign(String)
    }

    package let name: String
    package let namespace: String
    package let uid: String
    package let resourceVersion: String
    package let generation: Int64
    package let created: Timestamp?
    package let deletion: Timestamp?
    /// The label `app.kubernetes.io/managed-by`.
    package let managedBy: String
    /// The label `slipway.dev/release`; empty without.
    package let release: String
    /// The label `slipway.dev/version`; empty without.
    package let version: String
    /// The label `slipway.dev/digest`, 16 characters; empty without.
    package let digestLabel: String
    /// The annotation `slipway.dev/digest`.
    package let digest: Digest?
    /// The annotation `slipway.dev/release-uid`; empty without.
    package let releaseUID: String
    /// The annotation `slipway.dev/on-delete` says `retain`.
    package let retained: Bool
    /// The annotation `slipway.dev/refused`.
    package let refused: RefusedMark?
    /// The term it was last written or sealed in.
    package let term: Term?
    /// The attempt it was last sealed for; 0 without.
    package let intent: Int64
    /// Kind and name of the controlling owner, `ReplicaSet web-5d8`; empty without.
    package let controller: String
    /// The uid of the controlling owner; empty without.
    package let controllerUID: String

    /// `nil` without a name.
    package init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard !metadata.name.isEmpty else { return nil }
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        generation = metadata.generation
        created = metadata.creationTimestamp
        deletion = metadata.deletionTimestamp
        managedBy = metadata.label(Names.managedByLabel) ?? ""
        release = metadata.label(Names.releaseLabel) ?? ""
        version = metadata.label(Names.versionLabel) ?? ""
        digestLabel = metadata.label(Names.digestLabel) ?? ""
        digest = metadata.annotation(Names.digest).flatMap { Digest($0) }
        releaseUID = metadata.annotation(Names.releaseUID) ?? ""
        retained = metadata.annotation(Names.onDelete) == "retain"
        refused = metadata.annotation(Names.refused).flatMap { RefusedMark($0) }
        term = Term { metadata.annotation($0) }
        intent = metadata.annotation(Names.intent).flatMap { Int64($0) } ?? 0
        let owners = object.at("metadata", "ownerReferences")?.arrayValue ?? []
        let owner = owners.first { $0["controller"] == true }
        controller =
            owner.map {
                "\($0["kind"]?.stringValue ?? "") \($0["name"]?.stringValue ?? "")"
            } ?? ""
        controllerUID = owner?["uid"]?.stringValue ?? ""
    }

    /// Whose it is for a release of this name with this uid.
    package func owner(release: String, uid: String) -> Ownership {
        guard managedBy == Names.managedByValue else {
            if !controller.isEmpty { return .foreign(controller) }
            return .foreign(managedBy.isEmpty ? "somebody else" : managedBy)
        }
        guard self.release == release else { return .foreign("ModelRelease \(self.release)") }
        return releaseUID == uid ? .ours : .formerly(uid: releaseUID)
    }

    /// The seal that it bears.
    package var seal: Seal? { term.map { Seal(term: $0, intent: intent) } }

    /// It is being deleted.
    package var isLeaving: Bool { deletion != nil }
}

extension Document {
    /// The element of `status.conditions` with a type.
    func condition(_ type: String) -> Document? {
        at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    /// A member that is a time.
    func moment(_ key: String) -> Timestamp? {
        self[key]?.stringValue.flatMap(Timestamp.init(rfc3339:))
    }

    /// A member that is a text; empty where it is not.
    func word(_ key: String) -> String { self[key]?.stringValue ?? "" }

    /// A member that is a count; 0 where it is not.
    func count(_ key: String) -> Int { self[key]?.intValue ?? 0 }
}
