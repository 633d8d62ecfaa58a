import API
import Desired
import Documents
import Domain
import Presentation

/// The declarations in local files and folders, read by the same code that reads commits.
struct DeclaredFiles {
    /// As given on the command line.
    let paths: [String]
    /// The source's folder, where golden files are looked for; `nil`: the folder given, or the
    /// folder of a file.
    let source: String?
    /// The source's namespace; `nil`: what each file says, `default` where it says nothing.
    let namespace: String?

    /// What was read.
    struct Reading {
        var state = DesiredState()
        var files = 0
        /// What is wrong with files that hold ReleaseSources.
        var sourceProblems: [Problem] = []

        var problems: [Problem] { (sourceProblems + state.problems).sorted() }
        var errors: [Problem] { problems.filter { $0.severity == .error } }
        var warnings: [Problem] { problems.filter { $0.severity == .warning } }

        /// Says the warnings on standard error, where standard output is for something else.
        func warn() {
            for warning in warnings { Terminal.standard.writeError(printable("\(warning)") + "\n") }
        }

        /// The releases, all or the one of a name; throws where anything is wrong with a file.
        func valid(release name: String? = nil) throws(Failure) -> [ModelRelease] {
            guard errors.isEmpty else {
                throw Failure(errors.map(\.description).joined(separator: "\n"))
            }
            let chosen = state.releases.map(\.release)
                .filter { name == nil || $0.metadata.name == name }
            guard !chosen.isEmpty else {
                let known = state.releases.map { "\($0.id)" }.joined(separator: ", ")
                throw Failure("no release \(name ?? "") there; declared are: \(known)")
            }
            return chosen
        }
    }

    /// Files that are named themselves and hold nothing but ReleaseSources say what these allow;
    /// below a folder they are what they are in a commit.
    func read() throws(Failure) -> Reading {
        var reading = Reading()
        var parsed: [ParsedFile] = []
        let (sources, sourceFiles) = try readSources(&reading)
        reading.files = sourceFiles.count
        for path in paths.map(Self.normal) where !sourceFiles.contains(path) {
            switch Files.kind(path.isEmpty ? "." : path, followingLinks: true) {
            case .folder:
                let files = try Files.tree(path.isEmpty ? "." : path) { $0.hasPrefix(".") }
                let root = source.map(Self.normal) ?? path
                for file in files
                where FileReader(namespace: "", root: path, accounts: nil).reads(file) {
                    parsed.append(try parse(file, root: root, sources))
                }
            case .file:
                let folder = path.split(separator: "/", omittingEmptySubsequences: false)
                    .dropLast().joined(separator: "/")
                parsed.append(try parse(path, root: source.map(Self.normal) ?? folder, sources))
            case nil: throw Failure("\(path): no such file or folder")
            default: throw Failure("\(path) is neither a file nor a folder")
            }
        }
        guard !parsed.isEmpty || !sourceFiles.isEmpty else {
            throw Failure("no YAML or JSON file in \(paths.joined(separator: ", "))")
        }
        reading.files += Set(parsed.map(\.path)).count
        _ = reading.state.apply(changed: parsed)
        return reading
    }

    private func readSources(
        _ reading: inout Reading
    ) throws(Failure) -> (sources: [ReleaseSource], files: Set<String>) {
        var sources: [ReleaseSource] = []
        var files: Set<String> = []
        for path in paths.map(Self.normal)
        where Files.kind(path, followingLinks: true) == .file && !files.contains(path) {
            let file = DesiredFile(path: path, bytes: try Files.read(path))
            let reader = FileReader(namespace: namespace ?? "default", accounts: nil)
            guard let found = reader.readSources(file) else { continue }
            files.insert(path)
            sources += found.sources
            reading.sourceProblems += found.problems
        }
        return (sources, files)
    }

    /// What the sources of a namespace allow; `nil` where none is known.
    private static func rule(
        of namespace: String, _ sources: [ReleaseSource]
    ) -> ServiceAccountRule? {
        let own = sources.filter { $0.metadata.namespace == namespace }
        guard !own.isEmpty else { return nil }
        return ServiceAccountRule(
            namespace: namespace, of: own.map { (name: $0.metadata.name, spec: $0.spec) })
    }

    private func parse(
        _ path: String, root: String, _ sources: [ReleaseSource]
    ) throws(Failure) -> ParsedFile {
        let file = DesiredFile(path: path, bytes: try Files.read(path))
        let place = namespace ?? Self.namespace(in: file)
        let reader = FileReader(
            namespace: place, root: root, accounts: Self.rule(of: place, sources))
        return reader.read(file) { wanted in
            // A path that is made from an absolute one may have lost its first slash.
            let local = path.hasPrefix("/") && !wanted.hasPrefix("/") ? "/" + wanted : wanted
            return try? Files.read(local)
        }
    }

    /// The namespace that the file's first release names.
    private static func namespace(in file: DesiredFile) -> String {
        let documents = (try? YAML.parse(file.bytes)) ?? []
        let named = documents.lazy.compactMap {
            $0.document.at("metadata", "namespace")?.stringValue
        }
        return named.first ?? "default"
    }

    /// Without `./` before and `/` behind; `.` is empty.
    private static func normal(_ path: String) -> String {
        var path = path[...]
        while path.hasPrefix("./") { path = path.dropFirst(2).drop { $0 == "/" } }
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return path == "." ? "" : String(path)
    }
}
