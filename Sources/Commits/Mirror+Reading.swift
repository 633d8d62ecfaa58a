internal import CLibGit2

/// Reading what the mirror has. Nothing here goes to the network.
extension Mirror {
    /// What a commit says of itself. Errors: `objectNotFound`.
    package func commit(_ id: CommitID) throws(GitError) -> CommitInfo {
        try reading { store throws(GitError) in
            CommitInfo(try Commit(id, in: store.repository))
        }
    }

    /// Whether `ancestor` is `commit` or stands in its history.
    package func isAncestor(
        _ ancestor: CommitID,
        of commit: CommitID
    ) throws(GitError) -> Bool {
        try reading { store throws(GitError) in try store.isAncestor(ancestor, of: commit) }
    }

    /// What differs between two commits in the folder `under` (empty: everywhere). With `nil` for
    /// `from` everything is new. The cost grows with the folders that changed.
    ///
    /// Errors: `pathNotFound` if `to` has no such folder; `objectNotFound` for an unknown commit;
    /// `tooLarge` beyond the limits.
    package func changes(
        from: CommitID?,
        to: CommitID,
        under: String
    ) throws(GitError) -> TreeChanges {
        try reading { store throws(GitError) in
            let (path, parts) = try Self.folder(under)
            let new = try self.existing(path, parts, of: to, store)
            let old = try from.map { from throws(GitError) in
                try store.folder(parts, of: from)
            }
            var walk = TreeWalk(
                limits: self.limits,
                operation: "compare \(from?.short ?? "nothing") and \(to.short)"
            )
            try walk.compare(old ?? nil, new, at: path, in: store)
            return walk.changes
        }
    }

    /// All files of a commit in the folder `under` (empty: everywhere). Errors as for
    /// ``changes(from:to:under:)``.
    package func files(at commit: CommitID, under: String) throws(GitError) -> TreeFiles {
        let all = try changes(from: nil, to: commit, under: under)
        return TreeFiles(files: all.changed, problems: all.problems)
    }

    /// The content of a file that ``changes(from:to:under:)`` or ``files(at:under:)`` named.
    package func read(_ file: FileEntry) throws(GitError) -> [UInt8] {
        try read(file.blob, limit: limits.fileSize)
    }

    /// The content of a blob. Errors: `tooLarge` beyond `limit` bytes.
    package func read(_ blob: BlobID, limit: Int) throws(GitError) -> [UInt8] {
        try reading { store throws(GitError) in
            try store.read(blob.name, limit: limit, "blob \(blob)")
        }
    }

    /// The content of the file at a path of a commit; `nil` if there is none, or something that is
    /// not a file. Errors: `tooLarge` beyond `limit` bytes.
    package func read(
        _ path: String,
        at commit: CommitID,
        limit: Int
    ) throws(GitError) -> [UInt8]? {
        try reading { store throws(GitError) in
            let (text, parts) = try Self.folder(path)
            guard let name = parts.last,
                let folder = try store.folder(parts.dropLast(), of: commit),
                let entry = try store.entry(name, of: folder), entry.isFile
            else { return nil }
            return try store.read(entry.object, limit: limit, text)
        }
    }

    private func existing(
        _ path: String,
        _ parts: [[UInt8]],
        of commit: CommitID,
        _ store: Store
    ) throws(GitError) -> git_oid {
        guard let folder = try store.folder(parts, of: commit) else {
            throw GitError(
                .pathNotFound,
                during: "read \(commit.short)",
                "the commit has no folder \(path)"
            )
        }
        return folder
    }

    /// A declared path without `/` at its ends, and its parts.
    private static func folder(
        _ path: String
    ) throws(GitError) -> (path: String, parts: [[UInt8]]) {
        guard let parts = TreePath.components(path), path.utf8.count <= 4096 else {
            throw GitError(
                .invalidInput,
                during: "read the path",
                "\(printable(path)) is refused as a path"
            )
        }
        return (parts.reduce("") { TreeWalk.join($0, $1) }, parts)
    }
}
