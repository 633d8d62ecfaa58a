package import Domain

/// Puts together a list that comes as the beginning of a watch: its objects one a line, then a
/// bookmark that says that this was the list (`sendInitialEvents`; Kubernetes, KEP-3157, on by
/// default since 1.34).
package struct StreamedList: Sendable {
    private var objects: [NamespacedName: Document] = [:]

    package init() {}

    /// Takes the next line; the list's version when it is complete.
    ///
    /// - Throws: `invalid` where the server turns out to know nothing of streamed lists.
    package mutating func take(_ line: [UInt8]) throws(ClusterError) -> String? {
        let (type, event) = try WatchLine.parts(line)
        switch try WatchLine(type, event) {
        // What changes while the list is sent is told in between.
        case .changed(let object, _): objects[Self.name(object)] = object
        case .deleted(let object, _): objects[Self.name(object)] = nil
        case .failed(let error): throw error
        case .bookmark(let version):
            let mark = event.at("metadata", "annotations", "k8s.io/initial-events-end")
            guard mark == "true" else {
                throw ClusterError(.invalid, "the server watches, and does not stream the list")
            }
            return version
        }
        return nil
    }

    private static func name(_ object: Document) -> NamespacedName {
        NamespacedName(
            namespace: object.at("metadata", "namespace")?.stringValue ?? "",
            name: object.at("metadata", "name")?.stringValue ?? "")
    }

    /// What has come so far, ordered by namespace and name; the list only once it is complete.
    package var items: [Document] {
        objects.keys.sorted().compactMap { objects[$0] }
    }
}
