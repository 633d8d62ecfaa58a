import API
import ArgumentParser
import Domain
import Presentation
import Processes

/// `slipway history`
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened to a release, newest first, and why.",
        discussion: """
            EXAMPLES
              slipway history fraud-scorer -n risk
              slipway history fraud-scorer -o wide     with digests and whole sentences
              slipway history fraud-scorer -o name     attempt numbers alone

            EXIT CODES
              0  printed
              2  wrong usage, a name that is not there, or an error on the way
            """)

    @Argument(help: "The release.")
    var name: String

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            let live = try await releases.read(name)
            let status = live.release.status
            let terminal = Terminal.standard
            let raw = live.object.at("status", "history") ?? []
            switch format.output {
            case .json: terminal.write(ObjectText.json(raw))
            case .yaml: terminal.write(ObjectText.text([raw], as: .yaml))
            case .name: terminal.write(status.history.map { "\($0.intent)\n" }.joined())
            case nil, .wide:
                guard !status.history.isEmpty else {
                    terminal.writeError("Nothing has happened to \(live.release.id) yet.\n")
                    return
                }
                let table = HistoryTable(now: WallClock.now, wide: format.output == .wide)
                terminal.write(table.text(of: status))
            }
        }
    }
}
