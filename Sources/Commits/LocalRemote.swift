internal import CLibGit2

/// A bare repository on our own disk.
///
/// libgit2's local transport is not used: it packs every branch when one is asked for, and moves a
/// branch without a look at what it was. Here the wanted commits are packed into the mirror, and a
/// push is a few objects and one compare-and-swap of the reference. No hook is run, neither by
/// libgit2 nor by us.
struct LocalRemote: ~Copyable {
    private let repository: Repository
    private let path: String

    /// Errors: `repositoryNotFound` if there is no repository or it is not bare.
    init(_ path: String) throws(GitError) {
        let repository = try Self.open(path)
        guard git_repository_is_bare(repository.raw) == 1 else {
            throw GitError(.repositoryNotFound, during: "open \(path)", "\(path) is not bare")
        }
        self.path = path
        self.repository = repository
    }

    private static func open(_ path: String) throws(GitError) -> Repository {
        do {
            return try Repository(bare: path)
        } catch  where error.kind != .systemError {
            throw GitError(
                .repositoryNotFound,
                code: error.code,
                during: "open \(path)",
                "\(path) is no bare repository that we can read"
            )
        }
    }

    func head(of branch: String) throws(GitError) -> CommitID? {
        switch try Reference(Store.reference(branch), in: repository) {
        case .some(let reference): reference.target
        case .none: nil
        }
    }

    /// Whether there are no references at all.
    func isEmpty() throws(GitError) -> Bool {
        var names = git_strarray()
        try git("list the branches of \(path)") { git_reference_list(&names, repository.raw) }
        defer { git_strarray_dispose(&names) }
        return names.count == 0
    }

    /// Packs what `store` does not have of the history of `head` and writes it there.
    func download(_ head: CommitID, into store: Store, _ exchange: Exchange) throws(GitError) {
        let walk = try CommitWalk(in: repository)
        var name = head.name
        try exchange.run { git_revwalk_push(walk.raw, &name) }
        try hide(store, from: walk)
        let builder = try PackBuilder(in: repository)
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        try exchange.run {
            git_packbuilder_set_callbacks(builder.raw, packProgress, context)
        }
        try insert(walk, into: builder, exchange)
        if git_packbuilder_object_count(builder.raw) == 0 { return }
        try Self.write(builder, into: store, exchange)
        withExtendedLifetime(exchange) {}
    }

    /// libgit2 could write the pack in one call, but would not say how large it gets.
    static func write(
        _ builder: borrowing PackBuilder,
        into store: Store,
        _ exchange: Exchange
    ) throws(GitError) {
        var writer: UnsafeMutablePointer<git_odb_writepack>?
        try exchange.run { git_odb_write_pack(&writer, store.objects.raw, nil, nil) }
        guard let writer else { return }
        defer { writer.pointee.free?(writer) }
        var progress = git_indexer_progress()
        try withUnsafeMutablePointer(to: &progress) { progress throws(GitError) in
            var target = PackTarget(writer: writer, progress: progress, exchange: exchange)
            let raw = builder.raw
            try exchange.run {
                withUnsafeMutablePointer(to: &target) {
                    git_packbuilder_foreach(raw, writeChunk, $0)
                }
            }
            try exchange.run { writer.pointee.commit?(writer, progress) ?? -1 }
        }
    }

    /// Puts commits into the pack, each with what it changed. libgit2's own way reads the whole
    /// tree of the commit before; this one's cost grows with the change.
    private func insert(
        _ walk: borrowing CommitWalk, into builder: borrowing PackBuilder, _ exchange: Exchange
    ) throws(GitError) {
        var seen: Set<BlobID> = []
        while true {
            var name = git_oid()
            let code = git_revwalk_next(&name, walk.raw)
            if code == GIT_ITEROVER.rawValue { return }
            try exchange.run { code }
            let commit = try Commit(CommitID(name), in: repository)
            try exchange.run { git_packbuilder_insert(builder.raw, &name, nil) }
            let parent = try git_commit_parent_id(commit.raw, 0).map { id throws(GitError) in
                try Commit(CommitID(id.pointee), in: repository).tree
            }
            try insert(commit.tree, unlike: parent, into: builder, &seen, exchange)
        }
    }

    /// Puts a tree into the pack, with everything in it that is not in `old`.
    private func insert(
        _ new: git_oid, unlike old: git_oid?, into builder: borrowing PackBuilder,
        _ seen: inout Set<BlobID>, _ exchange: Exchange, depth: Int = 0
    ) throws(GitError) {
        if let old, ObjectName.equal(old, new) { return }
        guard seen.insert(BlobID(new)).inserted else { return }
        guard depth < 256 else {
            throw GitError(.tooLarge, during: exchange.operation, "too many folders in folders")
        }
        var name = new
        try exchange.run { git_packbuilder_insert(builder.raw, &name, nil) }
        let before = try Folder(old, in: repository)
        let after = try Folder(new, in: repository)
        var place = 0
        for index in 0..<after.count {
            // The places move apart by what came and went; the search below finds them again.
            if before.hasSame(place, as: after, index) {
                place += 1
                continue
            }
            guard let entry = after.entry(index), !entry.isSubmodule else { continue }
            let twin = before.place(of: entry.name)
            if let twin { place = twin + 1 }
            let known = twin.flatMap { before.entry($0) }
            if entry.isFolder {
                try insert(
                    entry.object, unlike: known.flatMap { $0.isFolder ? $0.object : nil },
                    into: builder, &seen, exchange, depth: depth + 1)
            } else if known.map({ !ObjectName.equal($0.object, entry.object) }) ?? true {
                var object = entry.object
                try exchange.run { git_packbuilder_insert(builder.raw, &object, nil) }
            }
        }
    }

    /// Leaves out the history of the branches that the mirror has.
    private func hide(_ store: Store, from walk: borrowing CommitWalk) throws(GitError) {
        let objects = try ObjectDatabase(of: repository)
        for head in try store.heads() {
            var name = head.name
            guard store.has(head), git_odb_exists(objects.raw, &name) == 1 else { continue }
            try git("leave out what is known") { git_revwalk_hide(walk.raw, &name) }
        }
    }

    /// Writes `written` objects of `store` and moves the branch from `expected` to `commit`.
    ///
    /// `false` if the branch is not at `expected` (any more).
    func push(
        _ commit: CommitID,
        to branch: String,
        expected: CommitID?,
        written: [git_oid],
        from store: Store
    ) throws(GitError) -> Bool {
        if try head(of: branch) != expected { return false }
        let objects = try ObjectDatabase(of: repository)
        for name in written { try Self.copy(name, from: store.objects, to: objects) }
        var (new, reference) = (commit.name, OpaquePointer?.none)
        let code: Int32
        if var old = expected?.name {
            code = git_reference_create_matching(
                &reference,
                repository.raw,
                Store.reference(branch),
                &new,
                1,
                &old,
                "push"
            )
        } else {
            code = git_reference_create(
                &reference,
                repository.raw,
                Store.reference(branch),
                &new,
                0,
                "push"
            )
        }
        if code == GIT_EMODIFIED.rawValue || code == GIT_EEXISTS.rawValue
            || code == GIT_ENOTFOUND.rawValue
        {
            return false
        }
        try git("move \(branch) to \(commit.short)") { code }
        git_reference_free(reference)
        return true
    }

    private static func copy(
        _ name: git_oid,
        from source: borrowing ObjectDatabase,
        to target: borrowing ObjectDatabase
    ) throws(GitError) {
        let (source, target) = (source.raw, target.raw)
        var (name, copy) = (name, git_oid())
        var object: OpaquePointer?
        try git("read what was written") { git_odb_read(&object, source, &name) }
        defer { git_odb_object_free(object) }
        try git("write an object") {
            git_odb_write(
                &copy,
                target,
                git_odb_object_data(object),
                git_odb_object_size(object),
                git_odb_object_type(object)
            )
        }
    }
}

private let packProgress: git_packbuilder_progress = { _, current, total, context in
    guard let context else { return 0 }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    let total = Int(max(current, total))
    if total > exchange.limits.fetchObjects {
        return exchange.fail(
            .tooLarge,
            "\(total) objects, more than \(exchange.limits.fetchObjects)"
        )
    }
    return exchange.proceed()
}

/// Where the chunks of a pack go.
private struct PackTarget {
    let writer: UnsafeMutablePointer<git_odb_writepack>
    let progress: UnsafeMutablePointer<git_indexer_progress>
    let exchange: Exchange
}

private let writeChunk: git_packbuilder_foreach_cb = { chunk, size, context in
    guard let target = context?.assumingMemoryBound(to: PackTarget.self).pointee else { return -1 }
    let code = target.exchange.accept(bytes: size)
    if code != 0 { return code }
    return target.writer.pointee.append?(target.writer, chunk, size, target.progress) ?? -1
}
