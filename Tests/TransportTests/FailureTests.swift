import TestServers
import Testing
import Transport

/// Each fault gives its own kind of error, and says whether the request may have arrived.
@Suite(.timeLimit(.minutes(1)))
struct FailureTests {
    private let loop: CurlLoop

    init() throws {
        loop = try CurlLoop(name: "failures")
    }

    private func failure(
        _ request: HTTPRequest,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async -> TransportError? {
        await #expect(throws: TransportError.self, sourceLocation: sourceLocation) {
            try await loop.perform(request)
        }
    }

    @Test func nobodyListens() async throws {
        let server = try ScriptedServer { _, _ in .close }
        server.stop()
        // The port is free once the accepting thread has closed it.
        var error = await failure(HTTPRequest(.get, server.url + "/x?token=hidden"))
        for _ in 0..<100 where error?.kind != .connectionRefused {
            try await Task.sleep(for: .milliseconds(10))
            error = await failure(HTTPRequest(.get, server.url + "/x?token=hidden"))
        }
        #expect(error?.kind == .connectionRefused)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.endpoint == server.url + "/x")
        #expect(error?.description.contains("hidden") == false)
    }

    @Test func theNameIsNotKnown() async {
        let error = await failure(HTTPRequest(.get, "http://no-such-host.invalid/"))
        #expect(error?.kind == .nameNotFound)
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/", "http://user:secret@127.0.0.1/", "nonsense://x",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "",
    ])
    func theURLIsRefused(_ url: String) async {
        let error = await failure(HTTPRequest(.get, url))
        #expect(error?.kind == .invalidRequest)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [("X-A", "1\r\nX-B: 2"), ("X-A\nX-B", "1"), ("", "1"), ("X:A", "1")])
    func aMalformedHeaderIsRefused(_ name: String, _ value: String) async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer()
            return .keep
        }
        var headers = HTTPHeaders()
        headers.add(name, value)
        let error = await failure(HTTPRequest(.get, server.url, headers: headers))
        #expect(error?.kind == .invalidRequest)
        #expect(server.requests.isEmpty)
    }

    @Test func theServerClosesBeforeItAnswers() async throws {
        let server = try ScriptedServer { _, _ in .close }
        let error = await failure(HTTPRequest(.post, server.url, body: [1, 2, 3]))
        #expect(error?.kind == .connectionBroken)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test func theServerResets() async throws {
        let server = try ScriptedServer { _, peer in
            peer.reset()
            return .close
        }
        let error = await failure(HTTPRequest(.get, server.url))
        #expect(error?.kind == .connectionBroken)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test func theBodyIsCutOff() async throws {
        let server = try ScriptedServer { request, peer in
            if request.path == "/length" {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            } else {
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")
            }
            return .close
        }
        for path in ["/length", "/chunked"] {
            let error = await failure(HTTPRequest(.get, server.url + path))
            #expect(error?.kind == .connectionBroken)
            #expect(error?.mayHaveBeenSent == true)
        }
    }

    @Test func theAnswerIsNotHTTP() async throws {
        let server = try ScriptedServer { _, peer in
            peer.send("SSH-2.0-OpenSSH_9.2\r\n")
            return .close
        }
        let error = await failure(HTTPRequest(.get, server.url))
        #expect(error?.kind == .malformedAnswer)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test(arguments: [1000, 80_000, 200_000])
    func theHeaderIsTooLong(_ lineLength: Int) async throws {
        let server = try ScriptedServer { _, peer in
            peer.send("HTTP/1.1 200 OK\r\n")
            let line = "X-A: " + String(repeating: "a", count: lineLength) + "\r\n"
            for _ in 0..<(300_000 / lineLength) { peer.send(line) }
            peer.send("\r\n")
            return .close
        }
        let error = await failure(HTTPRequest(.get, server.url))
        #expect(error?.kind == .headersTooLarge)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test func theBodyIsTooLong() async throws {
        let server = try ScriptedServer { request, peer in
            let body = String(repeating: "x", count: 1001)
            switch request.path {
            case "/length": peer.answer(200, body)
            case "/exact": peer.answer(200, String(body.dropLast()))
            default:
                peer.startChunked()
                for _ in 0..<1001 { peer.chunk("x") }
                peer.endChunks()
            }
            return .close
        }
        for path in ["/length", "/chunked"] {
            let error = await failure(
                HTTPRequest(.get, server.url + path, limits: .init(bodyBytes: 1000))
            )
            #expect(error?.kind == .bodyTooLarge)
        }
        let exact = HTTPRequest(.get, server.url + "/exact", limits: .init(bodyBytes: 1000))
        #expect(try await loop.perform(exact).body.count == 1000)
    }

    @Test func silenceEndsTheTransfer() async throws {
        let server = try ScriptedServer { request, peer in
            if request.path == "/header" { peer.startChunked() }
            _ = peer.waitForClose()
            return .close
        }
        for path in ["/nothing", "/header"] {
            let start = ContinuousClock.now
            let error = await failure(
                HTTPRequest(
                    .get,
                    server.url + path,
                    deadlines: .init(total: nil, idle: .seconds(1))
                )
            )
            #expect(error?.kind == .timedOut(.idle))
            #expect(error?.mayHaveBeenSent == true)
            #expect(start.duration(to: .now) >= .seconds(1))
        }
    }

    @Test func oneByteAtATimeIsNoSilence() async throws {
        let server = try ScriptedServer { _, peer in
            let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
            for byte in text.utf8 {
                guard peer.send([byte]) else { return .close }
                peer.wait(milliseconds: 40)
            }
            return .close
        }
        // 43 bytes at 40 ms are longer than the silence that is allowed.
        let patient = HTTPRequest(
            .get, server.url, deadlines: .init(total: nil, idle: .milliseconds(1500)))
        #expect(try await loop.perform(patient).body == Array("hello".utf8))
        let error = await failure(
            HTTPRequest(.get, server.url, deadlines: .init(total: .seconds(1))))
        #expect(error?.kind == .timedOut(.total))
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test func theConnectionTakesTooLong() async throws {
        // TEST-NET-1 swallows packets or is refused by the router at once; both are no connection.
        let error = await failure(
            HTTPRequest(.get, "http://192.0.2.1/", deadlines: .init(connect: .milliseconds(200)))
        )
        #expect(error?.kind == .timedOut(.connect) || error?.kind == .connectionRefused)
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test func redirectsAreNotFollowed() async throws {
        let server = try ScriptedServer { _, peer in
            peer.answer(302, "", headers: ["Location: http://127.0.0.1:1/"])
            return .keep
        }
        #expect(try await loop.perform(HTTPRequest(.get, server.url)).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func interimAnswersAreSkipped() async throws {
        let server = try ScriptedServer { _, peer in
            peer.send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            peer.answer(200, "ok")
            return .keep
        }
        let response = try await loop.perform(HTTPRequest(.get, server.url))
        #expect(response.status == 200)
        #expect(response.headers["x-early"] == nil)
    }

    @Test func nothingPrintsCredentials() {
        let request = HTTPRequest(
            .get,
            "https://user:secret@host/path?token=secret#secret",
            headers: ["Authorization": "Bearer secret"],
            body: Array("secret".utf8),
            tls: TLSSettings(key: .data(Array("secret".utf8)))
        )
        #expect(request.endpoint == "https://host/path")
        var dumped = ""
        dump(request, to: &dumped)
        for text in [
            "\(request)", String(reflecting: request), dumped, "\(request.headers)",
            String(reflecting: request.headers), "\(request.tls)", String(reflecting: request.tls),
        ] {
            #expect(!text.contains("secret"))
        }
    }
}
