import FoundationEssentials

/// A folder for the files of a test.
struct Folder: ~Copyable {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "slipway-kube-\(UInt64.random(in: 0...UInt64.max))")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file, in a folder below if its name has one; its path.
    @discardableResult
    func write(_ text: String, to name: String = "config", mode: Int = 0o600) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        return file.path
    }

    /// What is in a file; `nil` if it is not there.
    func read(_ name: String) -> String? {
        try? String(contentsOf: url.appending(path: name), encoding: .utf8)
    }
}
