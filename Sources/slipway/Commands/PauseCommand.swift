import ArgumentParser
import Presentation

/// `slipway pause`
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop the progress of a release by hand; reverts go on.",
        discussion: """
            EXAMPLES
              slipway pause fraud-scorer -n risk

            EXIT CODES
              0  the release is paused
              2  wrong usage, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .pause, name: name, wait: nil).run(releases)
        }
    }
}
