import API
import Domain
import Observed
import Testing

@testable import Engine

/// Releases that were read lately are not read again, and never told as they were.
struct ReleaseReadingsTests {
    private func record(_ name: String, version: Int, commit: String) throws -> ReleaseRecord {
        try #require(
            ReleaseRecord([
                "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
                "kind": "ModelRelease",
                "metadata": [
                    "name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"),
                    "resourceVersion": .string(String(version)), "generation": 1,
                ],
                "spec": [
                    "runtime": "mlserver",
                    "versions": [["name": "1", "uri": "s3://models/1", "weight": 100]],
                    "serving": ["replicas": 2],
                    "traffic": ["gateway": ["parentRefs": [["name": "web"]]]],
                    "strategy": [
                        "canary": ["steps": [["weight": 10, "for": "1m"]], "bake": "1m"]
                    ],
                ],
                "status": ["observedCommit": .string(commit)],
            ]))
    }

    /// More releases than are kept, in an order in which some are asked for again and again.
    @Test func neverTellWhatWasBefore() throws {
        var readings = ReleaseReadings()
        for round in 1...3 {
            for number in 0..<700 {
                for name in ["model-\(number)", "model-0", "model-\(number / 2)"] {
                    let record = try record(
                        name, version: round, commit: "commit-\(round)-\(name)")
                    let release = try #require(readings.read(record).value)
                    #expect(release.metadata.name == name)
                    #expect(release.status.observedCommit == "commit-\(round)-\(name)")
                    #expect(release.spec.serving.replicas == 2)
                }
            }
        }
    }

    /// An object made anew under the same name and version is another one.
    @Test func knowAnObjectByItsUID() throws {
        var readings = ReleaseReadings()
        var first = try record("fraud", version: 5, commit: "a")
        _ = readings.read(first)
        first = try #require(
            ReleaseRecord([
                "metadata": [
                    "name": "fraud", "namespace": "default", "uid": "another",
                    "resourceVersion": "5",
                ]
            ]))
        #expect(readings.read(first).value == nil)
    }
}
