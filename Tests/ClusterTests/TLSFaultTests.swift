import Cluster
import Domain
import Resources
import TestServers
import Testing
import Transport

/// An API server that is not who it should be gets no request and no token.
@Suite(.timeLimit(.minutes(1)), .enabled(if: TLSServer.openssl != nil))
struct TLSFaultTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")
    private static let write = WriteRequest.apply(
        key, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]], force: true)

    /// The outcome of a write and of a read once the server is up.
    private func outcome(
        _ server: TLSServer, _ tls: TLSSettings
    ) async throws -> (write: WriteOutcome, read: ReadOutcome) {
        let client = try ClusterClient(
            KubeConfiguration(
                server: "https://127.0.0.1:\(server.port)", tls: tls, credentials: .token("canary")
            ), logger: .quiet)
        for _ in 0..<200 {
            let write = await client.perform(Self.write)
            if case .notApplied(let refusal) = write, refusal.message.contains("no connection") {
                try await Task.sleep(for: .milliseconds(25))
                continue
            }
            let read = await client.get(Self.key)
            await client.shutDown()
            return (write, read)
        }
        throw TLSServer.Unusable()
    }

    private func expectNothingSent(
        _ server: TLSServer, _ tls: TLSSettings,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (write, read) = try await outcome(server, tls)
        guard case .notApplied(let refused) = write, case .failed(let unread) = read else {
            Issue.record("\(write), \(read)", sourceLocation: sourceLocation)
            return
        }
        for refusal in [refused, unread] {
            #expect(refusal.kind == .unreachable, sourceLocation: sourceLocation)
            #expect(refusal.message.contains("no TLS connection"), sourceLocation: sourceLocation)
            #expect(!refusal.message.contains("canary"), sourceLocation: sourceLocation)
        }
    }

    @Test func anUnknownAuthorityIsNotWrittenTo() async throws {
        let server = try TLSServer()
        try await expectNothingSent(
            server,
            TLSSettings(authorities: .file(server.path("stranger.pem")), serverName: "api.test"))
        try await expectNothingSent(server, TLSSettings(serverName: "api.test"))
    }

    @Test func aNameThatDoesNotFitIsNotWrittenTo() async throws {
        let server = try TLSServer()
        let authorities = TLSSettings.Material.file(server.path("ca.pem"))
        try await expectNothingSent(
            server, TLSSettings(authorities: authorities, serverName: "other.test"))
        try await expectNothingSent(server, TLSSettings(authorities: authorities))
    }

    @Test func theRightOneIsWrittenTo() async throws {
        let server = try TLSServer()
        let (write, _) = try await outcome(
            server,
            TLSSettings(authorities: .file(server.path("ca.pem")), serverName: "api.test"))
        // It is a server of pages, not of objects.
        guard case .unknown = write else {
            Issue.record("\(write)")
            return
        }
    }
}
