import ArgumentParser

/// How objects are printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case json
    case yaml
    case wide
    case name
}

/// `-o`, for commands that show objects.
struct OutputOption: ParsableArguments {
    @Option(name: [.short, .long], help: "Instead of the usual text.")
    var output: OutputFormat?
}
