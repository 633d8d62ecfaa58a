import Domain
import Foundation
import Testing

@testable import Commits

@Suite struct PipeTests {
    /// Runs `body` on a thread of its own, where it may block.
    private func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    @Test func everythingArrivesInOrderThroughASmallPipe() async throws {
        let pipe = GitHTTPPipe(capacity: 10)
        let writer = Task {
            pipe.begin(status: 200, contentType: "x/y")
            for number in 0..<200 {
                guard await pipe.send([UInt8](repeating: UInt8(number), count: 7)) else { return }
            }
            pipe.finish()
        }
        let (head, bytes) = await blocking { () -> (Int, [UInt8]) in
            guard let response = try? pipe.response() else { return (0, []) }
            var bytes: [UInt8] = []
            while let chunk = try? response.body.next() { bytes += chunk }
            return (response.status, bytes)
        }
        await writer.value
        #expect(head == 200)
        #expect(bytes == (0..<200).flatMap { [UInt8](repeating: UInt8($0), count: 7) })
    }

    @Test func aWriterWaitsWhileThePipeIsFull() async throws {
        let pipe = GitHTTPPipe(capacity: 4)
        let progress = Monitor(0)
        let writer = Task {
            for _ in 0..<3 {
                guard await pipe.send([1, 2, 3]) else { return false }
                progress.withLock { $0 += 1 }
            }
            return true
        }
        await blocking { progress.wait { $0 == 1 ? () : nil } }
        try await Task.sleep(for: .milliseconds(50))
        #expect(progress.withLock { $0 } == 1)
        // Nobody reads any more: the writer is told so.
        pipe.close()
        #expect(await writer.value == false)
    }

    @Test func failuresReachTheReader() async {
        let failure = GitHTTPFailure(.timedOut, "too slow")
        let early = GitHTTPPipe()
        early.finish(failure)
        let first = await blocking {
            Result { () throws(GitHTTPFailure) in try early.response().status }
        }
        #expect(first == .failure(failure))
        let late = GitHTTPPipe()
        late.begin(status: 200, contentType: "")
        _ = await late.send([1])
        late.finish(failure)
        let (chunk, end) = await blocking {
            (
                Result { () throws(GitHTTPFailure) in try late.next() },
                Result { () throws(GitHTTPFailure) in try late.next() }
            )
        }
        #expect(chunk == .success([1]))
        #expect(end == .failure(failure))
    }
}

@Suite struct ThreadTests {
    private actor Counter {
        nonisolated let thread: GitThread
        private var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        init() throws { thread = try GitThread(name: "slipway-test-with-a-long-name") }
        deinit { thread.stop() }

        func name() -> String {
            let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        }

        func add() -> Int {
            count += 1
            return count
        }

        func block(until gate: Monitor<Bool>) { gate.wait { $0 ? () : nil } }
    }

    @Test func jobsRunOnTheNamedThreadOneByOne() async throws {
        let counter = try Counter()
        #expect(await counter.name() == "slipway-test-wi")
        await withTaskGroup { group in
            for _ in 0..<100 { group.addTask { _ = await counter.add() } }
        }
        #expect(await counter.add() == 101)
    }

    /// Notes on which threads it is called.
    private struct Witness: GitHTTPPort {
        let names = Monitor<[String]>([])

        func exchange(_ request: GitHTTPRequest) throws(GitHTTPFailure) -> GitHTTPResponse {
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            names.withLock { $0.append(name ?? "") }
            return try SocketPort(deadline: 10).exchange(request)
        }
    }

    @Test func everythingOfAMirrorHappensOnItsThread() async throws {
        let workshop = try Workshop()
        let head = try workshop.commit(["a": "1"], to: workshop.bare())
        let witness = Witness()
        let mirror = try Mirror(
            of: RemoteAddress(workshop.url(), permissions: .init()),
            in: workshop.root + "/mirror", port: witness, logger: workshop.logger)
        _ = try await mirror.fetch("main")
        let author = Signature(name: "S", email: "s@x", time: .init(milliseconds: 0))
        let edits = [TreeEdit(path: "a", content: [])]
        _ = try await mirror.push(
            "main", expectedHead: head, edits: edits, message: "x", author: author)
        _ = try await mirror.record("state", edits: edits, message: "x", author: author)
        let names = witness.names.withLock { $0 }
        #expect(names.count >= 6)
        #expect(Set(names) == ["slipway-git\n"])
    }

    @Test(.timeLimit(.minutes(1)))
    func manyBlockedThreadsBlockNobodyElse() async throws {
        let gate = Monitor(false)
        let blocked = try (0..<16).map { _ in try Counter() }
        let quick = try Counter()
        let all = Task {
            await withTaskGroup { group in
                for counter in blocked { group.addTask { await counter.block(until: gate) } }
            }
        }
        for number in 1...100 { #expect(await quick.add() == number) }
        gate.withLock { $0 = true }
        await all.value
    }

    @Test func theThreadEndsWithItsActor() async throws {
        weak var thread: GitThread?
        do {
            let counter = try Counter()
            thread = counter.thread
            _ = await counter.add()
        }
        for _ in 0..<200 where thread != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(thread == nil)
    }
}
