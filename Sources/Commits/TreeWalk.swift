internal import CLibGit2

/// Compares two trees, or lists one, without reading what is equal: the cost grows with the
/// folders that changed and not with the repository.
///
/// Entries stand in a tree sorted by name, a folder's name as if it ended in `/`. So two trees
/// are compared in one pass, and a file that became a folder is one that went and one that came.
struct TreeWalk: ~Copyable {
    private(set) var changes = TreeChanges()
    private let limits: MirrorLimits
    private let operation: String
    private var entries = 0
    private var bytes = 0

    init(limits: MirrorLimits, operation: String) {
        self.limits = limits
        self.operation = operation
    }

    /// Compares the folders `old` and `new`; `nil` stands for no folder.
    mutating func compare(
        _ old: git_oid?,
        _ new: git_oid?,
        at path: String = "",
        depth: Int = 1,
        in store: Store
    ) throws(GitError) {
        if let old, let new, ObjectName.equal(old, new) { return }
        let before = try Folder(old, in: store.repository)
        let after = try Folder(new, in: store.repository)
        try count(before.count + after.count)
        let (twinsBefore, twinsAfter) = (before.twins(), after.twins())
        let maySkip = twinsBefore.isEmpty && twinsAfter.isEmpty
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            // Most of a folder is the same; nothing is copied out of it.
            if maySkip, before.hasSame(left, as: after, right) {
                (left, right) = (left + 1, right + 1)
                continue
            }
            let (here, there) = (before.entry(left), after.entry(right))
            let order = Self.order(here, there)
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
            try compare(
                order > 0 ? nil : here.map { judge($0, twins: twinsBefore, depth: depth) },
                order < 0 ? nil : there.map { judge($0, twins: twinsAfter, depth: depth) },
                in: path, depth: depth, store)
        }
    }

    /// An entry, and why it is not taken in, if it is not.
    private struct Judged {
        let entry: TreeEntry
        let problem: TreeProblem.Reason?

        /// The folder to look into.
        var folder: git_oid? { entry.isFolder && problem == nil ? entry.object : nil }
    }

    /// Compares one name of a folder.
    private mutating func compare(
        _ old: Judged?,
        _ new: Judged?,
        in folder: String,
        depth: Int,
        _ store: Store
    ) throws(GitError) {
        guard let name = (new ?? old)?.entry.name else { return }
        if let old, let new, old.problem == new.problem, old.entry.mode == new.entry.mode,
            ObjectName.equal(old.entry.object, new.entry.object)
        {
            return
        }
        let path = Self.join(folder, name)
        if old?.folder != nil || new?.folder != nil {
            try compare(old?.folder, new?.folder, at: path, depth: depth + 1, in: store)
        }
        if let problem = new?.problem {
            try report(problem, at: path)
        } else if let new, new.folder == nil, try add(new.entry, path, store) {
            return
        }
        if let old, old.folder == nil {
            try count(bytes: path.utf8.count)
            changes.removed.append(path)
        }
    }

    /// Adds a file. `false` if it is too large.
    private mutating func add(
        _ entry: TreeEntry,
        _ path: String,
        _ store: Store
    ) throws(GitError) -> Bool {
        let size = try store.size(of: entry.object, path)
        guard size <= limits.fileSize else {
            try report(.tooLarge(size), at: path)
            return false
        }
        try count(bytes: size + path.utf8.count)
        changes.changed.append(
            .init(
                path: path,
                blob: BlobID(entry.object),
                size: size,
                isExecutable: entry.mode == GIT_FILEMODE_BLOB_EXECUTABLE.rawValue
            )
        )
        return true
    }

    private mutating func report(
        _ problem: TreeProblem.Reason,
        at path: String
    ) throws(GitError) {
        try count(bytes: path.utf8.count)
        changes.problems.append(.init(path: path, reason: problem))
    }

    private func judge(_ entry: TreeEntry, twins: Set<[UInt8]>, depth: Int) -> Judged {
        .init(entry: entry, problem: problem(of: entry, twins: twins, depth: depth))
    }

    private func problem(
        of entry: TreeEntry,
        twins: Set<[UInt8]>,
        depth: Int
    ) -> TreeProblem.Reason? {
        if entry.isLink { return .link }
        if entry.isSubmodule { return .submodule }
        if !entry.isFolder && !entry.isFile { return .unknownMode(entry.mode) }
        if String(validating: entry.name, as: UTF8.self) == nil { return .notUTF8 }
        if !TreePath.isAllowed(component: entry.name) { return .oddName }
        if !twins.isEmpty && twins.contains(Folder.folded(entry.name)) { return .sameName }
        if entry.isFolder && depth >= limits.depth { return .tooDeep }
        return nil
    }

    /// Files and the paths of everything that is listed count: a repository can hold many long
    /// paths in few bytes.
    private mutating func count(bytes more: Int) throws(GitError) {
        bytes += more
        guard bytes <= limits.changeSize else {
            throw GitError(
                .tooLarge,
                during: operation,
                "the files of this change have more than \(limits.changeSize) bytes"
            )
        }
    }

    private mutating func count(_ more: Int) throws(GitError) {
        entries += more
        guard entries <= 2 * limits.entries else {
            throw GitError(
                .tooLarge,
                during: operation,
                "more than \(limits.entries) files and folders"
            )
        }
    }

    /// Git's order of two entries; what is missing comes last.
    private static func order(_ left: TreeEntry?, _ right: TreeEntry?) -> Int {
        guard let left else { return 1 }
        guard let right else { return -1 }
        return TreeEntry.order(left, right.name, isFolder: right.isFolder)
    }

    static func join(_ folder: String, _ name: [UInt8]) -> String {
        let name = String(decoding: name, as: UTF8.self)
        return folder.isEmpty ? name : "\(folder)/\(name)"
    }
}
