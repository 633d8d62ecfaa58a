internal import CLibGit2

/// Keeps the mirror in few files. Every fetch adds a pack and every push of ours loose objects;
/// left alone, a busy repository would have thousands of each after a month, and every look for
/// an object would go through them. libgit2 has no `gc`.
///
/// Nothing is thrown away: commits of a history that was rewritten can still be compared with.
struct Compaction: ~Copyable {
    /// The small packs that become one.
    private let packs: [String]
    /// The loose objects join them.
    private let loose: Bool
    private let store: Store
    private let exchange: Exchange

    /// `nil` while there is little to gain: at most `limits.packs` packs and about 2,000 loose
    /// objects.
    init?(of store: Store, _ exchange: Exchange) {
        let packs = Self.packs(of: store)
        // Objects are spread evenly over 256 folders; one of them tells how many there are.
        let sample = MirrorDirectory.files(store.path + "/objects/17").count
        guard packs.count > exchange.limits.packs || sample > 8 else { return nil }
        // The largest holds the first clone; to write it again each time would cost too much.
        self.packs = packs.dropLast().map { String($0.name.dropLast(".pack".count)) }
        loose = sample > 0
        self.store = store
        self.exchange = exchange
    }

    /// The packs, smallest first.
    private static func packs(of store: Store) -> [(name: String, size: Int)] {
        MirrorDirectory.files(store.path + "/objects/pack")
            .filter { $0.name.hasSuffix(".pack") }
            .sorted { ($0.size, $0.name) < ($1.size, $1.name) }
    }

    /// Writes the new pack. The files that it replaces are removed afterwards, when the store is
    /// closed.
    func write() throws(GitError) -> Replaced {
        let builder = try PackBuilder(in: store.repository)
        let folder = store.path + "/objects/pack/"
        for pack in packs {
            try insert(into: builder) { git_odb_backend_one_pack(&$0, folder + pack + ".idx") }
        }
        var looseObjects: [git_oid] = []
        if loose {
            let path = store.path + "/objects"
            looseObjects = try insert(into: builder) {
                git_odb_backend_loose(&$0, path, -1, 0, 0, 0)
            }
        }
        let before = Self.packs(of: store).count
        if git_packbuilder_object_count(builder.raw) == 0 { return .init(packs: [], objects: []) }
        try LocalRemote.write(builder, into: store, exchange)
        // A pack is named after its objects; the same objects would be the same file.
        guard Self.packs(of: store).count > before else { return .init(packs: [], objects: []) }
        return .init(packs: packs, objects: looseObjects)
    }

    struct Replaced {
        var packs: [String]
        var objects: [git_oid]

        /// Removes the files. An index goes before its pack: a pack without index is ignored.
        func remove(from path: String) throws(GitError) {
            for pack in packs {
                try MirrorDirectory.removeTree("\(path)/objects/pack/\(pack).idx")
                try MirrorDirectory.removeTree("\(path)/objects/pack/\(pack).pack")
            }
            for object in objects {
                let hex = ObjectName.hex(object)
                try MirrorDirectory.removeTree(
                    "\(path)/objects/\(hex.prefix(2))/\(hex.dropFirst(2))")
            }
        }
    }

    /// Puts all objects of one place into the pack.
    @discardableResult
    private func insert(
        into builder: borrowing PackBuilder,
        from open: (inout UnsafeMutablePointer<git_odb_backend>?) -> Int32
    ) throws(GitError) -> [git_oid] {
        var database: OpaquePointer?
        try git("open objects") { git_odb_new(&database) }
        defer { git_odb_free(database) }
        var backend: UnsafeMutablePointer<git_odb_backend>?
        try git("open objects") { open(&backend) }
        try git("open objects") { git_odb_add_backend(database, backend, 1) }
        var names: [git_oid] = []
        try git("list objects") {
            withUnsafeMutablePointer(to: &names) { git_odb_foreach(database, noteName, $0) }
        }
        let raw = builder.raw
        for var name in names {
            try exchange.run { git_packbuilder_insert(raw, &name, nil) }
        }
        return names
    }
}

private let noteName: git_odb_foreach_cb = { name, names in
    guard let name, let names else { return -1 }
    names.assumingMemoryBound(to: [git_oid].self).pointee.append(name.pointee)
    return 0
}
