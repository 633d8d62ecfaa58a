import Documents
package import Domain

/// One line of a watch.
package enum WatchLine: Hashable, Sendable {
    case changed(Document, resourceVersion: String)
    case deleted(Document, resourceVersion: String)
    case bookmark(resourceVersion: String)
    case failed(ClusterError)

    /// Reads a line; what it cannot understand is thrown as `malformed`.
    package init(_ bytes: [UInt8]) throws(ClusterError) {
        let (type, object) = try Self.parts(bytes)
        try self.init(type, object)
    }

    /// The type of an event and its object.
    static func parts(_ bytes: [UInt8]) throws(ClusterError) -> (type: String, object: Document) {
        let line: Document
        do throws(JSON.ParseError) {
            line = try JSON.parse(bytes, skipping: [.managedFields])
        } catch {
            throw ClusterError(.malformed, "an event of the watch cannot be read: \(error)")
        }
        guard let type = line["type"]?.stringValue, let object = line["object"],
            object.objectValue != nil
        else { throw ClusterError(.malformed, "a line of the watch is no event") }
        return (type, object)
    }

    init(_ type: String, _ object: Document) throws(ClusterError) {
        if type == "ERROR" {
            self = .failed(ClusterError(ServerFailure(event: object)))
            return
        }
        guard let version = object.at("metadata", "resourceVersion")?.stringValue, !version.isEmpty
        else { throw ClusterError(.malformed, "an event of the watch has no version") }
        switch type {
        case "ADDED", "MODIFIED": self = .changed(object, resourceVersion: version)
        case "DELETED": self = .deleted(object, resourceVersion: version)
        case "BOOKMARK": self = .bookmark(resourceVersion: version)
        default: throw ClusterError(.malformed, "an event of unknown type")
        }
    }
}
