import API
import Desired
import Domain
import Engine
import Rollouts

/// What runs write: files, a gateway, a source.
enum RunTexts {
    /// A release's file. The strategy is YAML in one line; a release that asks golden inferences
    /// asks one that good versions answer.
    static func yaml(
        _ name: String, _ shares: [Act.Share], strategy: String, deadline: String,
        asksGolden: Bool = false
    ) -> String {
        let lines = shares.map {
            "  - {name: \"\($0.version)\", uri: s3://models/\(name)/\($0.version), "
                + "weight: \($0.weight)}"
        }
        let probes =
            asksGolden
            ? ", probes: [{every: 5s, cases: [{request: {x: 1}, expect: {y: 1}}]}]" : ""
        return """
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: \(name)}
            spec:
              runtime: mlserver
              versions:
            \(lines.joined(separator: "\n"))
              serving: {replicas: 2}
              traffic: {gateway: {parentRefs: [{name: web}]}}
              health: {progressDeadline: \(deadline)\(probes)}
              strategy: {\(strategy)}

            """
    }

    /// What a file declares of its first release.
    static func shares(of text: String) -> [DeclaredShare] {
        releases(of: text).first?.release.spec.declaredShares ?? []
    }

    /// All that a file declares.
    static func releases(of text: String) -> [DeclaredRelease] { read(text).releases }

    /// A file as a source reads it.
    static func read(_ text: String) -> ParsedFile {
        let reader = FileReader(namespace: "default", accounts: nil)
        return reader.read(DesiredFile(path: "run.yaml", bytes: Array(text.utf8))) { _ in nil }
    }

    static let gateway: Document = [
        "metadata": ["name": "web"],
        "spec": [
            "gatewayClassName": "example",
            "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]],
        ],
    ]

    static func source(prune: Bool) -> Document {
        [
            "metadata": ["name": "models"],
            "spec": [
                "url": "https://git.example.com/models.git", "interval": "5s",
                "prune": .bool(prune),
            ],
        ]
    }
}

/// What draws a run.
struct RunDice: Sendable {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// 0 to one less than `bound`, which is at least 1.
    mutating func number(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(1, bound))) }

    mutating func chance(_ percent: Int) -> Bool { number(100) < percent }

    /// A time between two numbers of seconds, in milliseconds.
    mutating func seconds(_ range: ClosedRange<Int>) -> TimeSpan {
        .milliseconds(Int64(range.lowerBound * 1000 + number((range.count - 1) * 1000 + 1)))
    }
}
