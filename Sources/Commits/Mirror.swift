internal import CLibGit2
package import Logging

/// A local copy of one Git repository, kept bare in a directory of its own, and the way back into
/// that repository.
///
/// Everything happens on a thread of its own, one thing after the other; whoever awaits it blocks
/// no thread of the cooperative pool. Files are read from the object database: nothing is ever
/// checked out, and no hook, filter or configuration of a repository takes effect.
package actor Mirror {
    package nonisolated let address: RemoteAddress
    nonisolated let limits: MirrorLimits
    let port: (any GitHTTPPort)?
    let logger: Logger
    private let path: String
    private let thread: GitThread
    private var directory: MirrorDirectory?
    private var store: Store?
    /// Something could not be read that has to be there: the next fetch makes the mirror again.
    private var isDamaged = false
    /// Fetches that may fail before the mirror is made again.
    private var patience = 0

    /// Bytes of the largest file that is read.
    package nonisolated var fileLimit: Int { limits.fileSize }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Starts the thread; the disk is not touched before the first use. `directory` is made if it
    /// is missing and belongs to this mirror alone. `port` is for addresses with HTTP.
    package init(
        of address: RemoteAddress,
        in directory: String,
        port: (any GitHTTPPort)? = nil,
        limits: MirrorLimits = .init(),
        logger: Logger
    ) throws(GitError) {
        try GitLibrary.start()
        self.address = address
        self.limits = limits
        self.port = port
        self.logger = logger
        path = directory
        thread = try GitThread(name: "slipway-git")
    }

    deinit { thread.stop() }

    // MARK: The mirror on disk

    /// The open mirror.
    func opened() throws(GitError) -> Store {
        if let store { return store }
        let store = try Store(path: taken().mirror)
        self.store = store
        return store
    }

    /// The directory, held by this process.
    private func taken() throws(GitError) -> MirrorDirectory {
        if let directory { return directory }
        let directory = try MirrorDirectory(path, for: address)
        self.directory = directory
        return directory
    }

    /// Runs something that reads the mirror, and takes note if that finds damage.
    func reading<Result>(
        _ body: (Store) throws(GitError) -> Result
    ) throws(GitError) -> Result {
        do {
            return try body(opened())
        } catch {
            if error.kind == .damaged { isDamaged = true }
            throw error
        }
    }

    // MARK: Fetch

    /// What a fetch found.
    package struct FetchResult: Hashable, Sendable {
        /// The commit of the branch.
        package var head: CommitID
        /// What it was at the fetch before; `nil` at the first one, or if the mirror was lost.
        package var previous: CommitID?
        /// The history was rewritten: `previous` is not in the history of `head`.
        package var rewritten: Bool
    }

    /// Brings the mirror up to date with a branch.
    ///
    /// A damaged mirror is made again from scratch; until that has worked, the old one stays. On
    /// any error the mirror is as it was before.
    package func fetch(_ branch: String) async throws(GitError) -> FetchResult {
        let operation = "fetch \(printable(branch))"
        return try await cancellable(operation) { exchange throws(GitError) in
            try self.fetch(branch, exchange)
        }
    }

    func fetch(_ branch: String, _ exchange: Exchange) throws(GitError) -> FetchResult {
        try Self.check(branch: branch)
        if !isDamaged {
            do {
                let result = try update(branch, opened(), exchange)
                compact(exchange)
                return result
            } catch  where Self.mayBeDamage(error) {
                if patience > 0 {
                    patience -= 1
                    throw error
                }
                logger.warning("\(error): the mirror in \(path) is made again")
            }
        }
        do {
            let result = try remake(branch, exchange)
            patience = 0
            return result
        } catch  where Self.mayBeDamage(error) {
            // A new mirror has the same trouble: it is not the mirror.
            isDamaged = false
            patience = 10
            throw error
        }
    }

    /// Puts small packs together. It is of no importance when it does not work.
    private func compact(_ exchange: Exchange) {
        do throws(GitError) {
            guard let compaction = Compaction(of: try opened(), exchange) else { return }
            try exchange.checkSpace()
            let replaced = try compaction.write()
            let path = try opened().path
            store = nil
            try replaced.remove(from: path)
        } catch {
            logger.info("\(error): the packs of \(path) stay as they are")
        }
    }

    /// Whether a mirror made anew might help. libgit2 has many words for a broken file.
    private static func mayBeDamage(_ error: GitError) -> Bool {
        switch error.kind {
        case .damaged, .objectNotFound, .other: true
        default: false
        }
    }

    /// Fetches into `store`.
    private func update(
        _ branch: String,
        _ store: Store,
        _ exchange: Exchange
    ) throws(GitError) -> FetchResult {
        let previous = try store.head(of: branch)
        let head: CommitID
        switch address.transport {
        case .local:
            let remote = try LocalRemote(address.text)
            guard let found = try remote.head(of: branch) else {
                throw Self.noBranch(branch, isEmpty: try remote.isEmpty())
            }
            if !store.has(found) {
                try exchange.checkSpace()
                try remote.download(found, into: store, exchange)
            }
            head = found
        case .http:
            let remote = try HTTPRemote(address, GIT_DIRECTION_FETCH, for: store, exchange)
            let answer = try remote.head(of: branch)
            guard let found = answer.head else {
                throw Self.noBranch(branch, isEmpty: answer.isEmpty)
            }
            if !store.has(found) {
                try exchange.checkSpace()
                try remote.download(branch)
            }
            head = found
        }
        try store.checkReadable(head)
        let rewritten = try store.isRewritten(from: previous, to: head)
        if previous != head { try store.setHead(of: branch, to: head) }
        return .init(head: head, previous: previous, rewritten: rewritten)
    }

    /// Makes the mirror again beside the old one and then puts it in its place.
    private func remake(_ branch: String, _ exchange: Exchange) throws(GitError) -> FetchResult {
        let previous = (try? store?.head(of: branch)) ?? nil
        let directory = try taken()
        try MirrorDirectory.removeTree(directory.fresh)
        let fresh = try Store(path: directory.fresh)
        var result = try update(branch, fresh, exchange)
        self.store = nil
        try directory.promoteFresh()
        isDamaged = false
        result.rewritten = try opened().isRewritten(from: previous, to: result.head)
        result.previous = previous
        return result
    }

    private static func noBranch(_ branch: String, isEmpty: Bool) -> GitError {
        isEmpty
            ? GitError(.emptyRepository, during: "fetch \(branch)", "the repository is empty")
            : GitError(
                .branchNotFound,
                during: "fetch \(branch)",
                "the repository has no branch \(branch)"
            )
    }

    static func check(branch: String) throws(GitError) {
        var valid: Int32 = 0
        guard branch.utf8.count <= 255, git_branch_name_is_valid(&valid, branch) == 0, valid == 1
        else {
            throw GitError(
                .invalidInput,
                during: "read the branch",
                "\(printable(branch)) is no name of a branch"
            )
        }
    }

    // MARK: Cancellation

    /// Runs an exchange with the repository at home; cancelling the task ends it.
    func cancellable<Result: Sendable>(
        _ operation: String,
        _ body: (Exchange) throws(GitError) -> Result
    ) async throws(GitError) -> Result {
        let cancellation = GitCancellation()
        let exchange = Exchange(
            operation,
            limits: limits,
            directory: path,
            cancellation: cancellation,
            port: port
        )
        // The closure has to use `self`: one that does not is not isolated, and Swift would run it,
        // and libgit2 in it, on the cooperative pool.
        let result = await withTaskCancellationHandler {
            self.attempt(body, exchange)
        } onCancel: {
            cancellation.cancel()
        }
        return try result.get()
    }

    private func attempt<Result: Sendable>(
        _ body: (Exchange) throws(GitError) -> Result, _ exchange: Exchange
    ) -> Swift.Result<Result, GitError> {
        .init { () throws(GitError) in
            do throws(GitError) {
                return try body(exchange)
            } catch  where error.kind == .noSpace && !error.message.contains(path) {
                throw GitError(
                    .noSpace, code: error.code, during: error.operation,
                    "no space left on device under \(path): \(error.message)")
            }
        }
    }
}
