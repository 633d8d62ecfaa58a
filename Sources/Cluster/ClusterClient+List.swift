import Documents
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
    ///
    /// Where the server forgets the state that the first page was of, the rest is not to be had
    /// and what was read is dropped. Pages would be overtaken again, so the list is streamed then,
    /// and read in one piece from a server that streams none (or lets us watch nothing).
    package func list(
        _ selection: ObjectSelection, version: ListVersion = .newest, pageSize: Int = 500
    ) async throws(ClusterError) -> ObjectList {
        var items: [Document] = []
        do throws(ClusterError) {
            let resourceVersion = try await forEachPage(
                of: selection, version: version, pageSize: pageSize
            ) { items += $0 }
            return ObjectList(items: items, resourceVersion: resourceVersion)
        } catch {
            guard error.kind == .expired, !items.isEmpty else { throw error }
        }
        items = []
        do throws(ClusterError) {
            return try await streamedList(selection, version: version)
        } catch {
            guard error.kind == .invalid || error.kind == .forbidden else { throw error }
        }
        let request = try WireRequest(
            listing: selection, version: version, limit: nil, token: nil)
        let page = try await readPage(selection.kind, request) { items += $0 }
        guard page.token == nil else {
            throw ClusterError(.malformed, "\(selection): a page, and the whole was asked for")
        }
        return ObjectList(items: items, resourceVersion: page.resourceVersion)
    }

    /// Reads a whole list as the beginning of a watch, which the server answers without holding
    /// the list in memory.
    ///
    /// - Throws: `invalid` from a server that does not do that.
    package func streamedList(
        _ selection: ObjectSelection, version: ListVersion = .newest
    ) async throws(ClusterError) -> ObjectList {
        let seconds = 120
        let body = try await stream(
            try WireRequest(streaming: selection, version: version, seconds: seconds),
            deadlines: .init(total: .seconds(seconds + 10), idle: .seconds(30)),
            bodyBytes: 1 << 30)
        var list = StreamedList()
        var splitter = LineSplitter(limit: 8 << 20)
        var chunks = body.makeAsyncIterator()
        while let chunk = try await Self.next(&chunks) {
            let lines: [[UInt8]]
            do {
                lines = try splitter.feed(chunk)
            } catch {
                throw ClusterError(.malformed, "\(selection): the stream has \(error)")
            }
            for line in lines {
                guard let version = try list.take(line) else { continue }
                return ObjectList(items: list.items, resourceVersion: version)
            }
        }
        throw ClusterError(.unavailable, "\(selection): the stream ended before the list did")
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
