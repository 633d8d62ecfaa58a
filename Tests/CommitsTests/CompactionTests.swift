import Domain
import Foundation
import Testing

@testable import Commits

@Suite(.timeLimit(.minutes(5))) struct CompactionTests {
    private func files(_ stage: Stage, _ folder: String, _ suffix: String = "") throws -> [String] {
        let path = stage.workshop.root + "/mirror/mirror.git/objects/" + folder
        return try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(suffix) }
    }

    @Test(arguments: Way.allCases)
    func packsArePutTogetherAndNothingIsLost(_ way: Way) async throws {
        let stage = try Stage(way, limits: .init(packs: 4))
        var heads: [CommitID] = []
        for number in 0..<12 {
            let orphan = number == 5
            heads.append(
                try stage.workshop.commit(
                    ["m/f\(number)": "\(number)"], to: stage.origin, orphan: orphan))
            _ = try await stage.mirror.fetch("main")
        }
        #expect(try files(stage, "pack", ".pack").count <= 5)
        #expect(try files(stage, "pack", ".idx").count == files(stage, "pack", ".pack").count)
        for (number, head) in heads.enumerated() {
            let content = try await stage.mirror.read("m/f\(number)", at: head, limit: 10)
            #expect(content == Array("\(number)".utf8))
        }
        let all = try await stage.mirror.files(at: #require(heads.last), under: "m").files
        #expect(all.count == 7)
        try stage.workshop.git(
            "-C", stage.workshop.root + "/mirror/mirror.git", "fsck", "--strict")
    }

    @Test func looseObjectsOfOurPushesJoinThem() async throws {
        let stage = try Stage(.local)
        let author = Signature(name: "S", email: "s@x", time: .init(milliseconds: 0))
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        for number in 0..<40 {
            let edits = (0..<80).map {
                TreeEdit(path: "f\($0)", content: Array("\(number) \($0)".utf8))
            }
            _ = try await stage.mirror.record(
                "state", edits: edits, message: "\(number)", author: author)
        }
        // 3,300 objects would be about thirteen in each of the 256 folders.
        #expect(try files(stage, "17").count <= 8)
        #expect(try files(stage, "pack", ".pack").count == 2)
        let head = try await stage.mirror.fetch("main").head
        #expect(try await stage.mirror.read("a", at: head, limit: 9) == Array("1".utf8))
        try stage.workshop.git(
            "-C", stage.workshop.root + "/mirror/mirror.git", "fsck", "--strict")
    }
}
