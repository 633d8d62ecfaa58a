import Processes
import Sandbox
import Synchronization

/// A program of this machine that is run to its end.
enum Command {
    /// Runs it; what it prints on standard output.
    ///
    /// - Throws: ``DemoFailure`` with what it printed if it ends with another code than 0.
    @discardableResult
    static func run(_ command: [String], in folder: String = "/") async throws -> String {
        let printed = Mutex((output: [UInt8](), error: [UInt8]()))
        let end = await withCheckedContinuation { continuation in
            ChildProcess.start(
                .init(command: command, variables: Environment.inherited, workingDir: folder)
            ) { notice in
                switch notice {
                case .started: break
                case .wrote(.output, let bytes): printed.withLock { $0.output += bytes }
                case .wrote(.error, let bytes): printed.withLock { $0.error += bytes }
                case .failed(let reason): continuation.resume(returning: reason)
                case .ended(let code):
                    continuation.resume(returning: code == 0 ? "" : "it ended with code \(code)")
                }
            }
        }
        let (output, error) = printed.withLock { $0 }
        guard end.isEmpty else {
            let printed = error.isEmpty ? output : error
            let words = String(decoding: printed.suffix(2000), as: UTF8.self)
            throw DemoFailure("\(command.prefix(3).joined(separator: " ")): \(end)\n\(words)")
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// The controller as a program of its own, that can be killed.
final class ControllerProcess: Sendable {
    private let command: [String]
    private let log: LogFile
    private let current = Mutex<ChildProcess?>(nil)
    private let isWanted = Mutex(true)

    init(_ command: [String], log: LogFile) {
        self.command = command
        self.log = log
    }

    /// Starts it.
    func start() {
        let child = ChildProcess.start(
            .init(command: command, variables: Environment.inherited, workingDir: "/")
        ) { [log] notice in
            switch notice {
            case .wrote(_, let bytes): log.append(bytes)
            case .failed(let reason): log.append("it cannot be started: \(reason)")
            case .started(let process): log.append("process \(process) runs")
            case .ended(let code): log.append("a process ended with code \(code)")
            }
        }
        current.withLock { $0 = child }
    }

    /// Ends it with SIGKILL and starts another one.
    func killAndStart() {
        current.withLock { $0 }?.signal(9)
        start()
    }

    func stop() {
        current.withLock { child in
            child?.signal(15)
            child = nil
        }
    }
}
