import API
import Commits
import Documents
import Domain
import Engine
import TestServers
import Testing

@testable import Daemon

/// Which commit a revert makes, and when it makes none.
@Suite(.timeLimit(.minutes(2)))
struct RevertCommitTests {
    private static func digest(_ text: String) throws -> Digest {
        let document = try #require(try YAML.parse(Array(text.utf8)).first?.document)
        let release = try #require(ModelRelease.decode(document).value)
        return try #require(release.spec.declaredShares.first?.digest)
    }

    private func order(
        _ place: Workplace, _ name: String, refused: String, restore: String,
        manual: Bool = false
    ) throws -> RevertOrder {
        RevertOrder(
            source: place.source, spec: place.spec,
            release: NamespacedName(namespace: "risk", name: name),
            refused: try Self.digest(Workplace.release(name, refused)), restore: restore,
            reason: "version \(refused): it failed", manual: manual,
            at: Timestamp(milliseconds: 1_800_000_000_000))
    }

    private func push(_ place: Workplace, _ order: RevertOrder) async throws -> GitOutcome {
        try await RevertCommit(mirror: place.mirror, order: order).push()
    }

    @Test func onlyTheDocumentGoesBack() async throws {
        let place = try Workplace()
        let (a, b) = (Workplace.release("a", "1"), Workplace.release("b", "1"))
        try place.git.commit(["models/all.yaml": "# all\n\(a)---\n\(b)# end\n"])
        let proven = try place.head
        let (a2, b2) = (Workplace.release("a", "2"), Workplace.release("b", "2"))
        try place.git.commit(["models/all.yaml": "# all of it\n\(a2)---\n\(b2)# the end\n"])
        let outcome = try await push(
            place, order(place, "b", refused: "2", restore: proven))
        let head = try place.head
        #expect(outcome == .pushed(head))
        #expect(
            try place.git.git("show", "main:models/all.yaml")
                == "# all of it\n\(a2)---\n\(b)# the end")
        let message = try place.git.git("log", "-1", "--format=%an <%ae>%n%B", "main")
        #expect(message.hasPrefix("\(place.spec.writeBack.authorName) <"))
        #expect(message.contains("\nRevert risk/b: version 2: it failed\n"))
        #expect(message.contains("\nSlipway-Release: risk/b\n"))
    }

    @Test func aFileThatMovedMeanwhileIsFound() async throws {
        let place = try Workplace()
        try place.git.commit(["models/old.yaml": Workplace.release("a", "1")])
        let proven = try place.head
        try place.git.remove("models/old.yaml")
        try place.git.commit(["models/new/a.yaml": Workplace.release("a", "2")])
        _ = try await push(place, order(place, "a", refused: "2", restore: proven))
        #expect(
            try place.git.git("show", "main:models/new/a.yaml") + "\n"
                == Workplace.release("a", "1"))
    }

    @Test func whatSomebodyHasMendedIsLeftAlone() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let proven = try place.head
        try place.git.commit(["models/a.yaml": Workplace.release("a", "3")])
        let before = try place.head
        let outcome = try await push(
            place, order(place, "a", refused: "2", restore: proven))
        #expect(
            outcome == .dropped("the branch does not declare the refused version any more"))
        #expect(try place.head == before)
    }

    @Test func aPushOfWhichNobodyHeardIsNotRepeated() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let proven = try place.head
        try place.git.commit(["models/a.yaml": Workplace.release("a", "2")])
        let order = try order(place, "a", refused: "2", restore: proven)
        let first = try await push(place, order)
        let head = try place.head
        #expect(first == .pushed(head))
        #expect(try await push(place, order) == .pushed(head))
        #expect(try place.head == head)
    }

    @Test func aProvenCommitThatIsGoneMakesNoRevert() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "2")])
        let gone = String(repeating: "1", count: 40)
        let outcome = try await push(place, order(place, "a", refused: "2", restore: gone))
        guard case .dropped(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("1111111"))
    }

    @Test func aRollbackSaysThatItIsOne() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let proven = try place.head
        try place.git.commit(["models/a.yaml": Workplace.release("a", "2")])
        _ = try await push(
            place, order(place, "a", refused: "2", restore: proven, manual: true))
        let message = try place.git.git("log", "-1", "--format=%B", "main")
        #expect(message.hasPrefix("Roll back risk/a: "))
        #expect(message.contains("\nSlipway-Rollback: risk/a"))
    }

    @Test func trailersAreReadFromTheLastParagraphOnly() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let tree = try place.git.git("rev-parse", "main^{tree}")
        func values(_ message: String) async throws -> [String] {
            let commit = try place.git.git(
                "-c", "user.name=A", "-c", "user.email=a@example.org", "commit-tree", tree, "-m",
                message)
            try place.git.git("update-ref", "refs/heads/main", commit)
            let head = try await place.mirror.fetch("main").head
            return OwnCommit.values(of: OwnCommit.release, in: try await place.mirror.commit(head))
        }
        #expect(try await values("Subject\n\nSlipway-Release: x/y\n\nOther: z\n") == [])
        #expect(
            try await values("Subject\n\nText\n\nSlipway-Release: x/y\nOther: z\n\n") == ["x/y"])
    }
}
