import ArgumentParser
import Glibc

/// The command line.
struct Slipway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Release machine-learning models from Git to Kubernetes.",
        discussion: """
            EXIT CODES
              0  done
              1  a difference, or a check that failed
              2  wrong usage, or an error on the way
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Offline",
                subcommands: [
                    InitCommand.self, ValidateCommand.self, PlanCommand.self, RenderCommand.self,
                    SchemaCommand.self,
                ]),
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    GetCommand.self, DescribeCommand.self, HistoryCommand.self, DoctorCommand.self,
                ]),
            CommandGroup(
                name: "Action",
                subcommands: [
                    ApproveCommand.self, PromoteCommand.self, RollbackCommand.self,
                    RetryCommand.self, PauseCommand.self, ResumeCommand.self, AdoptCommand.self,
                ]),
            CommandGroup(
                name: "Other",
                subcommands: [
                    ControllerCommand.self, SandboxCommand.self, DemoCommand.self,
                    VersionCommand.self,
                ]),
        ])
}

/// The start of the program: reads the command line, runs the command, turns what went wrong into
/// a message and an exit code.
@main
enum Main {
    static func main() async {
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Slipway.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(report(error).rawValue)
        }
    }

    private static func report(_ error: any Error) -> ExitCode {
        if let code = error as? ExitCode { return code }
        if let failure = error as? Failure {
            Terminal.standard.error(failure.message)
            return failure.code
        }
        let text = Slipway.fullMessage(for: error)
        // `--help` and `--version` come as errors that mean success.
        guard Slipway.exitCode(for: error) != .success else {
            Terminal.standard.write(text + "\n")
            return .success
        }
        Terminal.standard.writeError(text.hasPrefix("Error: ") ? text + "\n" : "Error: \(text)\n")
        return .trouble
    }
}
