import ArgumentParser
import Demo
import Presentation

/// `slipway demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Play what there is, and say what is not there yet.")

    func run() async throws {
        let terminal = Terminal.standard
        let tour = Tour(
            colour: terminal.style.colour, unicode: terminal.style.unicode, now: Clock.now,
            write: { terminal.write($0) })
        do {
            try await tour.run()
        } catch {
            throw Failure("the demo stopped: \(error)")
        }
    }
}
