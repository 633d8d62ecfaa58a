import Documents
import Domain
import KubeWire
import Logging
import Resources
import Synchronization
import TestServers
import Testing
import Transport

@testable import Cluster

/// Client certificates of plugins, shown to a real TLS server.
@Suite(.timeLimit(.minutes(1)), .enabled(if: TLSServer.openssl != nil))
struct PluginCertificateTests {
    /// What a plugin prints that gives a certificate of the server's.
    private func answer(
        _ server: TLSServer, _ name: String, until end: Timestamp
    ) throws -> String {
        func text(_ file: String) throws -> Document {
            .string(String(decoding: try server.bytes(file), as: UTF8.self))
        }
        let answer: Document = [
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": [
                "clientCertificateData": try text("\(name).pem"),
                "clientKeyData": try text("\(name).key"),
                "expirationTimestamp": .string("\(end)"),
            ],
        ]
        return answer.canonicalJSONString()
    }

    @Test func newConnectionsShowTheNewCertificate() async throws {
        let server = try TLSServer(asksForClient: true)
        let folder = try Folder()
        let end = Timestamp(milliseconds: 1_900_000_000_000)
        try folder.write(try answer(server, "stranger", until: end), to: "answer-1")
        try folder.write(try answer(server, "client", until: end + .hours(1)), to: "answer-2")
        let authorities = Base64.encode(try server.bytes("ca.pem"))
        let configuration = try PluginKit.configuration(
            folder, script: "n=$(($(cat runs || echo 0) + 1)); echo $n > runs; cat answer-$n",
            server: "https://127.0.0.1:\(server.port)",
            cluster: ", tls-server-name: api.test, certificate-authority-data: \(authorities)")
        let loop = try CurlLoop(name: "certificates")
        let clock = Clock(now: end - .hours(1))
        let client = ClusterClient(
            configuration, unary: loop, watches: loop, logger: .quiet,
            credentials: CredentialSource(
                configuration.credentials, logger: .quiet,
                settings: .init(pause: .zero, now: { clock.now.withLock { $0 } })))
        #expect(try await says(client).contains("the server refuses our client certificate"))
        clock.now.withLock { $0 = end }
        // It lets us in; that it is a server of pages and not of objects is another matter.
        let answer = try await says(client)
        #expect(!answer.contains("refuses") && !answer.contains("connection"), "\(answer)")
        #expect(folder.read("runs") == "2\n")
        await client.shutDown()
    }

    private final class Clock: Sendable {
        let now: Mutex<Timestamp>

        init(now: Timestamp) { self.now = Mutex(now) }
    }

    /// Why nothing was read, once the server is up.
    private func says(_ client: ClusterClient) async throws -> String {
        let key = ResourceKey(.configMap, namespace: "prod", name: "a")
        while true {
            guard case .failed(let refusal) = await client.get(key) else { return "found" }
            guard refusal.message.contains("no connection") else { return refusal.message }
            try await Task.sleep(for: .milliseconds(25))
        }
    }
}
