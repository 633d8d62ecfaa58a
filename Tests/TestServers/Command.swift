import Foundation
import Glibc
import Processes
import Synchronization

/// A program that a test runs. It inherits nothing: between two starts at once Foundation's
/// `Process` hands a pipe of the one to the other, and then whoever reads the pipe waits for the
/// end of somebody else's server.
package struct Command: Sendable {
    /// What became of it.
    package struct Ended: Sendable {
        /// Its exit code; 128 and the number of the signal that ended it.
        package let code: Int
        package let output: [UInt8]
        package let error: [UInt8]

        package var text: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: error, as: UTF8.self) }
    }

    /// It could not be started, or it failed where that is an error.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let line: [String]
    private let environment: [String: String]
    private let input: [UInt8]

    /// - Parameters:
    ///   - line: the program and its arguments; it is looked for in `PATH`.
    ///   - environment: all of it.
    package init(
        _ line: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        input: [UInt8] = []
    ) {
        self.line = line
        self.environment = environment
        self.input = input
    }

    /// Runs it to its end.
    package func run() async throws -> Ended {
        try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: $0) }
        }
    }

    /// Runs it to its end on the caller's thread, which a test shares with others: for what takes
    /// milliseconds.
    package func runHere() throws -> Ended {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Ended, any Error>?>(nil)
        start { ended in
            result.withLock { $0 = ended }
            done.signal()
        }
        done.wait()
        guard let ended = result.withLock({ $0 }) else { throw Failure(description: "no end") }
        return try ended.get()
    }

    /// Starts it as a server, which ends with what is returned or before.
    package func serve(_ notify: @escaping @Sendable ([UInt8]) -> Void = { _ in }) -> Serving {
        Serving(
            ChildProcess.start(order(input: nil)) { notice in
                if case .wrote(.output, let bytes) = notice { notify(bytes) }
            })
    }

    /// Starts it as a server and waits for the line that says where it serves.
    package func serveAfterFirstLine() throws -> (Serving, line: String) {
        let said = DispatchSemaphore(value: 0)
        let text = Mutex<[UInt8]>([])
        let process = ChildProcess.start(order(input: nil)) { notice in
            switch notice {
            case .wrote(.output, let bytes):
                text.withLock { $0 += bytes }
                if bytes.contains(UInt8(ascii: "\n")) { said.signal() }
            case .failed, .ended: said.signal()
            default: break
            }
        }
        said.wait()
        let line = text.withLock { String(decoding: $0, as: UTF8.self) }
        guard line.hasSuffix("\n") else {
            throw Failure(description: "\(self.line) did not start: \(line)")
        }
        return (Serving(process), String(line.dropLast()))
    }

    /// A server that runs until nobody keeps this.
    package final class Serving: Sendable {
        private let process: ChildProcess

        fileprivate init(_ process: ChildProcess) { self.process = process }

        deinit { process.killAll() }
    }

    private func order(input: Int32?) -> ChildProcess.Order {
        ChildProcess.Order(
            command: ["/usr/bin/env"] + line,
            variables: environment.map { ChildProcess.Variable(name: $0.key, value: $0.value) },
            workingDir: NSTemporaryDirectory(), input: input)
    }

    private func start(_ end: @escaping @Sendable (Result<Ended, any Error>) -> Void) {
        let written = Mutex(([UInt8](), [UInt8]()))
        let file: Int32
        do { file = try inputFile() } catch { return end(.failure(error)) }
        ChildProcess.start(order(input: file)) { [line] notice in
            switch notice {
            case .started: close(file)
            case .wrote(.output, let bytes): written.withLock { $0.0 += bytes }
            case .wrote(.error, let bytes): written.withLock { $0.1 += bytes }
            case .failed(let why):
                close(file)
                end(.failure(Failure(description: "\(line): \(why)")))
            case .ended(let code):
                let (output, error) = written.withLock { $0 }
                end(.success(Ended(code: code, output: output, error: error)))
            }
        }
    }

    /// What it reads, in a file that has no name any more.
    private func inputFile() throws -> Int32 {
        let path = NSTemporaryDirectory() + "slipway-input-\(UUID().uuidString)"
        try Data(input).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(description: "cannot read \(path)") }
        return file
    }
}
