import ControlPlane
import Domain
import Testing

@testable import Sandbox

/// What is written into the status of objects, and when.
@Suite struct GatewayStatusesTests {
    private static let socket = "127.0.0.1:8000"
    private static let early = Timestamp(milliseconds: 1_000_000)
    private static let late = Timestamp(milliseconds: 9_000_000)

    /// A cluster with the class, the Gateway and the route of ``Objects``.
    private func store() throws -> Store {
        var store = Store(seed: 1, now: Self.early)
        for definition in GatewayDefinitions.all {
            try CustomResources.install(definition, into: &store, now: Self.early)
        }
        let context = WriteContext(now: Self.early, manager: "test")
        let objects: [(ResourceKind, String, Document)] = [
            (.namespace, "", ["metadata": ["name": "risk"]]),
            (.gatewayClass, "", Objects.gatewayClass().bare),
            (.gateway, "risk", Objects.gateway("public", Objects.listener(8000)).bare),
            (.service, "risk", Objects.service("v1").bare),
            (.httpRoute, "risk", Objects.route(Objects.rule("/", ["v1": 1])).bare),
        ]
        for (kind, namespace, object) in objects {
            try store.create(kind, namespace: namespace, object, context)
        }
        return store
    }

    private func write(
        _ store: inout Store, inForce: Bool, trouble: String? = nil, now: Timestamp = early
    ) {
        let snapshot = GatewaySnapshot(store)
        let sockets: Set<String> = inForce ? [Self.socket] : []
        GatewayStatuses(
            plan: GatewayPlan(snapshot), current: sockets, listening: sockets, launch: 1,
            trouble: trouble
        ).write(&store, snapshot.routes, now)
    }

    private func parents(_ store: Store) -> [Document] {
        store.object(ResourceKey(.httpRoute, namespace: "risk", name: "fraud"))?
            .at("status", "parents")?.arrayValue ?? []
    }

    private func programmed(_ store: Store) -> Condition? {
        let gateway = store.object(ResourceKey(.gateway, namespace: "risk", name: "public"))
        return (gateway?["status"] ?? [:]).list("conditions").compactMap(Condition.init)
            .first { $0.type == "Programmed" }
    }

    @Test func nothingIsAcceptedBeforeItIsInForce() throws {
        var store = try store()
        write(&store, inForce: false, trouble: "Envoy is away")
        #expect(parents(store).isEmpty)
        #expect(programmed(store)?.status == .no)
        #expect(programmed(store)?.message == "Envoy is away")
        write(&store, inForce: true)
        #expect(parents(store).count == 1)
        #expect(programmed(store)?.status == .yes)
        let gatewayClass = store.object(
            ResourceKey(.gatewayClass, namespace: "", name: "sandbox"))
        #expect(gatewayClass?.at("status", "conditions")?[0]?["type"] == "Accepted")
    }

    @Test func untilAChangeIsInForceTheOldWordStands() throws {
        var store = try store()
        write(&store, inForce: true)
        let key = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
        try store.update(key, WriteContext(now: Self.late, manager: "test")) { object in
            var new = object
            new.set(["spec", "hostnames"], to: ["a.example.com"])
            return new
        }
        write(&store, inForce: false, now: Self.late)
        #expect(parents(store)[0]["conditions"]?[0]?["observedGeneration"] == 1)
        write(&store, inForce: true, now: Self.late)
        let condition = try #require(parents(store)[0]["conditions"]?[0])
        #expect(condition["observedGeneration"] == 2)
        // The word is the same, so the time is.
        #expect(condition["lastTransitionTime"] == .string(Self.early.description))
    }

    @Test func sayingTheSameWritesNothing() throws {
        var store = try store()
        write(&store, inForce: true)
        let version = store.version
        write(&store, inForce: true, now: Self.late)
        #expect(store.version == version)
    }

    @Test func wordsOfOthersStayAndOursGoWithTheParent() throws {
        var store = try store()
        write(&store, inForce: true)
        let key = ResourceKey(.httpRoute, namespace: "risk", name: "fraud")
        var context = WriteContext(now: Self.early, manager: "other", part: .status)
        let other: Document = [
            "controllerName": "example.com/other", "parentRef": ["name": "elsewhere"],
            "conditions": [],
        ]
        try store.update(key, context) { object in
            var new = object
            let ours = object.at("status", "parents")?.arrayValue ?? []
            new.set(["status", "parents"], to: .array(ours + [other]))
            return new
        }
        write(&store, inForce: true)
        #expect(
            parents(store).map { $0.text("controllerName") ?? "" }.sorted() == [
                "example.com/other", GatewayPlan.controller,
            ])
        context.part = .main
        try store.update(key, context) { object in
            var new = object
            new.set(["spec", "parentRefs"], to: [["name": "elsewhere"]])
            return new
        }
        write(&store, inForce: true)
        #expect(parents(store).map { $0.text("controllerName") } == ["example.com/other"])
    }
}
