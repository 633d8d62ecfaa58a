import API
import Commits
import Desired
import Domain
import Engine

/// Puts a release's document back to what it was at a proven commit: those bytes alone, and only
/// if the branch still declares the refused version.
struct RevertCommit: Sendable {
    let mirror: Commits.Mirror
    let order: RevertOrder

    private var reader: FileReader {
        FileReader(source: order.source, spec: order.spec)
    }

    /// Decides on the branch as it is now, and again while somebody else is faster.
    func push() async throws(GitError) -> GitOutcome {
        for _ in 0..<5 {
            let head = try await mirror.fetch(order.spec.branch).head
            guard let current = try await declaring(at: head) else {
                if let done = try await alreadyDone(at: head) { return .pushed(done.hex) }
                return .dropped("the branch does not declare the refused version any more")
            }
            guard let proven = CommitID(order.restore),
                let bytes = try await restored(current, from: proven)
            else {
                return .dropped(
                    "the release's document at \(order.restore.prefix(7)) cannot be put back")
            }
            let outcome = try await mirror.push(
                order.spec.branch, expectedHead: head,
                edits: [TreeEdit(path: current.path, content: bytes)], message: message,
                author: Signature(writeBack: order.spec.writeBack, at: order.at))
            switch outcome {
            case .pushed(let commit): return .pushed(commit.hex)
            case .unchanged: return .dropped("the document is the proven one already")
            case .rejected(.headMoved): continue
            case .rejected(let rejection): return .failed("\(rejection)")
            }
        }
        return .failed("the branch moved again and again while the revert was pushed")
    }

    /// The file that declares the refused version.
    private func declaring(at head: CommitID) async throws(GitError) -> DesiredFile? {
        try await find(at: head, first: nil) { file in
            DocumentEdit.declares(
                release: order.release, digest: order.refused, in: file,
                namespace: order.source.namespace)
        }
    }

    private func restored(
        _ current: DesiredFile, from proven: CommitID
    ) async throws(GitError) -> [UInt8]? {
        var result: [UInt8]?
        do throws(GitError) {
            _ = try await find(at: proven, first: current.path) { file in
                result = DocumentEdit.restore(
                    release: order.release, in: current, from: file,
                    namespace: order.source.namespace)
                return result != nil
            }
        } catch  where error.kind == .objectNotFound {
            // The history that knew it is gone.
            return nil
        }
        return result
    }

    /// The first file of a commit that fits; `first` is looked at before the others. Only files
    /// that hold the release's name are parsed.
    private func find(
        at commit: CommitID, first: String?, _ fits: (DesiredFile) -> Bool
    ) async throws(GitError) -> DesiredFile? {
        let name = Array(order.release.name.utf8)
        let entries = try await mirror.files(at: commit, under: order.spec.path).files
            .filter { reader.reads($0.path) }
        let sorted = entries.filter { $0.path == first } + entries.filter { $0.path != first }
        for entry in sorted {
            let bytes = try await mirror.read(entry)
            guard bytes.contains(name) else { continue }
            let file = DesiredFile(path: entry.path, bytes: bytes)
            if fits(file) { return file }
        }
        return nil
    }

    /// Our own commit of an earlier try, of which we never heard that it had arrived.
    private func alreadyDone(at head: CommitID) async throws(GitError) -> CommitID? {
        var commit = try await mirror.commit(head)
        for _ in 0..<100 where OwnCommit.isOwn(commit, order.spec.writeBack) {
            let isThis =
                OwnCommit.values(of: OwnCommit.refused, in: commit)
                == [order.refused.description]
                && OwnCommit.values(of: OwnCommit.release, in: commit)
                    == [order.release.description]
            if isThis { return commit.id }
            guard let parent = commit.parents.first else { return nil }
            commit = try await mirror.commit(parent)
        }
        return nil
    }

    private var message: String {
        let text = """
            The document of \(order.release) is again what it was at
            \(order.restore), the last proven declaration.
            """
        return if order.manual {
            OwnCommit.message(
                "Roll back \(order.release): \(order.reason)", text,
                [
                    OwnCommit.release: order.release.description,
                    OwnCommit.refused: order.refused.description,
                    OwnCommit.rollback: order.release.description,
                ])
        } else {
            OwnCommit.message(
                "Revert \(order.release): \(order.reason)", text,
                [
                    OwnCommit.release: order.release.description,
                    OwnCommit.refused: order.refused.description,
                ])
        }
    }
}

extension Signature {
    init(writeBack: WriteBack, at time: Timestamp) {
        self.init(name: writeBack.authorName, email: writeBack.authorEmail, time: time)
    }
}
