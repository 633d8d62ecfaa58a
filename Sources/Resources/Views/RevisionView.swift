package import Domain

/// What Slipway keeps of a ControllerRevision.
package struct RevisionView: Hashable, Sendable {
    package let metadata: OwnedMetadata
    package let digest: Digest
    /// The version's name.
    package let version: String
    /// What the version's pods read besides their image and model.
    package let references: [ConfigurationReference]
    /// What was rendered when the version was made.
    package let data: RevisionData

    /// `nil` without a name, the annotation with the digest, or data of Slipway's.
    package init?(_ object: Document) {
        guard let metadata = OwnedMetadata(object), let digest = metadata.digest,
            let data = object["data"].flatMap(RevisionData.init)
        else { return nil }
        self.metadata = metadata
        self.digest = digest
        version = data.version
        references = ConfigurationReference.all(in: data.template)
        self.data = data
    }
}
