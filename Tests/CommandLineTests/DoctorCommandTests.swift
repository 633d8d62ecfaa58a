import API
import Domain
import Testing

/// `slipway doctor` against the embedded API.
@Suite(.timeLimit(.minutes(2))) struct DoctorCommandTests {
    private static let release = ModelRelease(
        metadata: ObjectMetadata(name: "fraud-scorer", namespace: "risk"),
        spec: ReleaseSpec(
            runtime: .mlserver,
            versions: [DeclaredVersion(name: "7", uri: "s3://models/fraud/7", weight: 100)],
            serving: .init(replicas: 1),
            traffic: .gateway(.init(parentRefs: [.init(name: "public")], path: "/fraud")),
            strategy: .canary(.default)))

    @Test func whatIsBrokenIsSaidWithWhatToDo() async throws {
        try await ClusterOfTests.run { cluster in
            let well = try await cluster.slipway("doctor")
            #expect(well.code == 0)
            #expect(well.output.contains("ok: API server: Kubernetes v1.36"))
            #expect(well.output.contains("ok: clock: "))
            #expect(
                well.output.contains(
                    "ok: definition modelreleases.slipway.dev: as this version of Slipway has it"))
            #expect(!well.output.contains("failed: "))

            try await cluster.create(Self.release)
            let ill = try await cluster.slipway("doctor")
            #expect(ill.code == 1)
            #expect(
                ill.output.contains(
                    "failed: gateway risk/public: risk/fraud-scorer names it, and there is none\n"
                        + "    make it, or change spec.traffic.gateway.parentRefs of "
                        + "risk/fraud-scorer\n"))
            // Releases that do well are one line, unless all is asked for.
            #expect(ill.output.contains("ok: releases: 1 do well"))
            let wide = try await cluster.slipway("doctor", "-o", "wide")
            #expect(wide.output.contains("ok: release risk/fraud-scorer: Pending"))
            let json = try await cluster.slipway("doctor", "-o", "json")
            #expect(json.code == 1)
            #expect(json.output.contains("\"subject\": \"gateway risk/public\""))
        }
    }

    @Test func withoutAServerThereIsNothingToLookAt() async throws {
        try await Program.inFolder(with: [
            "kubeconfig": """
            {apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: \
            {cluster: a}}], clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}]}
            """
        ]) { program in
            let run = try await program.run("doctor", "--kubeconfig", "kubeconfig")
            #expect(run.code == 2)
            #expect(run.output == "")
            #expect(run.error.hasPrefix("Error: http://127.0.0.1:1: "))
        }
    }
}
