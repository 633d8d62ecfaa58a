import Domain
import Foundation
import Testing

@testable import Commits

private let author = Signature(
    name: "Slipway", email: "slipway@slipway.dev", time: .init(milliseconds: 1_700_000_100_000))

@Suite(.timeLimit(.minutes(5))) struct PushTests {
    @Test(arguments: Way.allCases)
    func anEditIsCommittedOnTop(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(
            ["m/a": "1", "m/b": "2", "c": "3", "d/e": "4"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let outcome = try await stage.mirror.push(
            "main", expectedHead: first,
            edits: [
                .init(path: "m/a", content: Array("one".utf8)), .init(path: "d/e", content: nil),
                .init(path: "n/e/w", content: Array("new".utf8)),
                .init(path: "gone", content: nil),
            ], message: "Revert fraud to 7\n\nSlipway-Refused: x\n", author: author)
        let head = try stage.workshop.head(of: stage.origin)
        #expect(outcome == .pushed(head))
        let git = stage.workshop
        #expect(try git.git("-C", stage.origin, "rev-parse", "main^") == first.hex)
        #expect(
            try git.git("-C", stage.origin, "ls-tree", "-r", "--name-only", "main")
                == "c\nm/a\nm/b\nn/e/w")
        #expect(try git.file("m/a", of: stage.origin) == "one")
        #expect(try git.file("n/e/w", of: stage.origin) == "new")
        #expect(
            try git.git("-C", stage.origin, "log", "-1", "--format=%an %ae %at %cn %s|%b", "main")
                == "Slipway slipway@slipway.dev 1700000100 Slipway Revert fraud to 7|"
                + "Slipway-Refused: x")
        try git.git("-C", stage.origin, "fsck", "--strict")
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: head, previous: first, rewritten: false))
    }

    @Test(arguments: Way.allCases)
    func whoeverPushedFirstWins(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let theirs = try stage.workshop.commit(["b": "1"], to: stage.origin)
        let edits = [TreeEdit(path: "a", content: Array("2".utf8))]
        #expect(
            try await stage.mirror.push(
                "main", expectedHead: first, edits: edits, message: "x", author: author)
                == .rejected(.headMoved))
        #expect(try stage.workshop.head(of: stage.origin) == theirs)
        // Fetch and decide again.
        let head = try await stage.mirror.fetch("main").head
        guard
            case .pushed(let ours) = try await stage.mirror.push(
                "main", expectedHead: head, edits: edits, message: "x", author: author)
        else {
            Issue.record("the second push did not arrive")
            return
        }
        #expect(try stage.workshop.head(of: stage.origin) == ours)
        #expect(try stage.workshop.file("b", of: stage.origin) == "1")
    }

    @Test(arguments: Way.allCases)
    func commitsThatSomebodyTookBackDoNotReturn(_ way: Way) async throws {
        let stage = try Stage(way)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        let second = try stage.workshop.commit(["a": "2"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        try stage.workshop.git("-C", stage.origin, "update-ref", "refs/heads/main", first.hex)
        // For the server this would be a fast-forward.
        #expect(
            try await stage.mirror.push(
                "main", expectedHead: second,
                edits: [.init(path: "a", content: Array("3".utf8))], message: "x", author: author)
                == .rejected(.headMoved))
        #expect(try stage.workshop.head(of: stage.origin) == first)
    }

    @Test func aHookRefusesAndItsWordsArrive() async throws {
        let stage = try Stage(.http)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        let hook = stage.origin + "/hooks/pre-receive"
        try Data("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n".utf8)
            .write(to: URL(fileURLWithPath: hook))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
        _ = try await stage.mirror.fetch("main")
        let outcome = try await stage.mirror.push(
            "main", expectedHead: first, edits: [.init(path: "a", content: [0x32])],
            message: "x", author: author)
        guard case .rejected(.refused(let words)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(words.contains("pre-receive hook declined"))
        #expect(words.contains("main is protected"))
        #expect(try stage.workshop.head(of: stage.origin) == first)
    }

    @Test func editsThatChangeNothingAreNotCommitted() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(
            try await stage.mirror.push(
                "main", expectedHead: first,
                edits: [.init(path: "a", content: [0x31]), .init(path: "no", content: nil)],
                message: "x", author: author) == .unchanged)
        #expect(try stage.workshop.head(of: stage.origin) == first)
    }

    @Test(arguments: Way.allCases)
    func theRecordBeginsWithACommitOfItsOwnAndGoesOn(_ way: Way) async throws {
        let stage = try Stage(way)
        let main = try stage.workshop.commit(["a": "1"], to: stage.origin)
        let branch = "slipway/state"
        let first = try await stage.mirror.record(
            branch, edits: [.init(path: "c/ns/fraud.yaml", content: [0x31])], message: "Proven 7",
            author: author)
        let root = try stage.workshop.head(of: stage.origin, branch: branch)
        #expect(first == .pushed(root))
        #expect(try stage.workshop.git("-C", stage.origin, "rev-list", branch) == root.hex)
        // A second writer with a mirror of its own.
        let other = try stage.mirror(in: "other")
        _ = try await other.record(
            branch, edits: [.init(path: "c/ns/churn.yaml", content: [0x32])], message: "Proven 2",
            author: author)
        let third = try await stage.mirror.record(
            branch, edits: [.init(path: "c/ns/fraud.yaml", content: [0x33])], message: "Proven 8",
            author: author)
        let head = try stage.workshop.head(of: stage.origin, branch: branch)
        #expect(third == .pushed(head))
        #expect(
            try stage.workshop.git("-C", stage.origin, "rev-list", "--count", branch) == "3")
        #expect(
            try stage.workshop.git("-C", stage.origin, "ls-tree", "-r", "--name-only", branch)
                == "c/ns/churn.yaml\nc/ns/fraud.yaml")
        #expect(try stage.workshop.head(of: stage.origin) == main)
        #expect(
            try await stage.mirror.record(
                branch, edits: [.init(path: "c/ns/fraud.yaml", content: [0x33])], message: "x",
                author: author) == .unchanged)
    }

    @Test(arguments: Way.allCases)
    func anEmptyRepositoryTakesTheRecord(_ way: Way) async throws {
        let stage = try Stage(way)
        let outcome = try await stage.mirror.record(
            "slipway/state", edits: [.init(path: "a", content: [0x31])], message: "First",
            author: author)
        #expect(
            outcome
                == .pushed(try stage.workshop.head(of: stage.origin, branch: "slipway/state")))
    }

    @Test func modesStay() async throws {
        let stage = try Stage(.local)
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        let script = Data(
            """
            commit refs/heads/main
            committer Ada <ada@example.org> 1700000000 +0000
            data 1
            x
            from refs/heads/main^0
            M 100755 inline run
            data 1
            1

            """.utf8)
        try stage.workshop.git("-C", stage.origin, "fast-import", "--quiet", input: script)
        let head = try await stage.mirror.fetch("main").head
        _ = try await stage.mirror.push(
            "main", expectedHead: head, edits: [.init(path: "run", content: [0x32])],
            message: "x", author: author)
        #expect(
            try stage.workshop.git("-C", stage.origin, "ls-tree", "main", "run")
                .hasPrefix("100755 "))
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        var edits: [TreeEdit]
        var kind: GitError.Kind = .invalidInput
        var author = Signature(
            name: "Slipway", email: "slipway@slipway.dev", time: .init(milliseconds: 0))
        var message = "x"
        var testDescription: String { edits.map(\.path).joined(separator: " ") + " " + message }
    }

    @Test(arguments: [
        Bad(edits: [.init(path: "", content: [])]),
        Bad(edits: [.init(path: "../x", content: [])]),
        Bad(edits: [.init(path: ".git/hooks/post-update", content: [])]),
        Bad(edits: [.init(path: "m", content: [])]),
        Bad(edits: [.init(path: "m", content: nil)]),
        Bad(edits: [.init(path: "m/a/b", content: [])]),
        Bad(edits: [.init(path: "n", content: []), .init(path: "n/x", content: [])]),
        Bad(edits: [.init(path: "n", content: []), .init(path: "n", content: [1])]),
        Bad(
            edits: [.init(path: "n", content: .init(repeating: 0, count: (1 << 20) + 1))],
            kind: .tooLarge),
        Bad(
            edits: [.init(path: "n", content: [])],
            author: .init(name: "x\nparent 0", email: "a@b", time: .init(milliseconds: 0))),
        Bad(
            edits: [.init(path: "n", content: [])],
            author: .init(name: "", email: "", time: .init(milliseconds: 0))),
        Bad(edits: [.init(path: "n", content: [])], message: "a\0b"),
    ])
    func badEditsAreRefused(_ bad: Bad) async throws {
        let stage = try Stage(.local)
        let head = try stage.workshop.commit(["m/a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(
            await kind {
                try await stage.mirror.push(
                    "main", expectedHead: head, edits: bad.edits, message: bad.message,
                    author: bad.author)
            } == bad.kind)
        #expect(try stage.workshop.head(of: stage.origin) == head)
    }

    @Test func pushesToAServerThatDoesNotTakeThemAreRefused() async throws {
        let stage = try Stage(.http)
        let head = try stage.workshop.commit(["a": "1"], to: stage.origin)
        try stage.workshop.git("-C", stage.origin, "config", "http.receivepack", "false")
        _ = try await stage.mirror.fetch("main")
        #expect(
            await kind {
                try await stage.mirror.push(
                    "main", expectedHead: head, edits: [.init(path: "a", content: [])],
                    message: "x", author: author)
            } == .unauthorized)
    }
}
