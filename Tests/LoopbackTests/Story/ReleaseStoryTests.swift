import API
import ControlPlane
import Domain
import Foundation
import Sandbox
import TestServers
import Testing

/// From a commit in a real repository to traffic and back, over real sockets.
@Suite(.timeLimit(.minutes(5)))
struct ReleaseStoryTests {
    @Test func aGoodCommitIsPromotedStepByStepAndRecorded() async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.merge("2")
                try await story.wait("the first step") { _, traffic in
                    traffic == ["1": 80, "2": 20]
                }
                try await story.waitProven("2")
                try await story.wait("the record") { _, _ in
                    (try? story.file("slipway/state", "default/default/fraud.yaml"))?
                        .contains("version: \"2\"") ?? false
                }
            }
            #expect(try story.file() == LiveStory.yaml("2").trimmingCharacters(in: .newlines))
        }
    }

    @Test(arguments: [ScriptedNode.Script.oneUnready, .crashLoop])
    func aVersionThatFailsUnderTrafficIsTakenBackAndGitSaysSo(
        _ script: ScriptedNode.Script
    ) async throws {
        try await LiveStory.tell { story in
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                try story.merge("2", extra: "# in haste")
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                story.node.play(script, version: "2")
                try await story.wait("the revert") { status, traffic in
                    traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
                }
                try await story.wait("the revert in Git") { _, _ in
                    try story.file().contains("fraud/1")
                }
                try await story.wait("rest") { status, _ in status.phase == .healthy }
            }
            let message = try story.git.git("log", "-1", "--format=%B", "main")
            #expect(message.hasPrefix("Revert default/fraud: "))
            #expect(message.contains("\nSlipway-Release: default/fraud\n"))
            #expect(message.contains("\nSlipway-Refused: sha256:"))
            #expect(try story.git.git("rev-list", "--count", "main") == "3")
            let record = try story.file("slipway/state", "default/default/fraud.yaml")
            #expect(record.contains("quarantine:"))

            // Nothing comes back by looking again, or with another controller.
            try await story.withController {
                try await Task.sleep(for: .seconds(3))
            }
            #expect(await story.traffic == ["1": 100])
            #expect(await story.status.quarantine.map(\.version) == ["2"])
            #expect(try story.git.git("rev-list", "--count", "main") == "3")
        }
    }

    /// A model that is fetched with rights of its own: the source lists the account, the cluster
    /// has to have it, and the pods come with it and with what pulls their image.
    @Test func podsRunAsAServiceAccountThatTheSourceLists() async throws {
        let account = ResourceKey(
            ResourceKind(
                group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts"),
            namespace: "default", name: "loader")
        let source = ResourceKey(.releaseSource, namespace: "default", name: "models")
        let template = "{serviceAccountName: loader, imagePullSecrets: [{name: registry}]}"
        try await LiveStory.tell { story in
            try story.git.commit([
                LiveStory.file: LiveStory.yaml("1").replacing(
                    "{replicas: 2}", with: "{replicas: 2, template: {spec: \(template)}}")
            ])
            try await story.withController {
                try await story.wait("the problem") { _, _ in
                    let status = SourceStatus(
                        await story.object(.releaseSource, "models")?["status"] ?? .null)
                    let problem = status.problems.first ?? ""
                    return problem.hasPrefix("models/fraud.yaml:9:64: ")
                        && problem.contains("service account `loader` is not allowed")
                }
                try await story.wait("the refusal") { status, _ in
                    status.conditions.contains { $0.reason == "ServiceAccountNotAllowed" }
                }
                #expect(await story.server.store.objects(.controllerRevision).isEmpty)
                try await story.server.change { store, now throws in
                    let context = WriteContext(now: now, manager: "person")
                    _ = try store.update(source, context) { object in
                        var listed = object
                        listed.set(["spec", "serviceAccounts"], to: ["loader"])
                        return listed
                    }
                }
                try await story.wait("what the server says") { status, _ in
                    status.message.contains(
                        "error looking up service account default/loader: "
                            + "serviceaccount \"loader\" not found")
                }
                try await story.server.change { store, now throws in
                    _ = try store.create(
                        account.kind, namespace: "default", ["metadata": ["name": "loader"]],
                        WriteContext(now: now, manager: "person"))
                }
                try await story.waitProven("1")
            }
            let pods = await story.server.store.objects(.pod)
            #expect(pods.count == 2)
            for pod in pods {
                #expect(pod.at("spec", "serviceAccountName") == "loader")
                #expect(pod.at("spec", "imagePullSecrets") == [["name": "registry"]])
            }
        }
    }
}
