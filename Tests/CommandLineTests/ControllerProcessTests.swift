import API
import ControlPlane
import Documents
import Domain
import Foundation
import Sandbox
import Synchronization
import TestServers
import Testing
import Transport

/// `slipway controller` as a process, started and killed.
@Suite(.timeLimit(.minutes(10)))
struct ControllerProcessTests {
    static func kubeconfig(_ story: LiveStory, _ program: Program) throws -> String {
        let file = program.folder.appendingPathComponent("kubeconfig").path
        try """
        apiVersion: v1
        kind: Config
        current-context: tests
        contexts: [{name: tests, context: {cluster: tests, user: tests}}]
        clusters: [{name: tests, cluster: {server: "http://127.0.0.1:\(story.port)"}}]
        users: [{name: tests, user: {}}]
        """.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    static func arguments(_ kubeconfig: String, _ story: LiveStory) -> [String] {
        [
            "controller", "--kubeconfig", kubeconfig, "--data-dir", story.folder, "--settle",
            "1s", "--drain", "1s",
        ]
    }

    @Test func itReleasesLogsWhatItDoesAndEndsCalmly() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                try story.merge("1")
                let kubeconfig = try Self.kubeconfig(story, program)
                let run = try program.start(Self.arguments(kubeconfig, story))
                try await story.waitProven("1")
                let end = try await run.stop()
                #expect(end.code == 0)
                #expect(end.output == "")
                #expect(end.error.contains("the cluster is known"))
                #expect(end.error.contains("Promoted: all steps and the bake passed"))
                #expect(!end.error.contains("warning"))
            }
        }
    }

    /// With `--observe` it says what it would do, and does nothing.
    @Test func anObserverChangesNothing() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                try story.merge("1")
                let kubeconfig = try Self.kubeconfig(story, program)
                let run = try program.start(Self.arguments(kubeconfig, story) + ["--observe"])
                let text = "would apply ModelRelease default/fraud"
                for _ in 0..<600 where try !run.logged().contains(text) {
                    try await Task.sleep(for: .milliseconds(50))
                }
                try await Task.sleep(for: .seconds(1))
                let end = try await run.stop()
                #expect(end.code == 0)
                #expect(end.error.contains(text), "\(end.error)")
                #expect(await story.object(.modelRelease, "fraud") == nil)
                #expect(await story.server.store.objects(.lease).isEmpty)
                let sources = await story.server.store.objects(.releaseSource)
                #expect(sources.map { $0["status"] } == [nil])
                #expect(try !story.git.git("branch", "--list").contains("slipway"))
            }
        }
    }

    /// What Prometheus reads while it works.
    @Test func itSaysWhatItDoesInNumbers() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                try story.merge("1")
                let port = try #require(FreePort.find())
                let run = try program.start(
                    Self.arguments(try Self.kubeconfig(story, program), story)
                        + ["--listen", "127.0.0.1:\(port)"])
                try await story.waitProven("1")
                let lines = [
                    "slipway_leader 1", "slipway_synced 1",
                    #"slipway_release_phase{namespace="default",name="fraud",phase="Healthy"} 1"#,
                    #"slipway_git_fetch_duration_seconds_count{result="commit"} 1"#,
                    #"slipway_events_total{type="Normal",reason="Promoted"} 1"#,
                ]
                let page = try await Self.numbers(port, story, having: lines)
                #expect(page.contains(#"slipway_release_weight{namespace="default",name="fraud","#))
                #expect(try await Self.get("http://127.0.0.1:\(port)/readyz") == "ok\n")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                story.node.play(.crashLoop, version: "2")
                try await story.wait("the revert in Git") { status, _ in
                    status.history.first?.evidence.contains("reverted in Git by") == true
                }
                _ = try await Self.numbers(
                    port, story,
                    having: [
                        "slipway_revert_duration_seconds_count 1",
                        #"slipway_events_total{type="Warning",reason="Reverted"} 1"#,
                        "slipway_invariant_violations_total 0",
                        #"slipway_release_quarantine{namespace="default",name="fraud"} 1"#,
                    ])
                let other = try await program.run(
                    "controller", "--kubeconfig", program.folder.path + "/kubeconfig",
                    "--data-dir", "other", "--listen", "127.0.0.1:\(port)")
                #expect(other.code == 2)
                #expect(other.error.contains("cannot listen on 127.0.0.1:\(port): "))
                #expect(try await run.stop().code == 0)
            }
        }
    }

    /// The page with these lines, as soon as the controller has seen what it wrote.
    private static func numbers(
        _ port: Int, _ story: LiveStory, having lines: [String]
    ) async throws -> String {
        var page = ""
        do {
            try await story.wait("\(lines)") { _, _ in
                page = try await Self.get("http://127.0.0.1:\(port)/metrics") ?? ""
                return Set(lines.map { $0[...] }).isSubset(of: page.split(separator: "\n"))
            }
        } catch {
            // What it said instead.
            let names = lines.map { $0.prefix { $0 != "{" && $0 != " " } }
            let said = page.split(separator: "\n").filter { line in
                names.contains { line.hasPrefix($0) }
            }
            Issue.record("\(said.joined(separator: "\n"))")
            throw error
        }
        return page
    }

    /// A controller that may not read pods yet takes no part in anything, and says what for.
    @Test func itIsNotReadyBeforeItKnowsTheCluster() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                let no = APIStatus(code: 403, reason: "Forbidden", message: "not yet")
                await story.server.inject(
                    SandboxFault(count: .max, .refuse(no)) { $0.path.hasSuffix("/pods") })
                let port = try #require(FreePort.find())
                let run = try program.start(
                    Self.arguments(try Self.kubeconfig(story, program), story)
                        + ["--listen", "127.0.0.1:\(port)"])
                let page = "http://127.0.0.1:\(port)/readyz"
                try await story.wait("the wait for pods") { _, _ in
                    let text = (try? await Self.get(page, status: 503)) ?? ""
                    return text == "waiting for the lists of pods\n"
                }
                await story.server.clearFaults()
                try await story.wait("readiness") { _, _ in
                    (try? await Self.get(page, status: 200)) == "ok\n"
                }
                #expect(try await run.stop().code == 0)
            }
        }
    }

    /// The answer with this status; `nil` for another one.
    private static func get(_ url: String, status: Int = 200) async throws -> String? {
        let loop = try CurlLoop(name: "test")
        let answer = try await loop.perform(HTTPRequest(.get, url))
        await loop.shutDown()
        guard answer.status == status else { return nil }
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Ends the controller of a story with SIGKILL when the server gets its n-th write.
    private final class Killer: Sendable {
        private struct State {
            var process: Process?
            var left = 0
            var isRetired = false
        }

        private let state = Mutex(State())

        func arm(_ process: Process, write: Int) {
            state.withLock {
                $0.process = process
                $0.left = write
                if $0.isRetired { kill(process.processIdentifier, SIGKILL) }
            }
        }

        var isRetired: Bool { state.withLock { $0.isRetired } }

        /// Kills whoever lives.
        func retire() {
            state.withLock {
                $0.isRetired = true
                if let process = $0.process { kill(process.processIdentifier, SIGKILL) }
            }
        }

        /// Whether this is the write; it is carried out by a server whose client is dead.
        func strikes() -> Bool {
            state.withLock { state in
                guard let process = state.process else { return false }
                state.left -= 1
                guard state.left == 0 else { return false }
                kill(process.processIdentifier, SIGKILL)
                state.process = nil
                return true
            }
        }
    }

    @Test func aControllerThatIsKilledAgainAndAgainGetsToTheSameEnd() async throws {
        try await LiveStory.tell { story in
            try await Program.inFolder { program in
                let kubeconfig = try Self.kubeconfig(story, program)
                let killer = Killer()
                await story.server.inject(
                    SandboxFault(count: .max, .answerAfter(.milliseconds(10))) {
                        $0.method != "GET" && killer.strikes()
                    })
                try story.merge("1")
                // Each life is one write longer than the one before.
                let lives = Task {
                    var life = 0
                    while !killer.isRetired {
                        life += 1
                        let run = try program.start(Self.arguments(kubeconfig, story))
                        killer.arm(run.process, write: life)
                        #expect(try await run.end().code == SIGKILL)
                    }
                    return life
                }
                try await story.waitProven("1")
                try story.git.commit([
                    LiveStory.file: LiveStory.yaml("2", steps: "[{weight: 20, for: 5m}]")
                ])
                try await story.wait("the first step") { _, traffic in traffic["2"] == 20 }
                // Times of conditions are whole seconds: ready and unready must be told apart.
                try await Task.sleep(for: .milliseconds(1100))
                story.node.play(.oneUnready, version: "2")
                try await story.wait("the revert") { status, traffic in
                    traffic == ["1": 100] && status.quarantine.map(\.version) == ["2"]
                }
                try await story.wait("the revert in Git") { _, _ in
                    try story.file().contains("fraud/1")
                }
                try await story.wait("rest") { status, _ in status.phase == .healthy }
                killer.retire()
                let count = try await lives.value
                #expect(count > 3, "nobody was killed")
                #expect(try story.git.git("rev-list", "--count", "main") == "3")
                // A life that begins while version 2 drains registers it with nothing once more.
                #expect(await story.traffic.filter { $0.value > 0 } == ["1": 100])
            }
        }
    }

    /// What the manifest and the chart start is understood; only the cluster is missing.
    @Test(arguments: [
        "Manifests/install.yaml", "Tests/InstallTests/Golden/namespaced.yaml",
    ])
    func theArgumentsOfAnInstallationAreUnderstood(path: String) async throws {
        let text = try String(contentsOfFile: Repository.path(path), encoding: .utf8)
        let deployment = try #require(
            YAML.parse(text).map(\.document).first { $0["kind"] == "Deployment" })
        let container = deployment.at("spec", "template", "spec")?["containers"]?[0]
        let arguments = (container?["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(arguments.first == "controller" && arguments.count > 5)
        try await Program.inFolder { program in
            let run = try await program.start(arguments + ["--kubeconfig", "missing"]).end()
            #expect(run.code == 2)
            #expect(run.error.contains("no cluster to talk to: missing: "))
        }
    }

    @Test(arguments: [
        (["--drain", "0s"], "--drain and --settle must be more than 0s and at most 1h"),
        (["--namespace", "Risk"], "--namespace must be 1 to 63 lower-case letters"),
        (["--cluster-name", "A"], "--cluster-name must be 1 to 63 lower-case letters"),
        (["--log-level", "loud"], "The value 'loud' is invalid for '--log-level"),
        (["--kubeconfig", "missing"], "no cluster to talk to: missing: "),
    ])
    func wrongUsageIsNamed(_ arguments: [String], _ message: String) async throws {
        try await Program.inFolder { program in
            let run = try await program.start(["controller"] + arguments).end()
            #expect(run.code == 2)
            #expect(run.error.contains(message))
        }
    }
}
