/// How much of a repository is taken in. Repositories are written by others: each number is a
/// bound on what their content can cost us.
package struct MirrorLimits: Hashable, Sendable {
    /// Folders in folders.
    package var depth: Int
    /// Files and folders under the path of one commit.
    package var entries: Int
    /// Bytes of one file; larger ones are reported and not read.
    package var fileSize: Int
    /// Bytes of all files of one change.
    package var changeSize: Int
    /// Bytes of one fetch.
    package var fetchSize: Int
    /// Bytes of a server's list of references, which is held in memory.
    package var listSize: Int
    /// Objects of one fetch.
    package var fetchObjects: Int
    /// Bytes that have to be free on the disk under the mirror before and during a fetch, 8 MiB
    /// or more.
    package var freeSpace: Int
    /// Packs in the mirror before they are put together.
    package var packs: Int

    package init(
        depth: Int = 32,
        entries: Int = 100_000,
        fileSize: Int = 1 << 20,
        changeSize: Int = 64 << 20,
        fetchSize: Int = 1 << 30,
        listSize: Int = 64 << 20,
        fetchObjects: Int = 4_000_000,
        freeSpace: Int = 64 << 20, packs: Int = 50
    ) {
        self.depth = depth
        self.entries = entries
        self.fileSize = fileSize
        self.changeSize = changeSize
        self.fetchSize = fetchSize
        self.listSize = listSize
        self.fetchObjects = fetchObjects
        self.freeSpace = freeSpace
        self.packs = packs
    }
}
