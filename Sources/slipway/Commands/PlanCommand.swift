import API
import ArgumentParser
import Desired
import Domain
import Presentation

/// `slipway plan`
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a declaration would do, before anything moves.",
        discussion: """
            Prints the steps that traffic takes, how long they last, how many pods run meanwhile \
            and how soon a failure is taken back. Needs no cluster: what serves now is taken \
            from another declaration (--from), or nothing does.

            EXAMPLES
              slipway plan models/fraud.yaml                      a first version
              slipway plan models/ --from ../main/models          what a pull request changes
              slipway plan models/ --from ../main/models --release fraud-scorer

            EXIT CODES
              0  nothing would change
              1  something would change
              2  wrong usage, or a file that is not valid
            """)

    @Argument(help: "Files and folders with the new declaration.")
    var paths: [String]

    @Option(help: "File or folder with the declaration that serves now, all of it proven.")
    var from: String?

    @Option(help: "Only the release of this name.")
    var release: String?

    @Option(
        name: [.short, .long],
        help: "The source's namespace; what each file says if it is not given.")
    var namespace: String?

    func run() throws {
        let chosen = try read(paths).valid(release: release)
        let before = try from.map { path in
            let reading = try read([path])
            _ = try reading.valid()
            return reading.state
        }
        let pages = chosen.map { release in
            PlanPage(
                release, status: Self.status(provenBy: before?[release.id]?.release))
        }
        Terminal.standard.write(pages.map(\.text).joined(separator: "\n"))
        if pages.contains(where: { !$0.isEmpty }) { throw ExitCode.difference }
    }

    /// A status in which a declaration is proven as it stands.
    private static func status(provenBy release: ModelRelease?) -> ReleaseStatus {
        guard let release else { return ReleaseStatus() }
        return ReleaseStatus(
            proven: ProvenSplit(
                shares: release.spec.declaredShares, commit: "",
                since: Timestamp(milliseconds: 0)))
    }

    private func read(_ paths: [String]) throws -> DeclaredFiles.Reading {
        try DeclaredFiles(paths: paths, source: nil, namespace: namespace).read()
    }
}
