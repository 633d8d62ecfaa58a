import ArgumentParser
import Presentation

/// `slipway approve`
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Pass the pause that a rollout stands at.",
        discussion: """
            EXAMPLES
              slipway approve fraud-scorer -n risk
              slipway approve fraud-scorer --timeout 5m

            EXIT CODES
              0  the controller goes on
              1  the controller did not take it up in time
              2  wrong usage, nothing to approve, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @OptionGroup var wait: WaitOptions
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .approve, name: name, wait: wait).run(releases)
        }
    }
}
