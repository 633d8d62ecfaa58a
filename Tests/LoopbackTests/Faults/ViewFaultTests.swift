import Cluster
import Domain
import KubeWire
import Resources
import Synchronization
import TestServers
import Testing

/// Lists and watches through proxies, half-dead connections and servers that lie: a view is only
/// ever a world that was told completely.
@Suite(.timeLimit(.minutes(1)))
struct ViewFaultTests: ViewScript {
    /// How an answer to a list goes wrong.
    enum ListFault: String, CaseIterable, Sendable {
        case chunkCut, chunkNeverCompleted, endOfConnection, reset, cutInsideJSON, page, compressed
        case redirect, silence
    }

    private static func play(_ fault: ListFault, _ peer: ScriptedServer.Peer, _ elsewhere: String) {
        let text = list(6, "x", "y", "z")
        switch fault {
        case .chunkCut:
            peer.startChunked()
            peer.send(String(text.utf8.count, radix: 16) + "\r\n" + text.prefix(150))
        case .chunkNeverCompleted:
            // Every chunk is whole, the last one (of length 0) never comes.
            peer.startChunked()
            peer.chunk(String(text.prefix(150)))
        case .endOfConnection: peer.send("HTTP/1.1 200 OK\r\n\r\n" + text.dropLast(2))
        case .reset:
            peer.startChunked()
            peer.chunk(String(text.prefix(150)))
            peer.wait(milliseconds: 20)
            peer.reset()
        case .cutInsideJSON: peer.answer(200, String(text.dropLast(2)))
        case .page: peer.answer(200, "<html>Welcome</html>", type: "text/html")
        case .compressed: peer.answer(200, "\u{1f}\u{8b}", headers: ["Content-Encoding: gzip"])
        case .redirect: peer.answer(302, "", headers: ["Location: \(elsewhere)/stolen"])
        case .silence: _ = peer.waitForClose(milliseconds: 200)
        }
    }

    /// `x`, `y` and `z` were read, some of them whole, and are not shown.
    @Test(arguments: ListFault.allCases)
    func halfAListReplacesNothing(_ fault: ListFault) async throws {
        let elsewhere = try ScriptedServer { _, peer in
            peer.answer(200, Self.list(66, "stolen"))
            return .keep
        }
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1: peer.answer(410, Self.status410)
            case 2:
                Self.play(fault, peer, elsewhere.url)
                return .close
            case 3: peer.answer(200, Self.list(8, "d"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=8 d"])
        let asked = Self.asked(server)
        #expect(asked.prefix(4).allSatisfy { $0 == "watch 5" || $0 == "list" })
        #expect(elsewhere.connectionCount == 0)
    }

    @Test(arguments: ["in an item", "around the items", "in a name"])
    func aListWithoutEndIsBounded(_ place: String) async throws {
        let sent = Mutex(0)
        let server = try ScriptedServer { request, peer in
            peer.startChunked()
            switch place {
            case "in an item": peer.chunk(#"{"items":[{"a":""#)
            case "around the items": peer.chunk(#"{"a":""#)
            default: peer.chunk(#"{"items":[{""#)
            }
            let part = String(repeating: "x", count: 1 << 18)
            while peer.chunk(part) { sent.withLock { $0 += 1 << 18 } }
            return .close
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        let error = await #expect(throws: ClusterError.self) {
            try await client.list(ObjectSelection(.configMap))
        }
        #expect(error?.kind == .malformed)
        await client.shutDown()
        // What the kernel and libcurl hold comes on top of the longest item.
        #expect(sent.withLock { $0 } < 64 << 20)
    }

    /// How a watch goes wrong without a word of HTTP about it.
    enum WatchFault: String, CaseIterable, Sendable {
        case lineCut, lineWithoutEndOfLine, lineInTwoHalves
    }

    @Test(arguments: WatchFault.allCases)
    func halfAnEventIsNoEvent(_ fault: WatchFault) async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5))
                return .keep
            }
            peer.startChunked()
            guard request.query("resourceVersion") == "5" else {
                peer.chunk(Self.event("ADDED", Self.object("c", 9)))
                _ = peer.waitForClose()
                return .close
            }
            peer.chunk(Self.event("ADDED", Self.object("a", 6)))
            let next = Self.event("ADDED", Self.object("b", 7))
            peer.wait(milliseconds: 50)
            switch fault {
            case .lineCut:
                peer.chunk(String(next.prefix(40)))
                peer.endChunks()
            case .lineWithoutEndOfLine:
                peer.chunk(String(next.dropLast()))
                peer.endChunks()
            case .lineInTwoHalves:
                // The second half comes over another connection, as from another server.
                peer.chunk(String(next.prefix(40)))
            }
            return .close
        }
        #expect(try await events(3, from: server) == ["=5", "+a", "+c"])
        #expect(Self.asked(server).prefix(3) == ["list", "watch 5", "watch 6"])
    }

    /// The connection stands and nothing comes: not even a header, or a header and no line.
    @Test(arguments: [false, true])
    func aHalfOpenWatchIsLeft(_ withHeader: Bool) async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(request.number == 0 ? 5 : 7, "a"))
                return .keep
            }
            if withHeader || request.number > 1 { peer.startChunked() }
            if request.number > 1 { peer.chunk(Self.event("ADDED", Self.object("b", 8))) }
            // Far beyond the patience of the watch.
            _ = peer.waitForClose(milliseconds: 30_000)
            return .close
        }
        var settings = Self.quick
        settings.idle = .milliseconds(400)
        let seen = try await events(withHeader ? 2 : 4, from: server, settings: settings)
        if withHeader {
            #expect(seen == ["=5 a", "+b"])
            #expect(Self.asked(server).prefix(3) == ["list", "watch 5", "watch 5"])
        } else {
            #expect(seen == ["=5 a", "?", "=7 a", "+b"])
            #expect(Self.asked(server).prefix(4) == ["list", "watch 5", "list 5", "watch 7"])
        }
    }

    private static func status(_ code: Int, _ reason: String, _ more: String = "") -> String {
        """
        {"kind":"Status","status":"Failure","message":"m","reason":"\(reason)","code":\(code)\
        \(more)}
        """
    }

    /// 200, and then the server thinks better of it.
    @Test(arguments: [
        (500, "InternalError", "?"), (403, "Forbidden", "!"), (429, "TooManyRequests", "?"),
        (504, "Timeout", "?"), (0, "", "?"),
    ])
    func anErrorInsideAWatchIsNoEvent(
        _ code: Int, _ reason: String, _ told: String
    ) async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1:
                peer.startChunked()
                peer.chunk(Self.event("ERROR", Self.status(code, reason)))
                peer.chunk(Self.event("ADDED", Self.object("after", 6)))
                peer.endChunks()
            case 2: peer.answer(200, Self.list(9, "b"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        var settings = Self.quick
        settings.progress.shortWatch = .seconds(60)
        #expect(try await events(3, from: server, settings: settings) == ["=5 a", told, "=9 b"])
        #expect(Self.asked(server).prefix(3) == ["list", "watch 5", "list 5"])
    }

    @Test func aWatchThatIsRedirectedIsNoWatch() async throws {
        let elsewhere = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk(Self.event("ADDED", Self.object("stolen", 6)))
            return .close
        }
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1: peer.answer(307, "", headers: ["Location: \(elsewhere.url)/stolen"])
            case 2: peer.answer(200, Self.list(9, "b"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=9 b"])
        #expect(elsewhere.connectionCount == 0)
    }
}
