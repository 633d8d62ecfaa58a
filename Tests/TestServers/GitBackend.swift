import Foundation

/// A directory with a bare repository `origin.git`, and `git http-backend` in front of it.
package final class GitBackend: Sendable {
    package let root: String
    package let url: String
    private let server: Command.Serving

    package init() throws {
        root = NSTemporaryDirectory() + "slipway-git-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("CommitsTests/Support/git-http-server.py").path
        let (server, port) = try Command(
            ["python3", script, root], environment: Self.environment
        ).serveAfterFirstLine()
        self.server = server
        url = "http://127.0.0.1:\(port)"
        try run(["init", "-q", "--bare", root + "/origin.git"])
        try git("config", "http.receivepack", "true")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Commits files on main of `origin.git`.
    package func commit(_ files: [String: String]) throws {
        var script = "commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\nx\n"
        if (try? git("rev-parse", "-q", "--verify", "refs/heads/main")) != nil {
            script += "from refs/heads/main^0\n"
        }
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            script += "M 100644 inline \(path)\ndata \(content.utf8.count)\n\(content)\n"
        }
        try run(["-C", root + "/origin.git", "fast-import", "--quiet"], input: script)
    }

    /// From now on the server answers nothing, or it does again.
    package func hang(_ hangs: Bool) throws {
        if hangs {
            try Data().write(to: URL(filePath: root + "/hangs"))
        } else {
            try FileManager.default.removeItem(atPath: root + "/hangs")
        }
    }

    /// Takes a file out of main.
    package func remove(_ path: String) throws { try change("D \(path)\n") }

    /// Puts a symbolic link on main.
    package func link(_ path: String, to target: String) throws {
        try change("M 120000 inline \(path)\ndata \(target.utf8.count)\n\(target)\n")
    }

    private func change(_ lines: String) throws {
        let script =
            "commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\nx\n"
            + "from refs/heads/main^0\n" + lines
        try run(["-C", root + "/origin.git", "fast-import", "--quiet"], input: script)
    }

    /// Runs git in `origin.git`.
    @discardableResult
    package func git(_ arguments: String...) throws -> String { try git(arguments) }

    /// Runs git in `origin.git`.
    @discardableResult
    package func git(_ arguments: [String]) throws -> String {
        try run(["-C", root + "/origin.git"] + arguments)
    }

    @discardableResult
    private func run(_ arguments: [String], input: String = "") throws -> String {
        let ended = try Command(
            ["git"] + arguments, environment: Self.environment, input: Array(input.utf8)
        ).runHere()
        guard ended.code == 0 else { throw Failure(arguments: arguments) }
        return ended.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private struct Failure: Error { let arguments: [String] }

    private static let environment: [String: String] = [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        // What `secret/` wants: ada and pass:wörd.
        "EXPECTED_AUTHORIZATION": "Basic YWRhOnBhc3M6d8O2cmQ=",
    ]
}
