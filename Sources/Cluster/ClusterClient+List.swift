import Documents
package import Domain
import Transport

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

/// A complete list.
package struct ObjectList: Sendable {
    package let items: [Document]
    package let resourceVersion: String
}

extension ClusterClient {
    /// Reads a whole list, page after page. Items carry `apiVersion` and `kind`, which servers
    /// leave out in lists, and no `managedFields`.
    package func list(
        _ selection: ObjectSelection, version: ListVersion = .newest, pageSize: Int = 500
    ) async throws(ClusterError) -> ObjectList {
        var items: [Document] = []
        let resourceVersion = try await forEachPage(
            of: selection, version: version, pageSize: pageSize
        ) { items += $0 }
        return ObjectList(items: items, resourceVersion: resourceVersion)
    }

    /// Reads a list and hands over what has arrived as it arrives; only when this returns, with
    /// the list's version, was it complete.
    package func forEachPage(
        of selection: ObjectSelection, version: ListVersion = .newest, pageSize: Int = 500,
        _ take: ([Document]) -> Void
    ) async throws(ClusterError) -> String {
        let path = try Self.path(selection)
        var token: String?
        for _ in 0..<Self.mostPages {
            var query = selection.query
            query.add("limit", "\(max(1, pageSize))")
            if let token {
                query.add("continue", token)
            } else if case .atLeast(let version) = version {
                query.add("resourceVersion", version)
                query.add("resourceVersionMatch", "NotOlderThan")
            }
            let page = try await readPage(selection.kind, path, query, take)
            guard let next = page.continuation else { return page.resourceVersion }
            guard next != token else {
                throw ClusterError(.malformed, "\(selection): the list does not go on")
            }
            token = next
        }
        throw ClusterError(.malformed, "\(selection): more than \(Self.mostPages) pages")
    }

    private static let mostPages = 10_000

    private func readPage(
        _ kind: ResourceKind, _ path: String, _ query: Query, _ take: ([Document]) -> Void
    ) async throws(ClusterError) -> (resourceVersion: String, continuation: String?) {
        let body = try await stream(
            path, query, deadlines: .init(total: .seconds(120), idle: .seconds(30)),
            bodyBytes: 1 << 30)
        var reader = JSONListReader()
        let list: Document
        do {
            for try await chunk in body {
                let items = try reader.feed(chunk)
                if !items.isEmpty { take(items.map { Self.typed($0, kind) }) }
            }
            list = try reader.finish()
        } catch let error as TransportError {
            throw ClusterError(error)
        } catch {
            throw ClusterError(.malformed, "the list of \(kind) cannot be read: \(error)")
        }
        guard list["kind"]?.stringValue?.hasSuffix("List") == true,
            let version = list.at("metadata", "resourceVersion")?.stringValue, !version.isEmpty
        else { throw ClusterError(.malformed, "the answer is no list of \(kind)") }
        let token = list.at("metadata", "continue")?.stringValue
        return (version, token?.isEmpty == false ? token : nil)
    }

    private static func typed(_ item: Document, _ kind: ResourceKind) -> Document {
        var item = item
        if item["kind"] == nil { item["kind"] = .string(kind.kind) }
        if item["apiVersion"] == nil { item["apiVersion"] = .string(kind.apiVersion) }
        return item
    }

    static func path(_ selection: ObjectSelection) throws(ClusterError) -> String {
        if let namespace = selection.namespace, !isSegment(namespace) {
            throw ClusterError(.invalid, "\(selection): not a name of a namespace")
        }
        return selection.kind.path(namespace: selection.namespace)
    }
}
