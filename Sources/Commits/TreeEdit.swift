internal import CLibGit2

/// A new content for a file, or its end.
package struct TreeEdit: Hashable, Sendable {
    /// From the root of the repository, parts separated by `/`.
    package var path: String
    /// `nil` deletes the file; if there is none, that is fine.
    package var content: [UInt8]?

    package init(path: String, content: [UInt8]?) {
        self.path = path
        self.content = content
    }
}

/// Writes trees with edits into the object database: no index, no work tree.
struct TreeEditor: ~Copyable {
    /// Everything that was written, in this order.
    private(set) var written: [git_oid] = []
    private let store: Store
    private let limits: MirrorLimits

    private struct Step {
        var path: String
        var components: ArraySlice<[UInt8]>
        var content: [UInt8]?
    }

    init(_ store: Store, limits: MirrorLimits) {
        self.store = store
        self.limits = limits
    }

    /// The tree `base` (`nil`: nothing) with the edits.
    ///
    /// Errors: `invalidInput` for a path that is refused, that leads through a file, link or
    /// submodule, or that names a folder; `tooLarge` for a content over the limit.
    mutating func apply(_ edits: [TreeEdit], to base: git_oid?) throws(GitError) -> git_oid {
        var steps: [Step] = []
        for edit in edits.sorted(by: { $0.path < $1.path }) {
            guard let components = TreePath.components(edit.path), !components.isEmpty,
                components.count <= limits.depth
            else { throw Self.refusal(edit.path, "is refused as a path") }
            guard edit.content.map({ $0.count <= limits.fileSize }) ?? true else {
                throw GitError(
                    .tooLarge,
                    during: "write \(edit.path)",
                    "more than \(limits.fileSize) bytes"
                )
            }
            steps.append(.init(path: edit.path, components: components[...], content: edit.content))
        }
        if let tree = try folder(base, steps) { return tree }
        return try write(TreeBuilder(nil, in: store.repository))
    }

    /// Writes a folder; `nil` if nothing is left in it.
    private mutating func folder(
        _ base: git_oid?,
        _ steps: [Step]
    ) throws(GitError) -> git_oid? {
        let builder = try builder(base)
        for (name, group) in Self.grouped(steps) {
            let old = try base.map { base throws(GitError) in try store.entry(name, of: base) }
            guard let new = try entry(old ?? nil, name, group) else {
                if old ?? nil != nil { try Self.remove(name, from: builder) }
                continue
            }
            try Self.insert(name, new.object, new.mode, into: builder)
        }
        if git_treebuilder_entrycount(builder.raw) == 0 { return nil }
        return try write(builder)
    }

    private func builder(_ base: git_oid?) throws(GitError) -> TreeBuilder {
        guard let base else { return try TreeBuilder(nil, in: store.repository) }
        return try TreeBuilder(Tree(base, in: store.repository), in: store.repository)
    }

    /// What stands under one name of a folder after the edits; `nil` for nothing.
    private mutating func entry(
        _ old: TreeEntry?,
        _ name: [UInt8],
        _ group: [Step]
    ) throws(GitError) -> (object: git_oid, mode: git_filemode_t)? {
        guard let first = group.first else { return nil }
        if group.count == 1, first.components.count == 1 {
            guard old?.isFile ?? true else {
                throw Self.refusal(first.path, "is not a file in the repository")
            }
            guard let content = first.content else { return nil }
            let executable = old?.mode == GIT_FILEMODE_BLOB_EXECUTABLE.rawValue
            return (
                try write(content, first.path),
                executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB
            )
        }
        let inner = group.compactMap { step -> Step? in
            var step = step
            step.components = step.components.dropFirst()
            return step.components.isEmpty ? nil : step
        }
        guard inner.count == group.count else {
            throw Self.refusal(first.path, "is edited twice, or is a file and a folder")
        }
        guard old?.isFolder ?? true else {
            throw Self.refusal(first.path, "leads through something that is not a folder")
        }
        return try folder(old?.object, inner).map { ($0, GIT_FILEMODE_TREE) }
    }

    /// Steps by their first component, in the order of the paths.
    private static func grouped(_ steps: [Step]) -> [(name: [UInt8], steps: [Step])] {
        var groups: [(name: [UInt8], steps: [Step])] = []
        var places: [[UInt8]: Int] = [:]
        for step in steps {
            guard let name = step.components.first else { continue }
            if let place = places[name] {
                groups[place].steps.append(step)
            } else {
                places[name] = groups.count
                groups.append((name, [step]))
            }
        }
        return groups
    }

    private mutating func write(_ content: [UInt8], _ path: String) throws(GitError) -> git_oid {
        var name = git_oid()
        try git("write \(path)") {
            git_blob_create_from_buffer(&name, store.repository.raw, content, content.count)
        }
        written.append(name)
        return name
    }

    private mutating func write(_ builder: consuming TreeBuilder) throws(GitError) -> git_oid {
        var name = git_oid()
        let raw = builder.raw
        try git("write a folder") { git_treebuilder_write(&name, raw) }
        written.append(name)
        return name
    }

    private static func insert(
        _ name: [UInt8],
        _ object: git_oid,
        _ mode: git_filemode_t,
        into builder: borrowing TreeBuilder
    ) throws(GitError) {
        let raw = builder.raw
        var object = object
        let text = String(decoding: name, as: UTF8.self)
        try git("write \(text)") { git_treebuilder_insert(nil, raw, text, &object, mode) }
    }

    private static func remove(
        _ name: [UInt8],
        from builder: borrowing TreeBuilder
    ) throws(GitError) {
        let raw = builder.raw
        let text = String(decoding: name, as: UTF8.self)
        try git("remove \(text)") { git_treebuilder_remove(raw, text) }
    }

    private static func refusal(_ path: String, _ reason: String) -> GitError {
        GitError(.invalidInput, during: "edit the tree", "\(printable(path)) \(reason)")
    }
}
