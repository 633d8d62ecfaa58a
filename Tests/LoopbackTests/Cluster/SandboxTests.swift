import Cluster
import Domain
import KubeWire
import Logging
import Resources
import Sandbox
import Testing

/// The client against the embedded API server.
@Suite(.timeLimit(.minutes(2)))
struct SandboxTests {
    private static let key = ResourceKey(.configMap, namespace: "default", name: "a")

    private static func object(_ name: String, _ value: String) -> Document {
        [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(name), "namespace": "default"],
            "data": ["k": .string(value)],
        ]
    }

    private func withClient(
        _ body: @escaping @Sendable (ClusterClient, SandboxServer) async throws -> Void
    ) async throws {
        try await SandboxServer.withServer { server, port in
            let client = try ClusterClient(
                KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: .quiet)
            do {
                try await body(client, server)
            } catch {
                await client.shutDown()
                throw error
            }
            await client.shutDown()
        }
    }

    private static func kind(_ outcome: WriteOutcome) -> WriteRefusal.Kind? {
        if case .notApplied(let refusal) = outcome { refusal.kind } else { nil }
    }

    private static func applied(_ outcome: WriteOutcome) throws -> Document {
        guard case .applied(let object) = outcome else {
            Issue.record("\(outcome)")
            throw NotApplied()
        }
        return object
    }

    private struct NotApplied: Error {}

    private static func uid(_ object: Document) throws -> String {
        try #require(object.at("metadata", "uid")?.stringValue)
    }

    @Test func everyWriteIsConditional() async throws {
        try await withClient { client, _ in
            let key = Self.key
            #expect(await client.get(key) == .notFound)
            let made = try Self.applied(await client.perform(.create(key, Self.object("a", "1"))))
            let uid = try Self.uid(made)
            let again = await client.perform(.create(key, Self.object("a", "1")))
            #expect(Self.kind(again) == .alreadyExists)
            guard case .found(let found) = await client.get(key) else {
                Issue.record("not found")
                return
            }
            #expect(found.at("data", "k") == "1")

            func patch(_ expected: Document, _ value: Document) -> WriteRequest {
                .jsonPatch(
                    key,
                    [
                        PatchOperation(.test, "/metadata/uid", .string(uid)),
                        PatchOperation(.test, "/data/k", expected),
                        PatchOperation(.replace, "/data/k", value),
                    ])
            }
            let patched = try Self.applied(await client.perform(patch("1", "2")))
            #expect(patched.at("data", "k") == "2")
            let late = await client.perform(patch("1", "2"))
            #expect(Self.kind(late) == .conflict, "\(late)")

            let wrong = await client.perform(
                .delete(key, uid: "00000000-0000-0000-0000-000000000000", resourceVersion: nil))
            #expect(Self.kind(wrong) == .conflict)
            let stale = await client.perform(
                .delete(
                    key, uid: uid,
                    resourceVersion: made.at("metadata", "resourceVersion")?.stringValue))
            #expect(Self.kind(stale) == .conflict)
            _ = try Self.applied(
                await client.perform(.delete(key, uid: uid, resourceVersion: nil)))
            #expect(await client.get(key) == .notFound)
            #expect(
                Self.kind(await client.perform(.delete(key, uid: uid, resourceVersion: nil)))
                    == .notFound)
        }
    }

    @Test func anApplyWithAUidDoesNotBringBackTheDead() async throws {
        try await withClient { client, _ in
            let key = Self.key
            let made = try Self.applied(
                await client.perform(.apply(key, Self.object("a", "1"), force: false)))
            let uid = try Self.uid(made)
            var intent = Self.object("a", "2")
            intent.set(["metadata", "uid"], to: .string(uid))
            let changed = try Self.applied(
                await client.perform(.apply(key, intent, force: false)))
            #expect(changed.at("data", "k") == "2")
            // Once more changes nothing.
            let same = try Self.applied(await client.perform(.apply(key, intent, force: false)))
            #expect(
                same.at("metadata", "resourceVersion")
                    == changed.at("metadata", "resourceVersion"))
            _ = try Self.applied(
                await client.perform(.delete(key, uid: uid, resourceVersion: nil)))
            let late = await client.perform(.apply(key, intent, force: false))
            #expect(Self.kind(late) == .conflict)
            #expect(await client.get(key) == .notFound)
        }
    }

    @Test func aBrokenConnectionMayHaveWritten() async throws {
        try await withClient { client, server in
            await server.inject(SandboxFault(.carryOutAndDisconnect))
            let outcome = await client.perform(.create(Self.key, Self.object("a", "1")))
            guard case .unknown = outcome else {
                Issue.record("\(outcome)")
                return
            }
            guard case .found = await client.get(Self.key) else {
                Issue.record("not written")
                return
            }
            // Twice: on a kept connection libcurl tries once more by itself.
            await server.inject(SandboxFault(count: 2, .disconnect))
            let second = await client.perform(
                .create(
                    ResourceKey(.configMap, namespace: "default", name: "b"),
                    Self.object("b", "1")))
            guard case .unknown = second else {
                Issue.record("\(second)")
                return
            }
        }
    }

    @Test func aKindThatIsNotInstalledIsToldFromAnObjectThatIsGone() async throws {
        try await withClient { client, _ in
            let read = await client.get(
                ResourceKey(.httpRoute, namespace: "default", name: "a"))
            guard case .failed(let refusal) = read else {
                Issue.record("\(read)")
                return
            }
            #expect(refusal.kind == .notFound)
            let error = await #expect(throws: ClusterError.self) {
                try await client.list(ObjectSelection(.httpRoute))
            }
            #expect(error?.kind == .notServed)
        }
    }

    @Test func readsAListInPages() async throws {
        try await withClient { client, _ in
            for number in 100..<125 {
                let name = "n\(number)"
                _ = try Self.applied(
                    await client.perform(
                        .create(
                            ResourceKey(.configMap, namespace: "default", name: name),
                            Self.object(name, "1"))))
            }
            let list = try await client.list(
                ObjectSelection(.configMap, namespace: "default"), pageSize: 10)
            let names = list.items.compactMap { $0.at("metadata", "name")?.stringValue }
            #expect(names.filter { $0.hasPrefix("n1") } == (100..<125).map { "n\($0)" })
            #expect(list.items.allSatisfy { $0["kind"] == "ConfigMap" })
            #expect(ResourceVersion(list.resourceVersion) != nil)
        }
    }

    @Test func aViewFollowsTheClusterThroughCuts() async throws {
        try await withClient { client, server in
            let (stream, sink) = AsyncStream<ViewEvent>.makeStream()
            let reflector = Reflector(
                ObjectSelection(.configMap, namespace: "default"), client: client)
            let task = Task {
                var generator = SystemRandomNumberGenerator()
                await reflector.run(using: &generator) { sink.yield($0) }
            }
            defer { task.cancel() }
            var events = stream.makeAsyncIterator()
            guard case .replaced? = await events.next() else {
                Issue.record("no list")
                return
            }
            for round in 0..<5 {
                let name = "r\(round)"
                let key = ResourceKey(.configMap, namespace: "default", name: name)
                let made = try Self.applied(
                    await client.perform(.create(key, Self.object(name, "1"))))
                var wanted = ["+\(name)", "-\(name)"]
                if round % 2 == 1 { await server.cutWatches() }
                _ = try Self.applied(
                    await client.perform(
                        .delete(key, uid: try Self.uid(made), resourceVersion: nil)))
                while !wanted.isEmpty {
                    guard let event = await events.next() else {
                        Issue.record("the view ended")
                        return
                    }
                    switch event {
                    case .changed(let object):
                        if wanted.first == "+\(object.at("metadata", "name")?.stringValue ?? "")" {
                            wanted.removeFirst()
                        }
                    case .deleted(let object):
                        if wanted.last == "-\(object.at("metadata", "name")?.stringValue ?? "")" {
                            wanted = []
                        }
                    // A list after a cut: what is not in it is gone.
                    case .replaced(let items, _):
                        let names = items.compactMap { $0.at("metadata", "name")?.stringValue }
                        if !names.contains(name) { wanted = [] }
                    case .bookmark, .interrupted, .refused: break
                    }
                }
            }
        }
    }
}
