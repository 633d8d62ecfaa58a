import API
import ControlPlane
import Documents
import Domain
import Foundation
import Resources
import Sandbox
import Synchronization
import TestServers
import Testing

/// `slipway adopt` and a real controller against the embedded API; pods and gateway are scripted.
@Suite(.timeLimit(.minutes(5)))
struct AdoptCommandTests {
    /// Looks all the time whether what answers has a ready pod.
    private final class Watcher: Sendable {
        private let faults = Mutex<[String]>([])
        private let looks = Mutex(0)

        func look(_ store: Store) {
            looks.withLock { $0 += 1 }
            guard let fault = Self.fault(in: store) else { return }
            faults.withLock { if $0.last != fault { $0.append(fault) } }
        }

        var seen: [String] { faults.withLock { $0 } }
        var count: Int { looks.withLock { $0 } }

        /// The oldest attached route has all requests; its Service must have ready endpoints.
        private static func fault(in store: Store) -> String? {
            let attached = store.objects(.httpRoute).filter {
                !($0.at("spec", "parentRefs")?.arrayValue ?? []).isEmpty
            }.sorted { left, right in
                func order(_ route: Document) -> (Int64, String) {
                    let meta = ObjectMetadata(of: route)
                    return (meta.creationTimestamp?.milliseconds ?? 0, meta.name)
                }
                return order(left) < order(right)
            }
            guard let first = attached.first else { return "no route is attached" }
            let backend = first["spec"]?["rules"]?[0]?["backendRefs"]?[0]?["name"]?.stringValue
            let ready = store.objects(.endpointSlice).compactMap(EndpointSliceView.init)
                .filter { $0.service == backend }
            return EndpointSliceView.ready(in: ready).isEmpty
                ? "\(first.at("metadata", "name") ?? .null) leads to no ready pod" : nil
        }
    }

    private static func old(route: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: scorer}
        spec:
          replicas: 2
          selector: {matchLabels: {app: scorer}}
          template:
            metadata: {labels: {app: scorer}}
            spec:
              containers:
              - name: server
                image: registry.example.com/scorer:7
                ports: [{containerPort: 9000}]
                readinessProbe: {httpGet: {path: /ready, port: 9000}}
                lifecycle: {preStop: {sleep: {seconds: 1}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: scorer}
        spec: {selector: {app: scorer}, ports: [{port: 80, targetPort: 9000}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: \(route)}
        spec:
          parentRefs: [{name: web}]
          rules: [{backendRefs: [{name: scorer, port: 80}]}]
        """
    }

    private static func create(_ text: String, in story: LiveStory) async throws {
        let kinds: [String: ResourceKind] = [
            "Deployment": .deployment, "Service": .service, "HTTPRoute": .httpRoute,
        ]
        for located in try YAML.parse(text) {
            let object = located.document
            let kind = try #require(kinds[object["kind"]?.stringValue ?? ""])
            try await story.server.change { store, now throws in
                _ = try store.create(
                    kind, namespace: "default", object, WriteContext(now: now, manager: "person"))
            }
        }
        try await story.wait("the old pods") { _, _ in
            let view = await story.object(.deployment, "scorer").flatMap(DeploymentView.init)
            return view?.isComplete ?? false
        }
    }

    private struct World {
        let story: LiveStory
        let program: Program
        let kubeconfig: String

        func adopt(_ flags: String...) throws -> Program.Started {
            try program.start(
                [
                    "adopt", "fraud", "--deployment", "scorer", "--settle", "1s",
                    "--kubeconfig", kubeconfig,
                ] + flags)
        }
    }

    private static func run(
        route: String, _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                try await create(old(route: route), in: story)
                let kubeconfig = try ControllerProcessTests.kubeconfig(story, program)
                _ = try program.start(ControllerProcessTests.arguments(kubeconfig, story))
                let watcher = Watcher()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while !Task.isCancelled {
                            watcher.look(await story.server.store)
                            try? await Task.sleep(for: .milliseconds(3))
                        }
                    }
                    try await body(
                        World(story: story, program: program, kubeconfig: kubeconfig))
                    group.cancelAll()
                }
                #expect(watcher.seen == [])
                #expect(watcher.count > 50)
            }
        }
    }

    @Test func itShowsWhatItWouldDoAndWritesNothing() async throws {
        try await Self.run(route: "scorer") { world in
            let before = await Self.written(world.story)
            let run = try await world.adopt().end()
            #expect(run.code == 1)
            #expect(
                run.output.hasPrefix("> 1. write ModelRelease default/fraud\n... 2. wait until"))
            #expect(run.output.contains("\nkind: ModelRelease\n"))
            #expect(run.output.contains("  - image: registry.example.com/scorer:7\n"))
            #expect(
                run.output.contains(
                    "adopt fraud --deployment scorer --kubeconfig \(world.kubeconfig) "
                        + "-n default --yes\n"))

            let file = try await world.adopt("--write", "models/fraud.yaml").end()
            #expect(file.output.contains("ok: models/fraud.yaml: the release, to be committed\n"))
            let check = try await world.program.run("validate", "models/fraud.yaml")
            #expect(check.code == 0, "\(check.error)")
            let again = try await world.adopt("--write", "models/fraud.yaml").end()
            #expect(again.code == 1, "the file says the same")
            let path = world.program.folder.appendingPathComponent("models/fraud.yaml")
            try Data("other: true\n".utf8).write(to: path)
            let other = try await world.adopt("--write", "models/fraud.yaml").end()
            #expect(other.code == 2)
            #expect(other.error.contains("models/fraud.yaml is there already and says"))

            let json = try await world.adopt("-o", "json").end()
            let document = try JSON.parse(json.output)
            #expect(document["result"] == "planned")
            #expect(document["release"]?["kind"] == "ModelRelease")
            #expect(document["steps"]?.arrayValue?.count == 3)

            let wrong = try await world.adopt("--service", "none", "-o", "json").end()
            #expect(wrong.code == 2)
            #expect(wrong.error == "Error: Service default/none not found\n")
            #expect(try JSON.parse(wrong.output)["result"] == "refused")
            #expect(await world.story.object(.modelRelease, "fraud") == nil)
            #expect(await Self.written(world.story) == before)
        }
    }

    /// What people and tools write of the old objects: not their status.
    private static func written(_ story: LiveStory) async -> [Document] {
        let store = await story.server.store
        return [ResourceKind.deployment, .service, .httpRoute].flatMap { kind in
            store.objects(kind).map { object in
                [
                    "metadata": object.at("metadata", "annotations") ?? .null,
                    "labels": object.at("metadata", "labels") ?? .null,
                    "spec": object["spec"] ?? .null,
                ]
            }
        }
    }

    @Test(arguments: [
        ["--write", "x", "--back"], ["--settle", "x"], ["--path", "/x"],
        ["--gateway", "a", "--route", "b"], ["--deployment", ""],
    ])
    func wrongUsageIsToldBeforeAnyClusterIsAsked(flags: [String]) async throws {
        try await Program.inFolder { program in
            let run = try await program.start(["adopt", "fraud"] + flags).end()
            #expect(run.code == 2)
            #expect(!run.error.contains("no cluster"), "\(run.error)")
        }
    }

    /// With a route of another name, and with one that is in the way by its name: killed again and
    /// again, and there is a ready pod behind the host name all the time.
    @Test(arguments: ["scorer", "fraud"])
    func killedAtAnyPointItGoesOnWithoutAMomentWithoutPods(route: String) async throws {
        try await Self.run(route: route) { world in
            var output = ""
            var kills = 0
            for delay in stride(from: 60, through: 100_000, by: 90) {
                let started = try world.adopt("--yes")
                try await Task.sleep(for: .milliseconds(delay))
                if started.process.isRunning {
                    kills += 1
                    kill(started.process.processIdentifier, SIGKILL)
                    _ = try await started.end()
                    continue
                }
                let run = try await started.end()
                #expect(run.code == 0, "\(run.error)")
                output = run.output
                break
            }
            #expect(kills > 3)
            #expect(output.contains("ok: ModelRelease default/fraud serves at Gateway web"))
            let name = route == "fraud" ? "fraud-adopted" : route
            #expect(await Self.parents(name, world.story) == 0)
            #expect(await world.story.traffic == ["7": 100])
            if route == "fraud" { return }

            let file = try await world.adopt("--write", "fraud.yaml").end()
            #expect(file.code == 0, "\(file.error)")
            let check = try await world.program.run("validate", "fraud.yaml")
            #expect(check.code == 0, "\(check.error)")

            let back = try await world.adopt("--back", "--yes").end()
            #expect(back.code == 0, "\(back.error)")
            #expect(await Self.parents(name, world.story) == 1)
            _ = try await world.adopt("--yes").end()
            #expect(await Self.parents(name, world.story) == 0)
            for (kind, name) in [
                (ResourceKind.httpRoute, name), (.service, "scorer"), (.deployment, "scorer"),
            ] { #expect(await world.story.object(kind, name) != nil, "nothing is removed") }
        }
    }

    private static func parents(_ route: String, _ story: LiveStory) async -> Int? {
        await story.object(.httpRoute, route)?.at("spec", "parentRefs")?.arrayValue?.count
    }
}
