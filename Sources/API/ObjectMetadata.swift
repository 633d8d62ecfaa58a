package import Domain

/// The parts of `metadata` that Slipway reads.
package struct ObjectMetadata: Hashable, Sendable {
    package var name: String
    package var namespace: String
    package var uid: String
    package var resourceVersion: String
    package var generation: Int64
    package var labels: Fields
    package var annotations: Fields
    package var creationTimestamp: Timestamp?
    package var deletionTimestamp: Timestamp?

    package init(
        name: String,
        namespace: String = "",
        uid: String = "",
        resourceVersion: String = "",
        generation: Int64 = 0,
        labels: Fields = .init(),
        annotations: Fields = .init(),
        creationTimestamp: Timestamp? = nil,
        deletionTimestamp: Timestamp? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.labels = labels
        self.annotations = annotations
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
    }

    /// Reads the metadata of any object; what is missing or of another type stays empty.
    package init(of object: Document) {
        let metadata = object["metadata"]
        func text(_ key: String) -> String { metadata?[key]?.stringValue ?? "" }
        func time(_ key: String) -> Timestamp? {
            metadata?[key]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        }
        self.init(
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
            resourceVersion: text("resourceVersion"),
            generation: metadata?["generation"]?.integerValue ?? 0,
            labels: metadata?["labels"]?.objectValue ?? .init(),
            annotations: metadata?["annotations"]?.objectValue ?? .init(),
            creationTimestamp: time("creationTimestamp"),
            deletionTimestamp: time("deletionTimestamp")
        )
    }

    /// `NAMESPACE/NAME`.
    package var id: NamespacedName { .init(namespace: namespace, name: name) }

    /// An annotation's text.
    package func annotation(_ key: String) -> String? { annotations[key]?.stringValue }

    /// A label's text.
    package func label(_ key: String) -> String? { labels[key]?.stringValue }
}
