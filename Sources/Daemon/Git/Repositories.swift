import API
import Commits
import Domain
import Engine
import Logging
import Transport

/// The repositories that sources follow: one mirror per address, shared by the sources that name
/// it.
actor Repositories {
    private let directory: String
    private let permissions: RemoteAddress.Permissions
    private let loop: CurlLoop
    private let deadlines: HTTPRequest.Deadlines
    private let logger: Logger
    private var mirrors: [RemoteAddress: Commits.Mirror] = [:]
    /// Records that wait for the push before them, by the branch they go to.
    private var waiting: [StateBranch: [WaitingRecord]] = [:]
    /// What was read of a source last.
    private var indices: [NamespacedName: FileIndex] = [:]

    init(
        in directory: String, permissions: RemoteAddress.Permissions, loop: CurlLoop,
        deadlines: HTTPRequest.Deadlines = GitHTTPOverTransport.deadlines, logger: Logger
    ) {
        self.directory = directory
        self.permissions = permissions
        self.loop = loop
        self.deadlines = deadlines
        self.logger = logger
    }

    /// The mirror of a repository. Errors: `invalidURL` for an address that is not allowed.
    private func mirror(of url: String) throws(GitError) -> Commits.Mirror {
        let address = try RemoteAddress(url, permissions: permissions)
        if let mirror = mirrors[address] { return mirror }
        let mirror = try Commits.Mirror(
            of: address, in: "\(directory)/\(SHA256.hex(address.text.utf8).prefix(16))",
            port: GitHTTPOverTransport(loop, to: address, deadlines: deadlines), logger: logger)
        mirrors[address] = mirror
        return mirror
    }

    /// Looks whether the branch of a source has moved, and reads what changed.
    func look(_ id: NamespacedName, _ spec: SourceSpec, known: String) async -> FetchOutcome {
        do throws(GitError) {
            let reader = CommitReader(
                mirror: try mirror(of: spec.url), source: id, spec: spec)
            let (outcome, index) = try await reader.look(known: known, index: indices[id])
            if let index { indices[id] = index }
            return outcome
        } catch {
            return .failed(error.description)
        }
    }

    func revert(_ order: RevertOrder) async -> GitOutcome {
        do throws(GitError) {
            return try await RevertCommit(mirror: try mirror(of: order.spec.url), order: order)
                .push()
        } catch {
            return error.next == .never
                ? .dropped(error.description) : .failed(error.description)
        }
    }

    /// Writes what is known of a release to the state branch.
    ///
    /// One push at a time goes to a branch; what comes meanwhile goes out together in the next one.
    /// So a start with a thousand releases costs two pushes and not a thousand.
    func record(_ order: RecordOrder, cluster: String) async -> GitOutcome {
        let branch = StateBranch(order.spec)
        guard waiting[branch] == nil else {
            return await withCheckedContinuation { continuation in
                waiting[branch]?.append(WaitingRecord(order: order, continuation: continuation))
            }
        }
        waiting[branch] = []
        let outcome = await push([order], cluster: cluster)
        while let batch = waiting[branch], !batch.isEmpty {
            waiting[branch] = []
            let outcome = await push(batch.map(\.order), cluster: cluster)
            for record in batch { record.continuation.resume(returning: outcome) }
        }
        waiting[branch] = nil
        return outcome
    }

    private func push(_ orders: [RecordOrder], cluster: String) async -> GitOutcome {
        guard let spec = orders.first?.spec else { return .dropped("nothing to record") }
        do throws(GitError) {
            return try await StateRecord(
                mirror: try mirror(of: spec.url), orders: orders, cluster: cluster
            ).push()
        } catch {
            return .failed(error.description)
        }
    }
}

/// Where records go, and as whose.
private struct StateBranch: Hashable {
    let url: String
    let writeBack: WriteBack

    init(_ spec: SourceSpec) {
        url = spec.url
        writeBack = spec.writeBack
    }
}

private struct WaitingRecord {
    let order: RecordOrder
    let continuation: CheckedContinuation<GitOutcome, Never>
}
