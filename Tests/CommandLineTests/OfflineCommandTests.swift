import API
import Documents
import Domain
import Foundation
import Testing

/// Commands that need no cluster, from outside: output, standard error, exit codes.
@Suite(.timeLimit(.minutes(5))) struct OfflineCommandTests {
    @Test func helpNamesTheCommandsAndTheExitCodes() async throws {
        try await Program.inFolder { program in
            let run = try await program.run("--help")
            #expect(run.code == 0)
            for word in ["validate", "plan", "version", "EXIT CODES"] {
                #expect(run.output.contains(word))
            }
        }
    }

    @Test(arguments: [
        "validate", "plan", "render", "get", "describe", "history", "approve", "promote",
        "rollback", "retry", "pause", "resume", "init", "schema", "adopt",
    ])
    func everyCommandHasExamplesAndExitCodes(command: String) async throws {
        try await Program.inFolder { program in
            let run = try await program.run(command, "--help")
            #expect(run.code == 0)
            #expect(run.output.contains("EXAMPLES\n  slipway \(command)"))
            #expect(run.output.contains("EXIT CODES\n  0"))
        }
    }

    @Test(arguments: [["nonsense"], ["version", "more"], ["validate", "--nonsense"], ["plan"]])
    func wrongUsageIsTwo(arguments: [String]) async throws {
        try await Program.inFolder { program in
            let run =
                arguments.count == 1
                ? try await program.run(arguments[0])
                : try await program.run(arguments[0], arguments[1])
            #expect(run.code == 2)
            #expect(run.output == "")
            #expect(run.error.hasPrefix("Error: "))
        }
    }

    @Test func versionIsOneLine() async throws {
        try await Program.inFolder { program in
            let run = try await program.run("version")
            #expect(run.code == 0)
            #expect(run.output.hasPrefix("slipway "))
            #expect(run.output.split(separator: "\n").count == 1)
        }
    }

    @Test func validFilesPass() async throws {
        try await Program.inFolder(with: ["models/fraud.yaml": Declarations.both]) { program in
            let run = try await program.run("validate")
            #expect(run.code == 0)
            #expect(run.output == "")
            #expect(run.error == "ok: 1 file, 1 release, 0 errors, 0 warnings\n")
        }
    }

    @Test func problemsNameFileLineAndColumn() async throws {
        try await Program.inFolder(with: ["models/fraud.yaml": Declarations.wrongSum]) { program in
            for path in ["models", "./models/", "models/fraud.yaml"] {
                let run = try await program.run("validate", path)
                #expect(run.code == 1)
                #expect(
                    run.output == "models/fraud.yaml:6:13: "
                        + "weights sum to 110, must be 100 (7: 90, 8: 20)\n")
                #expect(run.error == "failed: 1 file, 0 releases, 1 error, 0 warnings\n")
            }
        }
    }

    @Test func warningsFailOnlyWhereAsked() async throws {
        let files = ["a.yaml": Declarations.release() + "---\nkind: Other\napiVersion: v1\n"]
        try await Program.inFolder(with: files) { program in
            #expect(try await program.run("validate", "a.yaml").code == 0)
            let strict = try await program.run("validate", "--strict", "a.yaml")
            #expect(strict.code == 1)
            #expect(strict.output.contains("a.yaml:12:1: warning: "))
        }
    }

    @Test func serviceAccountsAreCheckedWhereTheSourceIsGiven() async throws {
        let release =
            Declarations.release()
            + "  serving: {template: {spec: {serviceAccountName: loader}}}\n"
        let source = """
            apiVersion: slipway.dev/v1alpha1
            kind: ReleaseSource
            metadata: {name: models, namespace: risk}
            spec: {url: https://git.example.com/models.git, serviceAccounts: [loader]}

            """
        let files = [
            "models/a.yaml": release, "source.yaml": source,
            "other.yaml": source.replacing("[loader]", with: "[trainer]"),
            "elsewhere.yaml": source.replacing("risk", with: "web"),
            "wrong.yaml": source.replacing("[loader]", with: "[Loader]"),
        ]
        try await Program.inFolder(with: files) { program in
            let place = "models/a.yaml:11:51: "
            // A source of another namespace says nothing of this one.
            for path in ["models", "elsewhere.yaml"] {
                let alone = try await program.run("validate", "models", path)
                #expect(alone.code == 0)
                #expect(alone.output.hasPrefix(place + "warning: service account `loader` needs"))
            }
            let right = try await program.run("validate", "--strict", "models", "source.yaml")
            #expect(right.output == "")
            #expect(right.error == "ok: 2 files, 1 release, 0 errors, 0 warnings\n")
            let other = try await program.run("validate", "other.yaml", "models")
            #expect(other.code == 1)
            #expect(
                other.output == place + "service account `loader` is not allowed: ReleaseSource "
                    + "risk/models allows `default`, `trainer`; add it to spec.serviceAccounts "
                    + "there, or use one of these\n")
            let wrong = try await program.run("validate", "wrong.yaml", "models")
            #expect(wrong.code == 1)
            #expect(wrong.output.contains("wrong.yaml:4:67: `Loader` must be"))
            // Below a folder it is what it is in a commit.
            let below = try await program.run("validate", ".")
            #expect(below.output.contains("a ReleaseSource is not read from a repository"))
            for command in ["plan", "render"] {
                let run = try await program.run(command, "models")
                #expect(run.code == (command == "plan" ? 1 : 0))
                #expect(run.error.hasPrefix(place + "warning: service account"))
                #expect(try await program.run(command, "models", "other.yaml").code == 2)
                let known = try await program.run(command, "models", "source.yaml")
                #expect(known.error == "")
            }
        }
    }

    @Test func aReleaseInTwoFilesIsFoundAcrossThem() async throws {
        let files = ["a.yaml": Declarations.release(), "b/c.yaml": Declarations.both]
        try await Program.inFolder(with: files) { program in
            let run = try await program.run("validate")
            #expect(run.code == 1)
            #expect(run.output.contains("a.yaml:1 and b/c.yaml:1"))
        }
    }

    @Test func controlCharactersOfAFileDoNotReachTheTerminal() async throws {
        let file = Declarations.release().replacing("runtime:", with: "\"ru\\e[2Jtime\":")
        try await Program.inFolder(with: ["a.yaml": file]) { program in
            let run = try await program.run("validate")
            #expect(run.code == 1)
            #expect(!run.output.contains("\u{1B}"))
        }
    }

    @Test func missingPathsAndEmptyFoldersAreErrors() async throws {
        try await Program.inFolder { program in
            let missing = try await program.run("validate", "nothing")
            #expect(missing.code == 2)
            #expect(missing.error == "Error: nothing: no such file or folder\n")
            #expect(try await program.run("validate").code == 2)
        }
    }

    @Test func planComparesTwoDeclarations() async throws {
        let files = ["old/a.yaml": Declarations.release(), "new/a.yaml": Declarations.both]
        try await Program.inFolder(with: files) { program in
            let run = try await program.run("plan", "new", "--from", "old")
            #expect(run.code == 1)
            #expect(run.output.contains("From:               7 (100 %)\n"))
            #expect(run.output.contains("\n3      75   25   bake 24h, then proven\n"))
            let same = try await program.run("plan", "old", "--from", "old")
            #expect(same.code == 0)
            #expect(same.output.contains("none, 7 (100 %) serves"))
            let other = try await program.run("plan", "new", "--release", "other")
            #expect(other.code == 2)
            #expect(other.error.contains("declared are: risk/fraud-scorer"))
        }
    }

    @Test func planRefusesWhatIsNotValid() async throws {
        try await Program.inFolder(with: ["a.yaml": Declarations.wrongSum]) { program in
            let run = try await program.run("plan", "a.yaml")
            #expect(run.code == 2)
            #expect(run.error.hasPrefix("Error: a.yaml:6:13: weights sum to 110"))
        }
    }

    @Test func renderPrintsTheObjectsOfEachVersionAndTheRoute() async throws {
        try await Program.inFolder(with: ["a.yaml": Declarations.both]) { program in
            let names = try await program.run("render", "a.yaml", "-o", "name")
            #expect(names.code == 0)
            let kinds = names.output.split(separator: "\n").compactMap {
                $0.split(separator: "/").first
            }
            #expect(
                kinds == [
                    "controllerrevision.apps", "deployment.apps", "service",
                    "controllerrevision.apps", "deployment.apps", "service",
                    "httproute.gateway.networking.k8s.io",
                ])
            let one = try await program.run("render", "a.yaml", "--version-name", "8", "-o", "json")
            #expect(one.output.hasPrefix("{\n  \"apiVersion\": \"v1\",\n  \"items\": [\n"))
            #expect(!one.output.contains("HTTPRoute"))
            let yaml = try await program.run("render", "a.yaml")
            #expect(yaml.output.contains("kind: Deployment\n"))
            #expect(try await program.run("render", "a.yaml", "--version-name", "9").code == 2)
        }
    }

    @Test func theExamplesAreValid() async throws {
        try await Program.inFolder { program in
            let folder = Repository.path("Manifests/examples/models")
            let run = try await program.run("validate", folder)
            #expect(run.output == "")
            #expect(run.code == 0)
            let source = try String(
                contentsOfFile: Repository.path("Manifests/examples/source.yaml"), encoding: .utf8)
            let object = try #require(try YAML.parse(source).first).document
            #expect(ReleaseSource.decode(object).errors == [])
        }
    }

    @Test func theReleaseOfTheREADMEIsValid() async throws {
        let page = try String(contentsOfFile: Repository.path("README.md"), encoding: .utf8)
        let start = try #require(page.firstRange(of: "```yaml\n")).upperBound
        let end = try #require(page[start...].firstRange(of: "```")).lowerBound
        let golden = try String(
            contentsOfFile: Repository.path("Manifests/examples/models/fraud-scorer.golden.jsonl"),
            encoding: .utf8)
        let files = ["a.yaml": String(page[start..<end]), "fraud-scorer.golden.jsonl": golden]
        try await Program.inFolder(with: files) { program in
            let run = try await program.run("validate", "a.yaml")
            #expect(run.output == "")
            #expect(run.code == 0)
        }
    }
}

/// Files of the check-out that the tests are built from.
enum Repository {
    static func path(_ inside: String, file: String = #filePath) -> String {
        URL(fileURLWithPath: file).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(inside).path
    }
}
