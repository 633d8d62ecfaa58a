import Cluster
import Domain
import Resources
import TestServers
import Testing

/// What is certain of a write when the connection or whoever stands between fails it. The server
/// counts what arrives: nothing is sent again behind the back of who decides.
@Suite(.timeLimit(.minutes(1)))
struct WriteFaultTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")
    private static let object: Document = [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "prod"],
    ]
    private static let text = #"{"kind":"ConfigMap","metadata":{"name":"a"}}"#
    private static let writes: [WriteRequest] = [
        .create(key, object), .apply(key, object, force: true), .applyStatus(key, object),
        .jsonPatch(key, [PatchOperation(.test, "/metadata/uid", "u")]),
        .delete(key, uid: "u", resourceVersion: "7"),
        .handOver(key, object),
    ]

    /// How an exchange goes wrong after the connection stands.
    enum Fault: String, CaseIterable, Sendable {
        case beforeTheRequestIsRead, afterItIsRead, resetAfterItIsRead, halfAHeader, halfAnObject
        case anObjectCutShort, pageOfAProxy, pageWith502, compressed, redirect, noEnd, otherKind
    }

    private static func play(_ fault: Fault, _ peer: ScriptedServer.Peer, _ elsewhere: String) {
        switch fault {
        case .beforeTheRequestIsRead, .afterItIsRead: break
        case .resetAfterItIsRead: peer.reset()
        case .halfAHeader: peer.send("HTTP/1.1 200 OK\r\nContent-Le")
        case .halfAnObject: peer.answerHalf(200, text)
        case .anObjectCutShort: peer.answer(200, String(text.dropLast(3)))
        case .pageOfAProxy: peer.answer(200, "<html>Welcome</html>", type: "text/html")
        case .pageWith502: peer.answer(502, "<html>Bad Gateway</html>", type: "text/html")
        case .compressed:
            peer.answer(200, "\u{1f}\u{8b}", headers: ["Content-Encoding: gzip"])
        case .redirect: peer.answer(307, "", headers: ["Location: \(elsewhere)/stolen"])
        case .noEnd:
            peer.startChunked()
            while peer.chunk(String(repeating: " ", count: 60_000)) {}
        case .otherKind: peer.answer(200, "[]")
        }
    }

    @Test(arguments: Fault.allCases, [false, true])
    func aWriteGoesOutOnceAndNobodyKnows(_ fault: Fault, _ onKeptConnection: Bool) async throws {
        let elsewhere = try ScriptedServer { _, peer in
            peer.answer(200, Self.text)
            return .keep
        }
        let read = fault != .beforeTheRequestIsRead
        for write in Self.writes {
            let server = try ScriptedServer(
                opening: { _ in read || onKeptConnection ? .serve : .close }
            ) { request, peer in
                guard request.method == "GET" else {
                    Self.play(fault, peer, elsewhere.url)
                    return .close
                }
                peer.answer(200, Self.text)
                guard !read else { return .keep }
                peer.waitForBytes()
                return .close
            }
            let client = try ClusterClient(
                KubeConfiguration(server: server.url, credentials: .token("canary")),
                logger: .quiet)
            if onKeptConnection { _ = await client.get(Self.key) }
            guard case .unknown(let reason) = await client.perform(write) else {
                Issue.record("certain of \(write)")
                continue
            }
            #expect(!reason.contains("canary"))
            let written = server.requests.filter { $0.method != "GET" }
            #expect(written.count == (read ? 1 : 0))
            // libcurl connects anew for a second try before it learns that there is none.
            #expect(server.connectionCount <= (onKeptConnection ? 2 : 1))
            await client.shutDown()
        }
        #expect(elsewhere.connectionCount == 0)
    }

    @Test func theNextWriteUsesANewConnection() async throws {
        let server = try ScriptedServer { request, peer in
            guard request.number > 0 else { return .close }
            peer.answer(200, Self.text)
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        guard case .unknown = await client.perform(Self.writes[1]),
            case .applied = await client.perform(Self.writes[1])
        else {
            Issue.record("not unknown and then applied")
            return
        }
        #expect(server.requests.count == 2)
        await client.shutDown()
    }

    /// Reads harm nobody: a kept connection that is dead costs them nothing.
    @Test func aReadOnADeadConnectionIsSentAgain() async throws {
        let server = try ScriptedServer { request, peer in
            guard request.number != 1 else { return .close }
            peer.answer(200, Self.text)
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        for _ in 0..<2 {
            guard case .found = await client.get(Self.key) else {
                Issue.record("not found")
                continue
            }
        }
        #expect(server.requests.count == 3)
        await client.shutDown()
    }

    @Test(arguments: [
        "999999999999999999", "9223372036854775807", "3600", "86400",
    ])
    func anAbsurdWaitIsNoLongerThanAnHour(_ seconds: String) async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(429, "", headers: ["Retry-After: \(seconds)"])
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        guard case .notApplied(let refusal) = await client.perform(Self.writes[1]) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.kind == .tooManyRequests)
        #expect(refusal.retryAfter == .seconds(3600))
        await client.shutDown()
    }

    @Test(arguments: [
        "-1", "", "soon", "1e9", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "0x10",
    ])
    func aWaitThatIsNoneSaysNothing(_ text: String) async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(
                request.method == "DELETE" ? 503 : 429, "", headers: ["Retry-After: \(text)"])
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        guard case .notApplied(let refusal) = await client.perform(Self.writes[1]) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.retryAfter == nil)
        // 503 is only certain with a word on when to come again.
        guard case .unknown = await client.perform(Self.writes[4]) else {
            Issue.record("certain")
            return
        }
        await client.shutDown()
    }
}
