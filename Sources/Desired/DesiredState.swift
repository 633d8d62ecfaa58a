package import Domain

/// What a source's commit declares: one table over all of its files, kept up file by file, so that
/// a commit which touches one file costs the same with ten releases and with ten thousand.
///
/// Nothing is lost by a mistake in a file: what an unreadable file declared before, and what was
/// declared by one file before a second one claimed it too, stays as it was until the mistake is
/// gone.
package struct DesiredState: Sendable {
    /// What applying files has changed, each ascending.
    package struct Changes: Hashable, Sendable {
        package var appeared: [NamespacedName] = []
        package var changed: [NamespacedName] = []
        /// Declared nowhere any more, in files that were all read without error.
        package var disappeared: [NamespacedName] = []

        package init(
            appeared: [NamespacedName] = [], changed: [NamespacedName] = [],
            disappeared: [NamespacedName] = []
        ) {
            self.appeared = appeared
            self.changed = changed
            self.disappeared = disappeared
        }

        package var isEmpty: Bool {
            appeared.isEmpty && changed.isEmpty && disappeared.isEmpty
        }
    }

    private struct Entry {
        /// In the order of files and documents.
        var claims: [DeclaredRelease] = []
        /// The one in force.
        var current: DeclaredRelease?
    }

    private var files: [String: ParsedFile] = [:]
    private var entries: [NamespacedName: Entry] = [:]
    /// Files with problems, and releases declared more than once: what ``problems`` looks at.
    private var troubled: Set<String> = []
    private var contested: Set<NamespacedName> = []
    private var dependents: [String: Set<String>] = [:]

    package init() {}

    /// Releases in force.
    package private(set) var count = 0

    /// The declaration in force.
    package subscript(id: NamespacedName) -> DeclaredRelease? { entries[id]?.current }

    /// All declarations in force, ascending by name.
    package var releases: [DeclaredRelease] {
        entries.values.compactMap(\.current).sorted { $0.id < $1.id }
    }

    /// All that is wrong, by file and place.
    package var problems: [Problem] {
        var all = troubled.flatMap { files[$0]?.problems ?? [] }
        for id in contested {
            let claims = entries[id]?.claims ?? []
            let places = claims.map(\.place).joined(separator: " and ")
            all += claims.map {
                Problem(
                    file: $0.file, position: $0.position,
                    "\(id) is declared in \(places); remove one; until then nothing of it changes")
            }
        }
        return all.sorted()
    }

    /// Files that could not be read as a whole, ascending: a release that was declared in one of
    /// them and is not in the table may still be declared there.
    package var unreadableFiles: [String] {
        troubled.filter { files[$0]?.hasErrors ?? false }.sorted()
    }

    /// Files that are to be read again when one of these has changed or gone, themselves not
    /// counted; ascending.
    package func files(dependingOn paths: [String]) -> [String] {
        var found: Set<String> = []
        for path in paths { found.formUnion(dependents[path] ?? []) }
        return found.subtracting(paths).sorted()
    }

    /// What is wrong so that something is not taken over, by file and place.
    package var errors: [Problem] { problems.filter { $0.severity == .error } }

    /// Takes over a commit that was read as a whole: files that are not among these are gone.
    package mutating func replaceAll(with whole: [ParsedFile]) -> Changes {
        let paths = Set(whole.map(\.path))
        return apply(changed: whole, removed: files.keys.filter { !paths.contains($0) })
    }

    /// Takes over what a commit changed: files as they are now, and paths that are gone.
    package mutating func apply(changed: [ParsedFile], removed: [String] = []) -> Changes {
        var touched: Set<NamespacedName> = []
        for path in removed { forget(path, &touched) }
        for file in changed.sorted(by: { $0.path < $1.path }) {
            forget(file.path, &touched)
            take(file, &touched)
        }
        var changes = Changes()
        for id in touched.sorted() { settle(id, &changes) }
        return changes
    }

    private mutating func forget(_ path: String, _ touched: inout Set<NamespacedName>) {
        guard let file = files.removeValue(forKey: path) else { return }
        troubled.remove(path)
        for dependency in file.dependencies { dependents[dependency]?.remove(path) }
        for dependency in file.dependencies where dependents[dependency]?.isEmpty ?? false {
            dependents[dependency] = nil
        }
        for release in file.releases {
            entries[release.id]?.claims.removeAll { $0.file == path }
            touched.insert(release.id)
        }
        for id in held.removeValue(forKey: path) ?? [] { touched.insert(id) }
    }

    private mutating func take(_ file: ParsedFile, _ touched: inout Set<NamespacedName>) {
        files[file.path] = file
        if !file.problems.isEmpty { troubled.insert(file.path) }
        for dependency in file.dependencies {
            dependents[dependency, default: []].insert(file.path)
        }
        for release in file.releases {
            entries[release.id, default: Entry()].claims.append(release)
            entries[release.id]?.claims.sort {
                ($0.file, $0.documentIndex) < ($1.file, $1.documentIndex)
            }
            touched.insert(release.id)
        }
    }

    /// Releases that stay in force only because their file cannot be read, by file.
    private var held: [String: Set<NamespacedName>] = [:]

    /// Decides what is in force for a release whose claims have changed.
    private mutating func settle(_ id: NamespacedName, _ changes: inout Changes) {
        guard var entry = entries[id] else { return }
        let before = entry.current
        switch entry.claims.count {
        case 0:
            if let before, files[before.file]?.hasErrors ?? false {
                held[before.file, default: []].insert(id)
            } else {
                entry.current = nil
            }
        case 1: entry.current = entry.claims.first
        default: break
        }
        if entry.claims.count > 1 { contested.insert(id) } else { contested.remove(id) }
        entries[id] = entry.current == nil && entry.claims.isEmpty ? nil : entry
        switch (before, entry.current) {
        case (nil, nil): break
        case (nil, _?):
            count += 1
            changes.appeared.append(id)
        case (_?, nil):
            count -= 1
            changes.disappeared.append(id)
        case (let before?, let now?):
            if !now.saysTheSame(as: before) { changes.changed.append(id) }
        }
    }
}
