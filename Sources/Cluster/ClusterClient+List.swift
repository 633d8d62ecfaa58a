package import Domain
package import KubeWire
import Transport

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
        var token: String?
        for _ in 0..<Self.mostPages {
            let request = try WireRequest(
                listing: selection, version: version, limit: pageSize, token: token)
            let page = try await readPage(selection.kind, request, take)
            guard let next = page.token else { return page.resourceVersion }
            guard next != token else {
                throw ClusterError(.malformed, "\(selection): the list does not go on")
            }
            token = next
        }
        throw ClusterError(.malformed, "\(selection): more than \(Self.mostPages) pages")
    }

    /// Reads the beginning of a list: whether it can be read at all.
    package func firstPage(
        of selection: ObjectSelection, limit: Int = 1
    ) async throws(ClusterError) -> [Document] {
        var items: [Document] = []
        let request = try WireRequest(
            listing: selection, version: .newest, limit: limit, token: nil)
        _ = try await readPage(selection.kind, request) { items += $0 }
        return items
    }

    private static let mostPages = 10_000

    private func readPage(
        _ kind: ResourceKind, _ request: WireRequest, _ take: ([Document]) -> Void
    ) async throws(ClusterError) -> ListPage.End {
        let body = try await stream(
            request, deadlines: .init(total: .seconds(120), idle: .seconds(30)),
            bodyBytes: 1 << 30)
        var page = ListPage(of: kind)
        var chunks = body.makeAsyncIterator()
        while let chunk = try await Self.next(&chunks) {
            let items = try page.feed(chunk)
            if !items.isEmpty { take(items) }
        }
        return try page.finish()
    }

    /// The next bytes of a body.
    static func next(
        _ chunks: inout ResponseBody.AsyncIterator
    ) async throws(ClusterError) -> [UInt8]? {
        do throws(TransportError) {
            return try await chunks.next()
        } catch {
            throw ClusterError(error)
        }
    }
}
