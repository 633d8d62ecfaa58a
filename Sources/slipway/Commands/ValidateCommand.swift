import ArgumentParser
import Desired
import Presentation

/// `slipway validate`
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check release files before they are merged.",
        discussion: """
            Reads files and folders exactly as the controller reads a commit and prints every \
            problem as FILE:LINE:COLUMN: MESSAGE. Needs no cluster.

            EXAMPLES
              slipway validate                    everything below this folder
              slipway validate models/ -n risk    as the source of namespace risk reads it
              slipway validate --strict a.yaml    warnings fail as well
              slipway validate models/ source.yaml
                                                  also against what this ReleaseSource allows

            EXIT CODES
              0  every release can be taken over
              1  something is wrong with a file
              2  wrong usage, or a path cannot be read
            """)

    @Argument(help: "Files and folders; this folder if none is given.")
    var paths: [String] = ["."]

    @Option(
        name: [.short, .long],
        help: "The source's namespace; what each file says if it is not given.")
    var namespace: String?

    @Option(
        help: "The source's folder, which golden files are named from.")
    var source: String?

    @Flag(help: "Fail on warnings too.")
    var strict = false

    func run() throws {
        let reading = try DeclaredFiles(paths: paths, source: source, namespace: namespace).read()
        let terminal = Terminal.standard
        for problem in reading.problems {
            terminal.write(printable("\(problem)") + "\n")
        }
        let (errors, warnings) = (reading.errors.count, reading.warnings.count)
        let failed = errors > 0 || strict && warnings > 0
        terminal.note(
            failed ? .failed : .done,
            [
                counted(reading.files, "file"), counted(reading.state.count, "release"),
                counted(errors, "error"), counted(warnings, "warning"),
            ].joined(separator: ", "))
        if failed { throw ExitCode.difference }
    }
}

/// `1 file`, `2 files`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
