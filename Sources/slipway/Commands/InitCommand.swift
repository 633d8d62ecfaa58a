import API
import ArgumentParser
import Domain
import Presentation

extension Runtime: ExpressibleByArgument {}

/// `slipway init`
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the first files of a model repository.",
        discussion: """
            Writes a release with comments, a golden file of samples, the ReleaseSource that \
            makes the controller follow the repository, a README.md for the team, and the \
            schemas for editors. A file that is there is left as it is. Needs no cluster.

            EXAMPLES
              slipway init --name fraud-scorer --namespace risk
              slipway init models-repo --runtime custom --gateway infra/public
              slipway init --uri s3://models/fraud/7 --dry-run

            EXIT CODES
              0  all files are written, or would be
              1  some were there already and are left as they are; the others are written
              2  wrong usage, or a file that cannot be written
            """)

    @Argument(help: "The folder of the repository; made if it is not there.")
    var path = "."

    @Option(help: "The release's name.")
    var name = "my-model"

    @Option(name: [.short, .long], help: "The namespace that it serves in.")
    var namespace = "default"

    @Option(help: "The model server.")
    var runtime = Runtime.mlserver

    @Option(help: "Where the model is; s3://models/NAME/1 if it is not given.")
    var uri: String?

    @Option(
        help: ArgumentHelp(
            "The Gateway that traffic comes from.", valueName: "[namespace/]name"))
    var gateway = "public"

    @Option(help: ArgumentHelp("Where the cluster finds the repository.", valueName: "url"))
    var repository = "https://git.example.com/models.git"

    @Flag(help: "Print what would be written, and write nothing.")
    var dryRun = false

    @OptionGroup var format: OutputOption

    func run() throws {
        let first = FirstRepository(
            name: name, namespace: namespace, runtime: runtime,
            uri: uri ?? "s3://models/\(name)/1", gateway: gateway, repository: repository)
        guard first.problems.isEmpty else {
            throw Failure(first.problems.joined(separator: "\n"))
        }
        let outcomes = try first.files.map { (file: $0, isNew: try put($0)) }
        show(outcomes)
        if dryRun, format.output == nil {
            // Schemas are hundreds of lines that `slipway schema` prints.
            for file in first.files.dropLast(first.schemas.count) {
                Terminal.standard.write("\n==> \(place(file)) <==\n\(file.text)")
            }
        }
        guard outcomes.allSatisfy(\.isNew) else { throw ExitCode.difference }
    }

    /// `false` if something is there.
    private func put(_ file: FirstRepository.File) throws(Failure) -> Bool {
        dryRun
            ? Files.kind(place(file), followingLinks: false) == nil
            : try Files.create(place(file), Array(file.text.utf8))
    }

    private func place(_ file: FirstRepository.File) -> String {
        var folder = path[...]
        while folder.count > 1, folder.hasSuffix("/") { folder = folder.dropLast() }
        return folder == "."
            ? file.path : folder == "/" ? "/\(file.path)" : "\(folder)/\(file.path)"
    }

    private func show(_ outcomes: [(file: FirstRepository.File, isNew: Bool)]) {
        let terminal = Terminal.standard
        switch format.output {
        case .json: terminal.write(ObjectText.json(document(outcomes)))
        case .yaml: terminal.write(ObjectText.text([document(outcomes)], as: .yaml))
        case .name: terminal.write(outcomes.map { "\(printable(place($0.file)))\n" }.joined())
        case nil, .wide:
            for (file, isNew) in outcomes {
                let text = "\(place(file)): \(isNew ? file.purpose : "is there, left as it is")"
                terminal.say(isNew ? dryRun ? .start : .done : .warning, text)
            }
        }
    }

    private func document(_ outcomes: [(file: FirstRepository.File, isNew: Bool)]) -> Document {
        let files = outcomes.map { outcome -> Document in
            [
                "path": .string(place(outcome.file)), "purpose": .string(outcome.file.purpose),
                "result": outcome.isNew ? dryRun ? "planned" : "written" : "kept",
            ]
        }
        return ["files": .array(files)]
    }
}
