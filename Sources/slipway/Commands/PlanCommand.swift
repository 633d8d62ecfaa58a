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
        let wanted = try read(paths)
        let before = try from.map { try read([$0]) }
        let chosen = wanted.releases.map(\.release)
            .filter { release == nil || $0.metadata.name == release }
        guard !chosen.isEmpty else {
            let known = wanted.releases.map { "\($0.id)" }.joined(separator: ", ")
            throw Failure("no release \(release ?? "") there; declared are: \(known)")
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

    private func read(_ paths: [String]) throws -> DesiredState {
        let reading = try DeclaredFiles(paths: paths, source: nil, namespace: namespace).read()
        guard reading.errors.isEmpty else {
            throw Failure(reading.errors.map(\.description).joined(separator: "\n"))
        }
        return reading.state
    }
}
