import Foundation
import Synchronization
import Testing

/// The built program, run as people run it: in a folder of its own, without a terminal.
struct Program {
    /// What became of a run.
    struct Run {
        let code: Int32
        let output: String
        let error: String
    }

    /// What was started, so that nothing outlives a test that fails.
    private final class Processes: Sendable {
        private let all = Mutex<[Process]>([])

        func add(_ process: Process) { all.withLock { $0.append(process) } }

        func killAll() {
            for process in all.withLock({ $0 }) where process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
        }
    }

    private static let starting = Mutex(())

    let folder: URL
    private let started = Processes()

    private init(folder: URL) { self.folder = folder }

    /// Makes an empty folder, hands over the program in it, and removes the folder.
    static func inFolder(
        with files: [String: String] = [:], _ body: (Program) async throws -> Void
    ) async throws {
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
        let program = Program(folder: folder)
        defer { program.started.killAll() }
        try await body(program)
    }

    /// Runs it to its end, without blocking a thread.
    func run(
        _ arguments: String..., environment: [String: String] = [:], tool: String = "slipway"
    ) async throws -> Run {
        let started = try start(arguments, environment: environment, tool: tool)
        return try await started.end()
    }

    /// A run that is under way.
    struct Started {
        let process: Process
        let output: URL
        let error: URL
        fileprivate let ended: AsyncStream<Void>

        /// What it has printed so far.
        func printed() throws -> String { try String(contentsOf: output, encoding: .utf8) }

        /// What it has written to standard error so far.
        func logged() throws -> String { try String(contentsOf: error, encoding: .utf8) }

        /// Waits for its end.
        func end() async throws -> Run {
            for await _ in ended { break }
            try Task.checkCancellation()
            return Run(
                code: process.terminationStatus, output: try printed(),
                error: try logged())
        }

        /// Asks it to end and waits.
        func stop() async throws -> Run {
            process.terminate()
            return try await end()
        }
    }

    func start(
        _ arguments: [String], environment: [String: String] = [:], tool: String = "slipway"
    ) throws -> Started {
        let process = Process()
        process.executableURL = try Self.executable(tool)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "LANG": "C"]
            .merging(environment) { $1 }
        // Whoever looks for what the tests left behind looks for this.
        process.environment?["SLIPWAY_TEST_RUN"] =
            ProcessInfo.processInfo.environment["SLIPWAY_TEST_RUN"]
        // Files and not pipes: nothing can fill up while the other one is read.
        let output = folder.appendingPathComponent(".output-\(UUID().uuidString)")
        let error = folder.appendingPathComponent(".error-\(UUID().uuidString)")
        for file in [output, error] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        process.standardInput = FileHandle.nullDevice
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in
            continuation.yield()
            continuation.finish()
        }
        // One at a time: what tells of the one's end, the other would inherit and keep.
        try Self.starting.withLock { _ in try process.run() }
        self.started.add(process)
        return Started(process: process, output: output, error: error, ended: ended)
    }

    private static func executable(_ name: String) throws -> URL {
        let first = try #require(CommandLine.arguments.first)
        let beside = URL(fileURLWithPath: first).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(name)
        try #require(
            FileManager.default.isExecutableFile(atPath: beside.path), "no program at \(beside)")
        return beside
    }
}
