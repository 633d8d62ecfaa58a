import API
import Documents
import Domain
import Foundation
import Testing

/// `slipway init` and `slipway schema`, from outside.
@Suite(.timeLimit(.minutes(5))) struct InitCommandTests {
    private static let written = [
        "models/fraud-scorer.yaml", "models/fraud-scorer.golden.jsonl", ".slipway/source.yaml",
        "README.md", ".slipway/modelrelease.json", ".slipway/releasesource.json",
    ]

    @Test(arguments: ["mlserver", "custom"])
    func whatIsWrittenPassesValidateAndPlan(runtime: String) async throws {
        try await Program.inFolder { program in
            let run = try await program.run(
                "init", "--name", "fraud-scorer", "-n", "risk", "--runtime", runtime)
            #expect(run.code == 0)
            #expect(run.error == "")
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == Self.written.count)
            for (line, file) in zip(lines, Self.written) {
                #expect(line.hasPrefix("ok: \(file): "))
            }

            let validate = try await program.run("validate", "--strict")
            #expect(validate.output == "")
            #expect(validate.error == "ok: 1 file, 1 release, 0 errors, 0 warnings\n")
            let asSource = try await program.run("validate", "models", "-n", "risk")
            #expect(asSource.code == 0)
            let plan = try await program.run("plan", "models")
            #expect(plan.code == 1)
            #expect(plan.output.contains("risk/fraud-scorer"))
            #expect(plan.output.contains("1 (100 %)"))
            let objects = try await program.run("render", "models", "-o", "name")
            #expect(objects.output.contains("httproute.gateway.networking.k8s.io/fraud-scorer\n"))

            let release = try #require(try YAML.parse(program.text(Self.written[0])).first)
            #expect(ModelRelease.decode(release.document).value?.spec.runtime.rawValue == runtime)
            let source = try #require(try YAML.parse(program.text(Self.written[2])).first)
            let decoded = try #require(ReleaseSource.decode(source.document).value)
            #expect(decoded.spec.path == "models")
            #expect(decoded.metadata.namespace == "risk")
        }
    }

    /// The strategy that is written out is the one that would hold without it.
    @Test func theStrategyOfAFirstReleaseIsTheUsualOne() async throws {
        try await Program.inFolder { program in
            #expect(try await program.run("init", "--name", "fraud-scorer").code == 0)
            let release = try #require(try YAML.parse(program.text(Self.written[0])).first)
            let spec = try #require(ModelRelease.decode(release.document).value?.spec)
            #expect(spec.strategy == .canary(.default))
            #expect(spec.serving == Serving())
            var usual = HealthPolicy()
            usual.probes = [GoldenProbe(golden: "./fraud-scorer.golden.jsonl")]
            #expect(spec.health == usual)
        }
    }

    @Test func whatFlagsSayIsWhatTheFilesSay() async throws {
        try await Program.inFolder { program in
            let uri = "s3://models/it's-{x}: #1/8"
            let plain = uri.replacing(" ", with: "")
            let run = try await program.run(
                "init", "deep/folder/", "--name", "null", "--namespace", "123", "--uri", plain,
                "--gateway", "on/true", "--repository", "https://git.example.com/it's.git")
            #expect(run.code == 0)
            let release = try #require(
                try YAML.parse(program.text("deep/folder/models/null.yaml")).first)
            let decoded = try #require(ModelRelease.decode(release.document).value)
            #expect(decoded.id.description == "123/null")
            #expect(decoded.spec.versions.map(\.name) == ["8"])
            #expect(decoded.spec.versions.map(\.uri) == [plain])
            let gateway = GatewayTraffic(
                parentRefs: [.init(name: "true", namespace: "on")], path: "/null")
            #expect(decoded.spec.traffic == .gateway(gateway))
            let source = try #require(
                try YAML.parse(program.text("deep/folder/.slipway/source.yaml")).first)
            let followed = try #require(ReleaseSource.decode(source.document).value)
            #expect(followed.spec.url == "https://git.example.com/it's.git")
            #expect(followed.metadata.namespace == "123")
            #expect(try await program.run("validate", "deep/folder").code == 0)
        }
    }

    @Test(arguments: [
        ("--name", "Fraud", "--name: `Fraud` must be lower-case letters"),
        ("--name", "../fraud", "--name: `../fraud` must be lower-case letters"),
        ("--name", "7", "--name: `7` must start with a letter"),
        ("--namespace", "a b", "--namespace: `a b` must be"),
        ("--uri", "fraud\nx: 1", "--uri: must start with s3://, gs://"),
        ("--uri", "s3://a/b\nx: 1", "--uri: must not contain spaces"),
        ("--gateway", "a/b/c", "--gateway: `b/c` must be"),
        ("--gateway", "", "--gateway: must not be empty"),
        ("--repository", "git@example.com:x", "--repository: must be https://"),
        ("--runtime", "triton", "The value 'triton' is invalid for '--runtime"),
    ])
    func aValueThatIsWrongIsNamedByItsFlag(flag: String, value: String, message: String)
        async throws
    {
        try await Program.inFolder { program in
            let run = try await program.run("init", "new", flag, value)
            #expect(run.code == 2)
            #expect(run.output == "")
            #expect(run.error.hasPrefix("Error: \(message)"), "\(run.error)")
            #expect(!program.exists("new"))
        }
    }

    @Test func aFileThatIsThereIsLeftAsItIs() async throws {
        let files = ["README.md": "Ours.\n"]
        try await Program.inFolder(with: files) { program in
            // A link to nothing is something as well.
            let link = program.folder.appendingPathComponent(".slipway")
            try FileManager.default.createDirectory(at: link, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: link.appendingPathComponent("source.yaml").path,
                withDestinationPath: program.folder.appendingPathComponent("elsewhere").path)
            let run = try await program.run("init", "--name", "fraud-scorer")
            #expect(run.code == 1)
            #expect(run.output.contains("warning: README.md: is there, left as it is\n"))
            #expect(run.output.contains("warning: .slipway/source.yaml: is there"))
            #expect(run.output.contains("ok: models/fraud-scorer.yaml: "))
            #expect(try program.text("README.md") == "Ours.\n")
            #expect(!program.exists("elsewhere"))

            let before = try program.text(Self.written[0])
            let again = try await program.run("init", "--name", "fraud-scorer", "-n", "risk")
            #expect(again.code == 1)
            #expect(!again.output.contains("ok: "))
            #expect(try program.text(Self.written[0]) == before)
        }
    }

    @Test func aDryRunPrintsTheFilesAndWritesNone() async throws {
        try await Program.inFolder(with: ["README.md": "Ours.\n"]) { program in
            let dry = try await program.run("init", "--name", "fraud-scorer", "--dry-run")
            #expect(dry.code == 1)
            #expect(dry.output.contains("warning: README.md: is there, left as it is\n"))
            #expect(!program.exists("models"))
            #expect(!program.exists(".slipway"))
            let new = try await program.run("init", "new", "--name", "fraud-scorer", "--dry-run")
            #expect(new.code == 0)
            #expect(!program.exists("new"))
            #expect(try await program.run("init", "new", "--name", "fraud-scorer").code == 0)
            for file in Self.written.prefix(4) {
                let text = try program.text("new/\(file)")
                #expect(new.output.contains("\n==> new/\(file) <==\n\(text)"))
            }
        }
    }

    @Test func programsGetTheFilesAsJSON() async throws {
        try await Program.inFolder(with: ["README.md": "Ours.\n"]) { program in
            for expected in ["planned", "written", "kept"] {
                var arguments = ["init", "--name", "fraud-scorer", "-o", "json"]
                if expected == "planned" { arguments.append("--dry-run") }
                let run = try await program.start(arguments).end()
                #expect(run.code == 1)
                #expect(run.output.hasSuffix("}\n") && !run.output.hasSuffix("\n\n"))
                let files = try JSON.parse(run.output)["files"]?.arrayValue ?? []
                #expect(files.map { $0["path"]?.stringValue } == Self.written)
                for file in files {
                    let isKept = file["path"] == "README.md"
                    #expect(file["result"]?.stringValue == (isKept ? "kept" : expected))
                }
            }
        }
    }

    @Test func aFolderThatCannotBeMadeIsAnError() async throws {
        try await Program.inFolder(with: ["new": "a file"]) { program in
            let run = try await program.run("init", "new")
            #expect(run.code == 2)
            #expect(run.error == "Error: cannot make new/models: Not a directory\n")
        }
    }

    /// The first line of a file that is written leads an editor to the schema beside it.
    @Test func editorsFindTheSchemas() async throws {
        try await Program.inFolder { program in
            #expect(try await program.run("init", "--name", "fraud-scorer").code == 0)
            for (kind, file, schema) in [
                ("release", Self.written[0], "modelrelease.json"),
                ("source", Self.written[2], "releasesource.json"),
            ] {
                let line = try #require(try program.text(file).split(separator: "\n").first)
                let mark = "# yaml-language-server: $schema="
                try #require(line.hasPrefix(mark))
                let named = program.folder.appendingPathComponent(file).deletingLastPathComponent()
                    .appendingPathComponent(String(line.dropFirst(mark.count))).standardized
                let printed = try await program.run("schema", kind)
                #expect(printed.code == 0)
                #expect(try String(contentsOf: named, encoding: .utf8) == printed.output)
                let held = Repository.path("Manifests/schemas/\(schema)")
                #expect(try String(contentsOfFile: held, encoding: .utf8) == printed.output)
            }
            #expect(try await program.run("schema", "pods").code == 2)
        }
    }
}

extension Program {
    fileprivate func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
    }

    fileprivate func exists(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path)
    }
}
