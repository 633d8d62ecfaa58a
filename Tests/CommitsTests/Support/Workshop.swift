import Foundation
import Logging
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
        let command = Process()
        command.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        command.arguments = ["git"] + arguments
        command.currentDirectoryURL = URL(fileURLWithPath: root)
        command.environment = Self.environment.merging([
            "GIT_AUTHOR_DATE": "\(date) +0000", "GIT_COMMITTER_DATE": "\(date) +0000",
        ]) { $1 }
        let (output, errors, feed) = (Pipe(), Pipe(), Pipe())
        command.standardOutput = output
        command.standardError = errors
        command.standardInput = feed
        try command.run()
        if let input {
            DispatchQueue.global().async {
                feed.fileHandleForWriting.write(input)
                try? feed.fileHandleForWriting.close()
            }
        } else {
            try feed.fileHandleForWriting.close()
        }
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        let words = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        command.waitUntilExit()
        guard command.terminationStatus == 0 else {
            throw Failure(text: "git \(arguments.joined(separator: " ")): \(words)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
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
        try git("-C", path, "config", "http.receivepack", "true")
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
        try #require(CommitID(try git("-C", repository, "rev-parse", "refs/heads/\(branch)")))
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
    private let process = Process()
    private let input = Pipe()
    let url: String

    static let shared = Result { try GitServer() }

    private init() throws {
        try FileManager.default.createDirectory(
            atPath: Workshop.base, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("git-http-server.py").path
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, Workshop.base]
        process.environment = Workshop.environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw Workshop.Failure(text: "the server did not start") }
            line += String(decoding: data, as: UTF8.self)
        }
        url = "http://127.0.0.1:\(line.dropLast())"
    }
}
