import API
import Commits
import Desired
import Domain
import Engine

/// Which files of a source were read with which others. It is only a help: a look without it reads
/// the whole commit.
struct FileIndex: Sendable {
    /// The commit that it is about.
    var commit: String
    /// By file: the golden files it was read with.
    var dependencies: [String: [String]] = [:]

    /// Files that were read with one of these paths.
    func files(with paths: Set<String>) -> [String] {
        dependencies.filter { !paths.isDisjoint(with: $0.value) }.map(\.key)
    }
}

/// Reads what a branch declares, or what changed in it since a commit.
struct CommitReader: Sendable {
    let mirror: Commits.Mirror
    let source: NamespacedName
    let spec: SourceSpec

    private var files: FileReader {
        FileReader(source: source, spec: spec)
    }

    /// Fetches, and reads completely what is new since `known` (empty: everything).
    func look(
        known: String, index: FileIndex?
    ) async throws(GitError) -> (FetchOutcome, FileIndex?) {
        let head = try await mirror.fetch(spec.branch).head
        guard head.hex != known else { return (.unchanged, nil) }
        let commit = try await mirror.commit(head)
        let known = CommitID(known)
        let continues = await isInHistory(known, of: head)
        let from = continues && index?.commit == known?.hex ? known : nil
        let changes = try await mirror.changes(from: from, to: head, under: spec.path)
        let foreign = try await newestForeign(commit)

        var index = index ?? FileIndex(commit: "")
        if from == nil { index = FileIndex(commit: "") }
        index.commit = head.hex
        let (parsed, removed) = try await read(changes, at: head, &index)
        let own = try await ownFiles(since: foreign.id, until: head)
        let notice = CommitNotice(
            id: head.hex, author: foreign.author.name, summary: commit.summary,
            ownFiles: own, rewritten: known != nil && !continues, isWhole: from == nil,
            files: parsed, removed: removed)
        return (.commit(notice), index)
    }

    /// A commit that the mirror does not have any more was rewritten.
    private func isInHistory(_ known: CommitID?, of head: CommitID) async -> Bool {
        guard let known else { return false }
        return (try? await mirror.isAncestor(known, of: head)) ?? false
    }

    // MARK: Who wrote it

    /// The newest commit that is not our own, or the last one looked at.
    private func newestForeign(_ head: CommitInfo) async throws(GitError) -> CommitInfo {
        var commit = head
        for _ in 0..<100 where OwnCommit.isOwn(commit, spec.writeBack) {
            guard let parent = commit.parents.first else { break }
            commit = try await mirror.commit(parent)
        }
        return commit
    }

    /// Files that only our own commits on top of somebody else's have changed.
    private func ownFiles(
        since foreign: CommitID, until head: CommitID
    ) async throws(GitError) -> [String] {
        guard foreign != head else { return [] }
        return try await mirror.changes(from: foreign, to: head, under: spec.path)
            .changed.map(\.path)
    }

    // MARK: Files

    private func read(
        _ changes: TreeChanges, at commit: CommitID, _ index: inout FileIndex
    ) async throws(GitError) -> (files: [ParsedFile], removed: [String]) {
        let reader = files
        let touched = Set(changes.changed.map(\.path) + changes.removed)
        var parsed: [String: ParsedFile] = [:]
        for entry in changes.changed where reader.reads(entry.path) {
            parsed[entry.path] = try await read(
                entry.path, try await mirror.read(entry), at: commit)
        }
        // A golden file is part of the files that name it.
        for path in index.files(with: touched) where !touched.contains(path) {
            let limit = mirror.fileLimit
            guard let bytes = try await mirror.read(path, at: commit, limit: limit) else {
                continue
            }
            parsed[path] = try await read(path, bytes, at: commit)
        }
        for problem in changes.problems {
            guard let file = refused(problem, reader) else { continue }
            parsed[problem.path] = file
        }
        let removed = changes.removed.filter { parsed[$0] == nil }
        for path in removed { index.dependencies[path] = nil }
        for (path, file) in parsed {
            index.dependencies[path] = file.dependencies.isEmpty ? nil : file.dependencies
        }
        return (parsed.values.sorted { $0.path < $1.path }, removed)
    }

    /// Reads one file, and then again with the golden files that it asked for.
    private func read(
        _ path: String, _ bytes: [UInt8], at commit: CommitID
    ) async throws(GitError) -> ParsedFile {
        let file = DesiredFile(path: path, bytes: bytes)
        let alone = files.read(file) { _ in nil }
        guard !alone.dependencies.isEmpty else { return alone }
        var found: [String: [UInt8]] = [:]
        for name in alone.dependencies {
            found[name] = try await golden(name, at: commit)
        }
        let goldens = found
        return files.read(file) { goldens[$0] }
    }

    private func golden(_ path: String, at commit: CommitID) async throws(GitError) -> [UInt8]? {
        let limit = FileReader.goldenBytes
        do throws(GitError) {
            return try await mirror.read(path, at: commit, limit: limit)
        } catch  where error.kind == .tooLarge {
            // What it says makes no difference any more: it is refused for its size.
            return [UInt8](repeating: 0, count: limit + 1)
        } catch  where error.kind == .invalidInput {
            return nil
        }
    }

    /// A release file that cannot be taken in is one with an error, so that what it declared stays.
    /// Anything else that cannot be is nobody's concern.
    private func refused(_ problem: TreeProblem, _ reader: FileReader) -> ParsedFile? {
        guard reader.reads(problem.path) else { return nil }
        let reason = problem.description.dropFirst(problem.path.count + 2)
        return ParsedFile(
            path: problem.path,
            problems: [Problem(file: problem.path, position: nil, String(reason))])
    }
}
