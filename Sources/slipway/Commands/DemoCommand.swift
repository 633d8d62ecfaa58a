import ArgumentParser

/// `slipway demo`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Play what there is, and say what is not there yet.")

    func run() {
        Terminal.standard.write(
            """
            The demo will show a commit that is promoted and a bad one that is taken back.
            There today: slipway validate, plan and render (try them on a file of yours), and
            slipway sandbox --api-only with the commands that read and change releases.
            Not there yet: the controller, so no story can be played.

            """)
    }
}
