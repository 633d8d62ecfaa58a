import Foundation
import Glibc
import Logging
import TestServers
import Testing

@testable import Commits

/// A directory of its own with repositories made by the `git` command, and mirrors of them.
final class Workshop: Sendable {
    let root: String

    init() throws {
        root = Self.base + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Where the workshops of this process are.
    static let base = NSTemporaryDirectory() + "slipway-commits-\(getpid())"

    /// The address of a bare repository at the server, after `fault`: see the server's script.
    func url(_ name: String = "origin", fault: String? = nil) throws -> String {
        let folder = root.dropFirst(Self.base.count)
        return try GitServer.shared.get().url + (fault.map { "/" + $0 } ?? "")
            + "\(folder)/\(name).git"
    }

    var logger: Logger { Logger(label: "test") }

    /// Runs git with nothing of the machine's configuration.
    @discardableResult
    func git(_ arguments: String..., input: Data? = nil, at date: Int = 1_700_000_000) throws
        -> String
    {
        try git(arguments, input: input, at: date)
    }

    @discardableResult
    func git(_ arguments: [String], input: Data? = nil, at date: Int = 1_700_000_000) throws
        -> String
    {
        let environment = Self.environment.merging([
            "GIT_AUTHOR_DATE": "\(date) +0000", "GIT_COMMITTER_DATE": "\(date) +0000",
        ]) { $1 }
        let (code, output, errors) = try run(["git", "-C", root] + arguments, environment, input)
        guard code == 0 else {
            throw Failure(text: "git \(arguments.joined(separator: " ")): \(errors)")
        }
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs a program with files for its streams; Foundation's `Process` takes much longer.
    private func run(
        _ arguments: [String], _ environment: [String: String], _ input: Data?
    ) throws -> (code: Int32, output: String, errors: String) {
        let streams = (0..<3).map { _ in root + "/stream-\(UUID().uuidString)" }
        defer { for stream in streams { unlink(stream) } }
        try (input ?? Data()).write(to: URL(fileURLWithPath: streams[0]))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, streams[0], O_RDONLY, 0)
        for file in [1, 2] {
            posix_spawn_file_actions_addopen(
                &actions, Int32(file), streams[file], O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        var words = arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, arguments[0], &actions, nil, &words, &variables)
        guard code == 0 else { throw Failure(text: "cannot run \(arguments[0]): \(code)") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        func text(_ file: Int) throws -> String {
            String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: streams[file])), as: UTF8.self)
        }
        return (status, try text(1), try text(2))
    }

    struct Failure: Error { let text: String }

    static let environment: [String: String] = [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "init.defaultBranch", "GIT_CONFIG_VALUE_1": "main",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
    ]

    /// Makes an empty bare repository, `NAME.git`, and gives its path.
    func bare(_ name: String = "origin") throws -> String {
        let path = "\(root)/\(name).git"
        try git("init", "-q", "--bare", path)
        let config = try String(contentsOfFile: path + "/config", encoding: .utf8)
        try (config + "[http]\n\treceivepack = true\n")
            .write(toFile: path + "/config", atomically: true, encoding: .utf8)
        return path
    }

    /// Commits files on a branch of a bare repository without a work tree: `nil` deletes. Gives the
    /// commit. With `orphan` the branch begins again.
    @discardableResult
    func commit(
        _ files: [String: String?],
        to repository: String,
        branch: String = "main",
        message: String = "Change",
        orphan: Bool = false
    ) throws -> CommitID {
        let parent =
            orphan ? nil : try? git("-C", repository, "rev-parse", "-q", "--verify", branch)
        var stream = Data()
        func line(_ text: String) { stream.append(Data((text + "\n").utf8)) }
        line("commit refs/heads/\(branch)")
        line("author Ada <ada@example.org> 1700000000 +0000")
        line("committer Ada <ada@example.org> 1700000000 +0000")
        line("data \(message.utf8.count)")
        line(message)
        if let parent { line("from \(parent)") }
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            if let content {
                line("M 100644 inline \(path)")
                line("data \(content.utf8.count)")
                line(content)
            } else {
                line("D \(path)")
            }
        }
        try git(
            ["-C", repository, "fast-import", "--quiet"] + (orphan ? ["--force"] : []),
            input: stream
        )
        return try head(of: repository, branch: branch)
    }

    func head(of repository: String, branch: String = "main") throws -> CommitID {
        try #require(try known(branch, of: repository), "no branch \(branch)")
    }

    private func known(_ branch: String, of repository: String) throws -> CommitID? {
        let file = "\(repository)/refs/heads/\(branch)"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return CommitID(String(text.dropLast()))
    }

    func file(_ path: String, of repository: String, branch: String = "main") throws -> String {
        try git("-C", repository, "show", "\(branch):\(path)")
    }

    /// A mirror of a repository on disk.
    func mirror(
        of repository: String,
        in folder: String = "mirror",
        limits: MirrorLimits = .init()
    ) throws -> Mirror {
        try Mirror(
            of: RemoteAddress(repository, permissions: .init(localRepositories: true)),
            in: "\(root)/\(folder)",
            limits: limits,
            logger: Logger(label: "test")
        )
    }

    /// A mirror of a repository behind a server.
    func mirror(
        at url: String,
        in folder: String = "mirror",
        deadline: Int = 20,
        limits: MirrorLimits = .init()
    ) throws -> Mirror {
        try Mirror(
            of: RemoteAddress(url, permissions: .init()),
            in: "\(root)/\(folder)",
            port: SocketPort(deadline: deadline),
            limits: limits,
            logger: Logger(label: "test")
        )
    }
}

/// `git http-backend` behind a small server, for the repositories of all workshops. It ends when
/// this process does.
final class GitServer: Sendable {
    private let server: Command.Serving
    let url: String

    static let shared = Result { try GitServer() }

    private init() throws {
        try FileManager.default.createDirectory(
            atPath: Workshop.base, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("git-http-server.py").path
        let (server, port) = try Command(
            ["python3", script, Workshop.base], environment: Workshop.environment
        ).serveAfterFirstLine()
        self.server = server
        url = "http://127.0.0.1:\(port)"
    }
}
