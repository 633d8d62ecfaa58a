import API
import Commits
import Documents
import Domain
import Engine

/// Writes what is known of releases to the state branch, which only controllers write: a file
/// `CLUSTER/NAMESPACE/NAME.yaml` each, in one commit.
struct StateRecord: Sendable {
    let mirror: Commits.Mirror
    /// One or more, for one branch.
    let orders: [RecordOrder]
    /// The folder of this cluster.
    let cluster: String

    func push() async throws(GitError) -> GitOutcome {
        guard let first = orders.first else { return .dropped("nothing to record") }
        for _ in 0..<5 {
            let outcome = try await mirror.record(
                first.spec.writeBack.stateBranch, edits: edits, message: message(first),
                author: Signature(writeBack: first.spec.writeBack, at: first.at))
            switch outcome {
            case .pushed(let commit): return .pushed(commit.hex)
            case .unchanged: return .dropped("the record says so already")
            case .rejected(.headMoved): continue
            case .rejected(let rejection): return .failed("\(rejection)")
            }
        }
        return .failed("the state branch moved again and again")
    }

    private var edits: [TreeEdit] {
        orders.map { order in
            TreeEdit(
                path: "\(cluster)/\(order.release.namespace)/\(order.release.name).yaml",
                content: Array(YAML.write(order.content).utf8))
        }
    }

    private func message(_ first: RecordOrder) -> String {
        guard orders.count > 1 else {
            return OwnCommit.message(
                "Record \(first.release) in \(cluster)", "",
                [OwnCommit.release: first.release.description])
        }
        return "Record \(orders.count) releases in \(cluster)\n"
    }
}
