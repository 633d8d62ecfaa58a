import API
import Desired
import Domain
import Engine
import TestServers
import Testing

@testable import Daemon

/// What a look at a branch brings.
@Suite(.timeLimit(.minutes(2)))
struct CommitReaderTests {
    private static let golden = "{\"request\": {\"x\": 1}, \"expect\": {\"y\": 1}}\n"

    private func look(
        _ place: Workplace, known: String = "", _ index: FileIndex? = nil
    ) async throws -> (CommitNotice, FileIndex) {
        let (outcome, found) = try await place.reader.look(known: known, index: index)
        guard case .commit(let notice) = outcome else { throw Unexpected(outcome: "\(outcome)") }
        return (notice, try #require(found))
    }

    private struct Unexpected: Error { let outcome: String }

    @Test func aFirstLookReadsEverythingAndTheNextOneWhatChanged() async throws {
        let place = try Workplace()
        try place.git.commit([
            "models/a.yaml": Workplace.release("a", "1"),
            "models/b.yaml": Workplace.release("b", "1"), "other/c.yaml": "no: release",
        ])
        let (first, index) = try await look(place)
        #expect(first.isWhole)
        #expect(first.files.map(\.path) == ["models/a.yaml", "models/b.yaml"])
        try place.git.commit(["models/b.yaml": Workplace.release("b", "2")])
        let (second, _) = try await look(place, known: first.id, index)
        #expect(!second.isWhole)
        #expect(second.files.map(\.path) == ["models/b.yaml"])
        #expect(second.files.first?.releases.first?.release.spec.versions.first?.name == "2")
        #expect(!second.rewritten)
    }

    @Test func aFileThatIsGoneIsNamed() async throws {
        let place = try Workplace()
        try place.git.commit([
            "models/a.yaml": Workplace.release("a", "1"),
            "models/b.yaml": Workplace.release("b", "1"),
        ])
        let (first, index) = try await look(place)
        try place.git.remove("models/b.yaml")
        let (second, _) = try await look(place, known: first.id, index)
        #expect(second.removed == ["models/b.yaml"])
        #expect(second.files.isEmpty)
    }

    @Test func aChangedGoldenFileReadsTheReleasesThatNameItAgain() async throws {
        let place = try Workplace()
        try place.git.commit([
            "models/a.yaml": Workplace.release("a", "1", golden: "./a.jsonl"),
            "models/b.yaml": Workplace.release("b", "1"), "models/a.jsonl": Self.golden,
        ])
        let (first, index) = try await look(place)
        #expect(first.files.flatMap(\.problems).isEmpty)
        try place.git.commit([
            "models/a.jsonl": Self.golden + Self.golden
        ])
        let (second, later) = try await look(place, known: first.id, index)
        #expect(second.files.map(\.path) == ["models/a.yaml"])
        let probes = second.files.first?.releases.first?.release.spec.health.probes
        #expect(probes?.first?.cases.count == 2)
        try place.git.remove("models/a.jsonl")
        let (third, _) = try await look(place, known: second.id, later)
        #expect(
            third.files.first?.problems.map(\.message).joined().contains(
                "there is no file models/a.jsonl in this commit") ?? false)
    }

    @Test func aGoldenFileThatIsTooLargeIsAProblemOfItsReleaseAlone() async throws {
        let place = try Workplace()
        try place.git.commit([
            "models/a.yaml": Workplace.release("a", "1", golden: "./a.jsonl"),
            "models/b.yaml": Workplace.release("b", "1"),
            "models/a.jsonl": String(repeating: " ", count: FileReader.goldenBytes + 1),
        ])
        let (notice, _) = try await look(place)
        #expect(notice.files.map(\.hasErrors) == [true, false])
        #expect("\(notice.files[0].problems)".contains("has more than 65536 bytes"))
    }

    @Test func aLinkInPlaceOfAReleaseFileIsAnErrorAndNotAnAbsence() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let (first, index) = try await look(place)
        try place.git.link("models/a.yaml", to: "/etc/passwd")
        let (second, _) = try await look(place, known: first.id, index)
        #expect(second.removed.isEmpty)
        #expect(second.files.map(\.hasErrors) == [true])
        #expect("\(second.files[0].problems)".contains("a symbolic link"))
    }

    @Test func aRewrittenHistoryIsReadAsAWhole() async throws {
        let place = try Workplace()
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        let (first, index) = try await look(place)
        try place.git.git("update-ref", "-d", "refs/heads/main")
        try place.git.commit(["models/b.yaml": Workplace.release("b", "1")])
        let (second, _) = try await look(place, known: first.id, index)
        #expect(second.rewritten)
        #expect(second.isWhole)
        #expect(second.files.map(\.path) == ["models/b.yaml"])
    }

    @Test func filesThatOnlyOurOwnCommitsChangedAreNamed() async throws {
        let place = try Workplace()
        try place.git.commit([
            "models/a.yaml": Workplace.release("a", "1"),
            "models/b.yaml": Workplace.release("b", "1"),
        ])
        let (first, index) = try await look(place)
        // A person changes one release, and we revert another one on top of it.
        try place.git.commit(["models/a.yaml": Workplace.release("a", "2")])
        let person = try place.head
        try place.git.commit(["models/b.yaml": Workplace.release("b", "2")])
        try place.makeHeadOurs(release: "risk/b")
        let (second, later) = try await look(place, known: first.id, index)
        #expect(second.files.map(\.path) == ["models/a.yaml", "models/b.yaml"])
        #expect(second.ownFiles == ["models/b.yaml"])
        #expect(second.author == "A")
        // With the person's commit known only ours is new.
        let (third, _) = try await look(place, known: person, later)
        #expect(third.ownFiles == ["models/b.yaml"])
    }

    @Test func aFolderThatDoesNotExistIsAnErrorAndNotAnEmptyCommit() async throws {
        let place = try Workplace(path: "wrong")
        try place.git.commit(["models/a.yaml": Workplace.release("a", "1")])
        await #expect(throws: (any Error).self) {
            _ = try await place.reader.look(known: "", index: nil)
        }
    }
}
