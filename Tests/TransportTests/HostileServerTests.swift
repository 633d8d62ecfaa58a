import TestServers
import Testing
import Transport

/// Servers that do what none should: every exchange ends, and what it may cost is bounded.
@Suite(.timeLimit(.minutes(1)))
struct HostileServerTests {
    private let loop: CurlLoop

    init() throws {
        loop = try CurlLoop(name: "hostile")
    }

    private func failure(
        _ request: HTTPRequest,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async -> TransportError? {
        await #expect(throws: TransportError.self, sourceLocation: sourceLocation) {
            try await loop.perform(request)
        }
    }

    @Test(arguments: [HTTPRequest.Connection.reused, .reusedOnce, .fresh])
    func aConnectionThatDiesBeforeTheRequestIsRead(
        _ connection: HTTPRequest.Connection
    ) async throws {
        let server = try ScriptedServer(opening: { _ in .close }) { _, _ in .close }
        let error = await failure(
            HTTPRequest(.post, server.url, body: [1, 2, 3], connection: connection))
        #expect(error?.kind == .connectionBroken)
        #expect(error?.mayHaveBeenSent == true)
        #expect(server.requests.isEmpty)
        // A connection of its own is not tried again, whatever is allowed.
        #expect(server.connectionCount == 1)
    }

    @Test func aServerThatReadsNothingEndsByTheDeadline() async throws {
        let server = try ScriptedServer(opening: { _ in .hold }) { _, _ in .close }
        // More than the buffers of both sides hold.
        let body = [UInt8](repeating: 0, count: 32 << 20)
        for deadlines in [
            HTTPRequest.Deadlines(total: .seconds(2)),
            HTTPRequest.Deadlines(total: nil, idle: .seconds(2)),
        ] {
            let error = await failure(
                HTTPRequest(.put, server.url, body: body, deadlines: deadlines))
            #expect(error?.kind == .timedOut(deadlines.total == nil ? .idle : .total))
            #expect(error?.mayHaveBeenSent == true)
        }
        #expect(server.requests.isEmpty)
    }

    @Test func aServerThatShakesNoHandsEndsByTheDeadline() async throws {
        let server = try ScriptedServer(opening: { _ in .hold }) { _, _ in .close }
        let url = server.url.replacing("http:", with: "https:")
        let error = await failure(
            HTTPRequest(.put, url, body: [1], deadlines: .init(connect: .milliseconds(300))))
        #expect(error?.kind == .timedOut(.connect))
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test(arguments: [HTTPRequest.Version.http1, .http2])
    func aRequestThatHangsHoldsUpNoOther(_ version: HTTPRequest.Version) async throws {
        let server = try ScriptedServer { request, peer in
            if request.path == "/hang" {
                _ = peer.waitForClose(milliseconds: 60_000)
                return .close
            }
            peer.answer()
            return .keep
        }
        let hanging = Task { [loop] in
            try await loop.perform(
                HTTPRequest(
                    .get, server.url + "/hang", deadlines: .init(total: nil), version: version))
        }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<3 {
            let answer = try await loop.perform(
                HTTPRequest(
                    .get, server.url, deadlines: .init(total: .seconds(20)), version: version))
            #expect(answer.status == 200)
        }
        hanging.cancel()
        _ = await hanging.result
    }

    @Test(arguments: ["interim answers", "trailers", "header without end"])
    func linesWithoutEndAreBounded(_ what: String) async throws {
        let server = try ScriptedServer { _, peer in
            switch what {
            case "interim answers":
                while peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") {}
            case "trailers":
                peer.startChunked()
                peer.send("1\r\nx\r\n0\r\n")
                while peer.send("X-Trailer: 1\r\n") {}
            default:
                peer.send("HTTP/1.1 200 OK\r\n")
                while peer.send("X-Header: 1\r\n") {}
            }
            return .close
        }
        let error = await failure(HTTPRequest(.get, server.url))
        #expect(error?.kind == .headersTooLarge)
    }

    /// The name of a chunk's length may be followed by words; nobody reads them.
    @Test func aChunkHeaderWithoutEndEndsByTheDeadline() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.send("1;")
            while peer.send(String(repeating: "x", count: 1000)) { peer.wait(milliseconds: 1) }
            return .close
        }
        let error = await failure(
            HTTPRequest(.get, server.url, deadlines: .init(total: .seconds(1))))
        #expect(error?.mayHaveBeenSent == true)
        #expect(error?.kind == .timedOut(.total) || error?.kind == .connectionBroken)
    }

    @Test(arguments: ["gzip", "deflate", "br", "zstd"])
    func compressedAnswersAreNotUnpacked(_ encoding: String) async throws {
        // 64 MiB, were it unpacked.
        let bomb = try Compressed.zeros(megabytes: 64)
        let server = try ScriptedServer { _, peer in
            peer.send(
                "HTTP/1.1 200 OK\r\nContent-Encoding: \(encoding)\r\n"
                    + "Content-Length: \(bomb.count)\r\n\r\n")
            peer.send(bomb)
            return .keep
        }
        let response = try await loop.perform(HTTPRequest(.get, server.url))
        #expect(response.body == bomb)
        #expect(server.requests.first?.headers["accept-encoding"] == nil)
        #expect(server.requests.first?.headers["te"] == nil)
    }

    /// libcurl unpacks this one without being asked.
    @Test func aCompressedTransferIsBoundedAsItIsUnpacked() async throws {
        let bomb = try Compressed.zeros(megabytes: 16)
        let server = try ScriptedServer { _, peer in
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
            peer.send(String(bomb.count, radix: 16) + "\r\n")
            peer.send(bomb)
            peer.send("\r\n0\r\n\r\n")
            return .close
        }
        #expect(bomb.count < 1 << 20)
        let error = await failure(
            HTTPRequest(.get, server.url, limits: .init(bodyBytes: 1 << 20)))
        #expect(error?.kind == .bodyTooLarge || error?.kind == .malformedAnswer)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func redirectsCarryNothingAnywhere(_ status: Int) async throws {
        let elsewhere = try ScriptedServer { _, peer in
            peer.answer()
            return .keep
        }
        let server = try ScriptedServer { request, peer in
            let target =
                switch request.path {
                case "/elsewhere": "\(elsewhere.url)/stolen"
                case "/file": "file:///etc/passwd"
                case "/relative": "/relative"
                default: "//127.0.0.1:\(elsewhere.port)/stolen"
                }
            peer.answer(status, "", headers: ["Location: \(target)", "Refresh: 0; url=\(target)"])
            return .keep
        }
        for path in ["/elsewhere", "/file", "/relative", "/same-scheme"] {
            for method in [HTTPRequest.Method.get, .post, .patch, .delete] {
                let response = try await loop.perform(
                    HTTPRequest(
                        method, server.url + path, headers: ["Authorization": "Bearer canary"],
                        body: method == .get ? nil : [1]))
                #expect(response.status == status)
                #expect(response.body.isEmpty)
            }
        }
        #expect(server.requests.count == 16)
        #expect(elsewhere.connectionCount == 0)
    }
}
