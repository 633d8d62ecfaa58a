import ControlPlane
import Domain
import Foundation
import Processes
import Testing

@testable import Sandbox

/// Nothing outlives a sandbox, however it ends.
@Suite(.timeLimit(.minutes(5))) struct StateFolderTests {
    private static func folder() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("slipway-state-\(UUID().uuidString)").path
    }

    /// A process that no group or session connects with the sandbox.
    private static func leaveBehind(_ marker: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["1000"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.environment = ["PATH": "/usr/bin:/bin", ProcessTree.variable: "\(marker)/pod/c/0"]
        try process.run()
        return process
    }

    private static func lives(_ process: Process) -> Bool {
        ProcessTree.all().contains { $0.number == process.processIdentifier && !$0.isZombie }
    }

    private static func waitForEnd(_ process: Process) async throws {
        for _ in 0..<500 where lives(process) { try await Task.sleep(for: .milliseconds(20)) }
        if lives(process) {
            kill(process.processIdentifier, SIGKILL)
            Issue.record("the process lives on")
        }
    }

    @Test func theNextNodeKillsWhatTheLastOneLeft() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try StateFolder(path)
        let id = first.id
        first.release()
        let process = try Self.leaveBehind(first.marker)
        let other = try Self.leaveBehind("ffff\(first.marker.dropFirst(4))")
        defer { kill(other.processIdentifier, SIGKILL) }
        let second = try StateFolder(path)
        #expect(second.id == id)
        try await Self.waitForEnd(process)
        #expect(Self.lives(other), "another sandbox's process is not touched")
        second.release()
    }

    @Test func theGuardKillsWhatIsLeftWhenThePipeEnds() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try StateFolder(path)
        let process = try Self.leaveBehind(folder.marker)
        // The end of the pipe is what the guard sees when the sandbox is killed.
        folder.release()
        let next = try StateFolder(path)
        let later = try Self.leaveBehind(next.marker)
        defer { kill(later.processIdentifier, SIGKILL) }
        try await Self.waitForEnd(process)
        try await Task.sleep(for: .seconds(1))
        #expect(Self.lives(later), "the guard of one node spares the processes of the next")
        next.release()
    }

    @Test func aFolderHasOneNode() throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try StateFolder(path)
        let failure = #expect(throws: NodeFailure.self) { try StateFolder(path) }
        #expect(failure?.description == "another sandbox works on \(path)")
        folder.release()
        try StateFolder(path).release()
    }

    @Test func aTemporaryFolderGoes() throws {
        let folder = try StateFolder(nil)
        #expect(FileManager.default.fileExists(atPath: folder.path))
        folder.release()
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func addressesBelongToOneNode() throws {
        let first = try AddressBlock()
        let second = try AddressBlock()
        #expect(first.block != second.block)
        let addresses = (0..<600).compactMap { _ in first.take() }
        #expect(Set(addresses).count == 600)
        #expect(addresses.allSatisfy { $0.hasPrefix("127.\(first.block).") })
        #expect(!addresses.contains { $0.hasSuffix(".0") || $0.hasSuffix(".255") })
        first.giveBack(addresses[0])
        #expect(first.take() != addresses[0], "not at once")
    }

    @Test func aServerWithoutItsFolderDoesNotStart() async throws {
        var node = NodeOptions()
        node.stateFolder = "/proc/no/such/place"
        let options = SandboxOptions(node: node)
        await #expect(throws: NodeFailure.self) {
            try await SandboxServer.withServer(options) { _, _ in }
        }
        node.stateFolder = nil
        node.imageTable = "/no/such/table.yaml"
        let other = SandboxOptions(node: node)
        await #expect(throws: NodeFailure.self) {
            try await SandboxServer.withServer(other) { _, _ in }
        }
    }

    @Test func theEndOfASandboxIsTheEndOfItsPods() async throws {
        let mark = "slipway-test-\(UUID().uuidString)"
        try await Machine.run { machine in
            for number in 0..<5 {
                try await machine.script(
                    "p\(number)", "trap '' TERM; while true; do sleep 1; done # \(mark)")
            }
            for number in 0..<5 {
                try await machine.wait("p\(number)", "runs") { $0.isReady }
            }
            #expect(Machine.processes(with: mark).count == 5)
        }
        #expect(Machine.processes(with: mark).isEmpty)
    }

    @Test func podsOfARestartedServerRunAgain() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        let table = "\(path)/images.yaml"
        try Data(Machine.images(path).utf8).write(to: URL(fileURLWithPath: table))
        var node = NodeOptions()
        node.stateFolder = "\(path)/state"
        node.imageTable = table
        node.timings = Machine.quick
        let options = SandboxOptions(node: node)
        let store = try await SandboxServer.withServer(options) { server, port in
            let machine = Machine(server: server, port: port, folder: path)
            try await machine.script("again", "exec sleep 1000")
            try await machine.wait("again", "runs") { $0.isReady }
            return await server.store
        }
        try await SandboxServer.withServer(options, store: store) { server, port in
            let machine = Machine(server: server, port: port, folder: path)
            let status = try await machine.wait("again", "runs again") {
                $0.restarts == 1 && $0.isReady
            }
            #expect(status.firstContainer.at("lastState", "terminated", "exitCode") == 255)
        }
    }
}
