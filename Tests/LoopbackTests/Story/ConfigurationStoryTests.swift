import API
import Cluster
import ControlPlane
import Domain
import Engine
import Foundation
import Resources
import Sandbox
import TestServers
import Testing

/// A release whose pods read a ConfigMap and a Secret, over real sockets.
struct ConfiguredRelease {
    let story: LiveStory

    private static let settings = ResourceKey(.configMap, namespace: "default", name: "settings")
    private static let keys = ResourceKey(.secret, namespace: "default", name: "keys")

    private static let yaml = LiveStory.yaml("1")
        .replacingOccurrences(of: "name: fraud}", with: "name: settled}")
        .replacingOccurrences(
            of: "{replicas: 2}",
            with: "{replicas: 2, template: {spec: {containers: [{name: model, envFrom: "
                + "[{configMapRef: {name: settings}}, {secretRef: {name: keys}}]}]}}}")

    var status: ReleaseStatus {
        get async {
            ReleaseStatus(await story.object(.modelRelease, "settled")?["status"] ?? .null)
        }
    }

    var condition: Condition? {
        get async { await status.conditions.first { $0.type == "ConfigChanged" } }
    }

    /// Makes both objects and releases a version, until something was said of them.
    func release() async throws {
        try await story.server.change { store, now throws in
            for key in [Self.settings, Self.keys] {
                _ = try store.create(
                    key.kind, namespace: key.namespace,
                    [
                        "metadata": ["name": .string(key.name)],
                        "data": ["password": "aHVudGVyMg=="],
                    ], WriteContext(now: now, manager: "person"))
            }
        }
        try story.git.commit(["models/settled.yaml": Self.yaml])
        try await story.wait("a word about the configuration") { _, _ in
            await condition != nil
        }
    }

    func changeSettings() async throws {
        try await story.server.change { store, now throws in
            _ = try store.update(
                Self.settings, WriteContext(now: now, manager: "person")
            ) { object in
                var changed = object
                changed.set(["data", "password"], to: "b3RoZXI=")
                return changed
            }
        }
    }
}

/// ConfigMaps and Secrets under a proven version, seen by the real controller.
@Suite(.timeLimit(.minutes(5)))
struct ConfigurationStoryTests {
    /// What was changed while no controller ran is said by the next one.
    @Test func aChangedConfigMapIsSaidAndNothingMoves() async throws {
        try await LiveStory.tell { story in
            let release = ConfiguredRelease(story: story)
            try await story.withController {
                try await release.release()
            }
            #expect(await release.condition?.reason == "AsProven")
            #expect(await release.status.configuration.map(\.name) == ["settings", "keys"])
            try await release.changeSettings()
            let pods = await story.server.store.objects(.pod).map { ObjectMetadata(of: $0).uid }
            try await story.withController {
                try await story.wait("the change") { _, _ in
                    await release.condition?.status == .yes
                }
                try await story.wait("the Event") { _, _ in
                    await story.server.store.objects(.event).contains {
                        $0["reason"] == "ConfigChanged" && $0["type"] == "Warning"
                    }
                }
            }
            let message = await release.condition?.message ?? ""
            #expect(message.hasPrefix("ConfigMap default/settings changed "))
            #expect(await release.status.phase == .healthy)
            #expect(await release.status.message.contains(message))
            let left = await story.server.store.objects(.pod).map { ObjectMetadata(of: $0).uid }
            #expect(Set(left) == Set(pods))
            // Nothing of the content, and no trace of it, is in what Slipway writes.
            let object = await story.object(.modelRelease, "settled")
            let text = object?.canonicalJSONString() ?? ""
            for secret in ["aHVudGVyMg", "hunter2", "b3RoZXI"] { #expect(!text.contains(secret)) }
        }
    }

    @Test func withoutTheRightItIsUnknown() async throws {
        let decisions = Decisions()
        try await LiveStory.tell(onDecision: { decisions.note($0) }) { story in
            let token = try await Installation(
                parts: [.releases, .autoscalers, .nodes], only: nil
            ).install(in: story)
            let release = ConfiguredRelease(story: story)
            try await story.withController(token: token) {
                try await release.release()
                let condition = await release.condition
                #expect(condition?.status == .unknown && condition?.reason == "NotReadable")
                #expect(
                    condition?.message == "whether ConfigMap default/settings, "
                        + "Secret default/keys changed is not known: the controller has no right "
                        + "to get configmaps in namespace default")
                #expect(await release.status.configuration == [])
                try await story.wait("rest") { _, _ in
                    await release.status.phase == .healthy
                }
                try await Task.sleep(for: .seconds(2))
            }
        }
        #expect(
            decisions.refused == [
                "\(Installation.user) may not get configmaps in default (settings)",
                "\(Installation.user) may not get secrets in default (keys)",
            ])
    }

    /// Whatever the object holds, the client gets its metadata and nothing else.
    @Test func onlyMetadataLeavesTheServer() async throws {
        try await LiveStory.tell { story in
            try await story.server.change { store, now throws in
                _ = try store.create(
                    .secret, namespace: "default",
                    ["metadata": ["name": "keys"], "data": ["password": "aHVudGVyMg=="]],
                    WriteContext(now: now, manager: "person"))
            }
            let client = try ClusterClient(
                KubeConfiguration(server: "http://127.0.0.1:\(story.port)"), logger: .quiet)
            let key = ResourceKey(.secret, namespace: "default", name: "keys")
            guard case .found(let object) = await client.get(key, metadataOnly: true) else {
                Issue.record("not found")
                return
            }
            #expect(object.objectValue?.keys == ["metadata"])
            #expect(object.at("metadata", "uid")?.stringValue?.isEmpty == false)
            #expect(object.at("metadata", "resourceVersion")?.stringValue?.isEmpty == false)
            await client.shutDown()
        }
        // A server that sends everything all the same is cut short here.
        let server = try ScriptedServer { request, peer in
            peer.answer(
                200, #"{"kind":"Secret","metadata":{"name":"keys","uid":"u"},"data":{"a":"Yg=="}}"#)
            return .keep
        }
        let client = try ClusterClient(
            KubeConfiguration(server: server.url), logger: .quiet)
        let key = ResourceKey(.secret, namespace: "default", name: "keys")
        #expect(
            await client.get(key, metadataOnly: true)
                == .found(["metadata": ["name": "keys", "uid": "u"]]))
        let accept = server.requests.first?.headers["accept"]
        #expect(accept == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
        await client.shutDown()
    }
}
