import ArgumentParser

/// `slipway version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version of this program.")

    func run() {
        Terminal.standard.write(Version.text + "\n")
    }
}
