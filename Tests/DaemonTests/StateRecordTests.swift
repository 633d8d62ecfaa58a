import Commits
import Domain
import Engine
import Logging
import TestServers
import Testing
import Transport

@testable import Daemon

/// What goes to the state branch, and in how many commits.
@Suite(.timeLimit(.minutes(2)))
struct StateRecordTests {
    @Test func recordsThatComeTogetherGoOutTogether() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let loop = try CurlLoop(name: "tests")
        let repositories = Repositories(
            in: place.git.root + "/mirrors", permissions: .init(localRepositories: true),
            loop: loop, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        let outcomes = await withTaskGroup(of: GitOutcome.self) { group in
            for number in 0..<200 {
                let order = RecordOrder(
                    source: place.source, spec: place.spec,
                    release: NamespacedName(namespace: "risk", name: "r\(number)"),
                    content: ["release": .string("r\(number)")],
                    at: Timestamp(milliseconds: 1_800_000_000_000))
                group.addTask { await repositories.record(order, cluster: "east") }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(
            outcomes.allSatisfy { outcome in
                if case .pushed = outcome { true } else { false }
            })
        let files = try place.git.git("ls-tree", "-r", "--name-only", "slipway/state")
        #expect(files.split(separator: "\n").count == 200)
        #expect(files.contains("east/risk/r7.yaml"))
        #expect(try place.git.git("show", "slipway/state:east/risk/r7.yaml") == "release: r7")
        let commits = try #require(
            Int(try place.git.git("rev-list", "--count", "slipway/state")))
        #expect(commits < 20, "\(commits) commits for 200 records")
        await loop.shutDown()
    }
}
