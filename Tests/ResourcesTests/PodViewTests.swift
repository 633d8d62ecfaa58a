import Domain
import Testing

@testable import Resources

@Suite struct PodViewTests {
    static let hex = String(repeating: "ab", count: 32)

    private let pod: Document = [
        "metadata": [
            "name": "fraud-abababab-x", "namespace": "risk", "uid": "u1", "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": [
                "app.kubernetes.io/managed-by": "slipway", "slipway.dev/release": "fraud",
                "slipway.dev/version": "8", "slipway.dev/digest": "abababababababab",
            ],
            "ownerReferences": [
                [
                    "kind": "ReplicaSet", "name": "fraud-abababab-5d8", "uid": "rs",
                    "controller": true,
                ]
            ],
            "managedFields": [["manager": "kubelet"]],
        ],
        "spec": [
            "nodeName": "n1",
            "containers": [
                ["name": "sidecar", "ports": [["containerPort": 9000]]],
                ["name": "model", "ports": [["name": "http", "containerPort": 8080]]],
            ],
        ],
        "status": [
            "phase": "Running", "podIP": "10.0.0.7", "startTime": "2026-01-01T00:00:01Z",
            "conditions": [
                ["type": "Initialized", "status": "True"],
                [
                    "type": "Ready", "status": "False",
                    "lastTransitionTime": "2026-01-01T00:01:00.250Z",
                ],
            ],
            "initContainerStatuses": [["name": "fetch", "ready": true, "restartCount": 1]],
            "containerStatuses": [
                [
                    "name": "model", "ready": false, "restartCount": 3,
                    "imageID": "registry/x@sha256:1",
                    "state": [
                        "waiting": ["reason": "CrashLoopBackOff", "message": "back-off 10s"]
                    ],
                    "lastState": [
                        "terminated": [
                            "reason": "OOMKilled", "exitCode": 137,
                            "finishedAt": "2026-01-01T00:00:59Z",
                        ]
                    ],
                ]
            ],
        ],
    ]

    @Test func aPodIsRead() throws {
        let view = try #require(PodView(pod))
        #expect(view.metadata.name == "fraud-abababab-x" && view.metadata.uid == "u1")
        #expect(view.metadata.release == "fraud" && view.metadata.digestLabel == "abababababababab")
        #expect(view.metadata.version == "8")
        #expect(view.metadata.controller == "ReplicaSet fraud-abababab-5d8")
        #expect(view.metadata.controllerUID == "rs")
        #expect(view.node == "n1" && view.podIP == "10.0.0.7" && view.phase == .running)
        #expect(!view.ready)
        #expect(view.readyChanged == Timestamp(rfc3339: "2026-01-01T00:01:00.250Z"))
        #expect(view.readyChanged.map { $0.milliseconds % 1000 } == 250)
        #expect(view.started == Timestamp(rfc3339: "2026-01-01T00:00:01Z"))
        #expect(view.port == 8080 && view.restarts == 4 && !view.isLeaving)
        #expect(view.containers.map(\.name) == ["fetch", "model"])
        #expect(view.containers.map(\.isInit) == [true, false])
        let model = try #require(view.containers.last)
        #expect(model.waitingReason == "CrashLoopBackOff" && model.waitingMessage == "back-off 10s")
        #expect(model.lastTerminated?.reason == "OOMKilled")
        #expect(model.lastTerminated?.exitCode == 137 && model.terminated == nil)
        #expect(model.imageID == "registry/x@sha256:1")
    }

    /// The pod started at second 1. Its first status is written then or some moments later, and
    /// its readiness has that time as long as it was never ready.
    @Test(arguments: [
        ("False", "00:00:00Z", false), ("False", "00:00:01Z", false),
        ("False", "00:00:02Z", false), ("False", "00:00:03Z", false),
        ("False", "00:00:04Z", true), ("False", "00:01:00Z", true), ("True", "00:01:00Z", false),
    ])
    func lostReadinessIsToldFromReadinessThatNeverWas(
        _ ready: String, _ changed: String, _ isLost: Bool
    ) throws {
        var pod = pod
        pod.set(
            ["status", "conditions"],
            to: [
                [
                    "type": "Ready", "status": .string(ready),
                    "lastTransitionTime": .string("2026-01-01T\(changed)"),
                ]
            ])
        #expect(try #require(PodView(pod)).showsLostReadiness == isLost)
        pod.set(["status", "startTime"], to: .null)
        #expect(try #require(PodView(pod)).showsLostReadiness == false)
    }

    @Test func aPodThatGoesAwayIsLeaving() throws {
        var ending = pod
        ending.set(["metadata", "deletionTimestamp"], to: "2026-01-01T00:02:00Z")
        #expect(try #require(PodView(ending)).isLeaving)
        var disrupted = pod
        disrupted.set(
            ["status", "conditions"],
            to: [
                [
                    "type": "DisruptionTarget", "status": "True",
                    "reason": "EvictionByEvictionAPI",
                ]
            ])
        #expect(try #require(PodView(disrupted)).disruption == "EvictionByEvictionAPI")
        #expect(try #require(PodView(disrupted)).isLeaving)
        disrupted.set(
            ["status", "conditions"], to: [["type": "DisruptionTarget", "status": "False"]])
        #expect(try #require(PodView(disrupted)).isLeaving == false)
    }

    @Test func whatFitsNowhereSaysSo() throws {
        var waiting = pod
        waiting.set(
            ["status", "conditions"],
            to: [
                [
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                    "message": "0/3 nodes are available",
                ]
            ])
        #expect(try #require(PodView(waiting)).unschedulable == "0/3 nodes are available")
        #expect(try #require(PodView(pod)).unschedulable == nil)
    }

    @Test(
        arguments: [
            ["metadata": ["name": "x"]],
            ["metadata": ["name": "x"], "spec": 1, "status": "y"],
            [
                "metadata": ["name": "x", "labels": 1, "ownerReferences": "z"],
                "status": [
                    "phase": "Odd", "conditions": [1, ["type": 2]],
                    "containerStatuses": [1, ["restartCount": -5], ["restartCount": "x"]],
                ],
                "spec": ["containers": [1, ["ports": [1]]]],
            ],
        ] as [Document])
    func whatIsMissingOrBrokenStaysEmpty(object: Document) throws {
        let view = try #require(PodView(object))
        #expect(view.phase == .unknown && !view.ready && view.port == nil && view.restarts == 0)
    }

    /// A node lifecycle controller writes the condition `Ready` alone; a kubelet both.
    @Test(arguments: [
        ("False", "", "True", true), ("False", "ContainersNotReady", "False", false),
        ("False", "ReadinessGatesNotReady", "True", false), ("True", "", "True", false),
        ("False", "", "False", false),
    ])
    func aPodIsWrittenOffIfOnlyItsReadinessWasTaken(
        _ ready: String, _ reason: String, _ containers: String, _ isWrittenOff: Bool
    ) throws {
        var pod = pod
        var condition: Document = ["type": "Ready", "status": .string(ready)]
        if !reason.isEmpty { condition["reason"] = .string(reason) }
        pod.set(
            ["status", "conditions"],
            to: [condition, ["type": "ContainersReady", "status": .string(containers)]])
        #expect(try #require(PodView(pod)).isWrittenOff == isWrittenOff)
        pod.set(["status", "conditions"], to: [condition])
        #expect(try #require(PodView(pod)).isWrittenOff == false)
    }

    @Test func nothingWithoutANameIsAPod() {
        #expect(PodView(["metadata": [:]]) == nil)
        #expect(PodView(.null) == nil)
    }
}
