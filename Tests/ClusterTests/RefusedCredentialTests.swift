import Domain
import FoundationEssentials
import KubeWire
import Resources
import TestServers
import Testing

@testable import Cluster

/// A server that knows nobody says "Unauthorized" and no more: people are told which credential it
/// was, and where that stands.
@Suite(.timeLimit(.minutes(1)))
struct RefusedCredentialTests {
    private static let key = ResourceKey(.configMap, namespace: "prod", name: "a")
    private static let write = WriteRequest.create(
        key, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]])
    private static let secret = "canary-9f2c"

    private static func refusing() throws -> ScriptedServer {
        try ScriptedServer { _, peer in
            peer.answer(
                401,
                """
                {"kind":"Status","status":"Failure","message":"Unauthorized",\
                "reason":"Unauthorized","code":401}
                """)
            return .keep
        }
    }

    /// What a read, a write, a list, a view and the question for the version are told.
    private func messages(_ configuration: KubeConfiguration) async throws -> [String] {
        let client = try ClusterClient(configuration, logger: .quiet)
        var messages: [String] = []
        if case .failed(let refusal) = await client.get(Self.key) {
            #expect(refusal.kind == .forbidden)
            messages.append(refusal.message)
        }
        if case .notApplied(let refusal) = await client.perform(Self.write) {
            #expect(refusal.kind == .forbidden)
            messages.append(refusal.message)
        }
        let selection = ObjectSelection(.configMap)
        let unlisted = await #expect(throws: ClusterError.self) {
            try await client.list(selection)
        }
        #expect(unlisted?.kind == .forbidden)
        messages.append(unlisted?.message ?? "")
        let unknown = await #expect(throws: ClusterError.self) {
            try await client.serverVersion()
        }
        messages.append(unknown?.message ?? "")
        let told = await withTaskGroup(of: String?.self) { group in
            let (stream, sink) = AsyncStream<ViewEvent>.makeStream()
            group.addTask {
                var generator = SystemRandomNumberGenerator()
                await Reflector(selection, client: client).run(using: &generator) {
                    sink.yield($0)
                }
                return nil
            }
            var events = stream.makeAsyncIterator()
            let first = await events.next()
            group.cancelAll()
            guard case .refused(.forbidden, let reason)? = first else {
                return "\(first, default: "")"
            }
            return reason
        }
        messages.append(told.replacing("\(selection): ", with: ""))
        await client.shutDown()
        return messages
    }

    private func expect(
        _ configuration: KubeConfiguration, says credential: String,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let messages = try await messages(configuration)
        #expect(
            messages
                == Array(
                    repeating: "Unauthorized; it does not accept \(credential)", count: 5),
            sourceLocation: sourceLocation)
    }

    private func configuration(
        _ folder: borrowing Folder, user: String, server: String
    ) throws -> KubeConfiguration {
        let path = try folder.write(
            """
            current-context: dev
            contexts: [{name: dev, context: {cluster: east, user: me}}]
            clusters: [{name: east, cluster: {server: "\(server)"}}]
            users: [{name: me, user: {\(user)}}]
            """)
        return try KubeConfiguration.load(path)
    }

    @Test func aTokenInTheFileIsNamedByItsPlace() async throws {
        let server = try Self.refusing()
        let folder = try Folder()
        let found = try configuration(folder, user: "token: \(Self.secret)", server: server.url)
        let place = "\(folder.url.path)/config, context dev: user me"
        try await expect(found, says: "the token (\(place))")
    }

    @Test func aTokenFileIsNamed() async throws {
        let server = try Self.refusing()
        let folder = try Folder()
        let path = try folder.write(Self.secret, to: "token")
        let found = try configuration(folder, user: "tokenFile: token", server: server.url)
        let place = "\(folder.url.path)/config, context dev: user me"
        try await expect(found, says: "tokenFile \(path) (\(place))")
    }

    @Test func aPluginIsNamed() async throws {
        let server = try Self.refusing()
        let folder = try Folder()
        let found = try PluginKit.configuration(
            folder, script: "echo '\(PluginKit.answer(#""token":"\#(Self.secret)""#))'",
            server: server.url)
        let place = "\(folder.url.path)/config, context dev: user me"
        try await expect(found, says: "what exec of /bin/sh gave (\(place))")
    }

    @Test func aCertificateIsNamedAndSoIsNone() async throws {
        let server = try Self.refusing()
        let folder = try Folder()
        try folder.write("", to: "me.pem")
        try folder.write("", to: "me.key")
        let files = try configuration(
            folder, user: "client-certificate: me.pem, client-key: me.key", server: server.url)
        let place = "\(folder.url.path)/config, context dev: user me"
        #expect(files.identity == "client-certificate \(folder.url.path)/me.pem (\(place))")
        let data = try configuration(
            folder, user: "client-certificate-data: YQ==, client-key-data: YQ==, token: t",
            server: server.url)
        #expect(data.identity == "the token and client-certificate-data (\(place))")
        let nobody = try configuration(folder, user: "", server: server.url)
        try await expect(nobody, says: "a request without credentials (\(place))")
    }

    @Test func thePodsServiceAccountIsNamed() throws {
        let folder = try Folder()
        for file in ["ca.crt", "token", "namespace"] { try folder.write(Self.secret, to: file) }
        let found = try KubeConfiguration.inCluster(
            directory: folder.url.path,
            environment: [
                "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443",
            ])
        #expect(
            found.identity
                == "the token in \(folder.url.path)/token (service account of the pod)")
    }
}
