import ControlPlane
import Domain
import Foundation
import Glibc
import Processes
import TestServers
import Testing

@testable import Sandbox

extension RealEnvoyTests {
    /// Envoy comes and goes; what people are told follows.
    @Suite(.serialized) struct Life {
        private static let route = Objects.route(Objects.rule("/", ["v1": 100]))

        /// The Envoys of this process.
        private static func envoys() -> [pid_t] {
            ProcessTree.all().filter { $0.parent == getpid() && !$0.isZombie }.map(\.number).filter
            {
                let line = try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8)
                return line?.contains("--disable-hot-restart") ?? false
            }
        }

        private static func folders() -> [String] {
            Folders.names(in: "/tmp").filter { $0.hasPrefix("slipway-gateway-\(getpid())-") }
        }

        @Test func aKilledEnvoyIsStartedAgainAndNothingIsLeftInTheEnd() async throws {
            let before = Set(Self.envoys())
            let foldersBefore = Set(Self.folders())
            try await GatewayCluster.with(["v1": 1], Self.route) { cluster in
                let own = Self.envoys().filter { !before.contains($0) }
                #expect(own.count >= 1)
                for number in own { kill(number, SIGKILL) }
                try await cluster.wait("word of the end") {
                    await $0.condition("Programmed")?.status == .no
                }
                let message = await cluster.condition("Programmed")?.message ?? ""
                #expect(message.contains("ended by signal 9") || message == "waiting for Envoy")
                try await cluster.wait("another Envoy") {
                    await $0.condition("Programmed")?.status == .yes
                }
                #expect(try await Load(port: cluster.port).run(20).lost == [])
            }
            #expect(Set(Self.envoys()).subtracting(before).isEmpty)
            #expect(Set(Self.folders()).subtracting(foldersBefore).isEmpty)
        }

        @Test func aPortThatIsTakenIsToldAndUsedOnceItIsFree() async throws {
            try await GatewayCluster.with(["v1": 1], Self.route) { cluster in
                let other = try ScriptedServer { _, _ in .close }
                let port = other.port
                try await cluster.create(
                    .gateway, Objects.gateway("second", Objects.listener(port)).bare)
                try await cluster.wait("a refusal") { cluster in
                    let second = await cluster.object(.gateway, "second")
                    let words = second?.at("status", "conditions")?[1]?.text("message") ?? ""
                    return words
                        == "listener http: port \(port) of 127.0.0.1 is in use by another program"
                }
                let first = await cluster.condition("Programmed")
                #expect(first?.status == .yes)
                other.stop()
                try await cluster.wait("the port") { cluster in
                    let second = await cluster.object(.gateway, "second")
                    return second?.at("status", "conditions")?[1]?["status"] == "True"
                }
                let status = try await onThread { try Wire(port: port).post("/").status }
                #expect(status == 404)
            }
        }

        @Test func withoutEnvoyItSaysWhatToInstall() async throws {
            var options = GatewayOptions(pythonEnvironment: "/nowhere/.python")
            options.envoy = "/nowhere/envoy"
            let named = SandboxServer(SandboxOptions(gateway: options))
            await #expect { try await named.run() } throws: { error in
                "\(error)" == "/nowhere/envoy is no program that can be started"
            }
            options.envoy = nil
            // A machine may have one on its PATH.
            let path = getenv("PATH").map { String(cString: $0) } ?? ""
            let folders = path.split(separator: ":")
            guard !folders.contains(where: { access("\($0)/envoy", X_OK) == 0 }) else { return }
            let server = SandboxServer(SandboxOptions(gateway: options))
            await #expect { try await server.run() } throws: { error in
                "\(error)".contains("Scripts/python-environment")
            }
        }
    }
}
