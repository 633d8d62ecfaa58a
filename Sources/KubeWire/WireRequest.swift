package import Domain
package import Resources

/// A request to the API as HTTP says it: everything but the server's address and credentials.
package struct WireRequest: Hashable, Sendable {
    /// What to do with the path.
    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What the request is in the API's own words, by which rights are given too.
    package let verb: Right.Verb
    /// `pods`, or `pods/status`.
    package let resource: String
    /// Without the query.
    package let path: String
    package let query: Query
    /// The body's media type.
    package let type: String?
    package let body: [UInt8]?
    /// In which form the answer is wanted.
    package let accept: String

    /// The media type of an object.
    static let json = "application/json"
    /// The media type of an object's metadata alone: what else is in it stays at the server.
    static let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

    /// The name under which Slipway owns fields.
    package static let fieldManager = "slipway"

    /// What HTTP calls it.
    package var method: Method {
        switch verb {
        case .get, .list, .watch: .get
        case .create: .post
        case .patch: .patch
        case .delete: .delete
        }
    }

    /// - Parameter part: of the object, such as `status`; empty for the whole.
    init(
        _ verb: Right.Verb, _ kind: ResourceKind, part: String = "", _ path: String,
        _ query: Query = Query(), type: String? = nil, body: [UInt8]? = nil,
        accept: String = WireRequest.json
    ) {
        let part = part.isEmpty ? "" : "/\(part)"
        self.verb = verb
        resource = kind.plural + part
        self.path = path + part
        self.query = query
        self.type = type
        self.body = body
        self.accept = accept
    }

    /// Which server this is.
    package static let serverVersion = WireRequest(
        .get, ResourceKind(group: "", version: "", kind: "", plural: "version"), "/version")

    /// Reads an object as the store has it, not a cache; `nil` if a name cannot stand in a path.
    ///
    /// - Parameter metadataOnly: what else is in the object stays at the server.
    package init?(reading key: ResourceKey, metadataOnly: Bool = false) {
        guard let path = Self.path(key) else { return nil }
        self.init(.get, key.kind, path, accept: metadataOnly ? Self.metadata : Self.json)
    }

    /// Reads a page of a list; `token` is what the page before said.
    ///
    /// - Parameter limit: objects on the page; `nil` for all at once.
    package init(
        listing selection: ObjectSelection, version: ListVersion, limit: Int?, token: String?
    ) throws(ClusterError) {
        var query = selection.query
        if let limit { query.add("limit", "\(max(1, limit))") }
        if let token {
            query.add("continue", token)
        } else if case .atLeast(let version) = version {
            query.add("resourceVersion", version)
            query.add("resourceVersionMatch", "NotOlderThan")
        }
        self.init(.list, selection.kind, try Self.path(selection), query)
    }

    /// Reads a whole list as the beginning of a watch, for so many seconds at most: see
    /// ``StreamedList``.
    package init(
        streaming selection: ObjectSelection, version: ListVersion, seconds: Int
    ) throws(ClusterError) {
        var query = selection.query
        query.add("watch", "1")
        query.add("sendInitialEvents", "true")
        query.add("resourceVersionMatch", "NotOlderThan")
        if case .atLeast(let version) = version { query.add("resourceVersion", version) }
        query.add("allowWatchBookmarks", "true")
        query.add("timeoutSeconds", "\(seconds)")
        self.init(.watch, selection.kind, try Self.path(selection), query)
    }

    /// Watches from a version on, with bookmarks, for so many seconds at most.
    package init(
        watching selection: ObjectSelection, from version: String, seconds: Int
    ) throws(ClusterError) {
        var query = selection.query
        query.add("watch", "1")
        query.add("resourceVersion", version)
        query.add("allowWatchBookmarks", "true")
        query.add("timeoutSeconds", "\(seconds)")
        self.init(.watch, selection.kind, try Self.path(selection), query)
    }

    // MARK: Paths

    /// The path of an object; `nil` if a name could be read as something else.
    static func path(_ key: ResourceKey) -> String? {
        isSegment(key.name) && (key.namespace.isEmpty || isSegment(key.namespace)) ? key.path : nil
    }

    static func path(_ selection: ObjectSelection) throws(ClusterError) -> String {
        if let namespace = selection.namespace, !isSegment(namespace) {
            throw ClusterError(.invalid, "\(selection): not a name of a namespace")
        }
        return selection.kind.path(namespace: selection.namespace)
    }

    private static func isSegment(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 253 && name != "." && name != ".."
            && name.utf8.allSatisfy { Query.isUnreserved($0) || $0 == UInt8(ascii: ":") }
    }
}
