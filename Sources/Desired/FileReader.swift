package import API
import Documents
package import Domain

/// Reads the files of a source, each by itself, into the releases that they declare.
///
/// Read are `.yaml`, `.yml` and `.json` under the source's path, except in folders whose names
/// begin with a dot (`.github` is full of YAML that is no object). A document of another API is
/// passed over with a warning: it does no harm, but whoever put it there may believe that
/// somebody applies it.
package struct FileReader: Sendable {
    /// The namespace of the ReleaseSource: releases are declared into it and no other.
    package let namespace: String
    /// The folder of the repository that is read; empty for all of it.
    package let root: String
    /// Which service accounts releases may name; `nil` where the source is not known: then they
    /// are taken over with a warning.
    package let accounts: ServiceAccountRule?
    /// A release that names another is not taken over. Where it is a source that reads, it is: only
    /// the cluster knows whether its versions are rendered already, which a revert goes back to.
    package let isStrictAboutAccounts: Bool

    /// What a golden file may have.
    package static let goldenBytes = 64 << 10

    package init(
        namespace: String, root: String = "", accounts: ServiceAccountRule?,
        isStrictAboutAccounts: Bool = true
    ) {
        self.namespace = namespace
        self.root = root
        self.accounts = accounts
        self.isStrictAboutAccounts = isStrictAboutAccounts
    }

    /// A reader of what one source delivers.
    package init(source: NamespacedName, spec: SourceSpec) {
        self.init(
            namespace: source.namespace, root: spec.path, accounts: .init(source, spec),
            isStrictAboutAccounts: false)
    }

    /// Whether a file may declare something, by its path in the repository.
    package func reads(_ path: String) -> Bool {
        guard let inner = inside(path) else { return false }
        let parts = inner.split(separator: "/")
        guard let name = parts.last, !parts.contains(where: { $0.hasPrefix(".") }) else {
            return false
        }
        return Self.endings.contains { name.hasSuffix($0) } || name == "Kustomization"
    }

    private static let endings = [".yaml", ".yml", ".json"]

    private func inside(_ path: String) -> Substring? {
        if root.isEmpty { return path[...] }
        return path.hasPrefix(root + "/") ? path.dropFirst(root.count + 1) : nil
    }

    /// Reads one file. `lookup` answers the bytes of another file of the same commit by its path
    /// in the repository, `nil` if there is none.
    package func read(_ file: DesiredFile, lookup: @escaping (String) -> [UInt8]?) -> ParsedFile {
        let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
        if let tool = Self.foreignFiles[name] {
            return refused(file, at: nil, Self.renderFirst("this is a file of \(tool)"))
        }
        let documents: [LocatedDocument]
        do {
            documents = try Self.parse(file)
        } catch {
            let hint =
                file.bytes.contains(Array("{{".utf8))
                ? "; templates are not rendered here: render in your CI" : ""
            return refused(file, at: error.position, error.reason + hint)
        }
        var reading = FileReading(reader: self, path: file.path, lookup: lookup)
        for (index, document) in documents.enumerated() { reading.add(document, index) }
        return reading.result()
    }

    /// Reads a file of nothing but ReleaseSources, which people keep outside of what a source
    /// reads; `nil` if it is anything else.
    package func readSources(_ file: DesiredFile)
        -> (sources: [ReleaseSource], problems: [Problem])?
    {
        guard let documents = try? Self.parse(file), !documents.isEmpty,
            documents.allSatisfy({ FileReading.isSource($0.document) })
        else { return nil }
        var reading = FileReading(reader: self, path: file.path) { _ in nil }
        for document in documents { reading.addSource(document) }
        return (reading.sources, reading.result().problems)
    }

    private func refused(_ file: DesiredFile, at position: Position?, _ message: String)
        -> ParsedFile
    {
        ParsedFile(
            path: file.path,
            problems: [Problem(file: file.path, position: position, message)])
    }

    /// The documents of a file; JSON by its name, YAML else.
    static func parse(_ file: DesiredFile) throws(YAML.ParseError) -> [LocatedDocument] {
        guard file.path.hasSuffix(".json") else { return try YAML.parse(file.bytes) }
        let limits = YAML.Limits.default
        do {
            return [
                try JSON.parseLocated(
                    file.bytes,
                    limits: .init(bytes: limits.bytes, depth: limits.depth, values: limits.nodes))
            ]
        } catch {
            throw YAML.ParseError(error.reason, error.position)
        }
    }

    private static let foreignFiles = [
        "kustomization.yaml": "Kustomize", "kustomization.yml": "Kustomize",
        "Kustomization": "Kustomize", "Chart.yaml": "Helm",
    ]

    static func renderFirst(_ what: String) -> String {
        "\(what), and Slipway reads plain YAML: render in your CI and commit the result"
    }

    /// The path in the repository that a golden file is named by: from the source's folder, or
    /// with `./` from the folder of the file that names it.
    func goldenPath(_ written: String, in file: String) -> String {
        if written.hasPrefix("./") {
            let end = file.lastIndex(of: "/").map { file.index(after: $0) }
            return String(file[..<(end ?? file.startIndex)] + written.dropFirst(2))
        }
        return root.isEmpty ? written : "\(root)/\(written)"
    }
}
