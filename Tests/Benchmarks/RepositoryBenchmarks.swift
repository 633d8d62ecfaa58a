import Desired
import Documents
import Domain

/// Reading a repository of 1,000 releases, and one changed file in it.
enum RepositoryBenchmarks {
    static let all = [
        Measurement(name: "repository", summary: "all files of 1,000 releases, then one") {
            let files = (0..<releases).map { file($0, version: 7) }
            let bytes = files.reduce(0) { $0 + $1.bytes.count }
            let reader = FileReader(namespace: "risk", root: "models", accounts: nil)
            Figures.measure(
                "\(releases) releases, every file", bytes: bytes, items: (releases, "release")
            ) {
                var state = DesiredState()
                let changes = state.apply(changed: files.map { reader.read($0, lookup: golden) })
                if changes.appeared.count != releases {
                    print("only \(changes), \(state.problems)")
                }
            }
            for count in [10, releases, releases * 10] {
                var state = DesiredState()
                _ = state.apply(
                    changed: (0..<count).map { reader.read(file($0, version: 7), lookup: golden) })
                var version = 8
                Figures.measure("one changed file among \(count)", rounds: 20) {
                    let changed = reader.read(file(5, version: version), lookup: golden)
                    let changes = state.apply(changed: [changed])
                    if changes.changed.count != 1 { print("not one: \(changes)") }
                    version += 1
                }
            }
        },
        Measurement(name: "repository-memory", summary: "what 10,000 releases hold") {
            let count = releases * 10
            let reader = FileReader(namespace: "risk", root: "models", accounts: nil)
            let before = Figures.resident
            var state = DesiredState()
            for number in 0..<count {
                let read = reader.read(file(number, version: 7), lookup: golden)
                _ = state.apply(changed: [read])
            }
            let held = (Figures.resident - before) / count
            print("\(state.count) releases hold about \(held) bytes each; peak \(Figures.peak)")
        },
    ]

    private static let releases = 1000

    private static func golden(_ path: String) -> [UInt8]? {
        let line =
            #"{"request":{"inputs":[{"name":"x","shape":[1,4],"data":[1,2,3,4]}]},"#
            + #""expect":{"outputs":[{"data":[0.5]}]},"tolerance":0.01}"#
        return Array(String(repeating: line + "\n", count: 5).utf8)
    }

    private static func file(_ number: Int, version: Int) -> DesiredFile {
        let text = """
            # Owned by the risk team.
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata:
              name: scorer-\(number)
              labels: {team: risk}
            spec:
              runtime: mlserver
              versions:
              - name: "\(version)"
                uri: s3://models/scorer-\(number)/\(version)   # trained on Monday
                weight: 90
              - {name: "\(version + 1)", uri: s3://models/\(number)/\(version + 1), weight: 10}
              serving:
                replicas: 3
                template:
                  spec:
                    containers:
                    - name: model
                      resources:
                        requests: {cpu: 500m, memory: 1Gi}
                        limits: {memory: 2Gi}
              traffic:
                gateway:
                  parentRefs: [{name: edge, namespace: infra}]
                  hostnames: [models.example.com]
                  path: /scorer-\(number)
              strategy:
                canary:
                  steps:
                  - {weight: 5, for: 5m}
                  - {weight: 25, for: 10m}
                  - pause: {approval: required}
                  bake: 24h
              health:
                unready: {max: 0, for: 0s}
                restarts: {max: 0}
                probes: [{golden: ./golden.jsonl, every: 5s}]

            """
        return DesiredFile(
            path: "models/scorer-\(number)/release.yaml", bytes: Array(text.utf8))
    }
}
