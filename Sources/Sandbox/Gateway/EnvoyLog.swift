import Logging
import Synchronization

/// What Envoy writes: passed on to the log, and its last words kept.
final class EnvoyLog: Sendable {
    private struct State {
        var rest: [UInt8] = []
        var refusal = ""
        var last = ""
    }

    /// Longer lines are cut.
    private static let longest = 4096

    private let state = Mutex(State())
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func take(_ bytes: [UInt8]) {
        let lines = state.withLock { state -> [String] in
            var lines: [String] = []
            for byte in bytes {
                guard byte == UInt8(ascii: "\n") else {
                    if state.rest.count < Self.longest { state.rest.append(byte) }
                    continue
                }
                lines.append(String(decoding: state.rest, as: UTF8.self))
                state.rest = []
            }
            for line in lines {
                if let words = Self.refusal(in: line) { state.refusal = words }
            }
            if let last = lines.last(where: { !$0.isEmpty }) { state.last = last }
            return lines
        }
        for line in lines { logger.debug("envoy", metadata: ["line": "\(line)"]) }
    }

    /// Why Envoy took something not, in its own words.
    var refusal: String { state.withLock { $0.refusal } }

    /// The last line, for people who wonder why Envoy ended; it is told once.
    func takeLastWords() -> String {
        state.withLock { state in
            defer { state.last = "" }
            return String(state.last.prefix(500))
        }
    }

    private static func refusal(in line: String) -> String? {
        guard line.contains("REST config for"), let range = line.firstRange(of: " rejected: ")
        else { return nil }
        return String(line[range.upperBound...])
    }
}
