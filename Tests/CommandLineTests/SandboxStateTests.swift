import Foundation
import FoundationNetworking
import Synchronization
import TestServers
import Testing

/// `slipway sandbox --state`: the same cluster after a restart, whatever ended it.
@Suite(.timeLimit(.minutes(3))) struct SandboxStateTests {
    /// What a server said of an object.
    private struct Known: Hashable, Sendable {
        let name: String
        let uid: String
        let version: Int
    }

    /// What was answered so far.
    private final class Answers: Sendable {
        private let known = Mutex<Set<Known>>([])

        var all: Set<Known> { known.withLock { $0 } }

        func add(_ one: Known) { known.withLock { _ = $0.insert(one) } }
    }

    /// A running sandbox.
    private struct Sandbox: Sendable {
        let started: Program.Started
        let port: Int

        private func url(_ path: String) throws -> URL {
            try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        }

        func get(_ path: String) async throws -> Data {
            try await URLSession.shared.data(from: try url(path)).0
        }

        /// Makes a ConfigMap, or whatever the body says; `nil` if nobody answers.
        func create(
            _ body: String, at path: String = "/api/v1/namespaces/default/configmaps"
        ) async throws -> Known? {
            var request = URLRequest(url: try url(path))
            request.httpMethod = "POST"
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            guard let (data, response) = try? await URLSession.shared.data(for: request),
                (response as? HTTPURLResponse)?.statusCode == 201
            else { return nil }
            return try SandboxStateTests.known(data)
        }

        func create(name: String, size: Int = 1000) async throws -> Known? {
            let text = String(repeating: "x", count: size)
            return try await create(
                "{\"metadata\": {\"name\": \"\(name)\"}, \"data\": {\"k\": \"\(text)\"}}")
        }

        /// The ConfigMaps of the namespace.
        func list() async throws -> (items: Set<Known>, version: Int) {
            let data = try await get("/api/v1/namespaces/default/configmaps")
            let list = try JSONDecoder().decode(List.self, from: data)
            let version = try #require(Int(list.metadata.resourceVersion ?? ""))
            return (Set(try list.items.map(SandboxStateTests.known)), version)
        }

        func kill() async throws {
            Glibc.kill(started.process.processIdentifier, SIGKILL)
            _ = try await started.end()
        }
    }

    private struct Object: Decodable {
        struct Metadata: Decodable {
            var name: String?
            var uid: String?
            var resourceVersion: String?
        }

        let metadata: Metadata
    }

    private struct List: Decodable {
        let metadata: Object.Metadata
        let items: [Object]
    }

    private static func known(_ object: Object) throws -> Known {
        Known(
            name: try #require(object.metadata.name), uid: try #require(object.metadata.uid),
            version: try #require(Int(object.metadata.resourceVersion ?? "")))
    }

    private static func known(_ data: Data) throws -> Known {
        try known(JSONDecoder().decode(Object.self, from: data))
    }

    private static func start(_ program: Program, port: Int = 0) async throws -> Sandbox {
        let kubeconfig = program.folder.appendingPathComponent("kc")
        try? FileManager.default.removeItem(at: kubeconfig)
        let started = try program.start([
            "sandbox", "--api-only", "--state", "state", "--kubeconfig-out", "kc",
            "--port", "\(port)",
        ])
        for _ in 0..<600 where !FileManager.default.fileExists(atPath: kubeconfig.path) {
            try await Task.sleep(for: .milliseconds(50))
        }
        let text = try String(contentsOf: kubeconfig, encoding: .utf8)
        let address = try #require(text.split(separator: "127.0.0.1:").last)
        return Sandbox(started: started, port: try #require(Int(address.prefix { $0.isNumber })))
    }

    @Test func nothingThatWasAnsweredIsLostByAKill() async throws {
        try await Program.inFolder { program in
            var all: Set<Known> = []
            var port = 0
            for round in 0..<3 {
                let sandbox = try await Self.start(program, port: port)
                port = sandbox.port
                let before = try await sandbox.list()
                #expect(all.isSubset(of: before.items))
                let newest = before.version
                let made = Answers()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            for number in 0..<5000 {
                                let name = "r\(round)-\(writer)-\(number)"
                                guard let known = try await sandbox.create(name: name) else {
                                    return
                                }
                                made.add(known)
                            }
                        }
                    }
                    while made.all.count < 200 {
                        try await Task.sleep(for: .milliseconds(2))
                    }
                    try await sandbox.kill()
                    try await group.waitForAll()
                }
                let new = made.all
                #expect(new.allSatisfy { $0.version > newest })
                all.formUnion(new)
            }
            let sandbox = try await Self.start(program, port: port)
            let found = try await sandbox.list()
            #expect(all.count >= 600)
            #expect(all.isSubset(of: found.items))
            // Nothing is there but what was written: the answers on the way at each kill.
            #expect(found.items.count <= all.count + 3 * 8)
            #expect(Set(found.items.map(\.uid)).count == found.items.count)
            #expect(Set(found.items.map(\.version)).count == found.items.count)
            let run = try await sandbox.started.stop()
            #expect(run.code == 0)
        }
    }

    @Test func aWatchGoesOnAfterARestart() async throws {
        try await Program.inFolder { program in
            let first = try await Self.start(program)
            let definition = """
                {"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com",
                "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema":
                {"openAPIV3Schema": {"type": "object"}}}]}}
                """
            let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            #expect(try await first.create(definition, at: definitions) != nil)
            let widgets = "/apis/example.com/v1/namespaces/default/widgets"
            let drawn = """
                {"apiVersion": "example.com/v1", "kind": "Widget", "metadata":
                {"generateName": "w-"}}
                """
            var made = try await first.create(drawn, at: widgets)
            // A definition is served a moment after it is made.
            for _ in 0..<100 where made == nil {
                try await Task.sleep(for: .milliseconds(50))
                made = try await first.create(drawn, at: widgets)
            }
            let old = try #require(made)
            let since = try await first.list().version
            let seen = try #require(try await first.create(name: "before"))
            try await first.kill()

            let second = try await Self.start(program, port: first.port)
            let same = try Self.known(try await second.get("\(widgets)/\(old.name)"))
            #expect(same == old)
            let new = try #require(try await second.create(drawn, at: widgets))
            #expect(new.name != old.name && new.uid != old.uid && new.version > seen.version)
            _ = try await second.create(name: "after")
            let path = "/api/v1/namespaces/default/configmaps"
            let watch = try await second.get(
                "\(path)?watch=1&resourceVersion=\(since)&timeoutSeconds=1")
            let lines = String(decoding: watch, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 2, "\(lines)")
            #expect(lines.first?.contains(#""uid":"\#(seen.uid)""#) == true)
            #expect(lines.last?.contains(#""name":"after""#) == true)
            // Before the file begins nothing is known: read anew.
            let late = try await second.get("\(path)?watch=1&resourceVersion=1&timeoutSeconds=1")
            #expect(String(decoding: late, as: UTF8.self).contains(#""code":410"#))
            _ = try await second.started.stop()
        }
    }

    @Test func kubectlSeesTheSameObjects() async throws {
        let kubectl = ["/usr/local/bin/kubectl", "/usr/bin/kubectl"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let kubectl else { try Test.cancel("no kubectl on this machine") }
        try await Program.inFolder { program in
            func all() async throws -> String {
                let line = [
                    kubectl, "--kubeconfig", program.folder.appendingPathComponent("kc").path,
                    "get",
                    "configmaps,namespaces,serviceaccounts", "-A", "-o",
                    "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} "
                        + "{.metadata.resourceVersion}{\"\\n\"}{end}",
                ]
                return try await Command(
                    line, environment: ["PATH": "/usr/bin:/bin", "HOME": program.folder.path]
                ).run().text
            }
            let first = try await Self.start(program)
            _ = try await first.create(name: "a")
            // The namespaces' accounts come a moment later.
            try await Task.sleep(for: .seconds(1))
            let before = try await all()
            #expect(before.contains("ConfigMap a "))
            try await first.kill()
            let second = try await Self.start(program)
            #expect(try await all() == before)
            _ = try await second.started.stop()
        }
    }

    // MARK: What cannot be

    @Test func aFolderHasOneSandboxAlsoWithoutANode() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.start(program)
            let second = try await program.run("sandbox", "--api-only", "--state", "state")
            #expect(second.code == 2)
            #expect(second.error.contains("another sandbox works on "), "\(second.error)")
            #expect(second.error.contains("/state"))
            _ = try await sandbox.started.stop()
        }
    }

    @Test func aDamagedStateIsNamedAndKept() async throws {
        try await Program.inFolder { program in
            let first = try await Self.start(program)
            for name in ["a", "b"] { _ = try await first.create(name: name) }
            _ = try await first.started.stop()
            let file = program.folder.appendingPathComponent("state/cluster.journal")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: file)
            let run = try await program.run("sandbox", "--api-only", "--state", "state")
            #expect(run.code == 2)
            #expect(run.error.contains("state/cluster.journal: line "), "\(run.error)")
            #expect(run.error.contains("(byte "))
            #expect(run.error.contains("the checksum does not fit; nothing was changed"))
            #expect(try Data(contentsOf: file) == bytes)
        }
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        try await Program.inFolder { program in
            let sandbox = try await Self.start(program)
            let second = try await program.run("sandbox", "--api-only", "--port", "\(sandbox.port)")
            #expect(second.code == 2)
            let wanted = "the sandbox cannot serve: port \(sandbox.port) of 127.0.0.1 is taken"
            #expect(second.error.contains(wanted), "\(second.error)")
            _ = try await sandbox.started.stop()
        }
    }

    @Test func aFolderThatCannotBeWrittenIsNamed() async throws {
        try await Program.inFolder(with: ["file": ""]) { program in
            for flags in [["--api-only"], []] {
                let run = try await program.start(["sandbox", "--state", "file/state"] + flags)
                    .end()
                #expect(run.code == 2)
                #expect(run.error.contains("file/state: Not a directory"), "\(run.error)")
            }
            let proc = try await program.run("sandbox", "--state", "/proc/slipway")
            #expect(proc.code == 2)
            #expect(proc.error.contains("/proc/slipway"), "\(proc.error)")
        }
    }
}
