package import Presentation

/// How the demo is played.
package struct DemoOptions: Sendable {
    /// Where everything is put: models, repositories, logs. It is emptied first.
    package var folder: String
    /// The folder of the Python environment that `Scripts/python-environment` makes.
    var python: String { "\(repository)/.python" }
    /// The folder of the model servers.
    var models: String { "\(repository)/Sources/Demo/Models" }
    /// The folder of Slipway's own repository.
    package var repository: String
    /// This program, to start the controller with.
    package var program: String
    /// Steps of some seconds, for machines that look at nothing.
    package var isFast = false
    /// Ends the controller with SIGKILL once in every phase.
    package var killsController = false
    package var style = Style.plain
    /// A line can be written over: somebody watches.
    package var isInteractive = false
    /// Takes text as it is.
    package var write: @Sendable (String) -> Void

    package init(
        folder: String, repository: String, program: String,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.repository = repository
        self.program = program
        self.write = write
    }
}

/// The demo did not go as it must; for people.
package struct DemoFailure: Error, CustomStringConvertible, Sendable {
    package let description: String

    init(_ description: String) { self.description = description }
}
