import Documents
import Domain
import Resources
import Transport

/// A write as HTTP says it.
struct WriteCall {
    let method: HTTPRequest.Method
    let path: String
    let query: Query
    let type: String
    let body: [UInt8]

    /// `nil` if a name cannot stand in a path.
    init?(_ write: WriteRequest, timeout: Duration = .seconds(5)) {
        guard let path = ClusterClient.path(write.key) else { return nil }
        let limit = "\(timeout.components.seconds)s"
        var query = Query()
        query.add("fieldManager", ClusterClient.fieldManager)
        // The server gives up then, so that nothing happens long after we have decided anew.
        query.add("timeout", limit)
        switch write {
        case .create(let key, let object):
            method = .post
            self.path = key.kind.path(namespace: key.namespace)
            type = "application/json"
            body = JSON.write(object)
        case .apply(_, let object, let force):
            method = .patch
            self.path = path
            query.add("force", force ? "true" : "false")
            type = "application/apply-patch+yaml"
            body = JSON.write(object)
        case .applyStatus(_, let object):
            method = .patch
            self.path = path + "/status"
            // The whole status is ours.
            query.add("force", "true")
            type = "application/apply-patch+yaml"
            body = JSON.write(object)
        case .jsonPatch(_, let operations):
            method = .patch
            self.path = path
            type = "application/json-patch+json"
            body = JSON.write(.array(operations.map(\.document)))
        case .delete(_, let uid, let resourceVersion):
            method = .delete
            self.path = path
            query = Query()
            query.add("timeout", limit)
            type = "application/json"
            var preconditions: Document = ["uid": .string(uid)]
            if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion) }
            body = JSON.write([
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions,
                "propagationPolicy": "Background",
            ])
        }
        self.query = query
    }
}
