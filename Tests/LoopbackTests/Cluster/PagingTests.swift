import Cluster
import Domain
import KubeWire
import Resources
import Sandbox
import TestServers
import Testing

/// Lists whose history runs out between two pages, and lists that are streamed.
@Suite(.timeLimit(.minutes(2)))
struct PagingTests: ViewScript {
    private static let selection = ObjectSelection(.configMap, namespace: "default", labels: "a=b")

    private func withClient<Result>(
        of server: ScriptedServer, _ body: (ClusterClient) async throws -> Result
    ) async throws -> Result {
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        do {
            let result = try await body(client)
            await client.shutDown()
            return result
        } catch {
            await client.shutDown()
            throw error
        }
    }

    private static func names(_ list: ObjectList) -> [String] {
        list.items.map { $0.at("metadata", "name")?.stringValue ?? "" }
    }

    private static func page(_ version: Int, next: String, _ names: String...) -> String {
        let items = names.map { object($0, version) }.joined(separator: ",")
        return """
            {"kind":"ConfigMapList","metadata":{"resourceVersion":"\(version)",\
            "continue":"\(next)"},"items":[\(items)]}
            """
    }

    private static let end = event(
        "BOOKMARK",
        #"{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}"#)

    private static func refusal(_ code: Int, _ reason: String) -> String {
        #"{"kind":"Status","status":"Failure","message":"m","reason":"\#(reason)","code":\#(code)}"#
    }

    /// Gives a first page and forgets the rest; answers a streamed list as `streamed` says.
    private static func forgetful(
        _ streamed: @escaping @Sendable (ScriptedServer.Peer) -> ScriptedServer.Next
    ) throws -> ScriptedServer {
        try ScriptedServer { request, peer in
            if isWatch(request) { return streamed(peer) }
            if request.query("continue") != nil {
                peer.answer(410, status410)
            } else if request.query("limit") != nil {
                peer.answer(200, page(5, next: "x", "old", "gone"))
            } else {
                peer.answer(200, list(8, "whole"))
            }
            return .keep
        }
    }

    /// The first page is of another state than the rest would be now: it is dropped.
    @Test func aListThatExpiresBetweenPagesIsStreamed() async throws {
        let server = try Self.forgetful { peer in
            peer.startChunked()
            peer.chunk(Self.event("ADDED", Self.object("b", 6)))
            peer.chunk(Self.event("ADDED", Self.object("a", 7)))
            peer.chunk(Self.event("ADDED", Self.object("short", 7)))
            peer.chunk(Self.event("MODIFIED", Self.object("b", 8)))
            peer.chunk(Self.event("DELETED", Self.object("short", 9)) + Self.end)
            _ = peer.waitForClose()
            return .close
        }
        let found = try await withClient(of: server) {
            try await $0.list(Self.selection, version: .atLeast("4"))
        }
        #expect(Self.names(found) == ["a", "b"])
        #expect(found.items.last?.at("metadata", "resourceVersion") == "8")
        #expect(found.resourceVersion == "9")
        let path = "/api/v1/namespaces/default/configmaps?labelSelector=a%3Db"
        #expect(
            server.requests.map(\.target) == [
                path + "&limit=500&resourceVersion=4&resourceVersionMatch=NotOlderThan",
                path + "&limit=500&continue=x",
                path + "&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                    + "&resourceVersion=4&allowWatchBookmarks=true&timeoutSeconds=120",
            ])
    }

    enum Refusal: String, CaseIterable, Sendable {
        case invalid, badRequest, forbidden, invalidEvent, ordinaryBookmark
    }

    /// Servers before 1.34, or with streamed lists switched off, and those where we may not watch.
    @Test(arguments: Refusal.allCases)
    func aServerThatStreamsNoListIsAskedForAllOfItAtOnce(_ refusal: Refusal) async throws {
        let server = try Self.forgetful { peer in
            switch refusal {
            case .invalid: peer.answer(422, Self.refusal(422, "Invalid"))
            case .badRequest: peer.answer(400, Self.refusal(400, "BadRequest"))
            case .forbidden: peer.answer(403, Self.refusal(403, "Forbidden"))
            case .invalidEvent:
                peer.startChunked()
                peer.chunk(Self.event("ERROR", Self.refusal(422, "Invalid")))
                peer.endChunks()
            case .ordinaryBookmark:
                peer.startChunked()
                peer.chunk(Self.event("ADDED", Self.object("half", 6)) + Self.bookmark(7))
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        let found = try await withClient(of: server) { try await $0.list(Self.selection) }
        #expect(Self.names(found) == ["whole"])
        #expect(found.resourceVersion == "8")
        #expect(
            server.requests.last?.target
                == "/api/v1/namespaces/default/configmaps?labelSelector=a%3Db")
    }

    /// Through a view: what a cut stream told is not shown, wherever it is cut.
    @Test(arguments: 0...3)
    func aStreamedListThatIsCutReplacesNothing(_ whole: Int) async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "kept"))
            case 1: peer.answer(410, Self.status410)
            case 2: peer.answer(200, Self.page(6, next: "x", "half"))
            case 3: peer.answer(410, Self.status410)
            case 4:
                peer.startChunked()
                for number in 0..<whole {
                    peer.chunk(Self.event("ADDED", Self.object("n\(number)", 7)))
                }
                peer.chunk(String(Self.event("ADDED", Self.object("cut", 7)).prefix(40)))
                peer.endChunks()
            case 5: peer.answer(200, Self.list(8, "kept", "new"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 kept", "?", "=8 kept new"])
        #expect(
            server.requests.prefix(6).map { $0.query("sendInitialEvents") ?? "-" }
                == ["-", "-", "-", "-", "true", "-"])
    }

    /// The same list as pages give, from a server that streams.
    @Test func theEmbeddedServerStreamsWhatItsPagesSay() async throws {
        try await SandboxServer.withServer { _, port in
            let client = try ClusterClient(
                KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: .quiet)
            for number in 100..<125 {
                let key = ResourceKey(.configMap, namespace: "default", name: "n\(number)")
                let outcome = await client.perform(
                    .create(
                        key,
                        [
                            "apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": ["name": .string(key.name), "namespace": "default"],
                        ]))
                guard case .applied = outcome else {
                    Issue.record("\(outcome)")
                    break
                }
            }
            let selection = ObjectSelection(.configMap, namespace: "default")
            let paged = try await client.list(selection, pageSize: 10)
            let streamed = try await client.streamedList(selection)
            #expect(streamed.items == paged.items)
            #expect(streamed.resourceVersion == paged.resourceVersion)
            #expect(streamed.items.count >= 25)
            let later = try await client.streamedList(
                selection, version: .atLeast(paged.resourceVersion))
            #expect(later.items == paged.items)
            let early = await #expect(throws: ClusterError.self) {
                try await client.streamedList(selection, version: .atLeast("99999999"))
            }
            #expect(early?.kind == .versionTooLarge)
            await client.shutDown()
        }
    }
}
