import Foundation
import Testing

@testable import Commits

@Suite(.timeLimit(.minutes(5))) struct ChangesTests {
    /// The changes of the last commit on main against the one before it.
    private func changes(
        _ stage: Stage, from: CommitID?, under: String = ""
    ) async throws -> TreeChanges {
        let head = try await stage.mirror.fetch("main").head
        return try await stage.mirror.changes(from: from, to: head, under: under)
    }

    @Test(arguments: Way.allCases)
    func oneFileOfAThousandIsOneChange(_ way: Way) async throws {
        let stage = try Stage(way)
        let many = Dictionary(
            uniqueKeysWithValues: (0..<1000).map {
                ("models/team-\($0 % 20)/release-\($0).yaml", Optional("weight: \($0)"))
            })
        let first = try stage.workshop.commit(many, to: stage.origin)
        let all = try await changes(stage, from: nil, under: "models")
        #expect(all.changed.count == 1000)
        #expect(all.changed.map(\.path) == many.keys.sorted())
        try stage.workshop.commit(["models/team-7/release-7.yaml": "weight: 8"], to: stage.origin)
        let one = try await changes(stage, from: first, under: "models")
        #expect(one.changed.map(\.path) == ["models/team-7/release-7.yaml"])
        #expect(one.removed == [])
        #expect(one.problems == [])
        let content = try await stage.mirror.read(#require(one.changed.first))
        #expect(String(decoding: content, as: UTF8.self) == "weight: 8")
    }

    @Test func changesElsewhereAreNoChanges() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(
            ["models/a.yaml": "1", "README": "x"], to: stage.origin)
        try stage.workshop.commit(["README": "y", "modelsX/b": "1"], to: stage.origin)
        #expect(try await changes(stage, from: first, under: "models").isEmpty)
        #expect(try await changes(stage, from: first, under: "/models/").isEmpty)
        #expect(
            try await changes(stage, from: first).changed.map(\.path) == ["README", "modelsX/b"])
    }

    @Test func renamesAndDeletionsNameBothPaths() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(
            ["m/a": "1", "m/b": "2", "m/deep/er/c": "3"], to: stage.origin)
        try stage.workshop.commit(
            ["m/a": nil, "m/z": "1", "m/deep/er/c": nil], to: stage.origin)
        let found = try await changes(stage, from: first)
        #expect(found.changed.map(\.path) == ["m/z"])
        #expect(found.removed == ["m/a", "m/deep/er/c"])
    }

    @Test func aFileMayBecomeAFolderAndBack() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(
            ["x": "1", "x.a": "1", "x0": "1"], to: stage.origin)
        let second = try stage.workshop.commit(["x": nil, "x/y": "2"], to: stage.origin)
        let there = try await changes(stage, from: first)
        #expect(there.changed.map(\.path) == ["x/y"])
        #expect(there.removed == ["x"])
        try stage.workshop.commit(["x/y": nil, "x": "3"], to: stage.origin)
        let back = try await changes(stage, from: second)
        #expect(back.changed.map(\.path) == ["x"])
        #expect(back.removed == ["x/y"])
    }

    @Test func aNewModeIsAChange() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        let blob = try stage.workshop.git("-C", stage.origin, "rev-parse", "main:a")
        let second = try raw(stage, [("100755", "blob", blob, "a")], parent: first)
        let head = try await stage.mirror.fetch("main").head
        #expect(head == second)
        let found = try await stage.mirror.changes(from: first, to: second, under: "")
        #expect(found.changed.map(\.isExecutable) == [true])
    }

    @Test func theFolderMayGoAndCome() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["m/a": "1", "b": "1"], to: stage.origin)
        let second = try stage.workshop.commit(["m/a": nil], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(
            await kind { try await stage.mirror.changes(from: first, to: second, under: "m") }
                == .pathNotFound)
        let third = try stage.workshop.commit(["m/a": "2"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let found = try await stage.mirror.changes(from: second, to: third, under: "m")
        #expect(found.changed.map(\.path) == ["m/a"])
    }

    // MARK: What is not taken in

    /// Commits a tree as it is given, since git itself refuses to make some of them.
    private func raw(
        _ stage: Stage, _ entries: [(mode: String, type: String, object: String, name: String)],
        parent: CommitID? = nil
    ) throws -> CommitID {
        let tree = try tree(stage, entries)
        var arguments = ["-C", stage.origin, "commit-tree", tree, "-m", "Raw"]
        if let parent { arguments += ["-p", parent.hex] }
        let commit = try stage.workshop.git(arguments)
        try stage.workshop.git("-C", stage.origin, "update-ref", "refs/heads/main", commit)
        return try #require(CommitID(commit))
    }

    private func tree(
        _ stage: Stage, _ entries: [(mode: String, type: String, object: String, name: String)]
    ) throws -> String {
        var bytes = Data()
        // Git's order: no name here begins with the whole of a folder's name.
        for entry in entries.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            bytes.append(Data("\(entry.mode.drop { $0 == "0" }) ".utf8))
            bytes.append(
                entry.name == "invalid" ? Data([0x66, 0xff, 0xfe]) : Data(entry.name.utf8))
            bytes.append(0)
            var hex = entry.object[...]
            while let byte = UInt8(hex.prefix(2), radix: 16) {
                bytes.append(byte)
                hex = hex.dropFirst(2)
            }
        }
        return try stage.workshop.git(
            "-C", stage.origin, "hash-object", "-w", "-t", "tree", "--literally", "--stdin",
            input: bytes)
    }

    @Test func linksAndSubmodulesAreReportedAndNotFollowed() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["m/a": "/etc/passwd"], to: stage.origin)
        let blob = try stage.workshop.git("-C", stage.origin, "rev-parse", "main:m/a")
        let second = try raw(
            stage,
            [
                ("120000", "blob", blob, "link"), ("160000", "commit", first.hex, "module"),
                ("100644", "blob", blob, "file"),
            ], parent: first)
        _ = try await stage.mirror.fetch("main")
        let found = try await stage.mirror.changes(from: first, to: second, under: "")
        #expect(found.changed.map(\.path) == ["file"])
        #expect(found.removed == ["m/a"])
        #expect(
            found.problems == [
                .init(path: "link", reason: .link), .init(path: "module", reason: .submodule),
            ])
        #expect(try await stage.mirror.read("link", at: second, limit: 100) == nil)
        // Gone again: the path is named, so that whoever kept the problem can forget it.
        let third = try raw(stage, [("100644", "blob", blob, "file")], parent: second)
        _ = try await stage.mirror.fetch("main")
        let after = try await stage.mirror.changes(from: second, to: third, under: "")
        #expect(after == .init(changed: [], removed: ["link", "module"], problems: []))
    }

    @Test func oddNamesAreRefused() async throws {
        let stage = try Stage(.local)
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        let blob = try stage.workshop.git("-C", stage.origin, "rev-parse", "main:a")
        let odd = [".GIT", "back\\slash", "bell\u{7}", "git~1", "invalid"]
        let head = try raw(
            stage, (odd + ["fine", "Fine", ".gitignore"]).map { ("100644", "blob", blob, $0) })
        _ = try await stage.mirror.fetch("main")
        let found = try await stage.mirror.files(at: head, under: "")
        #expect(found.files.map(\.path) == [".gitignore"])
        #expect(
            Dictionary(uniqueKeysWithValues: found.problems.map { ($0.path, $0.reason) }) == [
                ".GIT": .oddName, "back\\slash": .oddName, "bell\u{7}": .oddName,
                "git~1": .oddName, "f\u{fffd}\u{fffd}": .notUTF8, "fine": .sameName,
                "Fine": .sameName,
            ])
    }

    @Test func aNameThatIsNoTwinAnyMoreIsTakenInAgain() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["Same": "1", "same": "2"], to: stage.origin)
        let second = try stage.workshop.commit(["same": nil], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let found = try await stage.mirror.changes(from: first, to: second, under: "")
        #expect(found.changed.map(\.path) == ["Same"])
        #expect(found.removed == ["same"])
    }

    @Test func largeFilesAreReportedAndNotRead() async throws {
        let stage = try Stage(.local)
        let head = try stage.workshop.commit(
            ["big": String(repeating: "x", count: (1 << 20) + 1), "small": "1"],
            to: stage.origin)
        let found = try await changes(stage, from: nil)
        #expect(found.changed.map(\.path) == ["small"])
        #expect(found.problems == [.init(path: "big", reason: .tooLarge((1 << 20) + 1))])
        #expect(
            await kind { try await stage.mirror.read("big", at: head, limit: 1 << 20) }
                == .tooLarge)
    }

    @Test func foldersInFoldersEnd() async throws {
        let stage = try Stage(.local)
        let deep = (0..<40).map { "d\($0)" }.joined(separator: "/") + "/file"
        try stage.workshop.commit([deep: "1", "a": "1"], to: stage.origin)
        let found = try await changes(stage, from: nil)
        #expect(found.changed.map(\.path) == ["a"])
        #expect(found.problems.map(\.reason) == [.tooDeep])
        #expect(found.problems.first?.path.split(separator: "/").count == 32)
    }

    @Test func aTreeThatGrowsByRepetitionIsRefused() async throws {
        let stage = try Stage(.local)
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        let blob = try stage.workshop.git("-C", stage.origin, "rev-parse", "main:a")
        // Ten levels of ten folders that are all the same: 10^10 files in eleven objects.
        var level = try tree(stage, [("100644", "blob", blob, "f")])
        for _ in 0..<10 {
            level = try tree(stage, (0..<10).map { ("040000", "tree", level, "d\($0)") })
        }
        let head = try raw(stage, [("040000", "tree", level, "m")])
        _ = try await stage.mirror.fetch("main")
        #expect(await kind { try await stage.mirror.files(at: head, under: "m") } == .tooLarge)
    }

    @Test func aChangeHasALimitInBytes() async throws {
        let stage = try Stage(.local, limits: .init(changeSize: 1000))
        try stage.workshop.commit(["a": String(repeating: "x", count: 900)], to: stage.origin)
        _ = try await changes(stage, from: nil)
        try stage.workshop.commit(["b": String(repeating: "x", count: 900)], to: stage.origin)
        #expect(await kind { try await changes(stage, from: nil) } == .tooLarge)
    }

    @Test(arguments: ["../x", "a/../b", ".git/config", "a\\b", "a/./b"])
    func declaredPathsAreChecked(_ path: String) async throws {
        let stage = try Stage(.local)
        let head = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        #expect(
            await kind { try await stage.mirror.files(at: head, under: path) } == .invalidInput)
    }
}
