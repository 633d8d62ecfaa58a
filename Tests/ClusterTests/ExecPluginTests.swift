import Documents
import Domain
import FoundationEssentials
import Testing

@testable import Cluster

/// Programs that print credentials: what they are told, what is taken from them, how often they
/// are asked.
@Suite(.timeLimit(.minutes(2)))
struct ExecPluginTests {
    private static func plugin(_ configuration: KubeConfiguration) throws -> ExecPlugin {
        guard case .plugin(let plugin) = configuration.credentials else {
            throw CredentialProblem("no plugin")
        }
        return plugin
    }

    private static func run(
        _ configuration: KubeConfiguration, bounds: PluginRun.Bounds = .init()
    ) async throws -> Result<ExecCredential, CredentialProblem> {
        let plugin = try plugin(configuration)
        return await withCheckedContinuation { continuation in
            PluginRun.start(plugin, bounds) { continuation.resume(returning: $0) }
        }
    }

    // MARK: One run

    @Test(arguments: ["v1", "v1beta1"])
    func aPluginGivesATokenWithItsExpiry(_ version: String) async throws {
        let folder = try Folder()
        let answer = PluginKit.answer(
            #""token":"t-1","expirationTimestamp":"2030-01-02T03:04:05Z""#, version: version)
        let found = try await Self.run(
            PluginKit.configuration(folder, script: "echo '\(answer)'", version: version)
        ).get()
        #expect(found.token == "t-1")
        #expect(found.expires == Timestamp(rfc3339: "2030-01-02T03:04:05Z"))
        #expect(found.certificate == nil)
    }

    @Test func aPluginGivesACertificateWithItsKey() async throws {
        let folder = try Folder()
        let answer = PluginKit.answer(#""clientCertificateData":"CERT","clientKeyData":"KEY""#)
        let found = try await Self.run(
            PluginKit.configuration(folder, script: "echo '\(answer)'")
        ).get()
        #expect(found.certificate == Array("CERT".utf8))
        #expect(found.key == Array("KEY".utf8))
        #expect(found.token == nil)
        #expect(found.expires == nil)
    }

    @Test func aPluginGetsArgumentsOurEnvironmentAndItsOwn() async throws {
        let folder = try Folder()
        let answer = PluginKit.answer(#""token":"t""#)
        let configuration = try PluginKit.configuration(
            folder, script: "echo \"$1|$2|$OUR|$EXTRA\" > said; echo '\(answer)'",
            exec: """
                interactiveMode: Never
                env: [{name: EXTRA, value: more}]
                """, arguments: #", get token, "a'b""#)
        _ = try await Self.run(configuration).get()
        #expect(folder.read("said") == "get token|a'b|own|more\n")
    }

    @Test func aPluginIsToldOfTheClusterOnlyIfItAsks() async throws {
        let folder = try Folder()
        let answer = PluginKit.answer(#""token":"t""#)
        let script = "printf %s \"$KUBERNETES_EXEC_INFO\" > said; echo '\(answer)'"
        let cluster = """
            , certificate-authority-data: aGVsbG8=, tls-server-name: api, extensions: \
            [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]
            """
        let quiet = try PluginKit.configuration(folder, script: script, cluster: cluster)
        _ = try await Self.run(quiet).get()
        #expect(
            try JSON.parse(folder.read("said") ?? "")
                == [
                    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                    "spec": ["interactive": false],
                ])
        let told = try PluginKit.configuration(
            folder, script: script, exec: "interactiveMode: Never\nprovideClusterInfo: true",
            cluster: cluster)
        _ = try await Self.run(told).get()
        #expect(
            try JSON.parse(folder.read("said") ?? "")["spec"]
                == [
                    "interactive": false,
                    "cluster": [
                        "server": "https://10.0.0.1", "tls-server-name": "api",
                        "certificate-authority-data": "aGVsbG8=", "config": ["audience": "x"],
                    ],
                ])
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        let script: String
        let says: String
        var testDescription: String { says }
    }

    @Test(arguments: [
        Bad(script: "echo hello canary", says: "it did not print an ExecCredential: no JSON"),
        Bad(script: "exit 0", says: "it did not print an ExecCredential: no JSON"),
        Bad(script: "echo '{}'", says: "it printed JSON that is no ExecCredential"),
        Bad(
            script: "echo '\(PluginKit.answer(#""token":"canary""#, version: "v1beta1"))'",
            says: "apiVersion client.authentication.k8s.io/v1beta1, the kubeconfig says"),
        Bad(
            script: "echo '\(PluginKit.answer("").replacing(#","status":{}"#, with: ""))'",
            says: "without a status"),
        Bad(script: "echo '\(PluginKit.answer(""))'", says: "neither a token nor a certificate"),
        Bad(
            script: "echo '\(PluginKit.answer(#""clientKeyData":"canary""#))'",
            says: "only one of clientCertificateData and clientKeyData"),
        Bad(
            script: "echo '\(PluginKit.answer(#""token":7"#))'",
            says: "status.token that is no string"),
        Bad(
            script: "echo '\(PluginKit.answer(#""token":"canary canary""#))'",
            says: "a token with spaces or control characters"),
        Bad(
            script: "echo '\(PluginKit.answer(#""token":"canary","expirationTimestamp":"soon""#))'",
            says: "an expirationTimestamp that is no RFC 3339 time"),
        Bad(
            script: "echo 'log in first' >&2; exit 3", says: "it ended with code 3: log in first"),
        Bad(
            script: "echo 'bad token eyJhbGciOi.canary-canary-canary-canary, sorry' >&2; exit 1",
            says: "it ended with code 1: bad token […] sorry"),
        Bad(script: "echo \"$SECRET\" >&2; exit 1", says: "it ended with code 1: […]"),
        Bad(script: "kill -9 $$", says: "it ended with code 137"),
        Bad(script: "cat /dev/zero", says: "it printed more than 1048576 bytes"),
    ])
    func whatIsWrongWithAPluginIsSaidWithoutItsSecrets(_ bad: Bad) async throws {
        let folder = try Folder()
        let configuration = try PluginKit.configuration(
            folder, script: bad.script,
            exec: "interactiveMode: Never\nenv: [{name: SECRET, value: canary}]")
        guard case .failure(let problem) = try await Self.run(configuration) else {
            Issue.record("accepted")
            return
        }
        let text = problem.description
        let file = folder.url.path + "/config"
        #expect(text.hasPrefix("\(file): context dev: user me: exec: "), "\(text)")
        #expect(text.contains(bad.says), "\(text)")
        #expect(!text.contains("canary"), "\(text)")
        #expect(text.utf8.count < 1000)
    }

    @Test func aPluginThatHangsIsKilledWithWhatItStarted() async throws {
        let folder = try Folder()
        let configuration = try PluginKit.configuration(
            folder, script: "sleep 1000 & echo $! > child; echo waiting >&2; wait")
        guard
            case .failure(let problem) = try await Self.run(
                configuration, bounds: .init(time: .milliseconds(1500)))
        else {
            Issue.record("accepted")
            return
        }
        #expect(problem.description.contains("it took longer than 1.5 seconds"))
        let child = folder.read("child").flatMap { Int($0.filter(\.isNumber)) }
        if let child {
            let state = try? String(
                contentsOf: URL(filePath: "/proc/\(child)/stat"), encoding: .utf8)
            #expect(state.map { $0.contains(") Z ") } ?? true)
        }
    }

    @Test func aProgramThatIsNotThereIsSaidWithTheHint() async throws {
        let folder = try Folder()
        let path = folder.url.path
        let configuration = try PluginKit.configuration(
            folder, script: "",
            exec: "interactiveMode: Never\ninstallHint: 'install it\n\n  with apt'",
            command: "./bin/plugin")
        guard case .failure(let problem) = try await Self.run(configuration) else {
            Issue.record("found")
            return
        }
        #expect(
            problem.description
                == """
                \(path)/config: context dev: user me: exec: \(path)/./bin/plugin: not found; \
                install it with apt
                """)
    }

    /// A path begins in the kubeconfig's folder; a name without a slash is looked up on PATH, and
    /// only in folders with a full path.
    @Test func aProgramIsFoundWhereItsPathOrPATHSays() throws {
        let folder = try Folder()
        let path = folder.url.path
        try folder.write("#!/bin/sh\n", to: "bin/plugin", mode: 0o700)
        try folder.write("no program", to: "bin/text")
        for (command, search, found) in [
            ("./bin/plugin", "", "\(path)/./bin/plugin"), ("bin/plugin", "", "\(path)/bin/plugin"),
            ("\(path)/bin/plugin", "", "\(path)/bin/plugin"), ("./bin/text", "", nil),
            ("./bin", "", nil), ("plugin", "/usr/bin:\(path)/bin", "\(path)/bin/plugin"),
            ("plugin", "/usr/bin", nil), ("plugin", "bin:.", nil),
            ("text", "\(path)/bin", nil),
        ] {
            let configuration = try PluginKit.configuration(
                folder, script: "", command: command,
                options: .init(environment: ["PATH": search]))
            #expect(try Self.plugin(configuration).program() == found)
        }
    }

    @Test func nothingPrintsWhatAPluginIsGivenOrGives() async throws {
        let folder = try Folder()
        let answer = PluginKit.answer(#""token":"canary""#)
        let configuration = try PluginKit.configuration(
            folder, script: "echo '\(answer)'",
            exec: "interactiveMode: Never\nenv: [{name: A, value: canary}]",
            arguments: ", canary")
        let found = try await Self.run(configuration).get()
        var dumped = ""
        dump((configuration, found), to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), "\(found)", dumped] {
            #expect(!text.contains("canary"))
        }
    }
}
