import Domain
import Testing

@testable import Sandbox

/// The order in which Envoy is told: nothing is named before it is there, nothing goes while it
/// is named.
@Suite struct DiscoveryTests {
    private let socket = "127.0.0.1:8000"
    private static let start = Timestamp(milliseconds: 0)

    private func key(_ kind: EnvoyParts.Kind, _ name: String = "") -> Discovery.Key {
        Discovery.Key(kind: kind, name: name)
    }

    private func resources(_ weights: KeyValuePairs<String, Int>) -> EnvoyResources {
        GatewayPlan(Objects.snapshot(Objects.route(Objects.rule("/", weights)))).resources
    }

    /// Envoy takes all there is for it, of these kinds, until there is no more.
    private func settle(
        _ discovery: inout Discovery, _ kinds: [EnvoyParts.Kind] = EnvoyParts.Kind.allCases
    ) {
        for _ in 0..<10 {
            for kind in kinds {
                let names =
                    kind == .routes
                    ? [socket] : kind == .endpoints ? ["risk/v1:80", "risk/v2:80"] : [""]
                for name in names {
                    guard let reply = discovery.due(key(kind, name)) else { continue }
                    discovery.noteSent(key(kind, name), reply)
                    _ = discovery.asked(key(kind, name), has: reply.version)
                }
            }
        }
    }

    @Test func routesWaitForTheEndpointsOfTheirClusters() {
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1]), Self.start)
        #expect(discovery.due(key(.routes, socket)) == nil)
        #expect(discovery.due(key(.listeners))?.resources == [])
        settle(&discovery, [.clusters, .endpoints])
        #expect(discovery.due(key(.routes, socket)) != nil)
        #expect(discovery.due(key(.listeners))?.resources.count == 1)
        #expect(!discovery.hasRoutes(socket))
        settle(&discovery)
        #expect(discovery.hasRoutes(socket) && discovery.isListening(socket))

        discovery.aim(at: resources(["v1": 1, "v2": 1]), Self.start)
        #expect(!discovery.hasRoutes(socket) && discovery.isListening(socket))
        settle(&discovery, [.routes, .clusters])
        #expect(!discovery.hasRoutes(socket))
        settle(&discovery)
        #expect(discovery.hasRoutes(socket))
    }

    @Test func aClusterStaysUntilNoRouteNamesItAndThenSomeTime() {
        func names(_ discovery: Discovery) -> [Document?] {
            var fresh = discovery
            fresh.beginLaunch()
            return fresh.due(key(.clusters))?.resources.map { $0["name"] } ?? []
        }
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1]), Self.start)
        settle(&discovery)
        discovery.aim(at: resources(["v2": 1]), Self.start)
        #expect(names(discovery) == ["risk/v1:80", "risk/v2:80"])
        // The routes still name v1, since Envoy has not taken v2's endpoints.
        discovery.aim(at: resources(["v2": 1]), Self.start + .hours(1))
        #expect(names(discovery) == ["risk/v1:80", "risk/v2:80"])
        settle(&discovery)
        discovery.aim(at: resources(["v2": 1]), Self.start + .hours(1))
        #expect(names(discovery) == ["risk/v2:80"])
    }

    @Test func aClusterThatComesBackIsNotTakenAway() {
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1, "v2": 1]), Self.start)
        settle(&discovery)
        discovery.aim(at: resources(["v1": 1]), Self.start)
        settle(&discovery)
        discovery.aim(at: resources(["v1": 1, "v2": 1]), Self.start + .seconds(29))
        discovery.aim(at: resources(["v1": 1, "v2": 1]), Self.start + .seconds(60))
        settle(&discovery)
        #expect(discovery.hasRoutes(socket))
        discovery.aim(at: resources(["v1": 1]), Self.start + .seconds(61))
        #expect(discovery.due(key(.clusters)) == nil)
    }

    @Test func whatIsRefusedIsNotInForceAndToldAgainLater() throws {
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1]), Self.start)
        settle(&discovery, [.clusters, .endpoints])
        let reply = try #require(discovery.due(key(.listeners)))
        discovery.noteSent(key(.listeners), reply)
        let isNews = discovery.asked(key(.listeners), has: nil)
        #expect(isNews)
        #expect(discovery.isRefused && discovery.due(key(.listeners)) == nil)
        discovery.retryRefused()
        #expect(discovery.due(key(.listeners)) == reply)
        settle(&discovery)
        #expect(!discovery.isRefused && discovery.isListening(socket))
    }

    @Test func anotherEnvoyKnowsNothing() {
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1]), Self.start)
        settle(&discovery)
        discovery.beginLaunch()
        #expect(!discovery.isListening(socket) && !discovery.hasRoutes(socket))
        #expect(discovery.due(key(.listeners))?.resources.count == 1)
        settle(&discovery)
        #expect(discovery.hasRoutes(socket))
    }

    @Test func routesOfAClosedListenerGo() {
        var discovery = Discovery()
        discovery.beginLaunch()
        discovery.aim(at: resources(["v1": 1]), Self.start)
        settle(&discovery)
        discovery.aim(at: EnvoyResources(), Self.start)
        settle(&discovery)
        discovery.beginLaunch()
        #expect(discovery.due(key(.routes, socket)) == nil)
    }
}
