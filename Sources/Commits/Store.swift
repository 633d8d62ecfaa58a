internal import CLibGit2
internal import Glibc

/// An open mirror on disk. It is made and used on the thread of its repository, and it is not
/// `Sendable`, so that the compiler keeps it there.
final class Store {
    let path: String
    let repository: Repository
    let objects: ObjectDatabase

    /// Opens the bare repository at `path`, or makes it if nothing is there.
    ///
    /// Errors: `damaged` if something is there that is no repository.
    init(path: String) throws(GitError) {
        self.path = path
        if access(path, F_OK) != 0 {
            repository = try Repository(making: path)
        } else {
            do {
                repository = try Repository(bare: path)
            } catch  where error.kind == .repositoryNotFound || error.kind == .other {
                throw error.asDamage
            }
        }
        objects = try ObjectDatabase(of: repository)
    }

    // MARK: References

    /// Branches have the names that they have at home.
    static func reference(_ branch: String) -> String { "refs/heads/\(branch)" }

    func head(of branch: String) throws(GitError) -> CommitID? {
        try target(of: Self.reference(branch))
    }

    /// The commits that the branches name, each once.
    func heads() throws(GitError) -> [CommitID] {
        var heads: Set<CommitID> = []
        for name in try references() {
            if let head = try target(of: name) { heads.insert(head) }
        }
        return heads.sorted()
    }

    private func references() throws(GitError) -> [String] {
        var names = git_strarray()
        try git("list the branches") { git_reference_list(&names, repository.raw) }
        defer { git_strarray_dispose(&names) }
        return (0..<names.count).compactMap { names.strings?[$0].map { String(cString: $0) } }
    }

    private func target(of reference: String) throws(GitError) -> CommitID? {
        switch try Reference(reference, in: repository) {
        case .some(let reference): reference.target
        case .none: nil
        }
    }

    /// Lets the branch name `commit`.
    ///
    /// A branch `a` that we followed is forgotten when there is an `a/b` now, and the other way
    /// round: Git cannot have both.
    func setHead(of branch: String, to commit: CommitID) throws(GitError) {
        let name = Self.reference(branch)
        for other in try references()
        where other.hasPrefix(name + "/") || name.hasPrefix(other + "/") {
            removeReference(other)
        }
        try setReference(name, to: commit)
    }

    /// Makes or moves a reference.
    func setReference(_ name: String, to commit: CommitID) throws(GitError) {
        var target = commit.name
        var reference: OpaquePointer?
        try git("move \(name)") {
            git_reference_create(&reference, repository.raw, name, &target, 1, nil)
        }
        git_reference_free(reference)
    }

    /// Removes a reference of no importance.
    func removeReference(_ name: String) {
        _ = git_reference_remove(repository.raw, name)
    }

    // MARK: Objects

    func has(_ commit: CommitID) -> Bool {
        var name = commit.name
        return git_odb_exists(objects.raw, &name) != 0
    }

    /// Reads a commit and its root folder, to see that they are there.
    func checkReadable(_ commit: CommitID) throws(GitError) {
        _ = try Tree(Commit(commit, in: repository).tree, in: repository)
    }

    /// Writes a commit; `nil` for its parent makes one without.
    ///
    /// Errors: `invalidInput` for an author or a message that Git cannot keep.
    func commit(
        _ tree: git_oid,
        on parent: CommitID?,
        _ message: String,
        _ author: Signature
    ) throws(GitError) -> CommitID {
        guard [author.name, author.email].allSatisfy(Self.isAllowed(name:)),
            !message.utf8.contains(0)
        else {
            throw GitError(
                .invalidInput, during: "commit",
                "the author is empty or holds `<`, `>` or control characters, or the message NUL")
        }
        let signature = try CommitSignature(author)
        let root = try Tree(tree, in: repository)
        var name = git_oid()
        guard let parent else {
            try git("commit") {
                git_commit_create(
                    &name,
                    repository.raw,
                    nil,
                    signature.raw,
                    signature.raw,
                    nil,
                    message,
                    root.raw,
                    0,
                    nil
                )
            }
            return CommitID(name)
        }
        let commit = try Commit(parent, in: repository)
        var parents: OpaquePointer? = commit.raw
        try git("commit") {
            git_commit_create(
                &name,
                repository.raw,
                nil,
                signature.raw,
                signature.raw,
                nil,
                message,
                root.raw,
                1,
                &parents
            )
        }
        withExtendedLifetime(commit) {}
        return CommitID(name)
    }

    /// Git writes names and addresses without any escaping into the lines of a commit.
    private static func isAllowed(name: String) -> Bool {
        let forbidden = name.utf8.contains {
            $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">")
        }
        return !forbidden && name.utf8.contains { $0 != 0x20 }
    }

    /// Whether `ancestor` is `commit` or stands in its history.
    func isAncestor(_ ancestor: CommitID, of commit: CommitID) throws(GitError) -> Bool {
        let operation = "look for \(ancestor.short) in the history of \(commit.short)"
        for id in [ancestor, commit] where !has(id) {
            throw GitError(.objectNotFound, during: operation, "\(id) is not there")
        }
        if ancestor == commit { return true }
        var (old, new) = (ancestor.name, commit.name)
        do {
            return try git(operation) {
                git_graph_descendant_of(repository.raw, &new, &old)
            } == 1
        } catch  where error.kind == .objectNotFound {
            throw error.asDamage
        }
    }

    /// Whether `old`, if there was one, is not in the history of `new`.
    func isRewritten(from old: CommitID?, to new: CommitID) throws(GitError) -> Bool {
        guard let old, old != new else { return false }
        guard has(old) else { return true }
        let goesOn = try isAncestor(old, of: new)
        return !goesOn
    }

    /// The folder at `components` in a commit; `nil` if there is nothing, or a file.
    func folder(_ components: [[UInt8]], of commit: CommitID) throws(GitError) -> git_oid? {
        var folder = try Commit(commit, in: repository).tree
        for component in components {
            guard let entry = try entry(component, of: folder), entry.isFolder else { return nil }
            folder = entry.object
        }
        return folder
    }

    func entry(_ name: [UInt8], of folder: git_oid) throws(GitError) -> TreeEntry? {
        let tree = try Tree(folder, in: repository)
        return (name + [0]).withUnsafeBufferPointer { name in
            name.withMemoryRebound(to: CChar.self) { name in
                name.baseAddress.flatMap { git_tree_entry_byname(tree.raw, $0) }.map(TreeEntry.init)
            }
        }
    }

    /// The bytes of a blob that a tree named, from its header alone: the content is not inflated.
    func size(of blob: git_oid, _ path: String) throws(GitError) -> Int {
        var name = blob
        var (size, type) = (0, GIT_OBJECT_INVALID)
        let code = git_odb_read_header(&size, &type, objects.raw, &name)
        do {
            try git("read \(path)") { code }
        } catch  where error.kind == .objectNotFound {
            throw error.asDamage
        }
        guard type == GIT_OBJECT_BLOB else {
            throw GitError(.damaged, during: "read \(path)", "the object is not a file")
        }
        return size
    }

    /// The content of a blob of at most `limit` bytes.
    func read(_ blob: git_oid, limit: Int, _ path: String) throws(GitError) -> [UInt8] {
        let size = try size(of: blob, path)
        guard size <= limit else {
            throw GitError(
                .tooLarge,
                during: "read \(path)",
                "\(size) bytes, more than \(limit)"
            )
        }
        var name = blob
        var object: OpaquePointer?
        try git("read \(path)") { git_odb_read(&object, objects.raw, &name) }
        defer { git_odb_object_free(object) }
        guard let data = git_odb_object_data(object) else { return [] }
        return Array(UnsafeRawBufferPointer(start: data, count: git_odb_object_size(object)))
    }
}
