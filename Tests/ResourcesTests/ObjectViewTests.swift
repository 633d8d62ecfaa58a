import Domain
import Testing

@testable import Resources

@Suite struct ObjectViewTests {
    static let hex = String(repeating: "ab", count: 32)

    private func metadata(_ generation: Int64 = 3) -> Document {
        [
            "name": "fraud-abababab", "namespace": "risk", "uid": "u1",
            "generation": .integer(generation),
            "labels": [
                "app.kubernetes.io/managed-by": "slipway", "slipway.dev/release": "fraud",
                "slipway.dev/digest": "abababababababab",
            ],
            "annotations": [
                "slipway.dev/digest": .string("sha256:\(Self.hex)"),
                "slipway.dev/release-uid": "r1", "slipway.dev/on-delete": "retain",
                "slipway.dev/refused": .string("sha256:\(Self.hex)@4"),
            ],
        ]
    }

    @Test func annotationsAndOwnershipAreRead() throws {
        let view = try #require(OwnedMetadata(["metadata": metadata()]))
        let digest = try #require(Digest(Self.hex))
        #expect(view.digest == digest && view.retained)
        #expect(view.refused == RefusedMark(digest: digest, intent: 4))
        #expect(view.owner(release: "fraud", uid: "r1") == .ours)
        #expect(view.owner(release: "fraud", uid: "r2") == .formerly(uid: "r1"))
        #expect(view.owner(release: "other", uid: "r1") == .foreign("ModelRelease fraud"))
        let theirs = try #require(
            OwnedMetadata([
                "metadata": [
                    "name": "x", "labels": ["app.kubernetes.io/managed-by": "Helm"],
                ]
            ]))
        #expect(theirs.owner(release: "fraud", uid: "r1") == .foreign("Helm"))
        let nobodys = try #require(OwnedMetadata(["metadata": ["name": "x"]]))
        #expect(nobodys.owner(release: "fraud", uid: "r1") == .foreign("somebody else"))
    }

    @Test func aDeploymentIsRead() throws {
        let object: Document = [
            "metadata": metadata(3),
            "spec": ["replicas": 4],
            "status": [
                "observedGeneration": 3, "replicas": 5, "updatedReplicas": 4, "readyReplicas": 3,
                "availableReplicas": 2, "unavailableReplicas": 1, "terminatingReplicas": 1,
                "conditions": [
                    [
                        "type": "Progressing", "status": "False",
                        "reason": "ProgressDeadlineExceeded", "message": "timed out",
                    ],
                    ["type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"],
                    [
                        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                        "message": "exceeded quota",
                    ],
                ],
            ],
        ]
        let view = try #require(DeploymentView(object))
        #expect(view.replicas == 4 && view.total == 5 && view.updated == 4 && view.ready == 3)
        #expect(view.available == 2 && view.unavailable == 1 && view.terminating == 1)
        #expect(view.isObserved && !view.isComplete && view.deadlineExceeded)
        #expect(view.availableCondition?.status == .yes)
        #expect(view.replicaFailure?.message == "exceeded quota")
    }

    @Test func countsOfAnOldGenerationAreNotComplete() throws {
        func deployment(observed: Int) throws -> DeploymentView {
            try #require(
                DeploymentView([
                    "metadata": metadata(3), "spec": ["replicas": 2],
                    "status": [
                        "observedGeneration": .integer(observed), "replicas": 2,
                        "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
                    ],
                ]))
        }
        #expect(try deployment(observed: 3).isComplete)
        #expect(try !deployment(observed: 2).isComplete)
    }

    /// One count that does not fit, and pods of an older template are left or some are missing.
    @Test(arguments: ["replicas", "updatedReplicas", "availableReplicas"])
    func everyCountMustFit(count: String) throws {
        var status: Document = [
            "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
        ]
        func view() throws -> DeploymentView {
            try #require(
                DeploymentView(["metadata": metadata(3), "spec": ["replicas": 2], "status": status])
            )
        }
        #expect(try view().isComplete)
        status[count] = 3
        #expect(try !view().isComplete)
    }

    @Test func aServiceIsRead() throws {
        var object: Document = [
            "metadata": metadata(),
            "spec": [
                "clusterIP": "10.1.1.1",
                "selector": [
                    "slipway.dev/release": "fraud", "slipway.dev/digest": "abababababababab",
                ],
                "ports": [["name": "http", "port": 80, "targetPort": "http"]],
            ],
        ]
        let digest = try #require(Digest(Self.hex))
        let view = try #require(ServiceView(object))
        #expect(view.port == 80 && view.selects(release: "fraud", digest: digest))
        #expect(!view.selects(release: "other", digest: digest))
        object.set(["spec", "selector", "track"], to: "canary")
        #expect(
            try #require(ServiceView(object)).selects(release: "fraud", digest: digest) == false)
    }

    /// Everything a slice may leave open or say, and what it means.
    @Test(
        arguments: [
            ([:], true, true, false),
            (["ready": .null, "serving": .null, "terminating": .null], true, true, false),
            (["ready": false], false, true, false),
            (["ready": false, "serving": true, "terminating": true], false, true, true),
            (["ready": true, "serving": false], true, false, false),
        ] as [(Document, Bool, Bool, Bool)])
    func openConditionsHaveTheMeaningOfTheAPI(
        conditions: Document, ready: Bool, serving: Bool, terminating: Bool
    ) throws {
        let slice = try #require(makeSlice([makeEndpoint("p1", conditions)]))
        let endpoint = try #require(slice.endpoints.first)
        #expect(endpoint.ready == ready)
        #expect(endpoint.serving == serving)
        #expect(endpoint.terminating == terminating)
    }

    @Test func podsInTwoSlicesCountOnce() throws {
        let first = try #require(
            makeSlice([makeEndpoint("p1", [:]), makeEndpoint("p2", ["ready": false])]))
        let second = try #require(
            makeSlice([makeEndpoint("p1", ["ready": true]), makeEndpoint("p0", [:])]))
        #expect(EndpointSliceView.ready(in: [first, second]) == ["p0", "p1"])
        let ending = try #require(
            makeSlice([makeEndpoint("p9", ["ready": true, "terminating": true])]))
        #expect(EndpointSliceView.ready(in: [ending]) == [])
        #expect(first.service == "fraud-abababab")
        #expect(first.ports == [.init(name: "http", port: 8080)])
    }

    @Test func aSliceOfNoServiceIsNone() {
        #expect(EndpointSliceView(["metadata": ["name": "x"], "endpoints": []]) == nil)
    }

    @Test func aGatewayIsProgrammedAtItsNewestGenerationOnly() throws {
        func gateway(_ observed: Int) throws -> GatewayView {
            try #require(
                GatewayView([
                    "metadata": ["name": "public", "namespace": "infra", "generation": 2],
                    "spec": [
                        "gatewayClassName": "envoy", "listeners": [["name": "http", "port": 80]],
                    ],
                    "status": [
                        "addresses": [["value": "10.0.0.1"]],
                        "conditions": [
                            [
                                "type": "Programmed", "status": "True", "reason": "Programmed",
                                "message": "ok", "observedGeneration": .integer(observed),
                            ]
                        ],
                    ],
                ]))
        }
        #expect(try gateway(2).programmed == .yes)
        #expect(try gateway(1).programmed == .unknown)
        #expect(try gateway(2).listeners == ["http"])
        #expect(try gateway(2).addresses == ["10.0.0.1"])
    }

    @Test func aRevisionIsReadBack() throws {
        let data = RevisionData(
            version: "8", template: ["spec": ["containers": []]], port: 8080,
            inferencePath: "/v2/models/fraud/infer", readyPath: "/v2/models/fraud/ready")
        let view = try #require(
            RevisionView(["metadata": metadata(), "revision": 1, "data": data.document]))
        #expect(view.data == data && view.digest == Digest(Self.hex))
        #expect(RevisionView(["metadata": metadata(), "data": ["x": 1]]) == nil)
        #expect(RevisionView(["metadata": ["name": "x"], "data": data.document]) == nil)
    }

    private func makeEndpoint(_ uid: String, _ conditions: Document) -> Document {
        [
            "addresses": ["10.0.0.7"], "conditions": conditions,
            "targetRef": ["kind": "Pod", "name": .string("pod-\(uid)"), "uid": .string(uid)],
        ]
    }

    private func makeSlice(_ endpoints: [Document]) -> EndpointSliceView? {
        EndpointSliceView([
            "metadata": [
                "name": "fraud-abababab-1",
                "labels": ["kubernetes.io/service-name": "fraud-abababab"],
            ],
            "endpoints": .array(endpoints), "ports": [["name": "http", "port": 8080]],
        ])
    }
}
