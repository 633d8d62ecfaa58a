import Documents
import Domain
package import Resources

extension WireRequest {
    /// A write; `nil` if a name cannot stand in a path. The server gives up after `seconds`, so
    /// that nothing happens long after something else was decided.
    package init?(_ write: WriteRequest, seconds: Int64 = 5) {
        guard let path = Self.path(write.key) else { return nil }
        let kind = write.key.kind
        var query = Query()
        query.add("fieldManager", write.manager)
        query.add("timeout", "\(seconds)s")
        let apply = "application/apply-patch+yaml"
        switch write {
        case .create(let key, let object):
            self.init(
                .create, kind, kind.path(namespace: key.namespace), query, type: "application/json",
                body: JSON.write(object))
        case .apply(_, let object, let force):
            query.add("force", force ? "true" : "false")
            self.init(.patch, kind, path, query, type: apply, body: JSON.write(object))
        case .handOver(_, let object):
            query.add("force", "false")
            self.init(.patch, kind, path, query, type: apply, body: JSON.write(object))
        case .applyStatus(_, let object):
            // The whole status is ours.
            query.add("force", "true")
            self.init(
                .patch, kind, part: "status", path, query, type: apply, body: JSON.write(object))
        case .jsonPatch(_, let operations):
            self.init(
                .patch, kind, path, query, type: "application/json-patch+json",
                body: JSON.write(.array(operations.map(\.document))))
        case .delete(_, let uid, let resourceVersion):
            var query = Query()
            query.add("timeout", "\(seconds)s")
            var preconditions: Document = ["uid": .string(uid)]
            if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion) }
            self.init(
                .delete, kind, path, query, type: "application/json",
                body: JSON.write([
                    "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions,
                    "propagationPolicy": "Background",
                ]))
        }
    }
}
