import API
import Domain
import Observed
import Resources
import Testing

@testable import Engine

/// Objects of releases that rest are packed, and read the same as before.
struct PackedObjectTests {
    private let release = NamespacedName(namespace: "default", name: "fraud")

    private func object(
        _ name: String, version: Int = 5, release: String = "fraud",
        _ rest: (inout Document) -> Void = { _ in }
    ) -> Document {
        var object: Document = [
            "metadata": [
                "name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"),
                "resourceVersion": .string(String(version)), "generation": 3,
                "labels": [
                    .init(Names.releaseLabel): .string(release), "slipway.dev/version": "7",
                ],
                "annotations": ["slipway.dev/release-uid": "r1"],
                "managedFields": [["manager": "slipway"]],
            ]
        ]
        rest(&object)
        return object
    }

    private var pod: Document {
        object("pod") { pod in
            pod.set(["metadata", "deletionTimestamp"], to: "2026-01-01T00:01:00Z")
            pod["spec"] = [
                "nodeName": "node-1", "volumes": [["name": "cache"]],
                "containers": [
                    ["name": "proxy"],
                    [
                        "name": "model", "image": "scorer:7",
                        "ports": [["name": "http", "containerPort": 9000]],
                    ],
                ],
            ]
            pod["status"] = [
                "phase": "Running", "podIP": "10.1.1.1", "reason": "Evicted", "message": "full",
                "startTime": "2026-01-01T00:00:00Z",
                "conditions": [
                    ["type": "Ready", "status": "False", "reason": "ContainersNotReady"],
                    ["type": "PodScheduled", "status": "False", "message": "no room"],
                    ["type": "DisruptionTarget", "status": "True", "reason": "Preempted"],
                ],
                "initContainerStatuses": [["name": "fetch", "restartCount": 1]],
                "containerStatuses": [
                    [
                        "name": "model", "ready": false, "restartCount": 2, "imageID": "sha256:1",
                        "state": ["waiting": ["reason": "CrashLoopBackOff", "message": "again"]],
                        "lastState": ["terminated": ["reason": "Error", "exitCode": 1]],
                    ]
                ],
            ]
        }
    }

    private func route(weight: Int = 30) -> Document {
        object("fraud") { route in
            route.set(["metadata", "annotations", Names.sequence], to: "4")
            route["spec"] = [
                "parentRefs": [["name": "web"]],
                "rules": [
                    [
                        "backendRefs": [
                            ["name": "fraud-1", "port": 80, "weight": .integer(weight)]
                        ]
                    ]
                ],
            ]
            route["status"] = [
                "parents": [
                    [
                        "parentRef": ["name": "web"],
                        "conditions": [
                            ["type": "Accepted", "status": "True", "observedGeneration": 3]
                        ],
                    ]
                ]
            ]
        }
    }

    private func revision() -> Document {
        let data = RevisionData(
            version: "7", template: ["spec": ["containers": [["name": "model"]]]], port: 8080,
            inferencePath: "/v2/infer", readyPath: "/v2/ready")
        return object("fraud-1") { revision in
            revision.set(
                ["metadata", "annotations", "slipway.dev/digest"],
                to: .string(Digest(of: "a").description))
            revision["data"] = data.document
        }
    }

    private func seen() -> ClusterView {
        var view = ClusterView()
        _ = view.apply(.pod, .changed(pod))
        _ = view.apply(.httpRoute, .changed(route()))
        _ = view.apply(.controllerRevision, .changed(revision()))
        let deployment = object("fraud-1") {
            $0["spec"] = ["replicas": 2, "template": ["spec": ["containers": [["name": "m"]]]]]
            $0["status"] = ["readyReplicas": 1, "observedGeneration": 3]
        }
        _ = view.apply(.deployment, .changed(deployment))
        let service = object("fraud-1") { $0["spec"] = ["ports": [["port": 80]]] }
        _ = view.apply(.service, .changed(service))
        let slice = object("fraud-1-x") {
            $0.set(["metadata", "labels", "kubernetes.io/service-name"], to: "fraud-1")
            $0["addressType"] = "IPv4"
            $0["endpoints"] = [["addresses": ["10.1.1.1"], "conditions": ["ready": true]]]
        }
        _ = view.apply(.endpointSlice, .changed(slice))
        return view
    }

    @Test func readTheSameWhenPacked() throws {
        let before = seen()
        var after = before
        after.pack(release)
        #expect(after.pods(of: release).map(\.view) == before.pods(of: release).map(\.view))
        #expect(before.pods(of: release).first?.view.port == 9000)
        #expect(after.slices(of: release) == before.slices(of: release))
        #expect(before.slices(of: release).count == 1)
        let name = NamespacedName(namespace: "default", name: "fraud-1")
        #expect(after.routes[release]?.value == before.routes[release]?.value)
        #expect(try #require(before.routes[release]).value.backends == ["fraud-1": 30])
        #expect(after.revisions[name]?.value == before.revisions[name]?.value)
        #expect(before.revisions[name]?.value.data.port == 8080)
        #expect(after.deployments[name]?.value.view == before.deployments[name]?.value.view)
        #expect(after.deployments[name]?.value.object == before.deployments[name]?.value.object)
        #expect(before.deployments[name]?.value.object.at("spec", "replicas") == 2)
        #expect(after.services[name]?.value.view == before.services[name]?.value.view)
        #expect(after.services[name]?.value.object == before.services[name]?.value.object)
        let entry = try #require(after.routes[release])
        #expect(entry.uid == "uid-fraud")
        #expect(entry.version == ResourceVersion("5"))
        #expect(entry.release == "fraud")
        #expect(entry.generation == 3)
        var unpacked = after
        unpacked.unpack(release)
        #expect(unpacked.pods(of: release).map(\.view) == before.pods(of: release).map(\.view))
    }

    /// That a pod was ready is known from its past alone.
    @Test func keepTheirPast() {
        func pod(_ version: Int, ready: Bool) -> Document {
            object("pod", version: version) {
                $0["status"] = [
                    "conditions": [["type": "Ready", "status": ready ? "True" : "False"]]
                ]
            }
        }
        var view = ClusterView()
        _ = view.apply(.pod, .changed(pod(5, ready: true)))
        _ = view.apply(.pod, .changed(pod(6, ready: false)))
        view.pack(release)
        #expect(view.pods(of: release).map(\.wasReady) == [true])
        _ = view.apply(.pod, .changed(pod(7, ready: false)))
        #expect(view.pods(of: release).map(\.wasReady) == [true])
        view.pack(release)
        view.unpack(release)
        #expect(view.pods(of: release).map(\.wasReady) == [true])
    }

    /// What is packed is replaced, found and forgotten as everything else.
    @Test func changeWhilePacked() {
        var view = seen()
        view.pack(release)
        #expect(view.apply(.httpRoute, .changed(route(weight: 99))).isEmpty)
        var newer = route(weight: 99)
        newer.set(["metadata", "resourceVersion"], to: "6")
        #expect(view.apply(.httpRoute, .changed(newer)).map(\.release) == [release])
        #expect(view.routes[release]?.value.backends == ["fraud-1": 99])
        view.pack(release)
        newer.set(["metadata", "resourceVersion"], to: "7")
        #expect(view.apply(.httpRoute, .deleted(newer)).map(\.release) == [release])
        #expect(view.routes.owners.isEmpty)
    }

    /// A long list is packed at once, and can be asked for.
    @Test func areReadFromALongList() {
        let pods = (0..<100).map { object("pod-\($0)", release: "release-\($0)") }
        var view = ClusterView()
        #expect(view.apply(.pod, .replaced(pods, resourceVersion: "9")).count == 100)
        let one = NamespacedName(namespace: "default", name: "release-7")
        #expect(view.pods(of: one).map(\.view.metadata.name) == ["pod-7"])
        #expect(view.apply(.pod, .replaced(pods.dropLast(), resourceVersion: "10")).count == 1)
    }

    /// Whoever something happened to last is not let go; whoever rests is, once.
    @Test func areThoseOfWhoeverRests() {
        func name(_ number: Int) -> NamespacedName {
            NamespacedName(namespace: "default", name: "release-\(number)")
        }
        var recent = RecentReleases(limit: 3)
        var packed: [NamespacedName] = []
        for number in 0..<9 {
            packed += recent.note(name(number))
            packed += recent.note(name(0))
        }
        #expect(!packed.contains(name(0)))
        #expect(packed == [1, 2, 3, 4, 5, 6].map(name))
    }
}
