import Foundation

/// The files of this repository, as Git tracks them or would.
struct Repository {
    /// Something is wrong with the check-out itself.
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    let root: URL
    /// Relative paths, ascending.
    let paths: [String]

    /// The repository that this file belongs to.
    init(containing file: String = #filePath) throws {
        root = URL(fileURLWithPath: file).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = [
            "git", "-C", root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard",
        ]
        let output = Pipe()
        git.standardOutput = output
        try git.run()
        let listing = try output.fileHandleForReading.readToEnd() ?? Data()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else {
            throw Unreadable(description: "git ls-files ended with \(git.terminationStatus)")
        }
        let root = root
        paths = String(decoding: listing, as: UTF8.self).split(separator: "\0").map(String.init)
            .filter { FileManager.default.fileExists(atPath: root.path + "/" + $0) }
            .sorted()
        guard paths.contains("Package.swift") else {
            throw Unreadable(description: "no Package.swift among the \(paths.count) files")
        }
    }

    /// The file's text; `nil` for a link or what is not UTF-8.
    func text(_ path: String) -> String? {
        let url = root.appendingPathComponent(path)
        let type = try? FileManager.default.attributesOfItem(atPath: url.path)[.type]
        guard type as? FileAttributeType == .typeRegular else { return nil }
        return try? String(contentsOf: url, encoding: .utf8)
    }

    /// Every Swift file of the package.
    func swiftSources() throws -> [SwiftSource] {
        try paths.filter { $0.hasSuffix(".swift") }.map { path in
            guard let text = text(path) else {
                throw Unreadable(description: "\(path) is not UTF-8")
            }
            return SwiftSource(path: path, text: text)
        }
    }

    /// Names of the folders in a folder, ascending.
    func folders(in parent: String) -> [String] {
        let names = paths.filter { $0.hasPrefix(parent + "/") }.compactMap { path -> String? in
            let parts = path.split(separator: "/")
            return parts.count > 2 ? String(parts[1]) : nil
        }
        return Set(names).sorted()
    }
}
