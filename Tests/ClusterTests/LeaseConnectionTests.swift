import Domain
import KubeWire
import Resources
import Synchronization
import TestServers
import Testing
import Transport

@testable import Cluster

/// Renewals of the Lease wait for nothing else, and for no connection that died.
@Suite(.timeLimit(.minutes(1)))
struct LeaseConnectionTests {
    private static let lease = ResourceKey(.lease, namespace: "slipway-system", name: "slipway")
    private static let object = ResourceKey(.configMap, namespace: "prod", name: "a")
    private static let answer = #"{"kind":"Lease","metadata":{"name":"slipway"}}"#

    private static func isLease(_ request: ScriptedServer.Request) -> Bool {
        request.path.contains("/leases/")
    }

    private static func isFound(_ outcome: ReadOutcome) -> Bool {
        if case .found = outcome { true } else { false }
    }

    /// Lists, watches, reads and writes hang, as many as a server is ever asked at once.
    @Test func whatHangsDelaysNoRenewal() async throws {
        let server = try ScriptedServer { request, peer in
            guard Self.isLease(request) else {
                _ = peer.waitForClose()
                return .close
            }
            peer.answer(200, Self.answer)
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        let loop = try CurlLoop(name: "lease")
        let lease = client.forLease(over: loop)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask { _ = try? await client.list(ObjectSelection(.configMap)) }
                group.addTask { _ = await client.get(Self.object) }
                group.addTask {
                    let name = ResourceKey(.configMap, namespace: "prod", name: "n\(number)")
                    _ = await client.perform(.create(name, ["metadata": [:]]))
                }
            }
            // All that are let through are under way.
            while server.requests.count < 40 + 32 {
                try? await Task.sleep(for: .milliseconds(5))
            }
            for _ in 0..<5 { #expect(Self.isFound(await lease.get(Self.lease))) }
            group.cancelAll()
        }
        let asked = server.requests.filter(Self.isLease)
        #expect(asked.count == 5)
        #expect(Set(asked.map(\.connection)).count == 1, "renewals share their own connection")
        #expect(
            server.requests.filter { !Self.isLease($0) }
                .allSatisfy { $0.connection != asked[0].connection })
        await loop.shutDown()
        await client.shutDown()
    }

    /// A load balancer forgot the connection: nothing comes back on it, and it is not closed.
    @Test func aRenewalWithoutAnAnswerLeavesTheConnectionToNobody() async throws {
        let server = try ScriptedServer { request, peer in
            if request.connection == 0, request.index > 0 {
                peer.waitForHangup()
                return .close
            }
            peer.answer(200, Self.answer)
            return .keep
        }
        let client = try ClusterClient(KubeConfiguration(server: server.url), logger: .quiet)
        let loop = try CurlLoop(name: "lease")
        let lease = client.forLease(over: loop)
        #expect(Self.isFound(await lease.get(Self.lease)))
        let start = ContinuousClock.now
        guard case .failed(let refusal) = await lease.get(Self.lease) else {
            Issue.record("answered")
            return
        }
        #expect(refusal.kind == .unreachable)
        #expect(start.duration(to: .now) >= .seconds(2))
        #expect(Self.isFound(await lease.get(Self.lease)))
        #expect(server.requests.map(\.connection) == [0, 0, 1])
        await loop.shutDown()
        await client.shutDown()
    }

    /// On HTTP/2 a request without an answer leaves its connection in use.
    @Test(.enabled(if: TLSServer.openssl != nil))
    func theLeaseSpeaksHTTP1AlsoWhereTheServerOffersMore() async throws {
        let server = try TLSServer(claimsHTTP2: true)
        let client = try ClusterClient(
            KubeConfiguration(
                server: "https://127.0.0.1:\(server.port)",
                tls: TLSSettings(
                    authorities: .file(server.path("ca.pem")), serverName: "api.test")),
            logger: .quiet)
        let loop = try CurlLoop(name: "lease")
        let lease = client.forLease(over: loop)
        var message = ""
        for _ in 0..<200 {
            guard case .failed(let refusal) = await lease.get(Self.lease) else { break }
            message = refusal.message
            guard message.contains("no connection") else { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        #expect(message.contains("the answer is not the object"), "\(message)")
        guard case .failed(let other) = await client.get(Self.object) else {
            Issue.record("answered")
            return
        }
        #expect(!other.message.contains("the answer is not the object"), "\(other.message)")
        await loop.shutDown()
        await client.shutDown()
    }
}
