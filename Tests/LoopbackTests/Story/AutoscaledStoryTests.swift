import API
import Domain
import Foundation
import TestServers
import Testing

/// A real controller beside the control plane's own autoscaler, which `kubectl autoscale` made,
/// and a person with `kubectl scale`.
@Suite(.enabled(if: Kubectl.path != nil), .timeLimit(.minutes(3)))
struct AutoscaledStoryTests {
    @Test func theAutoscalerHasTheReplicasAndNobodyFights() async throws {
        try await LiveStory.tell { story in
            let kubectl = try Self.kubectl(story)
            try story.merge("1")
            try await story.withController {
                try await story.waitProven("1")
                let share = try #require(await story.status.proven?.shares.first)
                let name = Names.versioned("fraud", share.digest)
                func replicas() async -> Int? {
                    await story.object(.deployment, name)?.at("spec", "replicas")?.intValue
                }
                func run(_ command: String) async throws {
                    let run = try await kubectl.run(command)
                    #expect(run.code == 0, "kubectl \(command): \(run.output)")
                }
                // The controller puts this back, and owns the number alone from then on.
                try await run("scale deployment \(name) --replicas=1")
                try await story.wait("two pods") { _, _ in await replicas() == 2 }

                try await run("autoscale deployment \(name) --min=2 --max=5")
                try await story.wait("the word on the autoscaler") { status, _ in
                    status.conditions.contains { $0.type == "Autoscaled" && $0.status == .yes }
                }
                let edit = #"{"spec":{"progressDeadlineSeconds":7}}"#
                try await run("patch deployment \(name) -p \(edit)")
                try await story.wait("the repair") { _, _ in
                    let object = await story.object(.deployment, name)
                    #expect(object?.at("spec", "replicas") == 2)
                    return object?.at("spec", "progressDeadlineSeconds") == 600
                }

                // Scaled by hand, as an autoscaler with metrics would: it stays.
                try await run("scale deployment \(name) --replicas=4")
                let edited = await story.object(.deployment, name)
                try await run("patch deployment \(name) -p \(edit)")
                try await story.wait("another repair") { _, _ in
                    let object = await story.object(.deployment, name)
                    return object?.at("spec", "progressDeadlineSeconds") == 600
                        && object != edited
                }
                #expect(await replicas() == 4)

                // Without metrics it keeps within its bounds and says why it does no more.
                try await run("patch hpa \(name) --type merge -p {\"spec\":{\"minReplicas\":5}}")
                try await story.wait("the autoscaler's own hand") { _, _ in
                    await replicas() == 5
                }
                try await run("delete hpa \(name)")
                try await story.wait("the declared number") { _, _ in await replicas() == 2 }
                try await story.wait("rest") { status, _ in
                    status.phase == .healthy
                        && !status.conditions.contains { $0.type == "Autoscaled" }
                }
            }
        }
    }

    private static func kubectl(_ story: LiveStory) throws -> Kubectl {
        let file = story.git.root + "/kubeconfig"
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:\(story.port)"}}]
            contexts: [{name: c, context: {cluster: c, user: c}}]
            users: [{name: c, user: {}}]
            current-context: c

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return Kubectl(kubeconfig: file)
    }
}
