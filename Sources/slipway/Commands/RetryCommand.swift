import ArgumentParser
import Presentation

/// `slipway retry`
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try a refused version again.",
        discussion: """
            Lifts the quarantine of the version; if it is declared its rollout begins anew.

            EXAMPLES
              slipway retry fraud-scorer -n risk
              slipway retry fraud-scorer --version 8

            EXIT CODES
              0  the controller has taken it up
              1  the controller did not take it up in time
              2  wrong usage, nothing to retry, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @Option(help: "Name or digest of the version; needed where several are refused.")
    var version: String?

    @OptionGroup var wait: WaitOptions
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            try await HandAction(request: .retry(version), name: name, wait: wait).run(releases)
        }
    }
}
