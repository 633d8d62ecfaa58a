import ArgumentParser

/// The command line.
@main
struct Slipway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway", abstract: "Release machine-learning models from Git to Kubernetes.")
}
