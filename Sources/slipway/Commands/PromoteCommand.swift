import ArgumentParser
import Presentation

/// `slipway promote`
struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Skip all waits that are left and finish the rollout now.",
        discussion: """
            Health still decides: a version that fails is taken back as before.

            EXAMPLES
              slipway promote fraud-scorer -n risk

            EXIT CODES
              0  the controller has taken it up
              1  the controller did not take it up in time
              2  wrong usage, nothing to promote, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @OptionGroup var wait: WaitOptions
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .promote, name: name, wait: wait).run(releases)
        }
    }
}
