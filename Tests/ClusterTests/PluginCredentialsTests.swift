import Domain
import FoundationEssentials
import KubeWire
import Logging
import Resources
import Synchronization
import TestServers
import Testing
import Transport

@testable import Cluster

/// When a plugin is asked, by a client of a server that wants a token.
@Suite(.timeLimit(.minutes(2)))
struct PluginCredentialsTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")

    /// Prints `token-N` in its N-th run, with what `rest` adds; fails while `broken` is there and
    /// waits while `slow` is.
    private static func script(_ rest: String = "") -> String {
        """
        n=$(($(cat runs 2>/dev/null || echo 0) + 1)); echo $n > runs
        while [ -e slow ]; do sleep 0.02; done
        [ ! -e broken ] || { echo 'not logged in' >&2; exit 1; }
        echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        echo '"status":{"token":"token-'$n'"\(rest)}}'
        """
    }

    /// What a server accepts, and when "now" is.
    private final class World: Sendable {
        let accepted = Mutex("token-1")
        let now = Mutex(Timestamp(milliseconds: 1_900_000_000_000))

        func server() throws -> ScriptedServer {
            try ScriptedServer { [self] request, peer in
                let right = "Bearer " + accepted.withLock { $0 }
                if request.headers["authorization"] == right {
                    peer.answer(200, #"{"kind":"ConfigMap","metadata":{"name":"a"}}"#)
                } else {
                    peer.answer(401, #"{"kind":"Status","reason":"Unauthorized","code":401}"#)
                }
                return .keep
            }
        }

        func client(
            _ folder: borrowing Folder, _ server: ScriptedServer, rest: String = "",
            pause: Duration = .zero, patience: Duration = .seconds(60)
        ) throws -> ClusterClient {
            let configuration = try PluginKit.configuration(
                folder, script: PluginCredentialsTests.script(rest), server: server.url)
            let loop = try CurlLoop(name: "plugins")
            return ClusterClient(
                configuration, unary: loop, watches: loop, logger: .quiet, patience: patience,
                credentials: CredentialSource(
                    configuration.credentials, logger: .quiet,
                    settings: .init(pause: pause, now: { [self] in now.withLock { $0 } })))
        }
    }

    private func isFound(_ client: ClusterClient) async -> Bool {
        if case .found = await client.get(Self.key) { true } else { false }
    }

    private func runs(_ folder: borrowing Folder) -> Int {
        Int(folder.read("runs")?.filter(\.isNumber) ?? "") ?? 0
    }

    /// Waits until the plugin has been started so many times.
    private func hasRun(_ folder: borrowing Folder, _ count: Int) async throws {
        while runs(folder) < count { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func oneRunServesAllRequests() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let client = try world.client(folder, server)
        let found = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 { group.addTask { await isFound(client) } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(found == 10)
        #expect(await isFound(client))
        #expect(await isFound(client.forLease(over: try CurlLoop(name: "lease"))))
        #expect(runs(folder) == 1)
        await client.shutDown()
    }

    @Test func aRefusedTokenIsAskedForAnewOnce() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let client = try world.client(folder, server)
        #expect(await isFound(client))
        world.accepted.withLock { $0 = "token-2" }
        #expect(await isFound(client))
        #expect(runs(folder) == 2)
        #expect(server.requests.count == 3)
        // What the server never accepts costs one more run and one more request, no endless loop.
        world.accepted.withLock { $0 = "nothing" }
        guard case .failed(let refusal) = await client.get(Self.key) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.kind == .forbidden)
        #expect(runs(folder) == 3)
        #expect(server.requests.count == 5)
        await client.shutDown()
    }

    @Test func aServerThatRefusesEverythingDoesNotStartAProgramForEachRequest() async throws {
        let folder = try Folder()
        let world = World()
        world.accepted.withLock { $0 = "nothing" }
        let server = try world.server()
        let client = try world.client(folder, server, pause: .seconds(3600))
        for _ in 0..<5 { #expect(await !isFound(client)) }
        #expect(runs(folder) == 1)
        #expect(server.requests.count == 5)
        await client.shutDown()
    }

    @Test func anExpiredTokenIsAskedForAnewBeforeItIsSent() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let end = world.now.withLock { $0 } + .hours(1)
        let client = try world.client(folder, server, rest: #","expirationTimestamp":"\#(end)""#)
        #expect(await isFound(client))
        world.now.withLock { $0 = end }
        world.accepted.withLock { $0 = "token-2" }
        #expect(await isFound(client))
        #expect(runs(folder) == 2)
        #expect(server.requests.count == 2)
        await client.shutDown()
    }

    @Test func nobodyWaitsForAPluginWhileATokenHolds() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let end = world.now.withLock { $0 } + .hours(1)
        let client = try world.client(folder, server, rest: #","expirationTimestamp":"\#(end)""#)
        #expect(await isFound(client))
        // The next one is asked for shortly before the end, behind the back of requests.
        world.now.withLock { $0 = end - .seconds(30) }
        try folder.write("", to: "slow")
        #expect(await isFound(client))
        try await hasRun(folder, 2)
        #expect(await isFound(client))
        #expect(runs(folder) == 2)
        // It has come before the old one ends: no request is refused.
        try FileManager.default.removeItem(at: folder.url.appending(path: "slow"))
        world.accepted.withLock { $0 = "token-2" }
        world.now.withLock { $0 = end }
        let before = server.requests.count
        #expect(await isFound(client))
        #expect(server.requests.count == before + 1)
        await client.shutDown()
    }

    @Test func aPluginThatFailsIsAClearErrorAndTriedAgain() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let client = try world.client(folder, server)
        try folder.write("", to: "broken")
        let write = await client.perform(.create(Self.key, ["metadata": ["name": "a"]]))
        guard case .notApplied(let refusal) = write else {
            Issue.record("\(write)")
            return
        }
        #expect(refusal.kind == .unreachable)
        #expect(refusal.message.contains("it ended with code 1: not logged in"))
        await #expect(throws: ClusterError.self) {
            try await client.list(ObjectSelection(.configMap))
        }
        #expect(server.requests.isEmpty)
        try FileManager.default.removeItem(at: folder.url.appending(path: "broken"))
        world.accepted.withLock { $0 = "token-\(runs(folder) + 1)" }
        #expect(await isFound(client))
        await client.shutDown()
    }

    @Test func aPluginThatFailsIsNotStartedForEachRequest() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let client = try world.client(folder, server, pause: .seconds(3600))
        try folder.write("", to: "broken")
        for _ in 0..<5 { #expect(await !isFound(client)) }
        #expect(runs(folder) == 1)
        #expect(server.requests.isEmpty)
        await client.shutDown()
    }

    @Test func aRequestWaitsForAPluginNoLongerThanForAnAnswer() async throws {
        let folder = try Folder()
        let world = World()
        let server = try world.server()
        let client = try world.client(folder, server, patience: .milliseconds(300))
        try folder.write("", to: "slow")
        guard case .failed(let refusal) = await client.get(Self.key) else {
            Issue.record("found")
            return
        }
        #expect(refusal.message.contains("the credential plugin has not answered yet"))
        #expect(server.requests.isEmpty)
        try FileManager.default.removeItem(at: folder.url.appending(path: "slow"))
        // The run went on; who asks later has what it gave.
        var isThere = false
        while !isThere { isThere = await isFound(client) }
        #expect(runs(folder) == 1)
        await client.shutDown()
    }
}
