internal import CLibGit2
package import Domain

/// Who wrote a commit, and when. The caller brings the time: there is no clock in here.
package struct Signature: Hashable, Sendable {
    package var name: String
    package var email: String
    /// Whole seconds are kept.
    package var time: Timestamp

    package init(name: String, email: String, time: Timestamp) {
        self.name = name
        self.email = email
        self.time = time
    }
}

/// What a commit says of itself. Text that is not UTF-8 is repaired; all of it is bounded.
package struct CommitInfo: Hashable, Sendable {
    package var id: CommitID
    package var parents: [CommitID]
    package var author: Signature
    /// Who made the commit; a forge, if it was merged there.
    package var committer: Signature
    /// The first paragraph in one line, at most 1,000 characters.
    package var summary: String
    /// The whole message, at most 64 KiB.
    package var message: String

    init(_ commit: borrowing Commit) {
        let raw = commit.raw
        id = git_commit_id(raw).map { CommitID($0.pointee) } ?? CommitID(git_oid())
        parents = (0..<min(git_commit_parentcount(raw), 64)).compactMap { index in
            git_commit_parent_id(raw, index).map { CommitID($0.pointee) }
        }
        author = Self.signature(git_commit_author(raw))
        committer = Self.signature(git_commit_committer(raw))
        summary = git_commit_summary(raw).map { printable(String(cString: $0)) } ?? ""
        let whole = git_commit_message(raw).map { String(cString: $0) } ?? ""
        message = String(decoding: whole.utf8.prefix(64 << 10), as: UTF8.self)
    }

    private static func signature(_ raw: UnsafePointer<git_signature>?) -> Signature {
        guard let raw = raw?.pointee else {
            return .init(name: "", email: "", time: .init(milliseconds: 0))
        }
        let (milliseconds, overflow) = raw.when.time.multipliedReportingOverflow(by: 1000)
        return .init(
            name: raw.name.map { printable(String(cString: $0)) } ?? "",
            email: raw.email.map { printable(String(cString: $0)) } ?? "",
            time: .init(milliseconds: overflow ? 0 : milliseconds)
        )
    }
}
