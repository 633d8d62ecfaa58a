package import Domain

/// Which objects to list or watch.
package struct ObjectSelection: Hashable, Sendable, CustomStringConvertible {
    package let kind: ResourceKind
    /// `nil` for all namespaces.
    package let namespace: String?
    /// As kubectl takes it: `slipway.dev/release,app=web`.
    package let labels: String?

    package init(_ kind: ResourceKind, namespace: String? = nil, labels: String? = nil) {
        self.kind = kind
        self.namespace = namespace
        self.labels = labels
    }

    package var description: String {
        (namespace.map { "\(kind) in \($0)" } ?? "\(kind)") + (labels.map { " with \($0)" } ?? "")
    }

    var query: Query {
        var query = Query()
        if let labels { query.add("labelSelector", labels) }
        return query
    }
}

/// How new a list must be.
package enum ListVersion: Hashable, Sendable {
    /// As the store has it.
    case newest
    /// At least as new as a version seen before; a cache may answer.
    case atLeast(String)
}
