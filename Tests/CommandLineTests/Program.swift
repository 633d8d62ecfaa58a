import Foundation
import Testing

/// The built program, run as people run it: in a folder of its own, without a terminal.
struct Program {
    /// What became of a run.
    struct Run {
        let code: Int32
        let output: String
        let error: String
    }

    let folder: URL

    /// Makes an empty folder, hands over the program in it, and removes the folder.
    static func inFolder(
        with files: [String: String] = [:], _ body: (Program) throws -> Void
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try body(Program(folder: folder))
    }

    /// Runs it to its end.
    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Run {
        let process = Process()
        process.executableURL = try Self.executable()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "LANG": "C"]
            .merging(environment) { $1 }
        // Files and not pipes: nothing can fill up while the other one is read.
        let output = folder.appendingPathComponent(".output-\(UUID().uuidString)")
        let error = folder.appendingPathComponent(".error-\(UUID().uuidString)")
        for file in [output, error] {
            try Data().write(to: file)
        }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Run(
            code: process.terminationStatus,
            output: try String(contentsOf: output, encoding: .utf8),
            error: try String(contentsOf: error, encoding: .utf8))
    }

    private static func executable() throws -> URL {
        let first = try #require(CommandLine.arguments.first)
        let beside = URL(fileURLWithPath: first).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("slipway")
        try #require(
            FileManager.default.isExecutableFile(atPath: beside.path), "no program at \(beside)")
        return beside
    }
}
