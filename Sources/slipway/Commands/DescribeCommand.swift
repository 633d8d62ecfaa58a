import ArgumentParser
import Presentation
import Processes

/// `slipway describe`
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show everything about a release that helps to decide what to do.",
        discussion: """
            EXAMPLES
              slipway describe fraud-scorer -n risk
              slipway describe fraud-scorer -o json

            EXIT CODES
              0  printed
              2  wrong usage, a name that is not there, or an error on the way
            """)

    @Argument(help: "Names of releases.")
    var names: [String]

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            var found: [Releases.Live] = []
            for name in names { found.append(try await releases.read(name)) }
            if let output = format.output, output != .wide {
                Terminal.standard.write(ObjectText.text(found.map(\.object), as: output))
                return
            }
            let pages = found.map { ReleasePage($0.release, now: WallClock.now).text }
            Terminal.standard.write(pages.joined(separator: "\n---\n\n"))
        }
    }
}
