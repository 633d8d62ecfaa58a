package import Domain

/// What Slipway keeps of a ControllerRevision.
package struct RevisionView: Hashable, Sendable {
    package let metadata: OwnedMetadata
    package let digest: Digest
    /// The version's name.
    package let version: String
    /// What the version's pods read besides their image and model.
    package let references: [ConfigurationReference]
    private let packed: PackedDocument
    private let rest: RevisionData

    /// `nil` without a name, the annotation with the digest, or data of Slipway's.
    package init?(_ object: Document) {
        guard let metadata = OwnedMetadata(object), let digest = metadata.digest,
            var data = object["data"].flatMap(RevisionData.init)
        else { return nil }
        self.metadata = metadata
        self.digest = digest
        version = data.version
        references = ConfigurationReference.all(in: data.template)
        packed = PackedDocument(data.template)
        data.template = .null
        rest = data
    }

    /// The container port that inference goes to.
    package var port: Int { rest.port }
    /// Where a golden inference without a path of its own is sent; empty where nobody says.
    package var inferencePath: String { rest.inferencePath }
    /// Where the server says whether this model is loaded; empty where nobody says.
    package var readyPath: String { rest.readyPath }

    /// What was rendered when the version was made. The template is unpacked each time: ask for
    /// the other parts by themselves.
    package var data: RevisionData {
        var data = rest
        data.template = packed.document
        return data
    }
}
