import Synchronization
import TestServers
import Testing
import Transport

@Suite(.timeLimit(.minutes(2)))
struct TransportTests {
    private let loop: CurlLoop

    init() throws {
        loop = try CurlLoop(name: "test")
    }

    @Test func answersCompletely() async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(201, "hello", headers: ["X-One: 1", "x-two:  2 "])
            return .keep
        }
        let response = try await loop.perform(
            HTTPRequest(
                .put,
                server.url + "/a/../b?q=1",
                headers: ["X-Empty": "", "X-Text": "a b"],
                body: Array("body".utf8)
            )
        )
        #expect(response.status == 201)
        #expect(String(decoding: response.body, as: UTF8.self) == "hello")
        #expect(response.headers["x-ONE"] == "1")
        #expect(response.headers["X-Two"] == "2")
        #expect(response.sends == 1)
        let request = try #require(server.requests.first)
        #expect(request.method == "PUT")
        #expect(request.target == "/a/../b?q=1")
        #expect(request.text == "body")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["x-text"] == "a b")
        #expect(request.headers["expect"] == nil)
        #expect(request.headers["content-type"] == nil)
        #expect(request.headers["accept-encoding"] == nil)
    }

    @Test(arguments: [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete])
    func sendsEachMethod(_ method: HTTPRequest.Method) async throws {
        let server = try ScriptedServer { request, peer in
            if request.method == "HEAD" {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
            } else {
                peer.answer(200, request.method)
            }
            return .keep
        }
        let response = try await loop.perform(HTTPRequest(method, server.url + "/"))
        let expected = method == .head ? "" : method.rawValue
        #expect(String(decoding: response.body, as: UTF8.self) == expected)
        #expect(server.requests.map(\.method) == [method.rawValue])
    }

    @Test func usesAConnectionAgain() async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(200, "\(request.connection)")
            return .keep
        }
        for _ in 0..<5 { _ = try await loop.perform(HTTPRequest(.get, server.url)) }
        #expect(server.connectionCount == 1)
        _ = try await loop.perform(HTTPRequest(.get, server.url, connection: .fresh))
        #expect(server.connectionCount == 2)
    }

    /// Closing a kept connection instead of answering makes libcurl send once more, unless told
    /// otherwise.
    @Test(arguments: [HTTPRequest.Connection.reused, .reusedOnce, .fresh])
    func sendsAgainOnlyIfAllowed(_ connection: HTTPRequest.Connection) async throws {
        let server = try ScriptedServer { request, peer in
            if request.connection == 0, request.index == 1 { return .close }
            peer.answer(200, "ok")
            return .keep
        }
        _ = try await loop.perform(HTTPRequest(.get, server.url))
        let write = HTTPRequest(
            .put,
            server.url,
            body: Array("write".utf8),
            connection: connection
        )
        switch connection {
        case .reused:
            let response = try await loop.perform(write)
            #expect(response.sends == 2)
            #expect(server.requests.map(\.text) == ["", "write", "write"])
        case .reusedOnce:
            let error = await #expect(throws: TransportError.self) {
                try await loop.perform(write)
            }
            #expect(error?.kind == .connectionBroken)
            #expect(error?.mayHaveBeenSent == true)
            #expect(server.requests.map(\.text) == ["", "write"])
        case .fresh:
            let response = try await loop.perform(write)
            #expect(response.sends == 1)
            #expect(server.requests.map(\.text) == ["", "write"])
        }
    }

    @Test func sendsAThousandRequestsInParallel() async throws {
        let server = try ScriptedServer { request, peer in
            peer.answer(200, String(request.target.dropFirst()))
            return .keep
        }
        let loop = loop
        let url = server.url
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let response = try await loop.perform(HTTPRequest(.get, "\(url)/\(number)"))
                    return String(decoding: response.body, as: UTF8.self) == "\(number)"
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 1000)
        #expect(server.requests.count == 1000)
        #expect(server.connectionCount <= 32)
        #expect(await loop.activeTransfers() == 0)
    }

    @Test func endsOnCancellation() async throws {
        let closed = Mutex(false)
        let server = try ScriptedServer { _, peer in
            let seen = peer.waitForClose()
            closed.withLock { $0 = seen }
            return .close
        }
        let loop = loop
        let url = server.url
        let task = Task { try await loop.perform(HTTPRequest(.get, url)) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.mayHaveBeenSent == true)
        while !closed.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await loop.activeTransfers() == 0)
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer()
            return .keep
        }
        let loop = loop
        let url = server.url
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await loop.perform(HTTPRequest(.get, url))
        }
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.mayHaveBeenSent == false)
        #expect(server.requests.isEmpty)
    }

    @Test func shutsDownCleanly() async throws {
        let server = try ScriptedServer { _, peer in
            _ = peer.waitForClose()
            return .close
        }
        let loop = try CurlLoop(name: "short-lived")
        let url = server.url
        let task = Task { try await loop.perform(HTTPRequest(.get, url)) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        await loop.shutDown()
        await loop.shutDown()
        let first = await #expect(throws: TransportError.self) { try await task.value }
        #expect(first?.kind == .shutDown)
        #expect(first?.mayHaveBeenSent == true)
        let second = await #expect(throws: TransportError.self) {
            try await loop.perform(HTTPRequest(.get, url))
        }
        #expect(second?.kind == .shutDown)
        #expect(second?.mayHaveBeenSent == false)
        #expect(await loop.activeTransfers() == 0)
    }

    @Test func theThreadGoesWithTheLoop() async throws {
        let before = try threadCount(named: "slipway-gone")
        for _ in 0..<20 {
            let loop = try CurlLoop(name: "slipway-gone")
            #expect(await loop.activeTransfers() == 0)
        }
        for _ in 0..<200 where try threadCount(named: "slipway-gone") > before {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try threadCount(named: "slipway-gone") == before)
    }
}
