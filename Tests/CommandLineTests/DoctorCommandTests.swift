import API
import Cluster
import Documents
import Domain
import Foundation
import Resources
import Testing
import Transport

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
            #expect(well.output.contains("ok: rights: you may do all that the controller does"))
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

    @Test func anAccountThatMayNothingIsToldWhatItLacks() async throws {
        try await ClusterOfTests.run { cluster in
            let kind = ResourceKind(
                group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
            let made = await cluster.client.perform(
                .create(
                    ResourceKey(kind, namespace: "risk", name: "weak"),
                    [
                        "apiVersion": "v1", "kind": "ServiceAccount",
                        "metadata": ["name": "weak", "namespace": "risk"],
                    ]))
            guard case .applied = made else {
                Issue.record("no account: \(made)")
                return
            }
            let server = cluster.client.configuration.server
            let loop = try CurlLoop(name: "token")
            let answer = try await loop.perform(
                HTTPRequest(
                    .post, "\(server)/api/v1/namespaces/risk/serviceaccounts/weak/token",
                    headers: ["Content-Type": "application/json"], body: Array("{}".utf8)))
            await loop.shutDown()
            let token = try #require(
                JSON.parse(answer.body).at("status", "token")?.stringValue)
            let file = cluster.program.folder.appendingPathComponent("weak").path
            try """
            {apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: \
            {cluster: a, user: a}}], clusters: [{name: a, cluster: {server: "\(server)"}}], \
            users: [{name: a, user: {token: "\(token)"}}]}
            """.write(toFile: file, atomically: true, encoding: .utf8)

            let run = try await cluster.program.run("doctor", "--kubeconfig", file)
            #expect(run.code == 1)
            #expect(run.output.contains("failed: right to pods: you may not list, watch\n"))
            #expect(run.output.contains("warning: right to nodes: you may not get, list, watch\n"))
            #expect(run.output.contains("failed: kind pods: "))
            #expect(!run.output.contains(token) && !run.error.contains(token))
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
