import API
import Cluster
import Documents
package import Domain
import Logging
import Presentation
import Resources
import Sandbox

/// The demo as long as there is no controller: an API server in memory, a release that is
/// declared, changed and refused, and what would happen next. Nothing in it is made up: every
/// line is what the parts answer.
package struct Tour: Sendable {
    /// A step of the tour did not go as it must.
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    private let style: Style
    private let now: Timestamp
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - now: the moment that ages are counted from.
    ///   - write: takes text, whole lines.
    package init(
        colour: Bool, unicode: Bool, now: Timestamp, write: @escaping @Sendable (String) -> Void
    ) {
        style = Style(colour: colour, unicode: unicode)
        self.now = now
        self.write = write
    }

    package func run() async throws {
        let options = SandboxOptions(
            definitions: APIDefinitions.all.map(\.definition), installsGatewayDefinitions: true)
        try await SandboxServer.withServer(options) { _, port in
            let logger = Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
            let client = try ClusterClient(
                KubeConfiguration(server: "http://127.0.0.1:\(port)"), logger: logger)
            do {
                say(.done, "an API server in memory listens on http://127.0.0.1:\(port)")
                try await play(client)
            } catch {
                await client.shutDown()
                throw error
            }
            await client.shutDown()
        }
        write("\n")
        say(.warning, "not there yet: the controller, so nothing moves and nobody reverts")
    }

    private func play(_ client: ClusterClient) async throws {
        let namespace = ResourceKey(.namespace, namespace: "", name: "risk")
        try applied(
            await client.perform(
                .create(
                    namespace,
                    ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "risk"]])))
        let key = ResourceKey(.modelRelease, namespace: "risk", name: "fraud-scorer")

        title("A declaration with a mistake")
        guard let error = ModelRelease.decode(Self.document("7: 90, 8: 20")).errors.first else {
            throw Failed(description: "a release whose weights sum to 110 was taken")
        }
        say(.failed, "\(error.path): \(error.message)")

        title("A right one")
        try applied(await client.perform(.create(key, Self.document("7: 100"))))
        say(.done, "risk/fraud-scorer is declared: version 7 with all traffic")

        title("What a pull request would do that gives version 8 a quarter: slipway plan")
        let serving = try release("7: 100").spec.declaredShares
        let status = ReleaseStatus(
            proven: ProvenSplit(shares: serving, commit: "", since: now))
        write(PlanPage(try release("7: 75, 8: 25"), status: status).text)

        title("What the cluster says: slipway get")
        guard case .found(let object) = await client.get(key),
            let live = ModelRelease.decode(object, resolved: true).value
        else { throw Failed(description: "the release cannot be read back") }
        write(ReleaseTable(now: now, namespaces: true).text(of: [live]))
    }

    private func title(_ text: String) { write("\n" + style.paint(text, .blue) + "\n") }

    private func say(_ mark: Style.Mark, _ text: String) { write(style.line(mark, text) + "\n") }

    private func applied(_ outcome: WriteOutcome) throws(Failed) {
        if case .applied = outcome { return }
        throw Failed(description: "a write was not taken: \(outcome)")
    }

    private func release(_ split: String) throws(Failed) -> ModelRelease {
        guard let release = ModelRelease.decode(Self.document(split)).value else {
            throw Failed(description: "the release of the demo is not valid")
        }
        return release
    }

    /// The demo's release with a split written as `7: 75, 8: 25`.
    private static func document(_ split: String) -> Document {
        let versions = split.split(separator: ", ").map { part -> Document in
            let parts = part.split(separator: ": ").map(String.init)
            return [
                "name": .string(parts.first ?? ""),
                "uri": .string("s3://models/fraud/\(parts.first ?? "")"),
                "weight": .integer(Int(parts.last ?? "") ?? 0),
            ]
        }
        return [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
            "kind": .string(ResourceKind.modelRelease.kind),
            "metadata": ["name": "fraud-scorer", "namespace": "risk"],
            "spec": [
                "runtime": "mlserver", "versions": .array(versions),
                "serving": ["replicas": 3],
                "traffic": ["gateway": ["parentRefs": [["name": "public"]], "path": "/fraud"]],
                "strategy": [
                    "canary": [
                        "steps": [
                            ["weight": 5, "for": "5m"], ["pause": ["approval": "required"]],
                        ],
                        "bake": "24h",
                    ]
                ],
            ],
        ]
    }
}
