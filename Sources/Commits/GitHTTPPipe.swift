/// Carries an answer from asynchronous code to the thread of a repository that waits for it. It
/// holds at most ``capacity`` bytes and one chunk: who writes waits until there is room again.
package final class GitHTTPPipe: GitHTTPBody, Sendable {
    private struct State: Sendable {
        var head: Head?
        var chunks: [[UInt8]] = []
        var bytes = 0
        var end: End?
        /// Nobody reads any more.
        var closed = false
        var closeHandler: (@Sendable () -> Void)?
        /// Who waits to write.
        var writer: CheckedContinuation<Bool, Never>?
    }

    private struct Head: Sendable {
        var status: Int
        var contentType: String
    }

    private enum End: Sendable {
        case complete
        case failed(GitHTTPFailure)
    }

    private let monitor = Monitor(State())
    private let capacity: Int

    /// `capacity` in bytes.
    package init(capacity: Int = 1 << 20) { self.capacity = capacity }

    // MARK: The side that writes

    /// The head of the answer is there.
    package func begin(status: Int, contentType: String) {
        monitor.withLock { $0.head = Head(status: status, contentType: contentType) }
    }

    /// Calls `handler` when nobody reads any more, so that the transfer can end at once.
    package func onClose(_ handler: @escaping @Sendable () -> Void) {
        let late = monitor.withLock { state in
            if !state.closed { state.closeHandler = handler }
            return state.closed
        }
        if late { handler() }
    }

    /// Hands over a chunk and waits while the pipe is full. `false`: nobody reads any more.
    package func send(_ chunk: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            let goOn = monitor.withLock { state -> Bool? in
                if state.closed { return false }
                state.chunks.append(chunk)
                state.bytes += chunk.count
                if state.bytes < capacity || state.writer != nil { return true }
                state.writer = continuation
                return nil
            }
            if let goOn { continuation.resume(returning: goOn) }
        }
    }

    /// The answer is over; with a failure, before its end.
    package func finish(_ failure: GitHTTPFailure? = nil) {
        monitor.withLock { state in
            if state.end == nil { state.end = failure.map(End.failed) ?? .complete }
        }
    }

    // MARK: The side that reads; it blocks

    /// Waits for the head.
    package func response() throws(GitHTTPFailure) -> GitHTTPResponse {
        let head = monitor.wait { state -> Result<Head, GitHTTPFailure>? in
            if let head = state.head { return .success(head) }
            switch state.end {
            case .failed(let failure): return .failure(failure)
            case .complete: return .failure(.init(.unreachable, "the server said nothing"))
            case nil: return nil
            }
        }
        let known = try head.get()
        return .init(status: known.status, contentType: known.contentType, body: self)
    }

    package func next() throws(GitHTTPFailure) -> [UInt8]? {
        var writer: CheckedContinuation<Bool, Never>?
        let chunk = monitor.wait { state -> Result<[UInt8]?, GitHTTPFailure>? in
            if !state.chunks.isEmpty {
                let chunk = state.chunks.removeFirst()
                state.bytes -= chunk.count
                if state.bytes < capacity {
                    writer = state.writer
                    state.writer = nil
                }
                return .success(chunk)
            }
            switch state.end {
            case .failed(let failure): return .failure(failure)
            case .complete: return .success(nil)
            case nil: return state.closed ? .success(nil) : nil
            }
        }
        writer?.resume(returning: true)
        return try chunk.get()
    }

    package func close() {
        let (writer, handler) = monitor.withLock { state in
            state.closed = true
            state.chunks = []
            state.bytes = 0
            defer { (state.writer, state.closeHandler) = (nil, nil) }
            return (state.writer, state.closeHandler)
        }
        writer?.resume(returning: false)
        handler?()
    }
}
