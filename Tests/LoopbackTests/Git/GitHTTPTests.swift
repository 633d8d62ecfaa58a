import Commits
import Daemon
import Domain
import Foundation
import Logging
import TestServers
import Testing
import Transport

/// Real libgit2 over real libcurl against a real `git http-backend`.
@Suite(.timeLimit(.minutes(2))) struct GitHTTPTests {
    private let backend: GitBackend
    private let loop: CurlLoop

    init() throws {
        backend = try GitBackend()
        loop = try CurlLoop(name: "test-git")
    }

    private func mirror(
        _ path: String, in folder: String = "mirror", credentials: GitCredentials = .none,
        deadlines: HTTPRequest.Deadlines = .init(total: .seconds(30), idle: .seconds(10))
    ) throws -> Commits.Mirror {
        let address = try RemoteAddress("\(backend.url)/\(path)", permissions: .init())
        return try Commits.Mirror(
            of: address, in: "\(backend.root)/\(folder)",
            port: GitHTTPOverTransport(
                loop, to: address, credentials: credentials, deadlines: deadlines),
            logger: .quiet)
    }

    @Test func commitsAreFetchedAndPushed() async throws {
        let noise = (0..<40_000).map { String($0 &* 2_654_435_761 % 1_000_003) }.joined(
            separator: "\n")
        try backend.commit(["m/a": "1", "m/noise": noise])
        let mirror = try mirror("origin.git")
        let first = try await mirror.fetch("main").head
        let files = try await mirror.files(at: first, under: "m").files
        #expect(files.map(\.path) == ["m/a", "m/noise"])
        #expect(try await mirror.read(files[1]).count == noise.utf8.count)
        let edits = [TreeEdit(path: "m/a", content: Array("2".utf8))]
        let author = Signature(name: "S", email: "s@example.org", time: .init(milliseconds: 0))
        let pushed = try await mirror.push(
            "main", expectedHead: first, edits: edits, message: "Two", author: author)
        let second = try await mirror.fetch("main")
        #expect(pushed == .pushed(second.head))
        #expect(second.previous == first)
        #expect(try backend.git("show", "main:m/a") == "2")
        // Pushed by somebody else in the meantime.
        try backend.commit(["m/b": "1"])
        #expect(
            try await mirror.push(
                "main", expectedHead: second.head, edits: edits + [.init(path: "x", content: [])],
                message: "Three", author: author) == .rejected(.headMoved))
        #expect(
            try await mirror.record(
                "slipway/state", edits: edits, message: "Proven", author: author)
                == .pushed(
                    #require(CommitID(try backend.git("rev-parse", "refs/heads/slipway/state")))))
        await loop.shutDown()
    }

    @Test(arguments: [
        ("hang/origin.git", GitError.Kind.timedOut), ("slow/origin.git", .timedOut),
        ("moved/origin.git", .unreachable), ("closed/origin.git", .unauthorized),
        ("page/origin.git", .unreachable), ("broken/origin.git", .unreachable),
        ("nothing.git", .repositoryNotFound),
    ])
    func everyFailureEndsInTimeAndIsNamed(_ path: String, _ kind: GitError.Kind) async throws {
        try backend.commit(["a": "1"])
        let mirror = try mirror(
            path, credentials: .basic(user: "u", password: "canary-5f2a"),
            deadlines: .init(connect: .seconds(2), total: .seconds(20), idle: .seconds(1)))
        let start = ContinuousClock.now
        do {
            _ = try await mirror.fetch("main")
            Issue.record("it was fetched")
        } catch {
            #expect(error.kind == kind, "\(error)")
            #expect(!"\(error)".contains("canary"))
        }
        #expect(ContinuousClock.now - start < .seconds(15))
        await loop.shutDown()
    }

    @Test func aHungServerIsLeftWhenTheTaskIsCancelled() async throws {
        let mirror = try mirror("hang/origin.git")
        let fetch = Task { () -> GitError.Kind? in
            do throws(GitError) {
                _ = try await mirror.fetch("main")
                return nil
            } catch {
                return error.kind
            }
        }
        try await Task.sleep(for: .milliseconds(300))
        fetch.cancel()
        #expect(await fetch.value == .cancelled)
        await loop.shutDown()
    }

    @Test func credentialsGoToTheRepositoryAlone() async throws {
        try backend.commit(["a": "1"])
        let good = try mirror(
            "secret/origin.git", credentials: .basic(user: "ada", password: "pass:wörd"))
        #expect(try await good.fetch("main").previous == nil)
        let bad = try mirror(
            "secret/origin.git", in: "bad", credentials: .basic(user: "ada", password: "no"))
        await #expect(throws: GitError.self) { try await bad.fetch("main") }
        let address = try RemoteAddress("\(backend.url)/origin.git", permissions: .init())
        let port = GitHTTPOverTransport(
            loop, to: address, credentials: .bearer(token: "canary-5f2a"))
        #expect(throws: GitHTTPFailure.self) {
            try port.exchange(
                .init(
                    method: .get, url: "\(backend.url)/other.git/info/refs", accept: "",
                    contentType: nil, body: [], cancellation: .init()))
        }
        #expect(!"\(GitCredentials.bearer(token: "canary-5f2a"))".contains("canary"))
        await loop.shutDown()
    }
}
