import ArgumentParser
import Presentation

/// `slipway resume`
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on after slipway pause.",
        discussion: """
            EXAMPLES
              slipway resume fraud-scorer -n risk

            EXIT CODES
              0  the release goes on
              2  wrong usage, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .resume, name: name, wait: nil).run(releases)
        }
    }
}
