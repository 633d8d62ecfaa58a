internal import CLibGit2

/// What became of a push.
package enum PushOutcome: Hashable, Sendable {
    /// The branch is at this commit of ours now.
    case pushed(CommitID)
    /// The edits change nothing; the branch stays where it is.
    case unchanged
    /// Nothing happened: fetch and decide again.
    case rejected(PushRejection)
}

/// Why the branch stays where it is.
package enum PushRejection: Hashable, Sendable, CustomStringConvertible {
    /// The branch is not where it was when the edits were decided.
    case headMoved
    /// The server refuses it; its words, from a hook or a rule of protection.
    case refused(String)

    package var description: String {
        switch self {
        case .headMoved: "the branch has moved"
        case .refused(let words): "the server refuses it: \(words)"
        }
    }
}

/// Writing into the repository at home. Never with force, never over somebody else's commit.
extension Mirror {
    /// Commits `edits` on top of `expectedHead` and pushes that, if the branch still is there.
    ///
    /// A thrown error leaves open whether the push arrived, when the connection broke on the way
    /// back: fetch and look. Sending the same again cannot commit twice, since the branch would
    /// not be at `expectedHead` any more.
    package func push(
        _ branch: String,
        expectedHead: CommitID,
        edits: [TreeEdit],
        message: String,
        author: Signature
    ) async throws(GitError) -> PushOutcome {
        try await cancellable("push to \(printable(branch))") { exchange throws(GitError) in
            try Self.check(branch: branch)
            return try self.push(branch, expectedHead, edits, message, author, exchange)
        }
    }

    /// Commits `edits` to a branch that only we write, on top of what it is now. If there is no
    /// such branch it begins with this commit, which has no parents.
    ///
    /// Rejected when somebody else was faster; the caller tries again.
    package func record(
        _ branch: String,
        edits: [TreeEdit],
        message: String,
        author: Signature
    ) async throws(GitError) -> PushOutcome {
        try await cancellable("record on \(printable(branch))") { exchange throws(GitError) in
            var head: CommitID?
            do throws(GitError) {
                head = try self.fetch(branch, exchange).head
            } catch  where error.kind == .branchNotFound || error.kind == .emptyRepository {
                head = nil
            }
            return try self.push(branch, head, edits, message, author, exchange)
        }
    }

    private func push(
        _ branch: String,
        _ expected: CommitID?,
        _ edits: [TreeEdit],
        _ message: String,
        _ author: Signature,
        _ exchange: Exchange
    ) throws(GitError) -> PushOutcome {
        try exchange.checkSpace()
        return try reading { store throws(GitError) in
            let base = try expected.map { expected throws(GitError) in
                try Commit(expected, in: store.repository).tree
            }
            var editor = TreeEditor(store, limits: self.limits)
            let tree = try editor.apply(edits, to: base)
            if let base, ObjectName.equal(base, tree) { return .unchanged }
            let commit = try store.commit(tree, on: expected, message, author)
            let written = editor.written + [commit.name]
            switch self.address.transport {
            case .local:
                let done = try LocalRemote(self.address.text).push(
                    commit,
                    to: branch,
                    expected: expected,
                    written: written,
                    from: store
                )
                return done ? .pushed(commit) : .rejected(.headMoved)
            case .http:
                return try self.push(commit, to: branch, expected, store, exchange)
            }
        }
    }

    private func push(
        _ commit: CommitID,
        to branch: String,
        _ expected: CommitID?,
        _ store: Store,
        _ exchange: Exchange
    ) throws(GitError) -> PushOutcome {
        let remote = try HTTPRemote(self.address, GIT_DIRECTION_PUSH, for: store, exchange)
        guard try remote.head(of: branch).head == expected else { return .rejected(.headMoved) }
        // libgit2 pushes what a reference names.
        let source = "refs/slipway/push"
        try store.setReference(source, to: commit)
        defer { store.removeReference(source) }
        try remote.push(source, to: branch)
        guard let verdict = exchange.verdict else {
            throw GitError(
                .unreachable,
                during: exchange.operation,
                "the server did not say what it did"
            )
        }
        if verdict.isEmpty { return .pushed(commit) }
        let remarks = printable(String(decoding: exchange.remarks, as: UTF8.self))
        return .rejected(.refused(remarks.isEmpty ? verdict : "\(verdict): \(remarks)"))
    }
}
