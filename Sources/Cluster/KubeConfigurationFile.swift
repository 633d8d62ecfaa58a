import Documents
import Domain

/// A kubeconfig file that has been read.
struct KubeConfigurationFile {
    typealias Invalid = KubeConfiguration.Invalid

    let path: String
    private let root: Document

    /// - Parameter mayBeEmpty: a file without any document says nothing, as one of several.
    init(_ bytes: [UInt8], _ path: String, mayBeEmpty: Bool = false) throws(Invalid) {
        self.path = path
        let documents: [LocatedDocument]
        do throws(YAML.ParseError) {
            documents = try YAML.parse(bytes)
        } catch {
            throw Invalid(file: "\(path):\(error.position)", place: "", reason: error.reason)
        }
        if mayBeEmpty, documents.allSatisfy({ $0.document.isNull }) {
            root = .object(Fields())
            return
        }
        guard documents.count == 1, let root = documents.first?.document,
            root.objectValue != nil
        else { throw Invalid(file: path, place: "", reason: "not one kubeconfig document") }
        if let kind = root["kind"]?.stringValue, kind != "Config" {
            throw Invalid(file: path, place: "kind", reason: "\(kind), expected Config")
        }
        self.root = root
    }

    /// Empty counts as not set.
    var currentContext: String? {
        root["current-context"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `NAME` in a list of `{name: NAME, KEY: {…}}`; `nil` if it is not in this file.
    func entry(
        _ list: String, _ key: String, named name: String, at place: String
    ) throws(Invalid) -> KubeConfigurationEntry? {
        let found = (root[list]?.arrayValue ?? []).filter { $0["name"]?.stringValue == name }
        guard let first = found.first else { return nil }
        guard found.count == 1 else {
            throw Invalid(
                file: path, place: place, reason: "\(found.count) times in \(list), expected once")
        }
        let value = first[key] ?? .null
        guard value.objectValue != nil else {
            throw Invalid(
                file: path, place: "\(place): \(key)",
                reason: "\(value.kindName), expected an object")
        }
        return KubeConfigurationEntry(file: path, place: place, fields: value)
    }
}

/// Several kubeconfig files that are read as one, as kubectl does: the first file that has a
/// context, a cluster or a user of a name has all of it, and nothing of that entry is taken from
/// a later file; the first file that names a current context decides.
struct KubeConfigurationFiles {
    typealias Invalid = KubeConfiguration.Invalid

    private let files: [KubeConfigurationFile]
    /// For errors about all of them.
    private let names: String

    init(_ file: KubeConfigurationFile) {
        files = [file]
        names = file.path
    }

    /// Reads the files of a list. Those that do not exist are passed over, not all of them.
    init(_ paths: [String]) throws(Invalid) {
        names = paths.joined(separator: ":")
        var files: [KubeConfigurationFile] = []
        for path in paths where !files.contains(where: { $0.path == path }) {
            let bytes: [UInt8]
            do throws(Files.Unreadable) {
                bytes = try Files.read(path)
            } catch {
                if error.isMissing, paths.count > 1 { continue }
                throw Invalid(file: path, place: "", reason: error.reason)
            }
            files.append(
                try KubeConfigurationFile(bytes, path, mayBeEmpty: paths.count > 1))
        }
        guard !files.isEmpty else {
            throw Invalid(file: names, place: "", reason: "none of these files exists")
        }
        self.files = files
    }

    /// What the chosen context says.
    func configuration(
        _ options: KubeConfiguration.Options
    ) throws(Invalid) -> KubeConfiguration {
        guard let name = options.context ?? files.lazy.compactMap(\.currentContext).first,
            !name.isEmpty
        else {
            throw Invalid(
                file: names, place: "current-context",
                reason: "not set, and no context was asked for")
        }
        let here = "context \(name)"
        let context = try entry("contexts", "context", named: name, at: here)
        let clusterName = try context.required("cluster")
        let cluster = try entry(
            "clusters", "cluster", named: clusterName, at: "\(here): cluster \(clusterName)")
        var user: KubeConfigurationEntry?
        if let userName = try context.text("user") {
            user = try entry("users", "user", named: userName, at: "\(here): user \(userName)")
        }
        return try KubeConfiguration(
            cluster: cluster, user: user, namespace: try context.text("namespace") ?? "default",
            origin: "\(context.file), \(here)", options)
    }

    private func entry(
        _ list: String, _ key: String, named name: String, at place: String
    ) throws(Invalid) -> KubeConfigurationEntry {
        for file in files {
            if let entry = try file.entry(list, key, named: name, at: place) { return entry }
        }
        throw Invalid(file: names, place: place, reason: "not found in \(list)")
    }
}
