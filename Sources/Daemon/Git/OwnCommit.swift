import API
import Commits
import Domain

/// What our commits say at the end of their message, and how they are known again.
enum OwnCommit {
    static let release = "Slipway-Release"
    static let refused = "Slipway-Refused"
    static let rollback = "Slipway-Rollback"

    /// A message: subject, text, trailers (`git interpret-trailers`).
    static func message(
        _ subject: String, _ text: String, _ trailers: KeyValuePairs<String, String>
    ) -> String {
        let lines = trailers.map { "\($0): \(oneLine($1))" }.joined(separator: "\n")
        let body = text.isEmpty ? "" : "\(text)\n\n"
        return "\(oneLine(subject))\n\n\(body)\(lines)\n"
    }

    /// Whether Slipway wrote a commit: its trailer and its author. A person who copies both has
    /// made it one of ours, and lifts no quarantine with it.
    static func isOwn(_ commit: CommitInfo, _ writeBack: WriteBack) -> Bool {
        commit.author.email == writeBack.authorEmail && !values(of: release, in: commit).isEmpty
    }

    /// The values of a trailer in the last paragraph of the message.
    static func values(of name: String, in commit: CommitInfo) -> [String] {
        let lines = commit.message.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines.reversed().drop { $0.allSatisfy(\.isWhitespace) }
        return text.prefix { !$0.isEmpty }.compactMap { line in
            line.hasPrefix("\(name): ") ? String(line.dropFirst(name.count + 2)) : nil
        }
    }

    private static func oneLine(_ text: String) -> String {
        String(text.prefix(500)).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
