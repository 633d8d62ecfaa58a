import ControlPlane
import Domain
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Sandbox

/// A sandbox's cluster is there again after a restart.
@Suite(.timeLimit(.minutes(3))) struct StateFileTests {
    /// A folder of its own and what the sandboxes on it said.
    private final class Place: Sendable {
        let folder: String
        private let lines = Mutex<[String]>([])
        private let troubles = Mutex<[String]>([])

        init() throws {
            folder =
                FileManager.default.temporaryDirectory
                .appendingPathComponent("slipway-state-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var journal: String { "\(folder)/cluster.journal" }
        var said: [String] { lines.withLock { $0 } }
        var warned: [String] { troubles.withLock { $0 } }

        var options: SandboxOptions {
            SandboxOptions(
                state: StateOptions(folder: folder) { [self] line, isTrouble in
                    if isTrouble { troubles.withLock { $0.append(line) } }
                    lines.withLock { $0.append(line) }
                })
        }

        func bytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: journal)) }
        func put(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: journal)) }
    }

    private static func create(
        _ name: String, size: Int = 1, _ store: inout Store, _ now: Timestamp
    ) throws -> Document {
        try store.create(
            .configMap, namespace: "default",
            [
                "metadata": ["name": .string(name)],
                "data": ["k": .string(String(repeating: "x", count: size))],
            ], WriteContext(now: now, manager: "test"))
    }

    private static func post(
        _ name: String, size: Int, to server: SandboxServer
    ) async throws -> APIResponse {
        let body: Document = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
            "data": ["k": .string(String(repeating: "x", count: size))],
        ]
        let request = APIRequest(
            method: "POST", path: "/api/v1/namespaces/default/configmaps", query: [],
            headers: [(name: "content-type", value: "application/json")],
            body: body.canonicalJSON())
        guard case .response(let response) = await server.perform(request) else {
            throw NodeFailure(description: "no response")
        }
        return response
    }

    private static func names(_ server: SandboxServer) async -> [String] {
        await server.store.objects(.configMap, namespace: "default").map(\.objectName)
    }

    // MARK: Restarts

    @Test func aRestartedSandboxIsTheSameCluster() async throws {
        let place = try Place()
        var options = place.options
        options.installsGatewayDefinitions = true
        let (first, version) = try await SandboxServer.withServer(options) { server, _ in
            let made = try await server.change { try Self.create("a", &$0, $1) }
            return (made, await server.store.version)
        }
        let kept = try place.bytes()
        try await SandboxServer.withServer(options) { server, _ in
            let store = await server.store
            #expect(store.objects(.configMap, namespace: "default") == [first])
            #expect(
                store.registry.find(apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway")
                    != nil)
            // Nothing has to be done anew: the definitions are as they are asked for.
            #expect(store.version >= version)
            let changed = try store.events(CustomResources.kind, after: version)
            #expect(changed.isEmpty)
            let next = try await server.change { try Self.create("b", &$0, $1) }
            #expect(try #require(Int64(next.objectVersion)) > version)
            #expect(next.objectUID != first.objectUID)
        }
        #expect(try place.bytes().count > kept.count)
        #expect(place.warned == [])
        #expect(place.said.count == 1)
        let said = try #require(place.said.first)
        #expect(said.hasPrefix("the cluster is as it was at version "))
        #expect(said.hasSuffix(", read from \(place.journal)"))
    }

    @Test func aNewDefinitionTakesThePlaceOfTheOld() async throws {
        let place = try Place()
        var options = place.options
        options.definitions = [GatewayDefinitions.all[0]]
        try await SandboxServer.withServer(options) { _, _ in }
        var newer = GatewayDefinitions.all[0]
        newer.set(["spec", "names", "shortNames"], to: ["gcx"])
        options.definitions = [newer, GatewayDefinitions.all[1]]
        try await SandboxServer.withServer(options) { server, _ in
            let names = await server.store.registry.definitions.flatMap(\.shortNames)
            #expect(names.contains("gcx"))
            #expect(await server.store.count(of: CustomResources.kind) == 2)
        }
    }

    /// What another start of the machine finds may lack what was written last.
    @Test func afterACrashOfTheMachineNoVersionStandsForTwoThings() async throws {
        let place = try Place()
        let before = try await SandboxServer.withServer(place.options) { server, _ in
            try await server.change { try Self.create("a", &$0, $1) }
            // As it is in the middle of its life: not closed.
            let bytes = try place.bytes()
            try bytes.write(to: URL(fileURLWithPath: place.folder + "/middle"))
            return await server.store.version
        }
        let middle = try Data(contentsOf: URL(fileURLWithPath: place.folder + "/middle"))
        try place.put(middle)
        try await SandboxServer.withServer(place.options) { server, _ in
            #expect(await server.store.version < before + 1000, "the same start of the machine")
        }
        var store = Store(seed: 3)
        store.notesChanges()
        var bytes: [UInt8] = []
        store.save(place: "another start") { bytes += $0 }
        let version = store.version
        try place.put(Data(bytes))
        try await SandboxServer.withServer(place.options) { server, _ in
            #expect(await server.store.version > version + 100_000)
        }
    }

    // MARK: Copies

    @Test func aNewCopyTakesThePlaceOfALongFile() async throws {
        let place = try Place()
        let options = try #require(place.options.state)
        let opened = try StateFile.open(options) { Store(seed: 1) }
        let file = opened.file
        var store = opened.store
        let now = Timestamp(milliseconds: 0)
        func change(_ store: inout Store, _ number: Int) throws {
            let key = ResourceKey(.configMap, namespace: "default", name: "a")
            if number > 0 { try store.delete(key, WriteContext(now: now)) }
            _ = try Self.create("a", size: 100_000 + number, &store, now)
            try file.keep(store.unsavedLines)
            store.noteSaved()
        }
        var number = 0
        while !file.beginsCopy() {
            try change(&store, number)
            number += 1
            try #require(number < 1000)
        }
        let long = try place.bytes().count
        #expect(long > 4 << 20)
        let taken = store
        // What happens while the copy is written is in the new file, too.
        async let copied: Void = file.copy(taken)
        try change(&store, number)
        await copied
        try change(&store, number + 1)
        #expect(try place.bytes().count < 1 << 20)
        #expect(!file.beginsCopy())
        await file.synchronize()
        file.close(store)
        let (again, kept) = try StateFile.open(options) { Store(seed: 2) }
        #expect(kept.version == store.version)
        #expect(kept.objects(.configMap) == store.objects(.configMap))
        again.close(kept)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: place.folder).sorted()
                == ["cluster.journal", "lock"])
    }

    // MARK: Faults

    @Test func theRestOfAnUnfinishedWriteIsDroppedAndSaidSo() async throws {
        let place = try Place()
        try await SandboxServer.withServer(place.options) { server, _ in
            _ = try await server.change { try Self.create("a", &$0, $1) }
        }
        let whole = try place.bytes()
        try place.put(whole + Data("0123abcd {\"chang".utf8))
        try await SandboxServer.withServer(place.options) { server, _ in
            #expect(await Self.names(server).contains("a"))
            try await server.change { try Self.create("b", &$0, $1) }
        }
        #expect(
            place.warned == [
                "\(place.journal): the last write was not completed; its 16 bytes after byte "
                    + "\(whole.count) are dropped"
            ])
        try await SandboxServer.withServer(place.options) { server, _ in
            #expect(await Self.names(server).filter { $0.count == 1 } == ["a", "b"])
        }
        #expect(place.warned.count == 1)
    }

    @Test func aDamagedFileIsNamedAndLeftAsItIs() async throws {
        let place = try Place()
        try await SandboxServer.withServer(place.options) { server, _ in
            for name in ["a", "b"] {
                _ = try await server.change { try Self.create(name, &$0, $1) }
            }
        }
        var bytes = try place.bytes()
        let offset = try #require(bytes.range(of: Data("\"name\":\"a\"".utf8))).lowerBound
        bytes[offset + 8] = UInt8(ascii: "x")
        try place.put(bytes)
        let error = await #expect(throws: StateFailure.self) {
            try await SandboxServer.withServer(place.options) { _, _ in }
        }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("the state cannot be read: \(place.journal): line "))
        #expect(text.hasSuffix("damaged: the checksum does not fit; nothing was changed"))
        #expect(try place.bytes() == bytes)
    }

    @Test func aFolderHasOneSandboxAndMustBeWritable() async throws {
        let place = try Place()
        try await SandboxServer.withServer(place.options) { _, _ in
            let error = await #expect(throws: StateFailure.self) {
                try await SandboxServer.withServer(place.options) { _, _ in }
            }
            #expect(error?.description == "another sandbox works on \(place.folder)")
        }
        var options = place.options
        options.state = StateOptions(folder: "\(place.journal)/below")
        let error = await #expect(throws: StateFailure.self) {
            try await SandboxServer.withServer(options) { _, _ in }
        }
        #expect(
            error?.description.hasSuffix("cluster.journal/below: Not a directory") == true,
            "\(String(describing: error))")
    }

    @Test func aFullDiskRefusesChangesAndLosesNone() async throws {
        let place = try Place()
        guard mount("tmpfs", place.folder, "tmpfs", 0, "size=1m") == 0 else {
            try Test.cancel("needs the right to mount a small disk")
        }
        defer { _ = umount2(place.folder, Int32(MNT_DETACH)) }
        let filler = URL(fileURLWithPath: "\(place.folder)/filler")
        try await SandboxServer.withServer(place.options) { server, _ in
            try Data(count: 600_000).write(to: filler)
            var made: [String] = []
            var refused: APIResponse?
            for number in 0..<100 where refused == nil {
                let response = try await Self.post("c\(number)", size: 20_000, to: server)
                if response.status == 201 { made.append("c\(number)") } else { refused = response }
            }
            let answer = try #require(refused)
            #expect(answer.status == 503)
            #expect(answer.headers.contains { $0.name == "Retry-After" })
            let text = String(decoding: answer.pieces().reduce([], +), as: UTF8.self)
            #expect(text.contains("since the sandbox cannot keep it"))
            #expect(text.contains("No space left on device"))
            #expect(await Self.names(server).filter { $0.hasPrefix("c") }.sorted() == made.sorted())
            // A part of the cluster waits instead, and what it saw is not there.
            async let waiting = server.change { try Self.create("w", size: 20_000, &$0, $1) }
            try await Task.sleep(for: .milliseconds(500))
            #expect(await !Self.names(server).contains("w"))
            try FileManager.default.removeItem(at: filler)
            let late = try await waiting
            #expect(try await Self.post("late", size: 20_000, to: server).status == 201)
            #expect(
                await server.store.object(
                    ResourceKey(.configMap, namespace: "default", name: "w")) == late)
        }
        // A smaller change of the cluster's own may still fit in between: said in turns.
        let refusals = place.said.filter { $0.hasPrefix("changes are refused, since they cannot") }
        let again = "changes are kept again in \(place.journal)"
        #expect(!refusals.isEmpty)
        #expect(place.said == refusals.flatMap { [$0, again] })
        try await SandboxServer.withServer(place.options) { server, _ in
            let names = await Self.names(server)
            #expect(names.contains("w") && names.contains("late") && names.contains("c0"))
        }
    }
}
