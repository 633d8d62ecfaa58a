import Documents
package import Domain
package import Resources

/// An answer of the API server, read whole.
package struct WireAnswer: Hashable, Sendable {
    package let status: Int
    /// The header field Retry-After, as it stands.
    package let retryAfter: String?
    package let body: [UInt8]
    /// For people: which credential the request showed, and where that stands; never the secret.
    package let identity: String?

    package init(status: Int, retryAfter: String?, body: [UInt8], identity: String? = nil) {
        self.status = status
        self.retryAfter = retryAfter
        self.body = body
        self.identity = identity
    }

    /// What became of a write.
    package func outcome(of write: WriteRequest) -> WriteOutcome {
        guard (200..<300).contains(status) else { return ServerFailure(self).outcome(of: write) }
        // Somebody else's page, or half an answer, is no proof.
        guard let object = try? JSON.parse(body, skipping: [.managedFields]),
            object["kind"]?.stringValue != nil
        else { return .unknown("\(write.key): the answer to the write is not an object") }
        return .applied(object)
    }

    /// What a read found. `managedFields` are left out unless asked for, and everything but which
    /// object it is, and in which state, if only metadata were asked for.
    package func outcome(
        ofReading key: ResourceKey, managedFields: Bool = false, metadataOnly: Bool = false
    ) -> ReadOutcome {
        guard status == 200 else { return ServerFailure(self).read(key) }
        guard
            let object = try? JSON.parse(body, skipping: managedFields ? [] : [.managedFields]),
            object.at("metadata", "name")?.stringValue == key.name
        else { return .failed(WriteRefusal(.unreachable, "\(key): the answer is not the object")) }
        guard metadataOnly else { return .found(object) }
        // No more: an annotation of kubectl's holds what was applied, data and all.
        var metadata: Document = [:]
        for member in ["name", "namespace", "uid", "resourceVersion"] {
            metadata[member] = object.at("metadata", member)
        }
        return .found(["metadata": metadata])
    }

    /// Why a list or a watch did not begin.
    package var error: ClusterError { ClusterError(ServerFailure(self)) }
}
