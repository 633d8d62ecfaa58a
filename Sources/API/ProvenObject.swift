package import Domain

/// A ConfigMap or Secret of the release's namespace that pods of a proven version read, as it was
/// when that was written down. What is in it is never looked at and stands nowhere, not even as a
/// digest: the server counts its changes.
package struct ProvenObject: Hashable, Sendable {
    /// What kind of object it is.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case configMap = "ConfigMap"
        case secret = "Secret"

        /// As the API names it.
        package var resource: ResourceKind { self == .configMap ? .configMap : .secret }
    }

    /// The version whose pods read it.
    package var digest: Digest
    package var kind: Kind
    package var name: String
    /// Which object of that name it is; empty if there was none.
    package var uid: String
    /// What the server called its state; empty if there was none.
    package var resourceVersion: String
    /// When it was seen so.
    package var at: Timestamp
    /// When it was first seen to be otherwise; `nil` while it is not.
    package var changed: Timestamp?

    package init(
        digest: Digest, kind: Kind, name: String, uid: String, resourceVersion: String,
        at: Timestamp, changed: Timestamp? = nil
    ) {
        self.digest = digest
        self.kind = kind
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.at = at
        self.changed = changed
    }

    /// Reads one; `nil` without a digest, a kind or a name.
    package init?(_ document: Document) {
        guard let digest = document.digest("digest"), let kind = Kind(document.text("kind")),
            let name = document["name"]?.stringValue, !name.isEmpty
        else { return nil }
        self.init(
            digest: digest, kind: kind, name: StatusWriter.bounded(name, to: 253),
            uid: document.text("uid", limit: 64),
            resourceVersion: document.text("resourceVersion", limit: 64),
            at: document.time("at") ?? .epoch, changed: document.time("changed"))
    }

    package var document: Document {
        var writer = StatusWriter(textLimit: 253)
        writer.digest("digest", digest)
        writer.text("kind", kind.rawValue)
        writer.text("name", name)
        writer.text("uid", uid, limit: 64)
        writer.text("resourceVersion", resourceVersion, limit: 64)
        writer.time("at", at)
        writer.time("changed", changed)
        return writer.document
    }
}

extension ProvenObject.Kind {
    fileprivate init?(_ text: String) { self.init(rawValue: text) }
}
