import Cluster
import Domain
import KubeWire
import Logging
import Resources
import Synchronization
import TestServers
import Testing

/// Lists and watches against a server that misbehaves on cue.
@Suite(.timeLimit(.minutes(1)))
struct ReflectorTests: ViewScript {
    @Test func listsAndWatchesOn() async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5, "a", "b"))
                return .keep
            }
            peer.startChunked()
            peer.chunk(Self.event("ADDED", Self.object("c", 6)))
            let two =
                Self.event("MODIFIED", Self.object("a", 7))
                + Self.event("DELETED", Self.object("b", 8))
            // Cut anywhere: lines and chunks have nothing to do with each other.
            peer.chunk(String(two.prefix(50)))
            peer.wait(milliseconds: 20)
            peer.chunk(String(two.dropFirst(50)))
            peer.chunk(Self.bookmark(20))
            _ = peer.waitForClose()
            return .close
        }
        #expect(
            try await events(5, from: server, labels: "x=y") == ["=5 a b", "+c", "+a", "-b", "@20"])
        let watch = try #require(server.requests.last)
        #expect(watch.path == "/api/v1/configmaps")
        #expect(watch.query("resourceVersion") == "5")
        #expect(watch.query("allowWatchBookmarks") == "true")
        #expect(watch.query("labelSelector") == "x%3Dy")
        #expect((300...600).contains(Int(watch.query("timeoutSeconds") ?? "") ?? 0))
        let list = try #require(server.requests.first)
        #expect(list.target == "/api/v1/configmaps?labelSelector=x%3Dy&limit=500")
    }

    @Test(arguments: ["end", "cut", "reset", "silence"])
    func aWatchThatEndsGoesOnWhereItWas(_ end: String) async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5))
                return .keep
            }
            peer.startChunked()
            guard request.query("resourceVersion") == "5" else {
                peer.chunk(Self.event("ADDED", Self.object("b", 9)))
                _ = peer.waitForClose()
                return .close
            }
            peer.chunk(Self.event("ADDED", Self.object("a", 6)) + Self.bookmark(8))
            peer.wait(milliseconds: 50)
            switch end {
            case "end": peer.endChunks()
            case "cut": peer.send("ff\r\n{\"type\":\"ADDED\",\"obj")
            case "reset": peer.reset()
            default: _ = peer.waitForClose()
            }
            return .close
        }
        var settings = Self.quick
        settings.idle = .milliseconds(700)
        #expect(
            try await events(4, from: server, settings: settings) == ["=5", "+a", "@8", "+b"])
        #expect(Self.asked(server).prefix(3) == ["list", "watch 5", "watch 8"])
    }

    @Test(arguments: [true, false])
    func anExpiredVersionMeansAFreshList(_ asEvent: Bool) async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1 where asEvent:
                peer.startChunked()
                peer.chunk(Self.event("ERROR", Self.status410))
                peer.endChunks()
            case 1: peer.answer(410, Self.status410)
            case 2: peer.answer(200, Self.list(9, "b"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=9 b"])
        #expect(Self.asked(server).prefix(3) == ["list", "watch 5", "list"])
    }

    /// A right that is missing is told once, also where the server was away before; when it is
    /// given the list comes by itself.
    @Test func aKindThatMayNotBeReadIsToldOnceAndTriedOn() async throws {
        let forbidden =
            #"{"kind":"Status","status":"Failure","message":"nodes is forbidden","code":403}"#
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(503, "")
            case 1...3: peer.answer(403, forbidden)
            case 4: peer.answer(200, Self.list(5, "a"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["?", "!", "=5 a"])
        #expect(Self.asked(server).prefix(5).allSatisfy { $0 == "list" })
    }

    @Test(arguments: [true, false])
    func repeatedExpiryBacksOff(_ asEvent: Bool) async throws {
        let times = Mutex<[ContinuousClock.Instant]>([])
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5, "a"))
                return .keep
            }
            times.withLock { $0.append(.now) }
            guard asEvent else {
                peer.answer(410, Self.status410)
                return .keep
            }
            peer.startChunked()
            peer.chunk(Self.event("ERROR", Self.status410))
            peer.endChunks()
            return .keep
        }
        var settings = Self.quick
        settings.progress.longestBackoff = .milliseconds(160)
        let seen = try await events(12, from: server, settings: settings)
        #expect(seen == (0..<6).flatMap { _ in ["=5 a", "?"] })
        expectBackoff(times.withLock { $0 })
    }

    /// A list that is cut off, is no list, or goes wrong on a later page leaves the view as it was.
    @Test func onlyACompleteListReplaces() async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1: peer.answer(410, Self.status410)
            case 2:
                peer.send("HTTP/1.1 200 OK\r\n\r\n" + Self.list(6, "b", "c").dropLast(10))
                return .close
            case 3: peer.answer(502, "<html>Bad Gateway</html>", type: "text/html")
            case 4:
                peer.answer(
                    200,
                    #"{"kind":"L","metadata":{"resourceVersion":"7","continue":"x"},"items":[]}"#
                        .replacing("\"L\"", with: "\"ConfigMapList\""))
            case 5: peer.answer(410, Self.status410)
            case 6: peer.answer(200, Self.list(8, "d"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=8 d"])
        #expect(
            Self.asked(server).prefix(7)
                == ["list", "watch 5", "list", "list", "list", "list", "list"])
    }

    @Test func aFailedAttemptMeansAListNotOlderThanTheView() async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1: peer.answer(500, "{}")
            // From a cache that is behind: the view must not go back in time.
            case 2: peer.answer(200, Self.list(4, "old"))
            case 3: peer.answer(200, Self.list(5, "a"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=5 a"])
        #expect(Self.asked(server).prefix(4) == ["list", "watch 5", "list 5", "list 5"])
        #expect(server.requests[2].query("resourceVersionMatch") == "NotOlderThan")
    }

    @Test func aVersionFromTheFutureMeansAFreshList() async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5, "a"))
            case 1: peer.answer(503, "{}")
            case 2:
                peer.answer(
                    504,
                    """
                    {"kind":"Status","code":504,"reason":"Timeout","message":"Too large",\
                    "details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"m"}]}}
                    """)
            case 3: peer.answer(200, Self.list(3, "restored"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(3, from: server) == ["=5 a", "?", "=3 restored"])
        #expect(Self.asked(server).prefix(4) == ["list", "watch 5", "list 5", "list"])
    }

    @Test func waitsAsLongAsTheServerAsks() async throws {
        let times = Mutex<[ContinuousClock.Instant]>([])
        let server = try ScriptedServer { request, peer in
            times.withLock { $0.append(.now) }
            switch request.number {
            case 0: peer.answer(429, "{}", headers: ["Retry-After: 1"])
            case 1: peer.answer(200, Self.list(5))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        #expect(try await events(2, from: server) == ["?", "=5"])
        let (first, second) = times.withLock { ($0[0], $0[1]) }
        #expect(first.duration(to: second) >= .seconds(1))
    }

    @Test(arguments: [false, true])
    func veryShortWatchesBackOff(_ withEvent: Bool) async throws {
        let times = Mutex<[ContinuousClock.Instant]>([])
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5))
                return .keep
            }
            times.withLock { $0.append(.now) }
            peer.startChunked()
            if withEvent { peer.chunk(Self.bookmark(6)) }
            peer.endChunks()
            return .keep
        }
        var settings = Self.quick
        settings.progress.shortWatch = .seconds(30)
        settings.progress.longestBackoff = .milliseconds(160)
        let seen = try await events(withEvent ? 7 : 12, from: server, settings: settings)
        // An event makes it no failure, but it does not go on at once either.
        #expect(
            seen
                == (withEvent
                    ? ["=5"] + (0..<6).map { _ in "@6" } : (0..<6).flatMap { _ in ["=5", "?"] }))
        expectBackoff(times.withLock { $0 })
    }

    /// Doubling from 20 ms to 160 ms, less up to a half.
    private func expectBackoff(_ times: [ContinuousClock.Instant]) {
        #expect(times.count >= 6)
        let gaps = zip(times, times.dropFirst()).map { $0.duration(to: $1) }
        for (gap, full) in zip(gaps, [20, 40, 80, 160, 160]) {
            #expect(gap >= .milliseconds(full / 2))
        }
    }

    struct Garbage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let text: String
        let followsEvent: Bool

        init(_ description: String, _ text: String, followsEvent: Bool = true) {
            testDescription = description
            self.text = text
            self.followsEvent = followsEvent
        }
    }

    @Test(arguments: [
        // What shares a read with a line that is too long is lost with it.
        Garbage("long line", String(repeating: "x", count: 2000) + "\n", followsEvent: false),
        Garbage("half an event", "{\"type\":\n"),
        Garbage("no object", "{\"type\":\"ADDED\"}\n"),
        Garbage("no version", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}\n"),
        Garbage(
            "unknown type",
            "{\"type\":\"NEW\",\"object\":{\"metadata\":{\"resourceVersion\":\"6\"}}}\n"),
        Garbage("HTML", "<html>\n"),
    ])
    func whatCannotBeReadLeadsToAList(_ garbage: Garbage) async throws {
        let server = try ScriptedServer { request, peer in
            switch request.number {
            case 0: peer.answer(200, Self.list(5))
            case 1:
                peer.startChunked()
                if garbage.followsEvent {
                    peer.chunk(Self.event("ADDED", Self.object("a", 6)))
                }
                peer.chunk(garbage.text)
                _ = peer.waitForClose()
                return .close
            case 2: peer.answer(200, Self.list(7, "a", "b"))
            default:
                peer.startChunked()
                _ = peer.waitForClose()
                return .close
            }
            return .keep
        }
        var settings = Self.quick
        settings.longestLine = 1000
        let added = garbage.followsEvent ? ["+a"] : []
        #expect(
            try await events(3 + added.count, from: server, settings: settings)
                == ["=5"] + added + ["?", "=7 a b"])
        #expect(
            Self.asked(server).prefix(3)
                == ["list", "watch 5", garbage.followsEvent ? "list 6" : "list 5"])
    }

    @Test func aServerThatComesBackIsListedAgain() async throws {
        let up = Mutex(true)
        let server = try ScriptedServer { request, peer in
            guard up.withLock({ $0 }) else {
                peer.reset()
                return .close
            }
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(request.number == 0 ? 5 : 9, "a"))
                return .keep
            }
            peer.startChunked()
            guard request.number == 1 else {
                _ = peer.waitForClose()
                return .close
            }
            peer.chunk(Self.event("ADDED", Self.object("b", 6)))
            peer.wait(milliseconds: 50)
            up.withLock { $0 = false }
            return .close
        }
        async let seen = events(4, from: server)
        while server.requests.count < 6 { try await Task.sleep(for: .milliseconds(5)) }
        up.withLock { $0 = true }
        #expect(try await seen == ["=5 a", "+b", "?", "=9 a"])
        #expect(Self.asked(server).prefix(4) == ["list", "watch 5", "watch 6", "list 6"])
    }

    @Test func aSlowConsumerLosesNothing() async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isWatch(request) else {
                peer.answer(200, Self.list(5))
                return .keep
            }
            peer.startChunked()
            for number in 0..<200 {
                peer.chunk(Self.event("ADDED", Self.object("n\(number)", 6 + number)))
            }
            _ = peer.waitForClose()
            return .close
        }
        let seen = try await events(201, from: server, pause: .milliseconds(1))
        #expect(seen == ["=5"] + (0..<200).map { "+n\($0)" })
    }
}
