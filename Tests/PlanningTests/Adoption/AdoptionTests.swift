import API
import Domain
import Planning
import Resources
import Testing

/// What is done next, from what is there.
struct AdoptionTests {
    /// Slipway's version is ready behind the older route.
    private static func ready(
        _ change: (inout ReleaseStatus) -> Void = { _ in }
    ) throws -> OldWorld {
        var world = OldWorld()
        try world.declare(change)
        return world
    }

    private static func waits(_ action: Adoption.Action) -> String? {
        if case .wait(let text) = action { text } else { nil }
    }

    private static func refuses(_ action: Adoption.Action) -> String? {
        if case .refused(let reasons) = action { reasons.joined(separator: "; ") } else { nil }
    }

    private static func write(_ action: Adoption.Action) -> WriteRequest? {
        switch action {
        case .write(let write, _), .switch(let write, _): write
        case .wait, .refused, .done: nil
        }
    }

    // MARK: Taking over

    @Test func firstTheReleaseIsDeclared() throws {
        let adoption = OldWorld().adoption
        let object = try #require(adoption.object)
        let key = ResourceKey(.modelRelease, namespace: "risk", name: "fraud-scorer")
        #expect(Self.write(adoption.next(.takeOver)) == .apply(key, object, force: false))
        #expect(adoption.steps(.takeOver).map(\.state) == [.next, .later, .later])
    }

    @Test func theOldRouteIsDetachedWhenTheNewOneIsReady() throws {
        let world = try Self.ready()
        let adoption = world.adoption
        let key = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
        let spec = try #require(world.routes[0]["spec"])
        let parents =
            #"[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"public"}]"#
        #expect(
            Self.write(adoption.next(.takeOver))
                == .jsonPatch(
                    key,
                    [
                        .init(.test, "/metadata/uid", "r-1"), .init(.test, "/spec", spec),
                        .init(.test, "/metadata/resourceVersion", "7"),
                        .init(.add, "/metadata/annotations", [:]),
                        .init(
                            .add, "/metadata/annotations/slipway.dev~1adopted-by", "fraud-scorer"),
                        .init(
                            .add, "/metadata/annotations/slipway.dev~1adopted-parents",
                            .string(parents)),
                        .init(
                            .add, "/metadata/annotations/slipway.dev~1adopted-at",
                            .string(OldWorld.now.description)),
                        .init(.replace, "/spec/parentRefs", []),
                    ]))
        #expect(adoption.steps(.takeOver).map(\.state) == [.done, .done, .next])
    }

    @Test func whenItIsDetachedAllIsDone() throws {
        var world = try Self.ready()
        world.detach()
        let adoption = world.adoption
        #expect(
            adoption.next(.takeOver)
                == .done(
                    "ModelRelease risk/fraud-scorer serves at Gateway public, host "
                        + "fraud.example.com, path /"))
        #expect(adoption.steps(.takeOver).allSatisfy { $0.state == .done })
        #expect(adoption.canGoBack && adoption.notes == [])
        #expect(adoption.leftOver == ["httproute/fraud", "service/fraud", "deployment/fraud"])
        let file = try #require(adoption.declaration)
        #expect(file["metadata"] == ["name": "fraud-scorer", "namespace": "risk"])
        let written = try #require(ModelRelease.decode(file).value)
        #expect(written.spec == world.release?.spec)
    }

    @Test func withoutARouteItOnlyWaitsForTheRelease() throws {
        var world = OldWorld()
        world.routes = []
        world.request.traffic = GatewayTraffic(parentRefs: [.init(name: "public")])
        #expect(world.adoption.object?["spec"]?["traffic"]?["gateway"]?["hostnames"] == nil)
        try world.declare()
        guard case .done = world.adoption.next(.takeOver) else {
            Issue.record("\(world.adoption.next(.takeOver))")
            return
        }
        #expect(!world.adoption.canGoBack)
    }

    /// Nothing is detached before each of these is well.
    @Test func itWaitsUntilEveryPartIsReady() throws {
        func next(_ change: (inout OldWorld) throws -> Void) throws -> String? {
            var world = try Self.ready()
            try change(&world)
            return Self.waits(world.adoption.next(.takeOver))
        }
        #expect(
            try next { $0.release?.metadata.generation = 2 }
                == "the controller to look at ModelRelease risk/fraud-scorer")
        #expect(try next { $0.routes.removeLast() } == "releasing 1-4")
        #expect(
            try next { $0.routes[1].set(["metadata", "annotations"], to: [:]) }
                == "releasing 1-4")
        #expect(
            try next { $0.routes[1]["status"] = nil }
                == "Gateway risk/public to accept the route")
        #expect(
            try next { $0.routes[1].set(["metadata", "generation"], to: 2) }
                == "Gateway risk/public to accept the route")
        #expect(try next { $0.release?.status.attempt?.confirmedAt = nil } == "releasing 1-4")
        #expect(try next { $0.release?.status.phase = .degraded } == "releasing 1-4")
        let name = try #require(try Self.ready().more.first?.at("metadata", "name")?.stringValue)
        let pods = "all pods of Deployment \(name) to be ready"
        #expect(try next { $0.release?.status.versions[0].ready = 2 } == pods)
        #expect(try next { $0.more[0].set(["status", "readyReplicas"], to: 2) } == pods)
        #expect(try next { $0.more = [] } == pods)
        #expect(
            try next { $0.deployment.set(["spec", "replicas"], to: 10) }
                == "as many pods as Deployment fraud has: 3 of 10; raise serving.replicas, or "
                + "scale that one down")
        #expect(
            try next { $0.routes[1].set(["spec", "rules"], to: []) }
                == "Slipway's HTTPRoute to say what Slipway writes")
    }

    @Test func aRefusedVersionMovesNothing() throws {
        let world = try Self.ready { status in
            status.phase = .rejected
            status.message = "version 1-4 refused"
        }
        #expect(
            Self.refuses(world.adoption.next(.takeOver))
                == "Slipway refused what ModelRelease risk/fraud-scorer declares: version 1-4 "
                + "refused; nothing was moved")
    }

    /// A person declared the release, in Git or by hand.
    @Test func aReleaseOfAPersonMustAnswerWhatTheRouteDoes() throws {
        var world = try Self.ready()
        let traffic = GatewayTraffic(
            parentRefs: [.init(name: "public", namespace: "risk")], hostnames: ["a.example.com"])
        world.release?.spec.traffic = .gateway(traffic)
        #expect(
            Self.refuses(world.adoption.next(.takeOver))
                == "HTTPRoute fraud answers at Gateway public, host fraud.example.com, path /, and "
                + "ModelRelease risk/fraud-scorer at Gateway risk/public, host a.example.com, "
                + "path /: declare the same first")
        world.release?.spec.traffic = .gateway(
            GatewayTraffic(parentRefs: [.init(name: "public", namespace: "risk")]))
        #expect(Self.refuses(world.adoption.next(.takeOver)) == nil)
        world.release?.spec.traffic = .gateway(
            GatewayTraffic(parentRefs: [.init(name: "other")]))
        #expect(Self.refuses(world.adoption.next(.takeOver)) != nil)
    }

    /// What Slipway would refuse is the person's affair once the release is there; that it is
    /// another than what runs is said.
    @Test func aReleaseOfAPersonMayDifferFromTheDeployment() throws {
        var world = try Self.ready()
        world.container { $0["image"] = "registry.example.com/fraud:1.5" }
        world.pod { $0["hostNetwork"] = true }
        #expect(world.adoption.problems == [])
        world.pod { $0["hostNetwork"] = nil }
        #expect(
            world.adoption.notes.contains(
                "ModelRelease risk/fraud-scorer does not declare what Deployment fraud runs; it "
                    + "differs at spec.containers[0].image"))
    }

    // MARK: A route that has the release's name

    @Test func aRouteOfTheReleasesNameIsCopiedBeforeItGoes() throws {
        var world = OldWorld()
        world.routes[0].set(["metadata", "name"], to: "fraud-scorer")
        world.routes[0].set(["metadata", "labels"], to: ["app": "fraud"])
        #expect(world.adoption.steps(.takeOver).map(\.state) == [.next, .later, .later, .later])
        guard case .create(let key, var copy) = Self.write(world.adoption.next(.takeOver)) else {
            Issue.record("\(world.adoption.next(.takeOver))")
            return
        }
        #expect(key == ResourceKey(.httpRoute, namespace: "risk", name: "fraud-scorer-adopted"))
        #expect(copy["spec"] == world.routes[0]["spec"])
        #expect(copy.at("metadata", "labels") == nil)
        copy.set(["metadata", "uid"], to: "r-2")
        copy.set(["metadata", "generation"], to: 1)

        let young = (OldWorld.now - .seconds(1)).description
        copy.set(["metadata", "creationTimestamp"], to: .string(young))
        world.routes.append(copy)
        #expect(
            Self.waits(world.adoption.next(.takeOver)) == "Gateway risk/public to accept the route")
        world.routes[1] = OldWorld.accepted(copy)
        #expect(
            Self.waits(world.adoption.next(.takeOver))
                == "HTTPRoute fraud-scorer-adopted to be older than what comes next")
        world.routes[1].set(
            ["metadata", "creationTimestamp"],
            to: .string((OldWorld.now - .seconds(2)).description))
        let name = ResourceKey(.httpRoute, namespace: "risk", name: "fraud-scorer")
        #expect(
            Self.write(world.adoption.next(.takeOver))
                == .delete(name, uid: "r-1", resourceVersion: "7"))

        var changed = world
        changed.routes[0].set(["spec", "hostnames"], to: [])
        #expect(
            Self.refuses(changed.adoption.next(.takeOver))
                == "HTTPRoute fraud-scorer-adopted is no longer a copy of HTTPRoute fraud-scorer: "
                + "remove the copy first")

        // Then it goes on as with any other route.
        world.routes.removeFirst()
        guard case .apply = Self.write(world.adoption.next(.takeOver)) else {
            Issue.record("\(world.adoption.next(.takeOver))")
            return
        }
        #expect(world.adoption.steps(.takeOver).map(\.state) == [.done, .next, .later, .later])
    }

    @Test func aCopyDoesNotTakeANameThatIsThere() {
        var world = OldWorld()
        world.routes[0].set(["metadata", "name"], to: "fraud-scorer")
        world.routes.append(
            [
                "kind": "HTTPRoute",
                "metadata": ["name": "fraud-scorer-adopted", "namespace": "risk"],
            ])
        #expect(
            Self.refuses(world.adoption.next(.takeOver))
                == "HTTPRoute risk/fraud-scorer-adopted is in the way: it is not a copy of "
                + "HTTPRoute fraud-scorer")
    }

    // MARK: Back

    @Test func backAttachesTheOldRouteAgain() throws {
        var world = try Self.ready()
        #expect(Self.waits(world.adoption.next(.back)) == "Gateway risk/public to accept the route")
        world.routes[0] = OldWorld.accepted(world.routes[0])
        #expect(
            world.adoption.next(.back)
                == .done("HTTPRoute fraud has its Gateways, and the requests"))
        world.detach()
        let key = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
        let spec = try #require(world.routes[0]["spec"])
        #expect(
            Self.write(world.adoption.next(.back))
                == .jsonPatch(
                    key,
                    [
                        .init(.test, "/metadata/uid", "r-1"),
                        .init(.test, "/spec", spec),
                        .init(
                            .add, "/spec/parentRefs",
                            [
                                [
                                    "group": "gateway.networking.k8s.io", "kind": "Gateway",
                                    "name": "public",
                                ]
                            ]),
                        .init(.remove, "/metadata/annotations/slipway.dev~1adopted-parents"),
                    ]))
    }

    @Test func backNeedsPodsThatAnswer() throws {
        var world = try Self.ready()
        world.detach()
        var few = world
        few.deployment.set(["status", "readyReplicas"], to: 1)
        #expect(Self.write(few.adoption.next(.back)) != nil)
        few.deployment.set(["status", "readyReplicas"], to: 0)
        #expect(
            Self.waits(few.adoption.next(.back)) == "Deployment fraud: no pod of 3 is ready")
        few.deployment.set(["spec", "replicas"], to: 0)
        #expect(
            Self.refuses(few.adoption.next(.back))?.contains(
                "kubectl scale deployment fraud -n risk --replicas=") == true)
        var gone = world
        gone.isGone = true
        #expect(
            Self.refuses(gone.adoption.next(.back))?.contains("Deployment risk/fraud not found")
                == true)
        world.routes[0].set(
            ["metadata", "annotations", "slipway.dev/adopted-parents"], to: "not JSON")
        #expect(Self.refuses(world.adoption.next(.back))?.contains("attach it by hand") == true)
        world.routes.removeFirst()
        #expect(
            Self.refuses(world.adoption.next(.back)) == "there is no HTTPRoute to go back to")
    }

    // MARK: What stands beside

    private static func other(_ name: String, in namespace: String = "risk", _ made: String)
        -> Document
    {
        OldWorld.yaml(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: \(name), namespace: \(namespace), creationTimestamp: "\(made)"}
            spec:
              parentRefs: [{name: public, namespace: risk}]
              hostnames: ["*.example.com"]
              rules: [{backendRefs: [{name: away, port: 80}]}]
            """)
    }

    /// Of routes that match the same requests the oldest has them, whoever detaches what.
    @Test func aRouteThatWouldHaveTheRequestsIsRefused() throws {
        func refusal(_ route: Document, _ change: (inout OldWorld) -> Void = { _ in }) throws
            -> String?
        {
            var world = try Self.ready()
            world.routes[1].set(
                ["metadata", "creationTimestamp"], to: "2026-03-01T00:00:00Z")
            world.routes.append(route)
            change(&world)
            return Self.refuses(world.adoption.next(.takeOver))
        }
        let text =
            "HTTPRoute web/b answers at Gateway public, host fraud.example.com, path / too, and of "
            + "two such routes the older one has the requests: detach or remove it first"
        #expect(try refusal(Self.other("b", in: "web", "2026-02-01T00:00:00Z")) == text)
        #expect(try refusal(Self.other("b", in: "web", "2026-03-01T00:00:00Z")) == text)
        #expect(try refusal(Self.other("b", in: "web", "2026-03-01T00:00:01Z")) == nil)
        for (place, value) in [
            (["spec", "hostnames"], ["a.example.org"] as Document),
            (["spec", "parentRefs"], [["name": "public"]]), (["spec", "parentRefs"], []),
            (["spec", "rules"], [["matches": [["path": ["value": "/x"]]]]]),
            (["spec", "rules"], [["matches": [["method": "GET"]]]]),
        ] {
            var route = Self.other("b", in: "web", "2026-02-01T00:00:00Z")
            route.set(place, to: value)
            #expect(try refusal(route) == nil, "\(place) \(value)")
        }
        // A name that is typed wrongly: the route that serves is not the one that is taken over.
        #expect(
            try refusal(Self.other("b", in: "web", "2026-03-02T00:00:00Z")) {
                $0.request.route = "frod"
            }?.contains("HTTPRoute risk/fraud answers at ") == true)
        // Before anything is made there is no younger one.
        var world = OldWorld()
        world.routes.append(Self.other("b", in: "web", "2026-09-01T00:00:00Z"))
        #expect(Self.refuses(world.adoption.next(.takeOver)) == text)
    }

    @Test func aCopyIsTakenForNothingElse() {
        var world = OldWorld()
        var own = world.routes[0]
        own.set(["metadata", "name"], to: "fraud-scorer")
        world.routes.append(own)
        world.request.route = "fraud"
        #expect(
            Self.refuses(world.adoption.next(.takeOver))?.contains(
                "HTTPRoute fraud-scorer leads to Service fraud as well and has the name that "
                    + "Slipway's route needs") == true)
    }

    /// Also where a person has declared the release, with the labels that were left out.
    @Test func noSelectorTakesSlipwaysPods() throws {
        var world = try Self.ready()
        var release = try #require(world.release)
        release.spec.serving.template?.set(["metadata", "labels", "app"], to: "fraud")
        world.release = release
        let text = try #require(Self.refuses(world.adoption.next(.takeOver)))
        #expect(text.contains("Deployment fraud selects by app and would take the pods"))
        #expect(text.contains("Service fraud selects by app"))
        world = try Self.ready()
        world.more.append(
            [
                "kind": "Service", "metadata": ["name": "team"],
                "spec": ["selector": ["team": "risk"]],
            ])
        #expect(
            Self.refuses(world.adoption.next(.takeOver))?.hasPrefix("Service team selects by team")
                == true)
    }

    /// A kubelet's probes pass where a gateway's requests do not.
    @Test func noPolicyShutsSlipwaysPodsOff() throws {
        func refusal(_ specs: Document...) throws -> String? {
            var world = try Self.ready()
            world.referrers = specs.enumerated().map { index, spec in
                [
                    "kind": "NetworkPolicy", "metadata": ["name": .string("p\(index)")],
                    "spec": spec,
                ]
            }
            return Self.refuses(world.adoption.next(.takeOver))
        }
        let all: Document = ["podSelector": [:]]
        let old: Document = ["podSelector": ["matchLabels": ["app": "fraud"]]]
        #expect(try refusal(all) == nil)
        #expect(try refusal(old) == nil)
        #expect(
            try refusal(all, old)
                == "NetworkPolicy p0 covers Slipway's pods and NetworkPolicy p1, by which the old "
                + "ones are reached, does not: let it select slipway.dev/release=fraud-scorer too")
        #expect(try refusal(["podSelector": [:], "policyTypes": ["Egress"]], old) == nil)
        func ports(_ port: Document) -> Document {
            ["podSelector": [:], "ingress": [["ports": [["port": port]]]]]
        }
        #expect(try refusal(ports(8080)) == nil)
        #expect(try refusal(ports("http")) == nil)
        #expect(try refusal(ports("web"))?.contains("allows ports by name") == true)
    }

    @Test func whoSendsElsewhereIsNotTakenOver() {
        for backend: Document in [
            ["name": "fraud", "namespace": "other", "port": 80],
            ["name": "fraud", "kind": "InferencePool", "group": "inference.networking.k8s.io"],
        ] {
            var world = OldWorld()
            world.rule {
                $0["backendRefs"] = [["name": "fraud", "port": 80, "weight": 0], backend]
            }
            #expect(
                Self.refuses(world.adoption.next(.takeOver))?.contains(
                    "only a route that sends everything to Service fraud") == true)
        }
    }

    @Test func aCommandIsGivenAgainAsItWas() {
        var request = AdoptionRequest(
            release: OldWorld.name, deployment: "fraud-scorer", service: "s", route: "r")
        #expect(
            request.command("--yes")
                == "slipway adopt fraud-scorer --service s --route r -n risk --yes")
        request = AdoptionRequest(
            release: OldWorld.name, deployment: "fraud", version: "1",
            traffic: GatewayTraffic(
                parentRefs: [.init(name: "public", namespace: "web")], hostnames: ["a", "b"],
                path: "/x"))
        request.cluster = ["--context", "prod"]
        #expect(
            request.command("--yes")
                == "slipway adopt fraud-scorer --deployment fraud --version-name 1 --gateway "
                + "web/public --hostname a --hostname b --path /x --context prod -n risk --yes")
    }
}
