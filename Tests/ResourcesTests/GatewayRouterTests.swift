import API
import Domain
import Testing

@testable import Resources

@Suite struct GatewayRouterTests {
    private let a: Digest
    private let b: Digest
    private let split: Weights
    private let traffic = GatewayTraffic(
        parentRefs: [.init(name: "public", namespace: "infra", sectionName: "https")],
        hostnames: ["models.example.com"], path: "/fraud")

    init() throws {
        a = try #require(Digest(String(repeating: "a", count: 64)))
        b = try #require(Digest(String(repeating: "b", count: 64)))
        split = try #require(
            Weights([.init(digest: a, weight: 100), .init(digest: b, weight: 0)]))
    }

    private func router(_ traffic: GatewayTraffic? = nil, onDelete: String? = nil)
        -> GatewayRouter
    {
        var annotations = Fields()
        annotations[Names.onDelete] = onDelete.map(Document.string)
        return GatewayRouter(
            release: .init(name: "fraud", namespace: "risk", uid: "r1", annotations: annotations),
            traffic: traffic ?? self.traffic)
    }

    /// The route as a server stores it.
    private func stored(_ change: (inout Document) -> Void = { _ in }) throws -> HTTPRouteView {
        var object = router().object(.init(split: split, refused: nil, epoch: 3))
        object.set(["metadata", "uid"], to: "u1")
        object.set(["metadata", "resourceVersion"], to: "77")
        object.set(["metadata", "generation"], to: 4)
        change(&object)
        return try #require(HTTPRouteView(object))
    }

    private func changed(_ path: [String], _ value: Document?) throws -> HTTPRouteView {
        try stored { $0.set(path, to: value) }
    }

    /// The stored route with something else in its only rule.
    private func rule(_ key: String, _ value: Document?) throws -> HTTPRouteView {
        try stored { object in
            var rule = object["spec"]?["rules"]?[0] ?? .null
            rule[key] = value
            object.set(["spec", "rules"], to: [rule])
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let view = try stored()
        #expect(view.split(release: "fraud", digests: [b, a]) == split)
        #expect(view.epoch == 3 && view.sequence == 1 && view.refused == nil)
        #expect(router().isInForce(split, in: view))
        #expect(view.metadata.annotation(Names.releaseUID) == "r1")
        let refused = router().object(
            .init(split: split, refused: RefusedMark(digest: b, intent: 9).description, epoch: 3))
        let mark = try #require(HTTPRouteView(refused)?.refused)
        #expect(mark.digest == b && mark.intent == 9)
    }

    @Test func everyWeightIsWrittenAlsoZero() throws {
        let references = try stored().spec["rules"]?[0]?["backendRefs"]?.arrayValue ?? []
        #expect(references.map { $0["weight"] } == [100, 0])
        #expect(references.map { $0["name"] } == ["fraud-aaaaaaaa", "fraud-bbbbbbbb"])
        #expect(references.allSatisfy { $0["port"] == 80 })
    }

    @Test func thePrefixIsCutOffWhereThereIsOne() throws {
        #expect(try stored().spec["rules"]?[0]?["filters"] == [HTTPRouteView.rewrite])
        let plain = router(.init(parentRefs: [.init(name: "public")]))
            .object(.init(split: split, refused: nil, epoch: 1))
        #expect(plain["spec"]?["rules"]?[0]?["filters"] == nil)
    }

    @Test func aPatchTestsWhatItBuildsOn() throws {
        let other = Weights(all: b)
        let mark = RefusedMark(digest: a, intent: 2).description
        let operations = router().patch(
            try stored(), .init(split: other, refused: mark, epoch: 5))
        let path = "/metadata/annotations/slipway.dev~1"
        #expect(
            operations.filter { $0.kind == .test } == [
                .init(.test, "/metadata/uid", "u1"), .init(.test, "\(path)epoch", "3"),
                .init(.test, "\(path)seq", "1"),
            ])
        #expect(operations.prefix(3).allSatisfy { $0.kind == .test })
        #expect(operations.contains(.init(.add, "\(path)epoch", "5")))
        #expect(operations.contains(.init(.add, "\(path)seq", "2")))
        #expect(operations.contains(.init(.add, "\(path)refused", .string(mark))))
        #expect(operations.last?.kind == .replace && operations.last?.path == "/spec")
        let backends = operations.last?.value?["rules"]?[0]?["backendRefs"]?.arrayValue ?? []
        #expect(backends.map { $0["name"] } == ["fraud-bbbbbbbb"])
        #expect(!operations.contains { $0.path.contains("labels") })
    }

    @Test func aMarkGoesWithTheWriteThatGivesWhatItNamesMore() throws {
        let mark = RefusedMark(digest: b, intent: 2).description
        let path = "/metadata/annotations/slipway.dev~1refused"
        let marked = try changed(["metadata", "annotations", Names.refused], .string(mark))
        func marks(_ weights: Weights) -> [PatchOperation] {
            router().patch(marked, .init(split: weights, refused: nil, epoch: 5))
                .filter { $0.path == path }
        }
        #expect(marks(Weights(all: b)) == [.init(.remove, path)])
        #expect(marks(split).isEmpty)
        #expect(marks(Weights(all: a)).isEmpty)
    }

    @Test func withoutMarksTheExactObjectIsChanged() throws {
        let view = try stored {
            $0.set(["metadata", "annotations"], to: nil)
            $0.set(["metadata", "labels"], to: nil)
        }
        let operations = router().patch(view, .init(split: split, refused: nil, epoch: 5))
        #expect(operations.contains(.init(.test, "/metadata/resourceVersion", "77")))
        #expect(operations.contains(.init(.add, "/metadata/annotations", [:])))
        let labels = operations.first { $0.path == "/metadata/labels" }?.value
        #expect(labels?[Names.releaseLabel] == "fraud")
        #expect(labels?[Names.managedByLabel] == "slipway")
    }

    @Test func aLabelThatIsGoneIsPutBack() throws {
        let view = try changed(["metadata", "labels", Names.releaseLabel], nil)
        let operations = router().patch(view, .init(split: split, refused: nil, epoch: 5))
        #expect(
            operations.filter { $0.path.contains("labels") } == [
                .init(.add, "/metadata/labels/slipway.dev~1release", "fraud")
            ])
    }

    @Test func whatBecomesOfTheRouteFollowsTheRelease() throws {
        let operations = router(onDelete: "retain").patch(
            try stored(), .init(split: split, refused: nil, epoch: 5))
        #expect(
            operations.contains(
                .init(.add, "/metadata/annotations/slipway.dev~1on-delete", "retain")))
    }

    /// Edits by hand that change what requests get, each in the only rule.
    @Test(
        arguments: [
            ("backendRefs", [["name": "other", "port": 80, "weight": 100]]),
            (
                "backendRefs",
                [["name": "fraud-aaaaaaaa", "port": 8080, "weight": 100]]
            ),
            (
                "backendRefs",
                [["name": "fraud-aaaaaaaa", "namespace": "x", "port": 80, "weight": 100]]
            ),
            ("backendRefs", [["name": "fraud-aaaaaaaa", "port": 80, "weight": 90]]),
            (
                "backendRefs",
                [["kind": "Other", "name": "fraud-aaaaaaaa", "port": 80, "weight": 100]]
            ),
            ("backendRefs", .null),
            ("timeouts", ["request": "1s"]),
            ("retry", ["attempts": 2]),
            ("filters", [["type": "RequestMirror"]]),
            ("matches", [["headers": [["name": "x", "value": "y"]]]]),
            ("matches", [["path": ["value": "/a"]], ["path": ["value": "/b"]]]),
        ] as [(String, Document)])
    func editsInTheRuleAreSeen(key: String, value: Document) throws {
        let view = try rule(key, value)
        #expect(
            view.split(release: "fraud", digests: [a, b]) == nil
                || !router().isInForce(split, in: view))
        #expect(!router().isInForce(split, in: view))
    }

    /// A split is read only where every backend is one of ours.
    @Test(
        arguments: [
            ["name": "fraud-aaaaaaaa", "port": 8080, "weight": 100],
            ["name": "fraud-aaaaaaaa", "weight": 100],
            ["name": "fraud-aaaaaaaa", "namespace": "x", "port": 80, "weight": 100],
            ["name": "fraud-aaaaaaaa", "kind": "Import", "port": 80, "weight": 100],
            ["name": "fraud-aaaaaaaa", "group": "x.io", "port": 80, "weight": 100],
            ["name": "fraud-aaaaaaaa", "port": 80, "weight": 100, "filters": [[:]]],
            ["name": "fraud-cccccccc", "port": 80, "weight": 100],
            ["name": "fraud-aaaaaaaa", "port": 80, "weight": 99],
        ] as [Document])
    func foreignBackendsMakeNoSplit(backend: Document) throws {
        let view = try rule("backendRefs", [backend])
        #expect(view.split(release: "fraud", digests: [a, b]) == nil)
        let ours = try rule("backendRefs", [["name": "fraud-aaaaaaaa", "port": 80, "weight": 100]])
        #expect(ours.split(release: "fraud", digests: [a, b]) == Weights(all: a))
    }

    @Test func otherEditsAreSeen() throws {
        #expect(!router().isInForce(split, in: try rule("filters", nil)))
        #expect(
            !router().isInForce(split, in: try changed(["spec", "hostnames"], ["evil.com"])))
        #expect(!router().isInForce(split, in: try changed(["spec", "parentRefs"], [])))
        #expect(
            try changed(["spec", "rules"], []).split(release: "fraud", digests: [a, b]) == nil)
        let open = router(.init(parentRefs: [.init(name: "public")]))
        let object = open.object(.init(split: split, refused: nil, epoch: 1))
        var hosted = object
        hosted.set(["spec", "hostnames"], to: ["a.example.com"])
        #expect(open.isInForce(split, in: try #require(HTTPRouteView(object))))
        #expect(!open.isInForce(split, in: try #require(HTTPRouteView(hosted))))
    }

    @Test func defaultsOfTheServerAreNoEdits() throws {
        let view = try stored { object in
            object.set(
                ["spec", "parentRefs"],
                to: [
                    [
                        "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public",
                        "namespace": "infra", "sectionName": "https",
                    ]
                ])
            var rule = object["spec"]?["rules"]?[0] ?? .null
            rule["backendRefs"] = .array(
                (rule["backendRefs"]?.arrayValue ?? []).map { reference in
                    var full = reference
                    full["group"] = ""
                    full["kind"] = "Service"
                    return full
                })
            object.set(["spec", "rules"], to: [rule])
        }
        #expect(view.split(release: "fraud", digests: [a, b]) == split)
        #expect(router().isInForce(split, in: view))
    }

    @Test func aWeightThatIsLeftOutCountsAsOne() throws {
        let view = try rule(
            "backendRefs",
            [
                ["name": "fraud-aaaaaaaa", "port": 80],
                ["name": "fraud-bbbbbbbb", "port": 80, "weight": 99],
            ])
        #expect(view.split(release: "fraud", digests: [a, b])?.weight(of: a) == 1)
    }

    // MARK: What gateways say

    private func condition(_ type: String, _ status: String, _ generation: Int = 4) -> Document {
        [
            "type": .string(type), "status": .string(status), "reason": "Because",
            "message": "so", "observedGeneration": .integer(generation),
        ]
    }

    private func parent(_ conditions: [Document], name: String = "public") -> Document {
        [
            "controllerName": "example.com/gateway",
            "parentRef": [
                "name": .string(name), "namespace": "infra", "sectionName": "https",
            ],
            "conditions": .array(conditions),
        ]
    }

    private func acceptance(_ parents: [Document]) throws -> HTTPRouteView.Acceptance {
        router().acceptance(try changed(["status", "parents"], .array(parents)))
    }

    @Test func acceptedMeansAcceptedAndResolvedNow() throws {
        let good = [condition("Accepted", "True"), condition("ResolvedRefs", "True")]
        let waiting = HTTPRouteView.Acceptance.pending("Gateway infra/public to accept the route")
        #expect(try acceptance([parent(good)]) == .accepted)
        #expect(try acceptance([]) == waiting)
        #expect(try acceptance([parent(good, name: "other")]) == waiting)
        #expect(try acceptance([parent([good[0]])]) == waiting)
        #expect(
            try acceptance([parent([good[0], condition("ResolvedRefs", "True", 3)])]) == waiting)
        #expect(
            try acceptance([parent([good[0], condition("ResolvedRefs", "Unknown")])]) == waiting)
        #expect(try acceptance([parent([]), parent(good)]) == .accepted)
    }

    @Test func aRefusalNamesTheReason() throws {
        #expect(
            try acceptance([
                parent([condition("Accepted", "True"), condition("ResolvedRefs", "False")])
            ])
                == .refused(
                    "Gateway infra/public refuses the route: ResolvedRefs is False: Because: so"))
        let partly = [
            condition("Accepted", "True"), condition("ResolvedRefs", "True"),
            condition("PartiallyInvalid", "True"),
        ]
        guard case .refused = try acceptance([parent(partly)]) else {
            Issue.record("a route that is taken in part only is not accepted")
            return
        }
        let waiting = try acceptance([
            parent([condition("Accepted", "False", 3), condition("ResolvedRefs", "True")])
        ])
        #expect(waiting == .pending("Gateway infra/public to accept the route"))
    }
}
