import Commits
import Dispatch
import Glibc
import Logging

/// A commit that touches one file: fetched, compared with the one before, and the file read.
enum MirrorBenchmarks {
    static let all = [
        Measurement(name: "mirror", summary: "one changed file in 10, 1,000, 10,000 releases") {
            for count in [10, 1000, 10_000] { measure(count) }
        }
    ]

    private static let rounds = 20

    private static func measure(_ count: Int) {
        var template = Array("/tmp/slipway-benchmark-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return print("no directory for the measurement") }
        let root = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = run("rm -rf \(root)") }
        do {
            let commits = try repository(root, releases: count)
            let mirror = try Mirror(
                of: RemoteAddress(
                    root + "/origin.git", permissions: .init(localRepositories: true)),
                in: root + "/mirror",
                logger: Logger(label: "mirror") { _ in SwiftLogNoOpLogHandler() })
            var round = 0
            Figures.measure("the first fetch of \(count) releases", rounds: 1) {
                move(root, to: commits[0])
                let files = wait { try await read(mirror, from: nil) }
                if files != count { print("\(files ?? -1) files instead of \(count)") }
            }
            Figures.measure("one changed file among \(count) releases", rounds: rounds) {
                let before = commits[round]
                move(root, to: commits[round + 1])
                let files = wait { try await read(mirror, from: before) }
                if files != 1 { print("\(files ?? -1) files instead of one") }
                round += 1
            }
            Figures.measure("nothing new in \(count) releases", rounds: rounds) {
                _ = wait { try await mirror.fetch("main") }
            }
        } catch {
            print(error)
        }
    }

    /// Fetches, compares and reads what changed; the number of files.
    private static func read(_ mirror: Mirror, from: CommitID?) async throws -> Int {
        let head = try await mirror.fetch("main").head
        let changes = try await mirror.changes(from: from, to: head, under: "models")
        for file in changes.changed { _ = try await mirror.read(file) }
        return changes.changed.count
    }

    /// Makes a bare repository; its first commit has all releases, each further one changes one.
    private static func repository(_ root: String, releases: Int) throws -> [CommitID] {
        var script = ""
        for commit in 0...rounds {
            script += "commit refs/heads/all\nmark :\(commit + 1)\n"
            script += "committer A <a@example.org> \(1_700_000_000 + commit) +0000\ndata 1\nx\n"
            for number in commit == 0 ? Array(0..<releases) : [commit % releases] {
                let content = String(repeating: "release \(number) at \(commit)\n", count: 50)
                script += "M 100644 inline models/scorer-\(number)/release.yaml\n"
                script += "data \(content.utf8.count)\n\(content)\n"
            }
        }
        guard let file = fopen(root + "/script", "w") else { return [] }
        fputs(script, file)
        fclose(file)
        let made = run(
            "cd \(root) && git init -q --bare origin.git && git -C origin.git fast-import --quiet"
                + " --export-marks=\(root)/marks < script && git -C origin.git update-ref"
                + " refs/heads/main refs/heads/all && git -C origin.git update-ref -d"
                + " refs/heads/all"
        )
        guard made, let marks = fopen(root + "/marks", "r") else { return [] }
        defer { fclose(marks) }
        var commits: [CommitID] = []
        var line = [CChar](repeating: 0, count: 100)
        while fgets(&line, Int32(line.count), marks) != nil {
            let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            if let id = words.last.flatMap({ CommitID(String($0)) }) { commits.append(id) }
        }
        return commits
    }

    private static func move(_ root: String, to commit: CommitID) {
        guard let file = fopen(root + "/origin.git/refs/heads/main", "w") else { return }
        fputs(commit.hex + "\n", file)
        fclose(file)
    }

    private static func run(_ command: String) -> Bool {
        guard let stream = popen(command, "r") else { return false }
        return pclose(stream) == 0
    }

    /// Runs asynchronous work and waits for it, since the others here are synchronous.
    private static func wait<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) -> Result? {
        let (done, box) = (DispatchSemaphore(value: 0), Box<Result>())
        Task {
            do { box.result = try await work() } catch { print(error) }
            done.signal()
        }
        done.wait()
        return box.result
    }

    // `@unchecked`: written before `done` is signalled, read after it.
    private final class Box<Result: Sendable>: @unchecked Sendable {
        var result: Result?
    }
}
