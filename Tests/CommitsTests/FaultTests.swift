import Domain
import Foundation
import Glibc
import Testing

@testable import Commits

@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    // MARK: Servers

    @Test(arguments: [
        ("hang", GitError.Kind.timedOut), ("slow", .timedOut), ("moved", .unreachable),
        ("closed", .unauthorized), ("page", .unreachable), ("broken", .unreachable),
        ("missing", .repositoryNotFound),
    ])
    func serversFailInWaysOfTheirOwn(_ path: String, _ expected: GitError.Kind) async throws {
        let workshop = try Workshop()
        try workshop.commit(["a": "1"], to: workshop.bare())
        let mirror = try workshop.mirror(at: workshop.url(fault: path), deadline: 1)
        let found = await error { try await mirror.fetch("main") }
        #expect(found?.kind == expected)
        #expect(found?.next == .retry)
        #expect(found?.operation == "fetch main")
    }

    @Test func noServerIsUnreachable() async throws {
        let workshop = try Workshop()
        let mirror = try workshop.mirror(at: "http://127.0.0.1:1/origin.git")
        #expect(await kind { try await mirror.fetch("main") } == .unreachable)
    }

    @Test func aCancelledTaskFetchesNothing() async throws {
        let stage = try Stage(.http)
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        let fetch = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await kind { try await stage.mirror.fetch("main") }
        }
        #expect(await fetch.value == .cancelled)
        #expect(await kind { try await stage.mirror.fetch("main") } == nil)
    }

    @Test(arguments: Way.allCases)
    func aFetchHasALimitInBytes(_ way: Way) async throws {
        let stage = try Stage(way, limits: .init(fetchSize: 200_000))
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        var random = SystemRandomNumberGenerator()
        let noise = (0..<60_000).map { _ in String(random.next(), radix: 36) }.joined()
        try stage.workshop.commit(["noise": noise], to: stage.origin)
        let found = await error { try await stage.mirror.fetch("main") }
        #expect(found?.kind == .tooLarge)
        #expect(found?.next == .never)
        #expect(try await stage.mirror.read("a", at: first, limit: 10) == [0x31])
    }

    @Test(arguments: Way.allCases)
    func aFetchHasALimitInObjects(_ way: Way) async throws {
        let stage = try Stage(way, limits: .init(fetchObjects: 10))
        let files = (0..<20).map { ("f\($0)", Optional("\($0)")) }
        try stage.workshop.commit(Dictionary(uniqueKeysWithValues: files), to: stage.origin)
        #expect(await kind { try await stage.mirror.fetch("main") } == .tooLarge)
    }

    // MARK: The surroundings

    @Test func noConfigurationOfTheMachineTakesEffect() async throws {
        let stage = try Stage(.http)
        let head = try stage.workshop.commit(["a": "1"], to: stage.origin)
        // libgit2 looks for these files when it starts; in this process it may have started.
        let home = stage.workshop.root + "/home"
        try FileManager.default.createDirectory(
            atPath: home + "/.config/git", withIntermediateDirectories: true)
        let evil = "[url \"http://127.0.0.1:1/\"]\n  insteadOf = \(try stage.workshop.url())\n"
        for file in [".gitconfig", ".config/git/config"] {
            try Data(evil.utf8).write(to: URL(fileURLWithPath: "\(home)/\(file)"))
        }
        setenv("HOME", home, 1)
        setenv("XDG_CONFIG_HOME", home + "/.config", 1)
        defer { unsetenv("XDG_CONFIG_HOME") }
        #expect(try await fetched(stage).head == head)
        // Not even the configuration of the mirror itself.
        let config = stage.workshop.root + "/mirror/mirror.git/config"
        let own = try String(contentsOfFile: config, encoding: .utf8)
        try Data((own + evil).utf8).write(to: URL(fileURLWithPath: config))
        let again = try stage.mirror(in: "mirror")
        let next = try stage.workshop.commit(["a": "2"], to: stage.origin)
        #expect(try await again.fetch("main").head == next)
    }

    @Test func repositoriesNeedPermission() throws {
        #expect(throws: GitError.self) { try RemoteAddress("/srv/git/x.git", permissions: .init()) }
    }

    @Test func aWorkTreeIsNoBareRepository() async throws {
        let workshop = try Workshop()
        try workshop.git("init", "-q", "work")
        let mirror = try workshop.mirror(of: workshop.root + "/work")
        #expect(await kind { try await mirror.fetch("main") } == .repositoryNotFound)
    }

    // MARK: The disk

    @Test func oneProcessUsesADirectory() async throws {
        let stage = try Stage(.local)
        let head = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let second = try stage.workshop.mirror(of: stage.origin)
        let found = await error { try await second.fetch("main") }
        #expect(found?.kind == .directoryUnusable)
        #expect(found?.message.contains("in use") == true)
        #expect(try await stage.mirror.fetch("main").head == head)
    }

    @Test func aMirrorOfAnotherRepositoryIsMadeAnew() async throws {
        let workshop = try Workshop()
        let (one, two) = (try workshop.bare("one"), try workshop.bare("two"))
        let first = try workshop.commit(["a": "1"], to: one)
        let second = try workshop.commit(["a": "2"], to: two)
        #expect(try await workshop.mirror(of: one).fetch("main").head == first)
        #expect(
            try await workshop.mirror(of: two).fetch("main")
                == .init(head: second, previous: nil, rewritten: false))
    }

    @Test func whatAKilledProcessLeftIsCleared() async throws {
        let stage = try Stage(.local)
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        #expect(try await stage.workshop.mirror(of: stage.origin).fetch("main").head == first)
        let mirror = stage.workshop.root + "/mirror/mirror.git"
        for file in ["refs/heads/main.lock", "config.lock", "objects/pack/pack_git2_x1y2z3"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(mirror)/\(file)"))
        }
        try FileManager.default.createDirectory(
            atPath: stage.workshop.root + "/mirror/fresh.git", withIntermediateDirectories: true)
        let second = try stage.workshop.commit(["a": "2"], to: stage.origin)
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: second, previous: first, rewritten: false))
        #expect(!FileManager.default.fileExists(atPath: mirror + "/objects/pack/pack_git2_x1y2z3"))
    }

    enum Damage: String, CaseIterable, Sendable {
        case noHEAD, emptyHEAD, noObjects, garbageInPack, shortPack, garbageInIndex, noConfig
        case garbageInReference, aFileInItsPlace
    }

    @Test(arguments: Damage.allCases, Way.allCases)
    func aDamagedMirrorIsMadeAgain(_ damage: Damage, _ way: Way) async throws {
        let stage = try Stage(way)
        var files: [String: String?] = [:]
        for index in 0..<50 { files["m/f\(index)"] = "content of \(index), some of it long" }
        let first = try stage.workshop.commit(files, to: stage.origin)
        _ = try await fetched(stage)
        try harm(stage.workshop.root + "/mirror/mirror.git", damage)
        let second = try stage.workshop.commit(["m/f7": "x"], to: stage.origin)
        // The first look may still succeed; what is read tells, and the fetch after it repairs.
        var complete = false
        for _ in 0..<3 where !complete {
            let attempt = await kind {
                let head = try await stage.mirror.fetch("main").head
                let all = try await stage.mirror.files(at: head, under: "m")
                for file in all.files { _ = try await stage.mirror.read(file) }
                complete = head == second && all.files.count == 50
            }
            #expect(attempt == nil || attempt == .damaged, "\(damage)")
        }
        #expect(complete)
        #expect(try await stage.mirror.isAncestor(first, of: second))
    }

    /// Fetches with a mirror that is closed again afterwards.
    private func fetched(_ stage: Stage) async throws -> Mirror.FetchResult {
        try await stage.mirror(in: "mirror").fetch("main")
    }

    private func harm(_ mirror: String, _ damage: Damage) throws {
        let files = FileManager.default
        func overwrite(_ path: String, _ text: String) throws {
            try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        let packs = try files.contentsOfDirectory(atPath: mirror + "/objects/pack").sorted()
        func pack(_ suffix: String) throws -> String {
            mirror + "/objects/pack/" + (try #require(packs.first { $0.hasSuffix(suffix) }))
        }
        switch damage {
        case .noHEAD: try files.removeItem(atPath: mirror + "/HEAD")
        case .emptyHEAD: try overwrite(mirror + "/HEAD", "")
        case .noObjects: try files.removeItem(atPath: mirror + "/objects")
        case .garbageInPack:
            let path = try pack(".pack")
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for index in stride(from: 20, to: bytes.count - 20, by: 7) { bytes[index] ^= 0x5a }
            try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            try bytes.write(to: URL(fileURLWithPath: path))
        case .shortPack:
            let path = try pack(".pack")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            try bytes.prefix(bytes.count / 3).write(to: URL(fileURLWithPath: path))
        case .garbageInIndex: try overwrite(pack(".idx"), "garbage")
        case .noConfig: try files.removeItem(atPath: mirror + "/config")
        case .garbageInReference: try overwrite(mirror + "/refs/heads/main", "garbage")
        case .aFileInItsPlace:
            try files.removeItem(atPath: mirror)
            try Data("x".utf8).write(to: URL(fileURLWithPath: mirror))
        }
    }

    @Test(arguments: Way.allCases)
    func aFullDiskIsAClearErrorAndNothingIsLost(_ way: Way) async throws {
        let stage = try Stage(way, limits: .init(freeSpace: 8 << 20))
        let disk = stage.workshop.root + "/mirror"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        guard mount("tmpfs", disk, "tmpfs", 0, "size=12m") == 0 else {
            try Test.cancel("needs the right to mount a small disk")
        }
        defer { _ = umount2(disk, Int32(MNT_DETACH)) }
        let first = try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await stage.mirror.fetch("main")
        let noise = try #require(
            try FileHandle(forReadingAtPath: "/dev/urandom")?.read(upToCount: 6 << 20))
        let blob = try stage.workshop.git(
            "-C", stage.origin, "hash-object", "-w", "--stdin", input: noise)
        let script =
            "commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 1\nx\n"
            + "from refs/heads/main^0\nM 100644 \(blob) noise\n"
        try stage.workshop.git(
            "-C", stage.origin, "fast-import", "--quiet", input: Data(script.utf8))
        let second = try stage.workshop.head(of: stage.origin)
        let found = await error { try await stage.mirror.fetch("main") }
        #expect(found?.kind == .noSpace)
        #expect(found?.next == .retry)
        #expect(found?.message.hasPrefix("no space left on device under \(disk)") == true)
        #expect(try await stage.mirror.read("a", at: first, limit: 10) == [0x31])
        #expect(await kind { try await stage.mirror.commit(second) } == .objectNotFound)
        // Nothing stays behind that would keep the disk full; with room again all is well.
        #expect(mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT), "size=64m") == 0)
        #expect(
            try await stage.mirror.fetch("main")
                == .init(head: second, previous: first, rewritten: false))
    }

    @Test func aDirectoryThatCannotBeMadeIsNamed() async throws {
        let workshop = try Workshop()
        let origin = try workshop.bare()
        try Data("x".utf8).write(to: URL(fileURLWithPath: workshop.root + "/file"))
        let mirror = try workshop.mirror(of: origin, in: "file/mirror")
        let found = await error { try await mirror.fetch("main") }
        #expect(found?.kind == .directoryUnusable)
        #expect(found?.message.contains(workshop.root + "/file") == true)
    }

    @Test func aReadOnlyDiskIsNamed() async throws {
        let stage = try Stage(.local)
        let disk = stage.workshop.root + "/mirror"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        guard mount("tmpfs", disk, "tmpfs", 0, "size=80m") == 0 else {
            try Test.cancel("needs the right to mount a small disk")
        }
        defer { _ = umount2(disk, Int32(MNT_DETACH)) }
        try stage.workshop.commit(["a": "1"], to: stage.origin)
        _ = try await fetched(stage)
        // A process that another test has just started may hold a file of it open for a moment.
        var code: Int32 = -1
        for _ in 0..<200 where code != 0 {
            code = mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "")
            if code != 0 { try await Task.sleep(for: .milliseconds(50)) }
        }
        try #require(code == 0)
        let found = await error { try await stage.mirror.fetch("main") }
        #expect(found?.kind == .directoryUnusable)
        #expect(found?.message.contains("Read-only") == true)
    }
}

/// The error that `body` throws.
func error<Result>(
    _ isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async -> GitError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? GitError
    }
}
