internal import CLibGit2
internal import Domain

// libgit2's objects, each freed when its one owner lets go of it. Their pointers stay on the
// thread of the repository; what leaves it are values.

/// An open repository and its object database.
struct Repository: ~Copyable {
    let raw: OpaquePointer

    /// Opens a bare repository without looking in the directories above.
    init(bare path: String) throws(GitError) {
        var raw: OpaquePointer?
        try git("open \(path)") { git_repository_open_bare(&raw, path) }
        self.raw = try filled(raw, "open \(path)")
    }

    /// Makes a bare repository, and the directories above it.
    init(making path: String) throws(GitError) {
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
        var raw: OpaquePointer?
        try git("make \(path)") { git_repository_init_ext(&raw, path, &options) }
        self.raw = try filled(raw, "make \(path)")
    }

    deinit { git_repository_free(raw) }
}

struct ObjectDatabase: ~Copyable {
    let raw: OpaquePointer

    init(of repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var raw: OpaquePointer?
        try git("open the object database") { git_repository_odb(&raw, repository) }
        self.raw = try filled(raw, "open the object database")
    }

    deinit { git_odb_free(raw) }
}

struct Commit: ~Copyable {
    let raw: OpaquePointer

    init(_ id: CommitID, in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var name = id.name
        var raw: OpaquePointer?
        try git("read commit \(id.short)") { git_commit_lookup(&raw, repository, &name) }
        self.raw = try filled(raw, "read commit \(id.short)")
    }

    deinit { git_commit_free(raw) }

    var tree: git_oid { git_commit_tree_id(raw)?.pointee ?? git_oid() }
}

struct Tree: ~Copyable {
    let raw: OpaquePointer

    /// Errors: a tree is always named by something that is there, so a missing one is damage.
    init(_ name: git_oid, in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var name = name
        var raw: OpaquePointer?
        do {
            try git("read tree \(ObjectName.hex(name))") {
                git_tree_lookup(&raw, repository, &name)
            }
        } catch  where error.kind == .objectNotFound {
            throw error.asDamage
        }
        self.raw = try filled(raw, "read tree")
    }

    deinit { git_tree_free(raw) }

    var count: Int { git_tree_entrycount(raw) }

    /// The entry at `index`; `nil` beyond the end.
    func entry(_ index: Int) -> TreeEntry? {
        git_tree_entry_byindex(raw, index).map(TreeEntry.init)
    }
}

/// One line of a tree, copied out of it.
struct TreeEntry {
    /// The bytes of the name; Git does not say what they encode.
    let name: [UInt8]
    /// 0o100644 file, 0o100755 executable, 0o040000 folder, 0o120000 link, 0o160000 submodule.
    let mode: UInt32
    let object: git_oid

    init(_ raw: OpaquePointer) {
        let text = UnsafeRawPointer(git_tree_entry_name(raw))
        var bytes: [UInt8] = []
        if let text {
            var index = 0
            while true {
                let byte = text.load(fromByteOffset: index, as: UInt8.self)
                if byte == 0 { break }
                bytes.append(byte)
                index += 1
            }
        }
        name = bytes
        mode = git_tree_entry_filemode(raw).rawValue
        object = git_tree_entry_id(raw)?.pointee ?? git_oid()
    }

    /// Git's order of the entries of a tree, a folder's name as if it ended in `/`: negative if
    /// `entry` comes before `name`, positive if it comes after it.
    static func order(_ entry: TreeEntry, _ name: [UInt8], isFolder: Bool) -> Int {
        for index in 0..<max(entry.name.count, name.count) + 1 {
            let first = byte(entry.name, entry.isFolder, index)
            let second = byte(name, isFolder, index)
            if first != second { return first < second ? -1 : 1 }
        }
        return 0
    }

    private static func byte(_ name: [UInt8], _ isFolder: Bool, _ index: Int) -> UInt8 {
        if index < name.count { return name[index] }
        return index == name.count && isFolder ? UInt8(ascii: "/") : 0
    }

    var isFolder: Bool { mode == GIT_FILEMODE_TREE.rawValue }
    var isFile: Bool {
        mode == GIT_FILEMODE_BLOB.rawValue || mode == GIT_FILEMODE_BLOB_EXECUTABLE.rawValue
    }
    var isLink: Bool { mode == GIT_FILEMODE_LINK.rawValue }
    var isSubmodule: Bool { mode == GIT_FILEMODE_COMMIT.rawValue }
}

/// A tree that is being written.
struct TreeBuilder: ~Copyable {
    let raw: OpaquePointer

    /// Starts from `base`, or from nothing.
    init(_ base: borrowing Tree?, in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var source: OpaquePointer?
        switch base {
        case .some(let tree): source = tree.raw
        case .none: source = nil
        }
        var raw: OpaquePointer?
        try git("build a tree") { git_treebuilder_new(&raw, repository, source) }
        self.raw = try filled(raw, "build a tree")
    }

    deinit { git_treebuilder_free(raw) }
}

struct Reference: ~Copyable {
    let raw: OpaquePointer

    /// The reference called `name`; `nil` if there is none.
    init?(_ name: String, in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var raw: OpaquePointer?
        let code = git_reference_lookup(&raw, repository, name)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try git("read \(name)") { code }
        self.raw = try filled(raw, "read \(name)")
    }

    deinit { git_reference_free(raw) }

    /// The commit it names; `nil` for a symbolic reference.
    var target: CommitID? { git_reference_target(raw).map { CommitID($0.pointee) } }
}

/// A repository elsewhere that is only known by its address.
struct Remote: ~Copyable {
    let raw: OpaquePointer

    /// No `url.insteadOf`, not even one of the mirror's own configuration.
    init(_ url: String, for repository: borrowing Repository) throws(GitError) {
        var options = git_remote_create_options()
        git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION))
        options.repository = repository.raw
        options.flags =
            GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue
            | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue
        var raw: OpaquePointer?
        try git("use the address") { git_remote_create_with_opts(&raw, url, &options) }
        self.raw = try filled(raw, "use the address")
    }

    deinit {
        git_remote_disconnect(raw)
        git_remote_free(raw)
    }
}

/// Walks commits, newest first.
struct CommitWalk: ~Copyable {
    let raw: OpaquePointer

    init(in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var raw: OpaquePointer?
        try git("walk the history") { git_revwalk_new(&raw, repository) }
        self.raw = try filled(raw, "walk the history")
    }

    deinit { git_revwalk_free(raw) }
}

/// Writes packs.
struct PackBuilder: ~Copyable {
    let raw: OpaquePointer

    init(in repository: borrowing Repository) throws(GitError) {
        let repository = repository.raw
        var raw: OpaquePointer?
        try git("build a pack") { git_packbuilder_new(&raw, repository) }
        self.raw = try filled(raw, "build a pack")
    }

    deinit { git_packbuilder_free(raw) }
}

struct CommitSignature: ~Copyable {
    let raw: UnsafeMutablePointer<git_signature>

    init(_ author: Signature) throws(GitError) {
        var raw: UnsafeMutablePointer<git_signature>?
        try git("sign as \(author.name)") {
            git_signature_new(&raw, author.name, author.email, author.time.milliseconds / 1000, 0)
        }
        guard let raw else { throw GitError(.other, during: "sign", "libgit2 gave no signature") }
        self.raw = raw
    }

    deinit { git_signature_free(raw) }
}
