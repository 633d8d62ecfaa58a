import Cluster
import ControlPlane
import Domain
import Resources
import Sandbox
import Testing
import Transport

/// An API server that goes away and comes back: a new server over the store of the old one.
@Suite(.timeLimit(.minutes(3)))
struct SandboxRestartTests {
    private struct Stopped: Sendable {
        let port: Int
        let store: Store
        let client: ClusterClient
        let view: LiveView
        let uid: String
    }

    /// A server that served, with an object `a` and a view that saw it, and is gone.
    private func stopped() async throws -> Stopped {
        try await SandboxServer.withServer { server, port in
            let client = try ClusterClient(
                KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: .quiet)
            let view = LiveView(client)
            #expect(await view.next() == "=")
            let made = await client.perform(.create(Bench.key("a"), Bench.object("a")))
            guard case .applied(let object) = made else { throw Bench.NotDone(outcome: made) }
            #expect(await view.next() == "+a")
            await server.stop()
            return Stopped(
                port: port, store: await server.store, client: client, view: view,
                uid: object.objectUID)
        }
    }

    @Test func nothingIsLostAndViewsGoOn() async throws {
        let old = try await stopped()
        let refused = await old.client.perform(.create(Bench.key("b"), Bench.object("b")))
        guard case .notApplied(let refusal) = refused else {
            Issue.record("\(refused)")
            return
        }
        #expect(refusal.kind == .unreachable)
        let options = SandboxOptions(port: old.port)
        try await SandboxServer.withServer(options, store: old.store) { _, port in
            #expect(port == old.port)
            guard case .found(let object) = await old.client.get(Bench.key("a")) else {
                Issue.record("lost")
                return
            }
            #expect(object.objectUID == old.uid)
            let made = await old.client.perform(.create(Bench.key("b"), Bench.object("b")))
            guard case .applied(let next) = made else { throw Bench.NotDone(outcome: made) }
            let before = Int64(object.objectVersion) ?? 0
            #expect(try #require(Int64(next.objectVersion)) > before)
            #expect(await old.view.comesToHold(["a", "b"], from: ["a"]))
        }
        await old.view.stop()
        await old.client.shutDown()
    }

    @Test func whatHappenedMeanwhileIsSeenAfterwards() async throws {
        let old = try await stopped()
        var store = old.store
        try store.delete(
            Bench.key("a"), WriteContext(now: Timestamp(milliseconds: 0), manager: "another"))
        let options = SandboxOptions(port: old.port)
        try await SandboxServer.withServer(options, store: store) { _, _ in
            #expect(await old.view.comesToHold([], from: ["a"]))
        }
        await old.view.stop()
        await old.client.shutDown()
    }

    @Test func aServerThatForgotItsHistoryMakesViewsReadAgain() async throws {
        let old = try await stopped()
        var store = old.store
        try store.delete(
            Bench.key("a"), WriteContext(now: Timestamp(milliseconds: 0), manager: "another"))
        store.compact(upTo: store.version)
        let options = SandboxOptions(port: old.port)
        try await SandboxServer.withServer(options, store: store) { _, _ in
            #expect(await old.view.next() == "=")
        }
        await old.view.stop()
        await old.client.shutDown()
    }

    @Test func stoppingWhileClientsComeInHarmsNobody() async throws {
        let loop = try CurlLoop(name: "crowd")
        for _ in 0..<10 {
            let server = SandboxServer()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await server.run() }
                guard let port = try? await server.port() else {
                    Issue.record("it does not serve")
                    return
                }
                for _ in 0..<8 {
                    group.addTask {
                        var isServed = true
                        while isServed {
                            let request = HTTPRequest(
                                .get, "http://127.0.0.1:\(port)/healthz", connection: .fresh)
                            let response = try? await loop.perform(request)
                            isServed = response?.status == 200
                        }
                    }
                }
                try? await Task.sleep(for: .milliseconds(30))
                await server.stop()
            }
        }
        await loop.shutDown()
    }
}
