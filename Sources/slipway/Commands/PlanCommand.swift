import API
import ArgumentParser
import Desired
import Domain
import Presentation

/// `slipway plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a declaration would do, before anything moves.",
        discussion: """
            Prints the steps that traffic takes, how long they last, how many pods run meanwhile \
            and how soon a failure is taken back. What serves now is taken from another \
            declaration (--from), from the cluster (--live), or nothing does; only --live needs \
            a cluster.

            EXAMPLES
              slipway plan models/fraud.yaml                      a first version
              slipway plan models/ --from ../main/models          what a pull request changes
              slipway plan models/ --live --release fraud-scorer  what the cluster would do

            EXIT CODES
              0  nothing would change
              1  something would change
              2  wrong usage, or a file that is not valid
            """)

    @Argument(help: "Files and folders with the new declaration.")
    var paths: [String]

    @Option(help: "File or folder with the declaration that serves now, all of it proven.")
    var from: String?

    @Flag(help: "Compare with what the cluster's status says.")
    var live = false

    @Option(help: "Only the release of this name.")
    var release: String?

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if live, from != nil {
            throw ValidationError("--live and --from exclude each other")
        }
    }

    func run() async throws {
        let reading = try read(paths)
        let chosen = try reading.valid(release: release)
        reading.warn()
        let before = try from.map { path in
            let reading = try read([path])
            _ = try reading.valid()
            return reading.state
        }
        var pages = chosen.map { release in
            PlanPage(
                release, status: Self.status(provenBy: before?[release.id]?.release))
        }
        if live {
            try await cluster.withReleases { releases in
                pages = []
                for release in chosen {
                    let status = try await releases.status(of: release.id)
                    pages.append(PlanPage(release, status: status))
                }
            }
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
        try DeclaredFiles(paths: paths, source: nil, namespace: cluster.namespace).read()
    }
}
