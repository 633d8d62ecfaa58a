import API
import Cluster
import Domain
import Foundation
import Logging
import Resources
import Sandbox
import Testing

/// An embedded API with Slipway's kinds, and what stands in for the controller.
struct ClusterOfTests {
    let client: ClusterClient
    let kubeconfig: String
    let program: Program

    /// Starts one in a folder, with a namespace `risk`, and ends it afterwards.
    static func run(_ body: @Sendable (ClusterOfTests) async throws -> Void) async throws {
        try await Program.inFolder { program in
            let kubeconfig = program.folder.appendingPathComponent("kubeconfig").path
            let options = SandboxOptions(
                kubeconfigPath: kubeconfig, definitions: APIDefinitions.all.map(\.definition),
                installsGatewayDefinitions: true)
            try await SandboxServer.withServer(options) { _, port in
                let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
                let client = try ClusterClient(
                    KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: logger)
                let cluster = ClusterOfTests(
                    client: client, kubeconfig: kubeconfig, program: program)
                let namespace: Document = [
                    "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "risk"],
                ]
                let key = ResourceKey(.namespace, namespace: "", name: "risk")
                try applied(await client.perform(.create(key, namespace)))
                do {
                    try await body(cluster)
                } catch {
                    await client.shutDown()
                    throw error
                }
                await client.shutDown()
            }
        }
    }

    func slipway(_ arguments: String...) async throws -> Program.Run {
        let all = arguments + ["--kubeconfig", kubeconfig, "-n", "risk"]
        return try await program.start(all).end()
    }

    static let key = ResourceKey(.modelRelease, namespace: "risk", name: "fraud-scorer")

    /// Creates the release.
    func create(_ release: ModelRelease) async throws {
        try Self.applied(await client.perform(.create(Self.key, release.document)))
    }

    /// The release as it is now.
    func read() async throws -> ModelRelease {
        guard case .found(let object) = await client.get(Self.key) else {
            throw CancellationError()
        }
        return try #require(ModelRelease.decode(object, resolved: true).value)
    }

    /// Writes the status, as the controller does.
    func write(_ change: (inout ReleaseStatus) -> Void) async throws {
        let release = try await read()
        var status = release.status
        change(&status)
        var object: Document = [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
            "kind": .string(ResourceKind.modelRelease.kind),
            "metadata": [
                "name": .string(release.metadata.name),
                "namespace": .string(release.metadata.namespace),
                "uid": .string(release.metadata.uid),
                "resourceVersion": .string(release.metadata.resourceVersion),
            ],
        ]
        object["status"] = status.document
        try Self.applied(await client.perform(.applyStatus(Self.key, object)))
    }

    /// Marks hand actions as carried out as soon as they appear; ends after one.
    func handleOne(_ annotation: String, _ change: (inout ReleaseStatus) -> Void) async throws {
        for _ in 0..<300 {
            if let value = try await read().metadata.annotation(annotation) {
                try await write { status in
                    status.handled.append(
                        .init(
                            annotation: annotation, value: value,
                            at: Timestamp(milliseconds: 1_800_000_000_000)))
                    change(&status)
                }
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(annotation) never appeared")
    }

    private static func applied(_ outcome: WriteOutcome) throws {
        if case .applied = outcome { return }
        Issue.record("\(outcome)")
        throw CancellationError()
    }
}
