import Domain
import Foundation
import Testing

@testable import Commits

/// The two ways to a repository; everything has to work the same over both.
enum Way: String, CaseIterable, CustomTestStringConvertible {
    case local, http

    var testDescription: String { rawValue }
}

/// A repository `origin`, a way to it, and a mirror of it.
struct Stage {
    let workshop: Workshop
    let origin: String
    let way: Way
    let limits: MirrorLimits
    let mirror: Mirror

    init(_ way: Way, limits: MirrorLimits = .init()) throws {
        self.way = way
        self.limits = limits
        workshop = try Workshop()
        origin = try workshop.bare()
        mirror = try Self.mirror(workshop, origin, way, limits, in: "mirror")
    }

    /// One more mirror of `origin`.
    func mirror(in folder: String) throws -> Mirror {
        try Self.mirror(workshop, origin, way, limits, in: folder)
    }

    private static func mirror(
        _ workshop: Workshop, _ origin: String, _ way: Way, _ limits: MirrorLimits,
        in folder: String
    ) throws -> Mirror {
        switch way {
        case .local: try workshop.mirror(of: origin, in: folder, limits: limits)
        case .http: try workshop.mirror(at: workshop.url(), in: folder, limits: limits)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct FetchTests {
    @Test(arguments: Way.allCases)
    func aCommitArrivesWithWhatItSays(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(
            ["models/fraud.yaml": "weight: 10\n"],
            to: stage.origin,
            message: "Release fraud 7\n\nIt is better.\n"
        )
        let fetched = try await stage.mirror.fetch("main")
        #expect(fetched == .init(head: first, previous: nil, rewritten: false))
        let info = try await stage.mirror.commit(first)
        #expect(info.summary == "Release fraud 7")
        #expect(info.message == "Release fraud 7\n\nIt is better.\n")
        #expect(info.author.name == "Ada")
        #expect(info.author.email == "ada@example.org")
        #expect(info.author.time.description == "2023-11-14T22:13:20Z")
        #expect(info.parents == [])
        let files = try await stage.mirror.files(at: first, under: "models")
        #expect(files.files.map(\.path) == ["models/fraud.yaml"])
        #expect(files.files.map(\.size) == [11])
        let content = try await stage.mirror.read(#require(files.files.first))
        #expect(String(decoding: content, as: UTF8.self) == "weight: 10\n")
    }

    @Test(arguments: Way.allCases)
    func laterCommitsAreFetchedOnTop(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: first, previous: first, rewritten: false)
        )
        let second = try stage.workshop.commit(["a": "2"], to: stage.origin)
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: second, previous: first, rewritten: false)
        )
        #expect(try await stage.mirror.isAncestor(first, of: second))
        #expect(try await stage.mirror.isAncestor(second, of: first) == false)
        #expect(try await stage.mirror.commit(second).parents == [first])
    }

    @Test(arguments: Way.allCases)
    func rewrittenHistoryIsNamed(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let other = try stage.workshop.commit(["a": "x"], to: stage.origin, orphan: true)
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: other, previous: first, rewritten: true)
        )
        // What was there before can still be compared with.
        let changes = try await stage.mirror.changes(from: first, to: other, under: "")
        #expect(changes.changed.map(\.path) == ["a"])
    }

    @Test(arguments: Way.allCases)
    func aRewindIsRewrittenHistory(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        let second = try stage.workshop.commit(["a": "2"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        try stage.workshop.git(
            "-C",
            stage.origin,
            "update-ref",
            "refs/heads/main",
            first.hex
        )
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: first, previous: second, rewritten: true)
        )
    }

    @Test(arguments: Way.allCases)
    func missingThingsAreToldApart(_ way: Way) async throws {
        let stage = try Stage(way)
        await #expect(throws: GitError.self) { try await stage.mirror.fetch("main") }
        #expect(await kind { try await stage.mirror.fetch("main") } == .emptyRepository)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        #expect(await kind { try await stage.mirror.fetch("other") } == .branchNotFound)
        #expect(await kind { try await stage.mirror.fetch("no such branch") } == .invalidInput)
        _ = try await stage.mirror.fetch("main")
        #expect(
            await kind { try await stage.mirror.files(at: first, under: "models") }
                == .pathNotFound
        )
        #expect(
            await kind { try await stage.mirror.files(at: first, under: "a") } == .pathNotFound
        )
        let unknown = try #require(CommitID(String(repeating: "7", count: 40)))
        #expect(await kind { try await stage.mirror.commit(unknown) } == .objectNotFound)
        // The repository goes away and comes back.
        try FileManager.default.moveItem(atPath: stage.origin, toPath: stage.origin + ".away")
        #expect(await kind { try await stage.mirror.fetch("main") } == .repositoryNotFound)
        #expect(try await stage.mirror.read("a", at: first, limit: 10) == Array("1".utf8))
        try FileManager.default.moveItem(atPath: stage.origin + ".away", toPath: stage.origin)
        #expect(try await stage.mirror.fetch("main").head == first)
    }

    @Test func aDeletedBranchThatComesBackIsComparedWithWhatItWas() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        try stage.workshop.commit(["a": "1"], to: stage.origin, branch: "other")
        _ = try await stage.mirror.fetch("main")
        try stage.workshop.git("-C", stage.origin, "update-ref", "-d", "refs/heads/main")
        #expect(await kind { try await stage.mirror.fetch("main") } == .branchNotFound)
        let other = try stage.workshop.commit(["a": "3"], to: stage.origin)
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: other, previous: first, rewritten: true)
        )
    }

    @Test func aBranchMayTakeTheNameOfAFolderOfBranches() async throws {
        let stage = try Stage(.local)
        try stage.workshop.commit(["a": "1"], to: stage.origin, branch: "feature")
        _ = try await stage.mirror.fetch("feature")
        try stage.workshop.git("-C", stage.origin, "update-ref", "-d", "refs/heads/feature")
        let inner = try stage.workshop.commit(["a": "2"], to: stage.origin, branch: "feature/x")
        #expect(try await stage.mirror.fetch("feature/x").head == inner)
    }

    @Test(arguments: Way.allCases)
    func historiesWithMergesAndMovesArriveWhole(_ way: Way) async throws {
        let stage = try Stage(way)
        let origin = stage.origin
        for number in 0..<6 {
            try stage.workshop.commit(
                ["a/b/f\(number)": "\(number)", "a/b": number == 3 ? "file" : nil], to: origin)
            try stage.workshop.commit(
                ["side/f\(number)": "side \(number)", "a/moved": "\(number)"], to: origin,
                branch: "side")
            let tree = try stage.workshop.git("-C", origin, "rev-parse", "side^{tree}")
            let merge = try stage.workshop.git(
                "-C", origin, "commit-tree", tree, "-m", "Merge", "-p", "main", "-p", "side")
            try stage.workshop.git("-C", origin, "update-ref", "refs/heads/main", merge)
            if number % 2 == 0 { _ = try await stage.mirror.fetch("main") }
        }
        let head = try await stage.mirror.fetch("main").head
        #expect(try await stage.mirror.files(at: head, under: "").files.count == 7)
        try stage.workshop.git(
            "-C", stage.workshop.root + "/mirror/mirror.git", "fsck", "--strict")
    }

    @Test func oneBranchIsFetchedAndNoOther() async throws {
        let stage = try Stage(.http)
        let other = try stage.workshop.commit(["b": "2"], to: stage.origin, branch: "other")
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(await kind { try await stage.mirror.commit(other) } == .objectNotFound)
    }

    @Test func twoMirrorsFetchAtTheSameTime() async throws {
        let workshop = try Workshop()
        let (one, two) = (try workshop.bare("one"), try workshop.bare("two"))
        let heads = [
            try workshop.commit(["a": "1"], to: one), try workshop.commit(["a": "2"], to: two),
        ]
        let slow = try workshop.mirror(at: workshop.url("one", fault: "hang"), in: "slow")
        let stuck = Task { await kind { try await slow.fetch("main") } }
        let mirrors = [
            try workshop.mirror(at: workshop.url("one"), in: "m1"),
            try workshop.mirror(at: workshop.url("two"), in: "m2"),
        ]
        async let first = mirrors[0].fetch("main")
        async let second = mirrors[1].fetch("main")
        #expect(try await [first.head, second.head] == heads)
        // The hung server held up nobody else, and whoever waits for it can be called off.
        stuck.cancel()
        #expect(await stuck.value == .cancelled)
    }
}

/// The kind of the error that `body` throws; `nil` if it does not.
func kind<Result>(
    _ isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Result
) async -> GitError.Kind? {
    do {
        _ = try await body()
        return nil
    } catch let error as GitError {
        return error.kind
    } catch {
        return nil
    }
}
