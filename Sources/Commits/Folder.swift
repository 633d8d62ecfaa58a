internal import CLibGit2
internal import Glibc

/// The entries of a tree as libgit2 holds them, or none at all.
struct Folder: ~Copyable {
    private let tree: Tree?
    let count: Int

    /// `nil` stands for no folder.
    init(_ name: git_oid?, in repository: borrowing Repository) throws(GitError) {
        guard let name else {
            tree = nil
            count = 0
            return
        }
        let tree = try Tree(name, in: repository)
        count = tree.count
        self.tree = consume tree
    }

    /// The entry at `index`; `nil` beyond the end.
    func entry(_ index: Int) -> TreeEntry? { raw(index).map(TreeEntry.init) }

    /// The index of a name; `nil` if it is not there.
    func place(of name: [UInt8]) -> Int? {
        for isFolder in [false, true] {
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                guard let entry = entry(middle) else { break }
                let order = TreeEntry.order(entry, name, isFolder: isFolder)
                if order == 0 { return middle }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
        }
        return nil
    }

    /// Whether two entries have the same name, mode and object.
    func hasSame(_ index: Int, as other: borrowing Folder, _ place: Int) -> Bool {
        guard let here = raw(index), let there = other.raw(place) else { return false }
        return git_oid_equal(git_tree_entry_id(here), git_tree_entry_id(there)) != 0
            && git_tree_entry_filemode_raw(here) == git_tree_entry_filemode_raw(there)
            && strcmp(git_tree_entry_name(here), git_tree_entry_name(there)) == 0
    }

    /// Folded names that stand more than once.
    func twins() -> Set<[UInt8]> {
        // Without capital letters names are as different as their bytes.
        guard hasCapitals else { return [] }
        var seen: Set<[UInt8]> = []
        var twins: Set<[UInt8]> = []
        for index in 0..<count {
            guard let entry = entry(index) else { continue }
            let folded = Self.folded(entry.name)
            if !seen.insert(folded).inserted { twins.insert(folded) }
        }
        return twins
    }

    /// A name with its ASCII letters in lower case.
    static func folded(_ name: [UInt8]) -> [UInt8] {
        name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    private var hasCapitals: Bool {
        for index in 0..<count {
            guard let entry = raw(index), var byte = git_tree_entry_name(entry) else { continue }
            while byte.pointee != 0 {
                if (65...90).contains(byte.pointee) { return true }
                byte += 1
            }
        }
        return false
    }

    private func raw(_ index: Int) -> OpaquePointer? {
        switch tree {
        case .some(let tree): git_tree_entry_byindex(tree.raw, index)
        case .none: nil
        }
    }
}
