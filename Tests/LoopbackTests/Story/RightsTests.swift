import API
import ControlPlane
import Domain
import Engine
import Foundation
import Observed
import Resources
import Sandbox
import TestServers
import Testing

/// The controller with a service account's token and no more rights than ``Right/all`` lists, on a
/// server that enforces them.
@Suite(.timeLimit(.minutes(5)))
struct RightsTests {
    /// A Lease that is not lost on a machine that is busy with other tests.
    private static let election: Election.Settings = {
        var settings = Election.Settings(
            lease: NamespacedName(namespace: Installation.namespace, name: Right.defaultLease),
            identity: "rights_1", holder: "rights")
        settings.leaseDuration = .seconds(90)
        settings.renewDeadline = .seconds(80)
        return settings
    }()

    @Test func aWholeLifeUsesEveryRightAndNeedsNoOther() async throws {
        let decisions = Decisions()
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers, .nodes, .configmaps, .secrets], only: nil
            ).install(in: story)
            try await Self.live(story, token: token, namespace: nil) {
                try await ConfiguredRelease(story: story).release()
                let lease = await story.server.store.object(
                    ResourceKey(
                        .lease, namespace: Installation.namespace, name: Right.defaultLease))
                #expect(lease?.at("spec", "holderIdentity") == "rights_1")
            }
        }
        #expect(decisions.refused == [], "these rights are missing")
        #expect(decisions.unused(of: Right.Part.allCases) == [], "these rights are not needed")
    }

    @Test func oneNamespaceNeedsNoRightElsewhere() async throws {
        let decisions = Decisions()
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers], only: "default"
            ).install(in: story)
            try await Self.live(story, token: token, namespace: "default")
        }
        #expect(
            decisions.refused == [
                "\(Installation.user) may not list nodes in the whole cluster"
            ])
        #expect(decisions.unused(of: [.releases, .autoscalers, .election]) == [])
    }

    /// What is outside the namespace is left alone, and a gateway there serves all the same.
    @Test func oneNamespaceIsFollowedAndNothingElse() async throws {
        let decisions = Decisions()
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers], only: "default"
            ).install(in: story)
            try await story.server.change { store, now throws in
                let context = WriteContext(now: now, manager: "person")
                let gateway = ResourceKey(.gateway, namespace: "default", name: "web")
                var moved = try store.get(gateway)
                moved["metadata"] = ["name": "web", "namespace": "slipway-system"]
                _ = try store.create(
                    .gateway, namespace: "slipway-system", moved, context)
                _ = try store.delete(gateway, options: DeleteOptions(), context)
                var source = try store.get(
                    ResourceKey(.releaseSource, namespace: "default", name: "models"))
                source["metadata"] = ["name": "models", "namespace": "slipway-system"]
                source["status"] = nil
                _ = try store.create(
                    .releaseSource, namespace: "slipway-system", source, context)
            }
            try story.git.commit([
                LiveStory.file: LiveStory.yaml("1").replacingOccurrences(
                    of: "{name: web}", with: "{name: web, namespace: slipway-system}")
            ])
            try await story.withController(token: token, namespace: "default") {
                try await story.waitProven("1")
            }
            let elsewhere = await story.server.store.object(
                ResourceKey(.modelRelease, namespace: "slipway-system", name: "fraud"))
            #expect(elsewhere == nil)
        }
        #expect(
            decisions.refused == [
                "\(Installation.user) may not list nodes in the whole cluster"
            ])
    }

    /// Every kind that is followed may be listed and watched, and is as optional as it says.
    @Test func whatIsFollowedMayBeFollowed() {
        for (kind, _) in ClusterView.kinds {
            let right = Right.all.first { $0.kind == kind && $0.subresource.isEmpty }
            #expect(right?.verbs.contains(.list) == true, "\(kind)")
            #expect(right?.verbs.contains(.watch) == true, "\(kind)")
            #expect(
                right?.part.isOptional == ClusterView.optionalKinds.contains(kind), "\(kind)")
            #expect(
                right?.part.isClusterScoped == (ClusterView.place(of: kind, in: "x") == nil),
                "\(kind)")
        }
    }

    // MARK: The story

    /// A release from Git, promoted, reverted, rolled back by hand, repaired; one that is pruned;
    /// and after writes of every kind an answer that is lost.
    ///
    /// A right that is missing shows first as something that is not reached: that is noted, so that
    /// the decisions are told as well.
    private static func live(
        _ story: LiveStory, token: String, namespace: String?,
        _ finally: () async throws -> Void = {}
    ) async throws {
        do {
            try await story.withController(
                token: token, election: election, namespace: namespace
            ) {
                try await live(story)
                try await finally()
            }
        } catch let error as LiveStory.NotReached {
            Issue.record("\(error)")
        }
    }

    private static func live(_ story: LiveStory) async throws {
        try await addNode(story)
        try await loseAnswers(story)
        try story.git.commit([
            LiveStory.file: LiveStory.yaml("1"), "models/other.yaml": other,
        ])
        try await story.waitProven("1")
        let first = try #require(await story.status.proven?.shares.first?.digest)
        try await story.wait("the other release") { _, _ in
            await story.object(.httpRoute, "other") != nil
        }
        try story.merge("2")
        try await story.waitProven("2")

        try story.git.commit([
            LiveStory.file: LiveStory.yaml("3", steps: "[{weight: 20, for: 5m}]")
        ])
        try await story.wait("the first step") { _, traffic in traffic["3"] == 20 }
        story.node.play(.oneWrittenOff, version: "3")
        try await story.wait("the revert") { status, traffic in
            traffic == ["2": 100] && status.quarantine.map(\.version) == ["3"]
        }
        try await story.wait("the revert in Git") { _, _ in
            try story.file().contains("fraud/2")
        }
        try await story.wait("rest") { status, _ in status.phase == .healthy }

        try await rollBack(story, to: first)
        try await meddle(story)
        try await prune(story)
    }

    private static let other = LiveStory.yaml("1").replacingOccurrences(
        of: "name: fraud}", with: "name: other}")

    /// A node that has been ready for long, so that what pods lose is not its start.
    private static func addNode(_ story: LiveStory) async throws {
        try await story.server.change { store, now throws in
            let key = ResourceKey(.node, namespace: "", name: ScriptedNode.name)
            let context = WriteContext(now: now, manager: "kubelet")
            _ = try store.create(
                .node, namespace: "",
                ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(key.name)]],
                context)
            let since = now - .hours(1)
            _ = try store.update(
                key, WriteContext(now: now, manager: "kubelet", part: .status)
            ) { node in
                var ready = node
                ready.set(
                    ["status", "conditions"],
                    to: [
                        [
                            "type": "Ready", "status": "True", "reason": "KubeletReady",
                            "message": "", "lastTransitionTime": .string(since.description),
                        ]
                    ])
                return ready
            }
        }
    }

    /// One write of each kind is carried out and its answer lost: nobody knows, and looks again.
    private static func loseAnswers(_ story: LiveStory) async throws {
        let places = [
            "/modelreleases/fraud", "/releasesources/models", "/httproutes", "/deployments",
            "/services", "/controllerrevisions",
        ]
        for place in places {
            await story.server.inject(
                SandboxFault(.carryOutAndDisconnect) {
                    $0.method != "GET" && $0.path.contains(place)
                })
        }
    }

    private static func rollBack(_ story: LiveStory, to first: Digest) async throws {
        try await change(.modelRelease, "fraud", story) {
            $0.set(
                ["metadata", "annotations", Names.rollback], to: .string("\(first.hex)@1"))
        }
        try await story.waitProven("1")
    }

    /// Somebody edits what is Slipway's, and makes an event of it.
    private static func meddle(_ story: LiveStory) async throws {
        let share = try #require(await story.status.proven?.shares.first)
        let name = Names.versioned("fraud", share.digest)
        try await change(.deployment, name, story) {
            $0.set(["spec", "progressDeadlineSeconds"], to: 7)
        }
        try await change(.service, name, story) {
            $0.set(["metadata", "labels", "app.kubernetes.io/component"], to: "other")
        }
        try await story.wait("the repair") { _, _ in
            let deployment = await story.object(.deployment, name)
            let service = await story.object(.service, name)
            return deployment?.at("spec", "progressDeadlineSeconds") == 600
                && service?.at("metadata", "labels", "app.kubernetes.io/component")
                    == "model-server"
        }
    }

    private static func prune(_ story: LiveStory) async throws {
        try await change(.releaseSource, "models", story) {
            $0.set(["spec", "prune"], to: true)
        }
        try story.git.remove("models/other.yaml")
        try await story.wait("an end of the other release") { _, _ in
            let store = await story.server.store
            let kinds: [ResourceKind] = [
                .modelRelease, .httpRoute, .deployment, .service, .controllerRevision,
            ]
            return kinds.allSatisfy { kind in
                store.objects(kind).allSatisfy {
                    !ObjectMetadata(of: $0).name.hasPrefix("other")
                }
            }
        }
    }

    /// A person's write.
    private static func change(
        _ kind: ResourceKind, _ name: String, _ story: LiveStory,
        _ edit: @escaping @Sendable (inout Document) -> Void
    ) async throws {
        try await story.server.change { store, now throws in
            let key = ResourceKey(kind, namespace: "default", name: name)
            _ = try store.update(key, WriteContext(now: now, manager: "person")) { object in
                var changed = object
                edit(&changed)
                return changed
            }
        }
    }
}
