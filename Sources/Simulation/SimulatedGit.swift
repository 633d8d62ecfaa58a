import API
import Desired
package import Domain
import Engine

/// A repository with one branch and the state branch: commits are whole trees of text files.
package struct SimulatedGit: Sendable {
    /// One commit.
    package struct Commit: Sendable {
        package let id: String
        package let author: String
        package let message: String
        package let isOurs: Bool
        package let files: [String: String]
    }

    package private(set) var commits: [Commit] = []
    /// Files of the state branch.
    package private(set) var state: [String: Document] = [:]

    private var made = 0

    package init() {}

    package var head: Commit? { commits.last }

    /// A person's commit; returns its id.
    @discardableResult
    package mutating func merge(_ changes: [String: String?], author: String) -> String {
        commit(changes, author: author, message: "Change \(changes.keys.sorted())", isOurs: false)
    }

    /// A person's forced push: only the first so many commits are left.
    package mutating func rewind(to count: Int) {
        commits.removeLast(max(0, commits.count - max(0, count)))
    }

    private mutating func commit(
        _ changes: [String: String?], author: String, message: String, isOurs: Bool
    ) -> String {
        var files = head?.files ?? [:]
        for path in changes.keys.sorted() {
            if let change = changes[path] { files[path] = change }
        }
        made += 1
        let id = String(SHA256.hex("\(made)\(message)".utf8).prefix(40))
        commits.append(
            Commit(id: id, author: author, message: message, isOurs: isOurs, files: files))
        return id
    }

    /// What a look at the branch brings.
    func look(_ spec: SourceSpec, _ source: NamespacedName, known: String) -> FetchOutcome {
        guard let head else { return .failed("branch \(spec.branch) does not exist") }
        guard head.id != known else { return .unchanged }
        let before = commits.first { $0.id == known }?.files
        let foreign = commits.last { !$0.isOurs }
        let reader = FileReader(source: source, spec: spec)
        let changed = head.files.keys.sorted().filter {
            before?[$0] != head.files[$0] && reader.reads($0)
        }
        let removed = (before ?? [:]).keys.sorted().filter { head.files[$0] == nil }
        return .commit(
            CommitNotice(
                id: head.id, author: foreign?.author ?? head.author, summary: head.message,
                ownFiles: changed.filter { foreign?.files[$0] != head.files[$0] },
                rewritten: !known.isEmpty && before == nil, isWhole: before == nil,
                files: changed.map { path in
                    reader.read(file(path, head)) { head.files[$0].map { Array($0.utf8) } }
                }, removed: removed))
    }

    /// Whether a file of the head declares a release.
    func declares(_ release: NamespacedName) -> Bool {
        guard let head else { return false }
        let reader = FileReader(namespace: release.namespace, accounts: nil)
        return head.files.keys.sorted().contains { path in
            reader.read(file(path, head)) { _ in nil }.releases.contains { $0.id == release }
        }
    }

    private func file(_ path: String, _ commit: Commit) -> DesiredFile {
        DesiredFile(path: path, bytes: Array((commit.files[path] ?? "").utf8))
    }

    /// The revert commit, as the controller makes it in a real repository.
    mutating func revert(_ order: RevertOrder) -> GitOutcome {
        guard let head, let proven = commits.first(where: { $0.id == order.restore }) else {
            return .dropped("the proven commit is not known")
        }
        for path in head.files.keys.sorted() {
            let current = file(path, head)
            guard
                DocumentEdit.declares(
                    release: order.release, digest: order.refused, in: current,
                    namespace: order.release.namespace)
            else { continue }
            guard
                let bytes = DocumentEdit.restore(
                    release: order.release, in: current, from: file(path, proven),
                    namespace: order.release.namespace)
            else { return .dropped("the document cannot be restored") }
            guard bytes != current.bytes else {
                return .dropped("the document is the proven one already")
            }
            return .pushed(
                commit(
                    [path: String(decoding: bytes, as: UTF8.self)], author: "Slipway",
                    message: "Revert \(order.release)", isOurs: true))
        }
        return .dropped("the branch does not declare the version any more")
    }

    /// False if the record says so already.
    mutating func record(_ order: RecordOrder) -> Bool {
        let path = order.release.description
        guard state[path] != order.content else { return false }
        state[path] = order.content
        return true
    }
}
