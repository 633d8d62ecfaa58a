import ArgumentParser
import Presentation

/// `slipway rollback`
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Go back to a proven version now.",
        discussion: """
            Without --to: to where a rollout under way came from, else to the split before. What \
            is left is refused, so that it does not come back by itself, and Git is told.

            EXAMPLES
              slipway rollback fraud-scorer -n risk
              slipway rollback fraud-scorer --to 7
              slipway rollback fraud-scorer --to a1b2c3d

            EXIT CODES
              0  the controller has taken it up
              1  the controller did not take it up in time
              2  wrong usage, nothing to rollback, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @Option(help: "A proven version: its name, digest, or the commit that declared it.")
    var to: String?

    @OptionGroup var wait: WaitOptions
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .rollback(to), name: name, wait: wait).run(releases)
        }
    }
}
