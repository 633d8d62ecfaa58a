import ControlPlane
import Domain
import Foundation
import Testing

@testable import Sandbox

/// Real processes on a sandbox's node.
@Suite(.timeLimit(.minutes(5))) struct NodeTests {
    @Test func aPodRunsAndIsReadyAndGoes() async throws {
        try await Machine.run { machine in
            try await machine.create(
                """
                metadata: {name: web}
                spec:
                  containers:
                  - name: c
                    image: web:1
                    ports: [{name: http, containerPort: 8080}]
                    readinessProbe:
                      httpGet:
                        path: /header
                        port: http
                        httpHeaders: [{name: X-Probe, value: "yes"}]
                      periodSeconds: 1
                """)
            let status = try await machine.wait("web", "ready") { $0.isReady }
            let address = try #require(status["podIP"]?.stringValue)
            #expect(address.hasPrefix("127."))
            #expect(address != "127.0.0.1")
            #expect(status["phase"] == "Running")
            #expect(status["hostIP"] == "127.0.0.1")
            #expect(status["qosClass"] == "BestEffort")
            let node = try #require(
                await machine.server.store.object(
                    ResourceKey(NodeObject.kind, namespace: "", name: "sandbox")))
            #expect(node.at("status", "conditions")?[3]?["reason"] == "KubeletReady")
            let here = await ProbeRunner.connect(
                host: address, port: 8080, at: "", timeout: .seconds(1))
            #expect(here.isSuccess)
            let processes = Machine.processes(with: "\(machine.folder)/web.py")
            #expect(processes.count == 1)
            try await machine.delete("web", grace: 5)
            try await machine.waitUntilGone("web")
            #expect(Machine.processes(with: "\(machine.folder)/web.py").isEmpty)
            try await machine.wait("the pod's folder is gone") {
                try FileManager.default.contentsOfDirectory(
                    atPath: "\(machine.folder)/state/pods"
                ).isEmpty
            }
            let reasons = await machine.events("web").map { $0.prefix { $0 != ":" } }
            for reason in ["Scheduled", "Pulled", "Created", "Started", "Killing"] {
                #expect(reasons.contains(Substring(reason)), "\(reason)")
            }
        }
    }
}
