import ArgumentParser
import Demo
import Glibc
import Presentation

/// `slipway demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Play the main job on this machine, with real parts.",
        discussion: """
            A model is released from a Git repository to a small cluster on this machine, with \
            real model servers behind a real Envoy and users who send requests all the time: a \
            good version is promoted, one that fails under traffic is taken back, one that \
            answers wrongly gets no traffic, and a rollback is made by hand. `make demo` sets up \
            what it needs.

            EXAMPLES
              slipway demo
              slipway demo --fast
              slipway demo --kill-controller

            EXIT CODES
              0  all went as it must, and no request was lost
              1  something did not go as it must
              2  wrong usage, or something is missing
            """)

    @Flag(help: "Steps of some seconds.")
    var fast = false

    @Flag(help: "End the controller with kill -9 once in every part of the story.")
    var killController = false

    @Option(help: "The folder for models, repository and logs; emptied first.")
    var folder = ".demo"

    @Option(help: "The folder of Slipway's repository, with the model servers.")
    var repository = "."

    func run() async throws {
        let terminal = Terminal.standard
        guard let program = Self.absolute("/proc/self/exe") else {
            throw Failure("this program cannot find itself")
        }
        mkdir(folder, 0o755)
        guard let folder = Self.absolute(folder) else {
            throw Failure("the folder \(folder) cannot be made")
        }
        var options = DemoOptions(
            folder: folder, repository: Self.absolute(repository) ?? repository, program: program,
            write: { terminal.write($0) })
        options.isFast = fast
        options.killsController = killController
        options.style = terminal.style
        options.isInteractive = terminal.isInteractive
        try await play(Demo(options))
    }

    /// Until it is over or somebody asks for its end.
    private func play(_ demo: Demo) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await demo.run()
                } catch let failure as DemoFailure {
                    throw Failure("the demo stopped: \(failure)", code: .difference)
                }
                return true
            }
            group.addTask {
                if await Signals.termination() != nil { throw Failure("ended by a signal") }
                return false
            }
            while let isOver = try await group.next() {
                if isOver { break }
            }
            group.cancelAll()
        }
    }

    private static func absolute(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
