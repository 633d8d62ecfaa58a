package import Domain

/// An open watch: knows what has been sent and says what is next. A server asks it again after
/// each change of the store; nothing is sent twice or left out.
package struct WatchSubscription: Sendable {
    private enum Start: Hashable {
        /// First everything that exists; the mark says where that ends.
        case state(least: Int64, mark: Bool)
        case version(Int64)
        /// Only what comes from now on.
        case now
        case underWay
    }

    /// The kind that is watched: `Store.lastChange(of:)` says whether there may be news.
    package let kind: ResourceKind
    /// Bookmarks may be sent.
    package let allowsBookmarks: Bool
    /// After which time the client wants the server to end the stream; `nil` if it does not say.
    package let timeout: TimeSpan?
    /// The error with which a stream that has not begun is refused is not here: a watch begins
    /// with status 200. The stream is over.
    package private(set) var isEnded = false
    /// Everything up to this version has been told.
    package private(set) var version: Int64 = 0

    private let namespace: String
    private let selection: Selection
    private let form: Representation
    private let request: APIRequest
    private var start: Start
    private var hasSentColumns = false

    init(_ call: Call, _ query: ListQuery) {
        kind = call.kind
        namespace = call.path.namespace
        selection = query.options.selection
        form = call.form
        request = call.request
        allowsBookmarks = query.allowsBookmarks
        timeout = query.timeout
        if query.sendsInitialEvents {
            start = .state(least: query.version ?? 0, mark: query.allowsBookmarks)
        } else if let version = query.version, version > 0 {
            start = .version(version)
        } else if request.parameter("sendInitialEvents") != nil {
            start = .now
        } else {
            start = .state(least: 0, mark: false)
        }
    }

    /// The media type of the stream.
    package var contentType: String { "application/json" }

    /// The events that are due, as the objects of the stream's lines.
    package mutating func events(_ store: Store, now: Timestamp) -> [Document] {
        guard !isEnded else { return [] }
        guard let definition = store.registry[kind] else {
            isEnded = true
            return []
        }
        var lines: [Document] = []
        switch start {
        case .underWay: break
        case .now: version = store.version
        case .version(let first): version = first
        case .state(let least, let mark):
            guard least <= store.version else {
                return [end(.tooLargeVersion(least, current: store.version))]
            }
            version = store.version
            for object in store.objects(kind, namespace: namespace)
            where selection.matches(object, definition) {
                lines.append(line("ADDED", object, definition, now))
            }
            if mark { lines.append(bookmark(store, endsInitialEvents: true)) }
        }
        start = .underWay
        do throws(APIStatus) {
            for event in try store.events(kind, namespace: namespace, after: version) {
                version = event.version
                if let told = told(event, definition, now) { lines.append(told) }
            }
        } catch {
            lines.append(end(error))
            return lines
        }
        version = store.version
        return lines
    }

    /// A line with nothing but the version up to which everything has been told.
    package func bookmark(_ store: Store, endsInitialEvents: Bool = false) -> Document {
        var metadata: Document = ["resourceVersion": .string(String(max(version, 0)))]
        if endsInitialEvents {
            metadata["annotations"] = ["k8s.io/initial-events-end": "true"]
        }
        let object: Document = [
            "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion),
            "metadata": metadata,
        ]
        return ["type": "BOOKMARK", "object": object]
    }

    private mutating func end(_ status: APIStatus) -> Document {
        isEnded = true
        return ["type": "ERROR", "object": status.document]
    }

    /// What this watcher sees of a change: an object that begins to match is added for it, one
    /// that no longer matches is deleted, in its old form under the new version.
    private mutating func told(
        _ event: StoreEvent, _ definition: KindDefinition, _ now: Timestamp
    ) -> Document? {
        let before = event.previous.map { selection.matches($0, definition) } ?? false
        if event.change == .deleted {
            return before ? line("DELETED", event.object, definition, now) : nil
        }
        switch (before, selection.matches(event.object, definition)) {
        case (false, false): return nil
        case (false, true): return line("ADDED", event.object, definition, now)
        case (true, true): return line("MODIFIED", event.object, definition, now)
        case (true, false):
            guard var last = event.previous else { return nil }
            last.set(["metadata", "resourceVersion"], to: .string(String(event.version)))
            return line("DELETED", last, definition, now)
        }
    }

    private mutating func line(
        _ type: String, _ object: Document, _ definition: KindDefinition, _ now: Timestamp
    ) -> Document {
        let shown: Document
        switch form {
        case .object, .aggregatedDiscovery: shown = object
        case .partialMetadata: shown = Tables.partial(object)
        case .table:
            var table = Tables.table(
                [object], definition, request, now: now,
                metadata: ["resourceVersion": .string(object.objectVersion)])
            if hasSentColumns { table["columnDefinitions"] = .null }
            hasSentColumns = true
            shown = table
        }
        return ["type": .string(type), "object": shown]
    }
}
