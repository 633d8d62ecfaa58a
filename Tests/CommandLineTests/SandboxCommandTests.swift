import Foundation
import FoundationNetworking
import Testing

/// `slipway sandbox` with its node, as a process of its own: what it starts goes when it goes.
@Suite(.timeLimit(.minutes(3))) struct SandboxCommandTests {
    private static let images = """
        images:
          sleeper: {command: [sh, -c, 'echo "$MARK up"; trap "" TERM; setsid sleep 997; sleep 998']}
        """

    /// A running sandbox with one pod whose processes carry a mark.
    private struct Sandbox {
        let started: Program.Started
        let port: Int
        let mark: String

        /// The processes of the pod.
        var processes: [Int32] {
            let wanted = Data("MARK=\(mark)".utf8)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return names.compactMap { Int32($0) }.filter { number in
                let file = URL(fileURLWithPath: "/proc/\(number)/environ")
                guard let bytes = try? Data(contentsOf: file) else { return false }
                return bytes.split(separator: 0).contains { $0 == wanted }
            }
        }
    }

    private static func wait(_ what: String, until isTrue: () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await isTrue() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("not within 30 s: \(what)")
    }

    private static func start(_ program: Program, state: String = "state") async throws -> Sandbox {
        let images = program.folder.appendingPathComponent("images.yaml")
        try Data(Self.images.utf8).write(to: images)
        let started = try program.start([
            "sandbox", "--state", state, "--images", "images.yaml", "--kubeconfig-out", "kc",
        ])
        let kubeconfig = program.folder.appendingPathComponent("kc")
        try await wait("the kubeconfig") {
            FileManager.default.fileExists(atPath: kubeconfig.path)
        }
        let text = try String(contentsOf: kubeconfig, encoding: .utf8)
        let address = try #require(text.split(separator: "127.0.0.1:").last)
        let port = try #require(Int(address.prefix { $0.isNumber }))
        let sandbox = Sandbox(started: started, port: port, mark: "m-\(UUID().uuidString)")
        try await create(sandbox)
        try await wait("the pod's processes") { sandbox.processes.count >= 2 }
        return sandbox
    }

    private static func create(_ sandbox: Sandbox) async throws {
        let pod = """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers":
            [{"name": "c", "image": "sleeper", "env": [{"name": "MARK", "value": "\(sandbox.mark)"
            }]}]}}
            """
        let url = try #require(
            URL(string: "http://127.0.0.1:\(sandbox.port)/api/v1/namespaces/default/pods"))
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = Data(pod.utf8)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (_, response) = try await URLSession.shared.data(for: request)
        #expect((response as? HTTPURLResponse)?.statusCode == 201)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func anEndLeavesNothing(signal: Int32) async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.start(program)
            let url = try #require(
                URL(
                    string: "http://127.0.0.1:\(sandbox.port)/api/v1/namespaces/default/pods/p/log")
            )
            let (log, _) = try await URLSession.shared.data(from: url)
            #expect(String(decoding: log, as: UTF8.self) == "\(sandbox.mark) up\n")
            kill(sandbox.started.process.processIdentifier, signal)
            let run = try await sandbox.started.end()
            #expect(run.code == 0)
            #expect(run.error.isEmpty, "\(run.error)")
            #expect(run.output.contains("the node sandbox runs pods as processes on 127."))
            #expect(sandbox.processes.isEmpty)
        }
    }

    @Test func aKilledSandboxLeavesNothing() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.start(program)
            kill(sandbox.started.process.processIdentifier, SIGKILL)
            _ = try await sandbox.started.end()
            try await Self.wait("the end of the pod's processes") { sandbox.processes.isEmpty }
        }
    }

    @Test func aFolderHasOneSandbox() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.start(program)
            let second = try await program.run(
                "sandbox", "--state", "state", "--images", "images.yaml")
            #expect(second.code == 2)
            #expect(second.error.contains("another sandbox works on "), "\(second.error)")
            #expect(sandbox.processes.count >= 2, "the first one's pod runs on")
            _ = try await sandbox.started.stop()
        }
    }

    @Test func aTableThatCannotBeReadIsNamed() async throws {
        try await Program.inFolder(with: ["bad.yaml": "images: {a: {}}"]) { program in
            let bad = try await program.run("sandbox", "--images", "bad.yaml")
            #expect(bad.code == 2)
            #expect(bad.error.contains("bad.yaml: image a: command is missing"), "\(bad.error)")
            let missing = try await program.run("sandbox", "--images", "none.yaml")
            #expect(missing.error.contains("none.yaml: No such file"), "\(missing.error)")
            let wrong = try await program.run("sandbox", "--api-only", "--images", "x")
            #expect(wrong.code == 2)
        }
    }
}
