import ArgumentParser
import Presentation
import Processes

/// `slipway get`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List releases: what serves, how far a rollout is, what it waits for.",
        discussion: """
            EXAMPLES
              slipway get
              slipway get -A -o wide
              slipway get fraud-scorer -n risk --watch
              slipway get fraud-scorer -o yaml

            EXIT CODES
              0  printed
              2  wrong usage, a name that is not there, or an error on the way
            """)

    @Argument(help: "Names; all of the namespace if none is given.")
    var names: [String] = []

    @Flag(name: [.customShort("A"), .long], help: "Releases of all namespaces.")
    var allNamespaces = false

    @Flag(
        name: [.short, .long],
        help: "Go on printing as things change; a terminal shows one table that is kept up to date."
    )
    var watch = false

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if allNamespaces, !names.isEmpty {
            throw ValidationError("names belong to one namespace: leave out -A or the names")
        }
    }

    func run() async throws {
        try await cluster.withReleases { releases in
            if watch {
                try await Watch(releases, names: names, everywhere: allNamespaces, format.output)
                    .run()
            } else {
                try await list(releases)
            }
        }
    }

    private func list(_ releases: Releases) async throws {
        var found: [Releases.Live] = []
        if names.isEmpty {
            found = try await releases.list(everywhere: allNamespaces)
        } else {
            for name in names { found.append(try await releases.read(name)) }
        }
        let terminal = Terminal.standard
        switch format.output {
        case let output? where output != .wide:
            terminal.write(ObjectText.text(found.map(\.object), as: output))
        default:
            guard !found.isEmpty else {
                let place =
                    allNamespaces ? "in any namespace" : "in namespace \(releases.namespace)"
                terminal.writeError("No releases \(place).\n")
                return
            }
            let table = ReleaseTable(
                now: WallClock.now, wide: format.output == .wide, namespaces: allNamespaces)
            terminal.write(table.text(of: found.map(\.release)))
        }
    }
}
