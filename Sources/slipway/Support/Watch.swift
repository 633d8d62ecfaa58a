import API
import Cluster
import Domain
import Presentation
import Processes
import Resources

/// `slipway get --watch`: a table that is kept up to date on a terminal, lines that are added
/// elsewhere.
struct Watch {
    private let releases: Releases
    private let everywhere: Bool
    private let view: LiveView

    init(
        _ releases: Releases, names: [String], everywhere: Bool, _ format: OutputFormat?
    ) {
        self.releases = releases
        self.everywhere = everywhere
        view = LiveView(
            names: names, namespaces: everywhere, format: format, terminal: Terminal.standard)
    }

    /// Goes on until the program is ended, or the first list cannot be read.
    func run() async throws {
        // An unknown kind or a missing right would be tried for ever.
        _ = try await releases.list(everywhere: everywhere)
        let reflector = Reflector(
            releases.selection(everywhere: everywhere), client: releases.client)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var generator = SystemRandomNumberGenerator()
                await reflector.run(using: &generator) { await view.take($0) }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    await view.tick()
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// What a watch shows.
private actor LiveView {
    private let names: [String]
    private let namespaces: Bool
    private let format: OutputFormat?
    private let terminal: Terminal
    private var shown: [NamespacedName: ModelRelease] = [:]
    /// The row printed last of each release, to print only what differs.
    private var printed: [NamespacedName: [String]] = [:]
    private var interruption: String?
    private var linesOnScreen = 0
    private var hasHeading = false

    init(names: [String], namespaces: Bool, format: OutputFormat?, terminal: Terminal) {
        self.names = names
        self.namespaces = namespaces
        self.format = format
        self.terminal = terminal
    }

    private var redraws: Bool {
        terminal.isInteractive && terminal.style.colour && (format == nil || format == .wide)
    }

    func take(_ event: ViewEvent) {
        switch event {
        case .replaced(let objects, _):
            interruption = nil
            shown = [:]
            let chosen = objects.compactMap(remember)
            if !redraws { for release in chosen { add(release.0, release.1) } }
        case .changed(let object):
            interruption = nil
            if let (object, release) = remember(object), !redraws { add(object, release) }
        case .deleted(let object):
            let metadata = ObjectMetadata(of: object)
            let id = NamespacedName(namespace: metadata.namespace, name: metadata.name)
            guard shown.removeValue(forKey: id) != nil else { return }
            printed[id] = nil
            if !redraws { terminal.note(.warning, "\(id) was deleted") }
        case .bookmark: interruption = nil
        case .interrupted(let reason), .refused(_, let reason):
            interruption = reason
            if !redraws { terminal.note(.warning, reason) }
        }
        if redraws { redraw() }
    }

    /// Ages have grown.
    func tick() {
        if redraws, !shown.isEmpty { redraw() }
    }

    private func remember(_ object: Document) -> (Document, ModelRelease)? {
        guard let live = try? Releases.decode(object),
            names.isEmpty || names.contains(live.release.metadata.name)
        else { return nil }
        shown[live.release.id] = live.release
        return (object, live.release)
    }

    private var table: ReleaseTable {
        ReleaseTable(now: WallClock.now, wide: format == .wide, namespaces: namespaces)
    }

    private func redraw() {
        let text = linesOnScreen > 0 ? "\u{1B}[\(linesOnScreen)A\r\u{1B}[J" : ""
        var body =
            shown.isEmpty
            ? terminal.style.line(.waiting, "no release yet") + "\n"
            : table.text(of: shown.values.sorted { $0.id < $1.id })
        // Above the table, so that it is seen on a small screen as well.
        if let interruption { body = terminal.style.line(.warning, interruption) + "\n" + body }
        if let screen = terminal.screen { body = screen.fit(body) }
        linesOnScreen = body.count { $0 == "\n" }
        terminal.write(text + body)
    }

    /// A line for a release whose row (its age aside) is another one than before.
    private func add(_ object: Document, _ release: ModelRelease) {
        switch format {
        case .json: terminal.write(ObjectText.line(object))
        case .yaml: terminal.write("---\n" + ObjectText.text([object], as: .yaml))
        case .name: terminal.write(ObjectText.name(object) + "\n")
        case nil, .wide:
            let table = self.table
            var row = table.row(release)
            if let age = table.headings.firstIndex(of: "AGE") { row[age] = "" }
            guard printed[release.id] != row else { return }
            printed[release.id] = row
            let text = table.text(of: [release], heading: !hasHeading)
            hasHeading = true
            terminal.write(text)
        }
    }
}
