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
                server: "https://127.0.0.1:\(server.port)", tls: tls, credentials: .token("canary"),
                origin: "config, context dev"
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
        _ server: TLSServer, _ tls: TLSSettings, says: String,
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
            #expect(
                refusal.message.contains(says), "\(refusal.message)",
                sourceLocation: sourceLocation)
            #expect(
                refusal.message.hasSuffix("(config, context dev)"), sourceLocation: sourceLocation)
            #expect(!refusal.message.contains("canary"), sourceLocation: sourceLocation)
        }
    }

    @Test func anUnknownAuthorityIsNotWrittenTo() async throws {
        let server = try TLSServer()
        let says = "nobody who is trusted has signed the server's certificate"
        try await expectNothingSent(
            server,
            TLSSettings(authorities: .file(server.path("stranger.pem")), serverName: "api.test"),
            says: says)
        try await expectNothingSent(server, TLSSettings(serverName: "api.test"), says: says)
    }

    @Test func aNameThatDoesNotFitIsNotWrittenTo() async throws {
        let server = try TLSServer()
        let authorities = TLSSettings.Material.file(server.path("ca.pem"))
        let says = "the server's certificate is for other names"
        try await expectNothingSent(
            server, TLSSettings(authorities: authorities, serverName: "other.test"), says: says)
        try await expectNothingSent(server, TLSSettings(authorities: authorities), says: says)
    }

    @Test func anExpiredCertificateIsNotWrittenTo() async throws {
        let server = try TLSServer(isExpired: true)
        try await expectNothingSent(
            server,
            TLSSettings(authorities: .file(server.path("ca.pem")), serverName: "api.test"),
            says: "the server's certificate has expired: it must be renewed")
    }

    @Test func anAuthorityThatIsNoneIsSaid() async throws {
        let server = try TLSServer()
        try await expectNothingSent(
            server,
            TLSSettings(authorities: .data(Array("garbage".utf8)), serverName: "api.test"),
            says: "certificate-authority holds no certificate that can be read")
    }

    @Test func aCertificateOfOursWithoutItsKeyIsSaid() async throws {
        let server = try TLSServer(asksForClient: true)
        try await expectNothingSent(
            server,
            TLSSettings(
                authorities: .file(server.path("ca.pem")),
                certificate: .file(server.path("client.pem")),
                key: .file(server.path("stranger.key")), serverName: "api.test"),
            says: "client-certificate and client-key cannot be read or do not belong together")
    }

    /// With TLS 1.3 the request may have left by then; the server has not read it.
    @Test func aServerThatRefusesOurCertificateSaysSo() async throws {
        let server = try TLSServer(asksForClient: true)
        let nobody = TLSSettings(authorities: .file(server.path("ca.pem")), serverName: "api.test")
        var stranger = nobody
        stranger.certificate = .file(server.path("stranger.pem"))
        stranger.key = .file(server.path("stranger.key"))
        for settings in [nobody, stranger] {
            let (_, read) = try await outcome(server, settings)
            guard case .failed(let refusal) = read else {
                Issue.record("\(read)")
                continue
            }
            #expect(refusal.kind == .unreachable)
            #expect(
                refusal.message.contains("the server refuses our client certificate"),
                "\(refusal.message)")
        }
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
