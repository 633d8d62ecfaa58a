import Domain
import Glibc
import Processes
import Synchronization

/// Writes what one run of a container prints, a line each, in the format of container runtimes:
/// `TIME STREAM TAG TEXT` with the tag `F` for a whole line and `P` for a part of a long one.
///
/// The file is put aside once it is full, and the one before is dropped; so a run takes at most
/// twice the limit. What cannot be written is lost: a container does not stop for a full disk.
final class ContainerLog: Sendable {
    /// Bytes of a line; longer ones are written in parts.
    private static let longestLine = 16 << 10

    private struct State {
        var descriptor: Int32
        var size = 0
        var rest: [ChildProcess.Stream: [UInt8]] = [:]
    }

    let path: String
    private let limit: Int
    private let state: Mutex<State>

    /// Makes the file anew.
    init(path: String, limit: Int) {
        self.path = path
        self.limit = max(limit, Self.longestLine * 2)
        state = Mutex(State(descriptor: Self.open(path)))
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    }

    func write(_ bytes: [UInt8], _ stream: ChildProcess.Stream, at time: Timestamp) {
        state.withLock { state in
            var pending = (state.rest[stream] ?? []) + bytes
            let head = Self.head(stream, time)
            var text: [UInt8] = []
            var start = pending.startIndex
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                Self.append(pending[start..<end], "F", head, to: &text)
                start = end + 1
            }
            pending.removeFirst(start)
            while pending.count >= Self.longestLine {
                Self.append(pending.prefix(Self.longestLine), "P", head, to: &text)
                pending.removeFirst(Self.longestLine)
            }
            state.rest[stream] = pending
            put(text, &state)
        }
    }

    /// Writes what has no end of line yet, and closes the file.
    func close(at time: Timestamp) {
        state.withLock { state in
            for stream in [ChildProcess.Stream.output, .error] {
                guard let rest = state.rest[stream], !rest.isEmpty else { continue }
                var text: [UInt8] = []
                Self.append(rest[...], "F", Self.head(stream, time), to: &text)
                put(text, &state)
            }
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
            state.rest = [:]
        }
    }

    /// What stands before the tag of a line.
    private static func head(_ stream: ChildProcess.Stream, _ time: Timestamp) -> [UInt8] {
        let name = stream == .output ? "stdout" : "stderr"
        return Array("\(time.rfc3339(fractionDigits: 3)) \(name) ".utf8)
    }

    private static func append(
        _ line: ArraySlice<UInt8>, _ tag: String, _ head: [UInt8], to text: inout [UInt8]
    ) {
        var line = line
        repeat {
            let part = line.prefix(longestLine)
            line = line.dropFirst(longestLine)
            text += head
            text += (line.isEmpty ? tag : "P").utf8
            text.append(UInt8(ascii: " "))
            text += part
            text.append(UInt8(ascii: "\n"))
        } while !line.isEmpty
    }

    private func put(_ text: [UInt8], _ state: inout State) {
        guard state.descriptor >= 0, !text.isEmpty else { return }
        if state.size > 0, state.size + text.count > limit {
            Glibc.close(state.descriptor)
            rename(path, "\(path).1")
            state.descriptor = Self.open(path)
            state.size = 0
        }
        var rest = text[...]
        while !rest.isEmpty, state.descriptor >= 0 {
            let count = rest.withUnsafeBytes {
                Glibc.write(state.descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
                state.size += count
            } else if errno != EINTR {
                return
            }
        }
    }
}
