import Domain
import FoundationEssentials
import KubeWire
import Logging
import Resources
import Synchronization
import TestServers
import Testing

@testable import Cluster

/// Tokens that rotate.
@Suite(.timeLimit(.minutes(1)))
struct TokenTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")

    @Test func aRotatedTokenIsReadAgain() async throws {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "slipway-token-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("old\n".utf8).write(to: file)
        let accepted = Mutex("old")
        let server = try ScriptedServer { request, peer in
            let right = "Bearer " + accepted.withLock { $0 }
            guard request.headers["authorization"] == right else {
                peer.answer(401, #"{"kind":"Status","reason":"Unauthorized","code":401}"#)
                return .keep
            }
            peer.answer(
                200,
                request.path.hasSuffix("/a")
                    ? #"{"kind":"ConfigMap","metadata":{"name":"a"}}"#
                    : #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"1"},"items":[]}"#)
            return .keep
        }
        let client = try ClusterClient(
            KubeConfiguration(server: server.url, credentials: .tokenFile(file.path)),
            logger: .quiet)
        guard case .found = await client.get(Self.key) else {
            Issue.record("old")
            return
        }
        // The server knows the new one before the file does: one try only, no loop.
        accepted.withLock { $0 = "new" }
        guard case .failed(let refusal) = await client.get(Self.key) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.kind == .forbidden)
        #expect(server.requests.count == 2)
        try Data("new\n".utf8).write(to: file)
        guard case .found = await client.get(Self.key) else {
            Issue.record("new")
            return
        }
        #expect(server.requests.count == 4)
        // Lists read it as well.
        accepted.withLock { $0 = "newer" }
        try Data("newer".utf8).write(to: file)
        #expect(try await client.list(ObjectSelection(.configMap)).items.isEmpty)
        // A file that is empty for a moment changes nothing.
        try Data().write(to: file)
        guard case .found = await client.get(Self.key) else {
            Issue.record("empty")
            return
        }
        await client.shutDown()
    }

    @Test func nothingPrintsTheToken() throws {
        let configuration = KubeConfiguration(
            server: "http://127.0.0.1:1", credentials: .token("very-secret"))
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("very-secret"))
        }
    }

    /// As the kubelet does it: the folder behind a symbolic link is another one from now on.
    @Test func aTokenIsReadAgainAfterAWhileWithoutBeingRefused() throws {
        let folder = try Folder()
        let path = folder.url.path
        try folder.write("old", to: "first/token")
        try folder.write("new", to: "second/token")
        let link = "\(path)/..data"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "\(path)/first")
        let patient = TokenSource(.tokenFile("\(link)/token"), period: .seconds(3600))
        let eager = TokenSource(.tokenFile("\(link)/token"), period: .zero)
        #expect(patient.current() == "old")
        #expect(eager.current() == "old")
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "\(path)/second")
        #expect(patient.current() == "old")
        #expect(eager.current() == "new")
        #expect(patient.replace("old"))
        #expect(patient.current() == "new")
        // A file that is away for a moment leaves what was read.
        try FileManager.default.removeItem(atPath: link)
        #expect(eager.current() == "new")
    }
}
