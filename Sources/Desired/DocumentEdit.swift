import API
import Documents
package import Domain

/// Changes to files that Slipway commits: one document's bytes are replaced, every other byte of
/// the file stays.
package enum DocumentEdit {
    /// The head file with this release's document as the proven file has it; comments before and
    /// after the document and all other documents stay as they are in the head file.
    ///
    /// - Parameters:
    ///   - path: the file's path, which says whether it is JSON.
    ///   - namespace: that of the source, for documents that name none.
    /// - Returns: `nil` if one of the files cannot be read or does not declare the release exactly
    ///   once, or if the result would not read back as meant.
    package static func restore(
        release: NamespacedName, in head: DesiredFile, from proven: DesiredFile, namespace: String
    ) -> [UInt8]? {
        guard let current = find(release, in: head, namespace),
            let wanted = find(release, in: proven, namespace)
        else { return nil }
        let range = current.document.byteRange
        let bytes = Array(proven.bytes[wanted.document.byteRange])
        let lineFeed: [UInt8] = [UInt8(ascii: "\n")]
        // A document may begin behind `---` on its line; one of several lines needs a line of its
        // own there. A text at the end of a file may need the line feed that ends it.
        for text in [bytes, lineFeed + bytes, bytes + lineFeed, lineFeed + bytes + lineFeed] {
            let result = head.bytes[..<range.lowerBound] + text + head.bytes[range.upperBound...]
            guard
                let documents = try? FileReader.parse(.init(path: head.path, bytes: Array(result)))
            else { continue }
            var expected = current.all
            expected[current.index] = wanted.document.document
            if documents.map(\.document) == expected { return Array(result) }
        }
        return nil
    }

    /// Whether a file still declares this release with a version of this digest: what must be so
    /// for a revert to be written. A document that is not valid declares nothing.
    package static func declares(
        release: NamespacedName, digest: Digest, in file: DesiredFile, namespace: String
    ) -> Bool {
        guard let found = find(release, in: file, namespace),
            let release = ModelRelease.decode(found.document.document).value
        else { return false }
        if isMutated(.revertOverNewer) { return true }
        return release.spec.declaredShares.contains { $0.digest == digest }
    }

    private static func find(
        _ release: NamespacedName, in file: DesiredFile, _ namespace: String
    ) -> (document: LocatedDocument, index: Int, all: [Document])? {
        guard let documents = try? FileReader.parse(file) else { return nil }
        let indices = documents.indices.filter { index in
            let document = documents[index].document
            return document["kind"]?.stringValue == ResourceKind.modelRelease.kind
                && document["apiVersion"]?.stringValue == ResourceKind.modelRelease.apiVersion
                && document.at("metadata", "name")?.stringValue == release.name
                && (document.at("metadata", "namespace")?.stringValue ?? namespace)
                    == release.namespace
        }
        guard indices.count == 1, let index = indices.first else { return nil }
        return (documents[index], index, documents.map(\.document))
    }
}
