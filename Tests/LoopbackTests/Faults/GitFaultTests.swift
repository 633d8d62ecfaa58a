import Commits
import Daemon
import Domain
import Foundation
import Glibc
import Logging
import TestServers
import Testing
import Transport

/// Git servers that hang, drip, flood or send us away, over real libgit2 and real libcurl.
@Suite(.timeLimit(.minutes(2)))
struct GitFaultTests {
    private let backend: GitBackend
    private let loop: CurlLoop

    init() throws {
        backend = try GitBackend()
        loop = try CurlLoop(name: "test-git")
    }

    private func mirror(
        _ path: String, in folder: String = "mirror", limits: MirrorLimits = .init(),
        deadlines: HTTPRequest.Deadlines = .init(
            connect: .seconds(2), total: .seconds(20), idle: .seconds(1))
    ) throws -> Commits.Mirror {
        let address = try RemoteAddress("\(backend.url)/\(path)", permissions: .init())
        return try Commits.Mirror(
            of: address, in: "\(backend.root)/\(folder)",
            port: GitHTTPOverTransport(
                loop, to: address, credentials: .basic(user: "u", password: "canary-5f2a"),
                deadlines: deadlines),
            limits: limits, logger: .quiet)
    }

    private func failure(_ mirror: Commits.Mirror) async -> GitError? {
        await #expect(throws: GitError.self) { try await mirror.fetch("main") }
    }

    private static let noise = (0..<60_000).map { String($0 &* 2_654_435_761 % 1_000_003) }
        .joined(separator: "\n")

    /// What was fetched before stays, and the mirror is as good as new once the server is.
    @Test(arguments: [("half", GitError.Kind.timedOut), ("torn", nil)])
    func aPackThatEndsInTheMiddleChangesNothing(
        _ fault: String, _ kind: GitError.Kind?
    ) async throws {
        try backend.commit(["a": "1"])
        let good = try mirror("origin.git")
        let first = try await good.fetch("main").head
        try backend.commit(["a": "2", "noise": Self.noise])
        let bad = try mirror("\(fault)/origin.git", in: "bad")
        let start = ContinuousClock.now
        let error = await failure(bad)
        if let kind { #expect(error?.kind == kind, "\(error as Any)") }
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(try await good.read("a", at: first, limit: 10) == [0x31])
        let second = try await good.fetch("main")
        #expect(second.previous == first)
        #expect(try await good.read("a", at: second.head, limit: 10) == [0x32])
        await loop.shutDown()
    }

    @Test func aServerThatDripsEndsByTheWholeDeadline() async throws {
        let mirror = try mirror(
            "drip/origin.git",
            deadlines: .init(connect: .seconds(2), total: .seconds(2), idle: .seconds(1)))
        let error = await failure(mirror)
        #expect(error?.kind == .timedOut)
        await loop.shutDown()
    }

    @Test func aListOfReferencesWithoutEndIsBounded() async throws {
        let before = try residentBytes()
        let mirror = try mirror("endless/origin.git", limits: .init(listSize: 4 << 20))
        let error = await failure(mirror)
        #expect(error?.kind == .tooLarge)
        #expect(error?.message.contains("list of references") == true)
        // Loose: other tests run in this process. Without a bound it would be gigabytes.
        #expect(try residentBytes() - before < 512 << 20)
        await loop.shutDown()
    }

    @Test func wordsWithoutEndInPlaceOfAPackAreBounded() async throws {
        try backend.commit(["a": "1"])
        let before = try residentBytes()
        let mirror = try mirror("chatter/origin.git", limits: .init(fetchSize: 64 << 20))
        let error = await failure(mirror)
        #expect(error?.kind == .tooLarge)
        #expect(try residentBytes() - before < 512 << 20)
        await loop.shutDown()
    }

    @Test(arguments: ["moved", "loop", "file", "away"])
    func aServerThatSendsUsAwayIsNotFollowed(_ fault: String) async throws {
        try backend.commit(["a": "1"])
        let elsewhere = try ScriptedServer { _, peer in
            peer.answer()
            return .keep
        }
        let path = fault == "away" ? "away/\(elsewhere.port)" : fault
        let error = await failure(try mirror("\(path)/origin.git"))
        #expect(error?.kind == .unreachable)
        #expect(error?.message == "the server redirects")
        #expect("\(error as Any)".contains("canary") == false)
        #expect(elsewhere.connectionCount == 0)
        await loop.shutDown()
    }

    @Test func aHungServerHoldsUpItsOwnMirrorAlone() async throws {
        try backend.commit(["a": "1"])
        let hung = try ScriptedServer(opening: { _ in .hold }) { _, _ in .close }
        let address = try RemoteAddress("\(hung.url)/origin.git", permissions: .init())
        // It waits for longer than the test may take: the other fetch ends first on any machine.
        let deadlines = HTTPRequest.Deadlines(
            connect: .seconds(2), total: .seconds(300), idle: .seconds(300))
        let stuck = try Commits.Mirror(
            of: address, in: "\(backend.root)/stuck",
            port: GitHTTPOverTransport(loop, to: address, deadlines: deadlines), logger: .quiet)
        let waiting = Task { await failure(stuck) }
        while hung.connectionCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
        // Over the same loop, while the other one waits.
        _ = try await mirror("origin.git").fetch("main")
        // The mirror has all it wants before the transfer has met its end.
        while await loop.activeTransfers() > 1 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await loop.activeTransfers() == 1)
        await loop.shutDown()
        #expect(await waiting.value?.kind == .cancelled)
    }

    /// How much memory this process has, by the kernel's word.
    private func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return try #require(pages) * sysconf(Int32(_SC_PAGESIZE))
    }
}
