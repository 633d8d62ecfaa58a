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
        if case .write(let write, _) = action { write } else { nil }
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
        #expect(adoption.canGoBack && adoption.canFinish && adoption.notes == [])
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
        #expect(
            try next {
                $0.release?.status.attempt?.confirmedAt = OldWorld.now - .seconds(9)
            } == "the gateways to settle")
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
        few.deployment.set(["status", "readyReplicas"], to: 2)
        #expect(Self.waits(few.adoption.next(.back)) == "Deployment fraud: 2 of 3 pods ready")
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

    // MARK: Finishing

    @Test func finishRemovesRouteServiceAndDeploymentInThisOrder() throws {
        var world = try Self.ready { status in
            status.phase = .healthy
            status.attempt = nil
        }
        world.detach()
        func key(_ kind: ResourceKind) -> ResourceKey {
            ResourceKey(kind, namespace: "risk", name: "fraud")
        }
        #expect(world.adoption.steps(.finish).count == 3)
        #expect(
            Self.write(world.adoption.next(.finish))
                == .delete(key(.httpRoute), uid: "r-1", resourceVersion: "7"))
        world.routes.removeFirst()
        #expect(
            Self.write(world.adoption.next(.finish))
                == .delete(key(.service), uid: "s-1", resourceVersion: "6"))
        world.service = [:]
        #expect(
            Self.write(world.adoption.next(.finish))
                == .delete(key(.deployment), uid: "d-1", resourceVersion: "5"))
        world.isGone = true
        #expect(
            world.adoption.next(.finish) == .done("nothing of what served before is left"))
    }

    /// Gateways may still send by a route that was detached a moment ago.
    @Test func finishWaitsForRequestsUnderWay() throws {
        var world = try Self.ready { status in
            status.phase = .healthy
            status.attempt = nil
        }
        world.detach()
        func at(_ seconds: Int64) -> Adoption.Action {
            let time = (OldWorld.now - .seconds(seconds)).description
            world.routes[0].set(
                ["metadata", "annotations", "slipway.dev/adopted-at"], to: .string(time))
            return world.adoption.next(.finish)
        }
        #expect(
            Self.waits(at(39))
                == "the requests under way to end, until \(OldWorld.now + .seconds(1))")
        #expect(Self.write(at(40)) != nil)
    }

    @Test func finishRemovesNothingThatIsNeeded() throws {
        func refusal(_ change: (inout OldWorld) -> Void) throws -> String? {
            var world = try Self.ready { status in
                status.phase = .healthy
                status.attempt = nil
            }
            world.detach()
            change(&world)
            return Self.refuses(world.adoption.next(.finish))
        }
        #expect(
            Self.refuses(OldWorld().adoption.next(.finish))
                == "there is no ModelRelease risk/fraud-scorer that has taken over")
        #expect(
            Self.refuses(try Self.ready().adoption.next(.finish))
                == "HTTPRoute fraud has its Gateways, and the requests: slipway adopt fraud-scorer "
                + "--deployment fraud -n risk --yes comes first")
        #expect(
            try refusal { $0.release?.status.phase = .progressing }
                == "ModelRelease risk/fraud-scorer is Progressing: releasing 1-4; what served "
                + "before stays until it is Healthy")
        #expect(
            try refusal { world in
                world.referrers = [
                    [
                        "kind": "Ingress", "metadata": ["name": "i"],
                        "spec": [
                            "rules": [
                                [
                                    "http": [
                                        "paths": [["backend": ["service": ["name": "fraud"]]]]
                                    ]
                                ]
                            ]
                        ],
                    ]
                ]
            } == "Ingress i still sends to Service fraud")
    }

    @Test func aCommandIsGivenAgainAsItWas() {
        var request = AdoptionRequest(
            release: OldWorld.name, deployment: "fraud-scorer", service: "s", route: "r")
        #expect(
            request.command("--yes")
                == "slipway adopt fraud-scorer --service s --route r -n risk --yes")
        request.deployment = "fraud"
        #expect(
            request.command("--yes").hasPrefix("slipway adopt fraud-scorer --deployment fraud "))
    }
}
