import API
import Commits
import Documents
import Domain
import Engine

/// Writes what is known of a release to the state branch, which only controllers write.
struct StateRecord: Sendable {
    let mirror: Commits.Mirror
    let order: RecordOrder
    /// The folder of this cluster.
    let cluster: String

    func push() async throws(GitError) -> GitOutcome {
        let path = "\(cluster)/\(order.release.namespace)/\(order.release.name).yaml"
        let edit = TreeEdit(path: path, content: Array(YAML.write(order.content).utf8))
        let message = OwnCommit.message(
            "Record \(order.release) in \(cluster)", "",
            [OwnCommit.release: order.release.description])
        for _ in 0..<5 {
            let outcome = try await mirror.record(
                order.spec.writeBack.stateBranch, edits: [edit], message: message,
                author: Signature(writeBack: order.spec.writeBack, at: order.at))
            switch outcome {
            case .pushed(let commit): return .pushed(commit.hex)
            case .unchanged: return .dropped("the record says so already")
            case .rejected(.headMoved): continue
            case .rejected(let rejection): return .failed("\(rejection)")
            }
        }
        return .failed("the state branch moved again and again")
    }
}
