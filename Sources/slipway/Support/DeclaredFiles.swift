import API
import Desired
import Documents
import Domain

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

        var errors: [Problem] { state.problems.filter { $0.severity == .error } }
        var warnings: [Problem] { state.problems.filter { $0.severity == .warning } }

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

    func read() throws(Failure) -> Reading {
        var reading = Reading()
        var parsed: [ParsedFile] = []
        for path in paths.map(Self.normal) {
            switch Files.kind(path.isEmpty ? "." : path, followingLinks: true) {
            case .folder:
                let files = try Files.tree(path.isEmpty ? "." : path) { $0.hasPrefix(".") }
                let root = source.map(Self.normal) ?? path
                for file in files
                where FileReader(namespace: "", root: path).reads(file) {
                    parsed.append(try parse(file, root: root))
                }
            case .file:
                let folder = path.split(separator: "/", omittingEmptySubsequences: false)
                    .dropLast().joined(separator: "/")
                parsed.append(try parse(path, root: source.map(Self.normal) ?? folder))
            case nil: throw Failure("\(path): no such file or folder")
            default: throw Failure("\(path) is neither a file nor a folder")
            }
        }
        guard !parsed.isEmpty else {
            throw Failure("no YAML or JSON file in \(paths.joined(separator: ", "))")
        }
        reading.files = Set(parsed.map(\.path)).count
        _ = reading.state.apply(changed: parsed)
        return reading
    }

    private func parse(_ path: String, root: String) throws(Failure) -> ParsedFile {
        let file = DesiredFile(path: path, bytes: try Files.read(path))
        let reader = FileReader(namespace: namespace ?? Self.namespace(in: file), root: root)
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
