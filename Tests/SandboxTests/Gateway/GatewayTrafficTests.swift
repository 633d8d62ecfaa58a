import ControlPlane
import Domain
import Foundation
import Glibc
import TestServers
import Testing

@testable import Sandbox

/// One after the other: the machine bears one Envoy under load, and one kills them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RealEnvoyTests {}

extension RealEnvoyTests {
    /// A real Envoy between real clients and real servers.
    @Suite(.serialized) struct Traffic {
        @Test func weightsHeadersMirrorsAndRewrites() async throws {
            let header: Document = [
                "matches": [
                    [
                        "path": ["type": "PathPrefix", "value": "/fraud"],
                        "headers": [["name": "x-team", "value": "internal"]],
                    ]
                ],
                "backendRefs": [Objects.backend("v2")],
            ]
            var weighted = Objects.rule("/fraud", ["v1": 75, "v2": 25], Objects.rewrite("/"))
            let mirror: Document = [
                "type": "RequestMirror",
                "requestMirror": ["backendRef": Objects.backend("shadow"), "percent": 50],
            ]
            weighted["filters"] = .array((weighted["filters"]?.arrayValue ?? []) + [mirror])
            let route = Objects.route(header, weighted)
            try await GatewayCluster.with(["v1": 1, "v2": 1, "shadow": 1], route) { cluster in
                let count = 2000
                let outcome = try await Load(port: cluster.port, path: "/fraud/v2/infer?x=1")
                    .run(count)
                #expect(outcome.lost == [])
                // Five standard deviations of a binomial distribution.
                let second = Double(outcome.bodies["v2"] ?? 0)
                let deviation = (0.1875 * Double(count)).squareRoot()
                #expect(abs(second - 500) < 5 * deviation)
                #expect(Set(cluster.pods.requests("v1").map(\.target)) == ["/v2/infer?x=1"])
                try await cluster.wait("copies") { $0.pods.requests("shadow").count > 800 }
                try await Task.sleep(for: .milliseconds(300))
                let copies = Double(cluster.pods.requests("shadow").count)
                #expect(abs(copies - 1000) < 5 * (0.25 * Double(count)).squareRoot())
                #expect(cluster.pods.requests("shadow").allSatisfy { $0.text == "{}" })

                let before = cluster.pods.requests("v2").count
                let team = try await Load(
                    port: cluster.port, path: "/fraud", headers: ["X-Team": "internal"]
                ).run(100)
                #expect(team.bodies == ["v2": 100])
                #expect(cluster.pods.requests("v2").count == before + 100)
                #expect(cluster.pods.requests("v2").last?.target == "/fraud")

                let elsewhere = try await onThread {
                    try Wire(port: cluster.port).post("/fraudulent").status
                }
                #expect(elsewhere == 404)
            }
        }

        @Test func aMissingBackendCostsItsShareAndIsTold() async throws {
            let route = Objects.route(Objects.rule("/", ["v1": 50, "missing": 50]))
            try await GatewayCluster.with(["v1": 1], route) { cluster in
                let outcome = try await Load(port: cluster.port).run(1000)
                #expect(abs((outcome.bodies["v1"] ?? 0) - 500) < 80)
                #expect(Set(outcome.lost) == ["500 no backend for this request\n"])
                let status = await cluster.object(.httpRoute, "fraud")?.at("status", "parents")?[0]
                let conditions = (status?.list("conditions") ?? []).compactMap(Condition.init)
                #expect(conditions.map(\.reason) == ["Accepted", "BackendNotFound"])
                #expect(conditions.map(\.status) == [.yes, .no])
                #expect(status?["controllerName"] == "slipway.dev/sandbox-gateway")
                let programmed = await cluster.condition("Programmed")
                #expect(programmed?.status == .yes)
                let gateway = await cluster.object(.gateway, "public")?["status"]
                #expect(gateway?["addresses"] == [["type": "IPAddress", "value": "127.0.0.1"]])
                #expect(gateway?["listeners"]?[0]?["attachedRoutes"] == 1)

                // The Service comes: everything is answered.
                try await cluster.create(.service, Objects.service("missing").bare)
                let port = try #require(cluster.pods.servers["v1"]?.first?.port)
                try await cluster.create(
                    .endpointSlice, Objects.slice("missing", port, Objects.endpoint()))
                try await cluster.wait("resolved backends") { cluster in
                    let route = await cluster.object(.httpRoute, "fraud")
                    return route?.at("status", "parents")?[0]?["conditions"]?[1]?["status"]
                        == "True"
                }
                #expect(try await Load(port: cluster.port).run(100).lost == [])
            }
        }

        /// Weights and endpoints change fifty times under load; kept connections move too.
        @Test func changesLoseNoRequest() async throws {
            let route = Objects.route(Objects.rule("/", ["v1": 100]))
            try await GatewayCluster.with(["v1": 2, "v2": 2, "v3": 2], route) { cluster in
                async let load = Load(
                    port: cluster.port, connections: 4, pause: .milliseconds(20)
                ).run(1200)
                for round in 0..<50 {
                    switch round % 5 {
                    case 0: try await cluster.setWeights(["v1": 50, "v2": 50])
                    case 1: try await cluster.setReady("v1", round % 2, false)
                    case 2: try await cluster.setWeights(["v3": 100])
                    case 3: try await cluster.setReady("v1", (round - 2) % 2, true)
                    default: try await cluster.setWeights(["v1": 100])
                    }
                    try await cluster.waitUntilCurrent()
                    try await Task.sleep(for: .milliseconds(80))
                }
                let outcome = try await load
                #expect(outcome.lost == [])
                #expect(outcome.sent == 1200)
                #expect(outcome.bodies.keys.sorted() == ["v1", "v2", "v3"])
            }
        }

        @Test func acceptedMeansInForceAlsoOnConnectionsThatAreKept() async throws {
            let route = Objects.route(Objects.rule("/", ["v1": 100]))
            try await GatewayCluster.with(["v1": 1, "v2": 1], route) { cluster in
                for round in 0..<10 {
                    let (from, to) = round % 2 == 0 ? ("v1", "v2") : ("v2", "v1")
                    let port = cluster.port
                    let moved = Flag()
                    async let bodies = onThread {
                        let wire = try Wire(port: port)
                        let first = try wire.post("/").body
                        while !moved.value { usleep(1000) }
                        return [first, try wire.post("/").body]
                    }
                    try await Task.sleep(for: .milliseconds(50))
                    try await cluster.setWeights([to: 100])
                    try await cluster.waitUntilCurrent()
                    // A worker of Envoy hears of it with the next turn of its loop.
                    try await Task.sleep(for: .milliseconds(50))
                    moved.raise()
                    #expect(try await bodies == [from, to])
                }
            }
        }

        @Test func podsThatAreNotReadyGetNothing() async throws {
            let route = Objects.route(Objects.rule("/", ["v1": 100]))
            try await GatewayCluster.with(["v1": 2], route) { cluster in
                let pods = try #require(cluster.pods.servers["v1"])
                try await cluster.setReady("v1", 0, false)
                try await Task.sleep(for: .seconds(1))
                let before = pods.map(\.requests.count)
                let outcome = try await Load(port: cluster.port).run(200)
                #expect(outcome.lost == [])
                #expect(pods.map(\.requests.count) == [before[0], before[1] + 200])
                try await cluster.setReady("v1", 1, false)
                try await Task.sleep(for: .seconds(1))
                let nobody = try await Load(port: cluster.port).run(4)
                #expect(nobody.lost.count == 4 && nobody.lost.allSatisfy { $0.hasPrefix("503") })
            }
        }

        /// A refused connection is tried elsewhere; a request that a pod may have seen is not.
        @Test func onlyWhatNobodyHasSeenIsTriedAgain() async throws {
            let route = Objects.route(Objects.rule("/", ["v1": 100]))
            try await GatewayCluster.with(["v1": 1], route) { cluster in
                let closed = try #require(FreePort.find())
                try await cluster.create(
                    .endpointSlice, Objects.slice("v1", closed, suffix: "gone", Objects.endpoint()))
                try await Task.sleep(for: .seconds(1))
                #expect(try await Load(port: cluster.port).run(100).lost == [])

                let rude = try ScriptedServer { _, peer in
                    peer.reset()
                    return .close
                }
                defer { rude.stop() }
                let port = rude.port
                try await cluster.update(.endpointSlice, "v1-gone") {
                    $0["ports"] = [["name": "http", "port": .integer(port)]]
                }
                try await Task.sleep(for: .seconds(1))
                let outcome = try await Load(port: cluster.port).run(100)
                #expect(outcome.lost.count == rude.requests.count && outcome.lost.count > 20)
            }
        }
    }
}
