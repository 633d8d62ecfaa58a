import API
import ArgumentParser

/// `slipway schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema that editors check files with.",
        discussion: """
            An editor with a YAML language server then shows what each field means, completes \
            names and words, and underlines what is wrong while it is typed. A file names its \
            schema in its first line, as a path from its own folder or a URL:

              # yaml-language-server: $schema=../.slipway/modelrelease.json

            Keep the schema in a folder whose name begins with a dot: the controller passes over \
            those. What a schema cannot say (that weights sum to 100) slipway validate does.

            EXAMPLES
              slipway schema > .slipway/modelrelease.json
              slipway schema source > .slipway/releasesource.json

            EXIT CODES
              0  printed
              2  wrong usage
            """)

    /// What a file declares.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case release
        case source

        /// The name under which the schema is kept.
        var file: String {
            switch self {
            case .release: "modelrelease.json"
            case .source: "releasesource.json"
            }
        }

        /// The schema as it stands in that file.
        var text: String {
            switch self {
            case .release: ObjectText.json(APIDefinitions.releaseFile)
            case .source: ObjectText.json(APIDefinitions.sourceFile)
            }
        }
    }

    @Argument(help: "What the files declare.")
    var kind = Kind.release

    func run() { Terminal.standard.write(kind.text) }
}
