import Synchronization
import TestServers
import Testing
import Transport

@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
    private let loop: CurlLoop

    init() throws {
        loop = try CurlLoop(name: "streams")
    }

    private func endless(_ url: String) -> HTTPRequest {
        HTTPRequest(
            .get,
            url,
            deadlines: .init(total: nil, idle: .seconds(20)),
            limits: .init(bodyBytes: nil)
        )
    }

    @Test func chunksArriveAsTheyAreSent() async throws {
        let read = Mutex(0)
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            for number in 0..<3 {
                peer.chunk("chunk \(number)\n")
                // The next one only comes when the reader has this one.
                while read.withLock({ $0 }) <= number { peer.wait(milliseconds: 1) }
            }
            peer.endChunks()
            return .keep
        }
        let response = try await loop.stream(endless(server.url))
        #expect(response.status == 200)
        var text = ""
        for try await chunk in response.body {
            text += String(decoding: chunk, as: UTF8.self)
            read.withLock { $0 += 1 }
        }
        #expect(text == "chunk 0\nchunk 1\nchunk 2\n")
    }

    @Test func aSlowReaderHoldsTheServerBack() async throws {
        let total = 32 << 20
        let sent = Mutex(0)
        let server = try ScriptedServer { _, peer in
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = (0..<(64 << 10)).map { UInt8(truncatingIfNeeded: $0 / 7) }
            for _ in 0..<(total / block.count) {
                guard peer.send(block) else { return .close }
                sent.withLock { $0 += block.count }
            }
            return .keep
        }
        var request = endless(server.url)
        request.limits.bufferedBytes = 128 << 10
        let response = try await loop.stream(request)
        var iterator = response.body.makeAsyncIterator()
        var largest = 0
        var received = 0
        var isFirst = true
        while let chunk = try await iterator.next() {
            if isFirst {
                isFirst = false
                // Meanwhile the server fills our buffer and the kernel's, and then waits.
                try await Task.sleep(for: .seconds(1))
                let early = sent.withLock { $0 }
                try await Task.sleep(for: .milliseconds(200))
                #expect(sent.withLock { $0 } == early)
                #expect(early < total / 2)
            }
            largest = max(largest, chunk.count)
            // Nothing is lost, doubled or out of order.
            let first = UInt8(truncatingIfNeeded: received % (64 << 10) / 7)
            let last = UInt8(truncatingIfNeeded: (received + chunk.count - 1) % (64 << 10) / 7)
            #expect(chunk.first == first)
            #expect(chunk.last == last)
            received += chunk.count
        }
        #expect(received == total)
        #expect(largest <= (128 << 10) + (16 << 10))
    }

    @Test func heldBackTimeIsNoSilence() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk(String(repeating: "x", count: 100_000))
            peer.endChunks()
            return .keep
        }
        var request = endless(server.url)
        request.deadlines.idle = .milliseconds(700)
        request.limits.bufferedBytes = 1000
        let response = try await loop.stream(request)
        try await Task.sleep(for: .milliseconds(1400))
        #expect(try await response.body.collect(upTo: 100_000).count == 100_000)
    }

    @Test func droppingTheBodyEndsTheTransfer() async throws {
        let closed = Mutex(false)
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk("first")
            let seen = peer.waitForClose()
            closed.withLock { $0 = seen }
            return .close
        }
        do {
            let response = try await loop.stream(endless(server.url))
            for try await chunk in response.body {
                #expect(chunk == Array("first".utf8))
                break
            }
        }
        while !closed.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await loop.activeTransfers() == 0)
    }

    @Test func cancellingTheReaderThrows() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk("first")
            _ = peer.waitForClose()
            return .close
        }
        let response = try await loop.stream(endless(server.url))
        let (started, start) = AsyncStream<Void>.makeStream()
        let task = Task {
            for try await _ in response.body { start.finish() }
            return "complete"
        }
        for await _ in started {}
        task.cancel()
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        while await loop.activeTransfers() > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func whatCameBeforeABreakCanBeRead() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk("first")
            peer.send("ff\r\nhal")
            return .close
        }
        let response = try await loop.stream(endless(server.url))
        try await Task.sleep(for: .milliseconds(100))
        var text = ""
        let error = await #expect(throws: TransportError.self) {
            for try await chunk in response.body { text += String(decoding: chunk, as: UTF8.self) }
        }
        #expect(error?.kind == .connectionBroken)
        #expect(text == "firsthal")
    }

    @Test func silenceInTheMiddleEndsTheStream() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            peer.chunk("first")
            _ = peer.waitForClose()
            return .close
        }
        var request = endless(server.url)
        request.deadlines.idle = .seconds(1)
        let response = try await loop.stream(request)
        let error = await #expect(throws: TransportError.self) {
            try await response.body.collect(upTo: 100)
        }
        #expect(error?.kind == .timedOut(.idle))
    }

    @Test func theWholeBodyIsBounded() async throws {
        let server = try ScriptedServer { _, peer in
            peer.startChunked()
            while peer.chunk("0123456789") {}
            return .close
        }
        var request = endless(server.url)
        request.limits.bodyBytes = 10_000
        let limited = try await loop.stream(request)
        let first = await #expect(throws: TransportError.self) {
            for try await _ in limited.body {}
        }
        #expect(first?.kind == .bodyTooLarge)
        let unlimited = try await loop.stream(endless(server.url))
        let second = await #expect(throws: TransportError.self) {
            try await unlimited.body.collect(upTo: 10_000)
        }
        #expect(second?.kind == .bodyTooLarge)
    }

    @Test func manyStreamsAtOnce() async throws {
        let server = try ScriptedServer { request, peer in
            peer.startChunked()
            for number in 0..<20 { peer.chunk("\(request.target) \(number)\n") }
            peer.endChunks()
            return .keep
        }
        let loop = loop
        let url = server.url
        let lengths = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    var request = HTTPRequest(.get, "\(url)/\(100 + number)")
                    request.limits.bufferedBytes = 64
                    let response = try await loop.stream(request)
                    return try await response.body.collect(upTo: 10_000).count
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(lengths.count == 200)
        #expect(Set(lengths) == [10 * 7 + 10 * 8])
    }
}
