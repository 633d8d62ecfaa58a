import Synchronization

/// Bytes on their way from the loop thread to the one reader of a body.
///
/// The producer is told to hold back once the limit is reached, and is let go again when the
/// reader has taken what was there. A channel of AsyncAlgorithms would do the same, but it ends
/// without an error when the reading task is cancelled, and half a list must not look complete.
final class BodyBuffer: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var holdsBack = false
        var end: Result<Void, TransportError>?
        var reader: Reader?
    }

    /// What a read gives: bytes, or `nil` at the end.
    typealias Chunk = Result<[UInt8]?, TransportError>

    private typealias Reader = CheckedContinuation<Chunk, Never>

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Takes bytes, or takes none and returns false: then `read` will say when to go on.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (taken, reader, chunk) = state.withLock { state -> (Bool, Reader?, Chunk) in
            if state.bytes.count >= limit {
                state.holdsBack = true
                return (false, nil, .success(nil))
            }
            if let reader = state.reader.take() {
                return (true, reader, .success([UInt8](bytes)))
            }
            state.bytes.append(contentsOf: bytes)
            return (true, nil, .success(nil))
        }
        reader?.resume(returning: chunk)
        return taken
    }

    /// Ends the body; only the first call counts. What is buffered can still be read, unless
    /// `discarding`.
    func finish(_ end: Result<Void, TransportError>, discarding: Bool = false) {
        let (reader, chunk) = state.withLock { state -> (Reader?, Chunk) in
            if state.end == nil { state.end = end }
            if discarding { state.bytes = [] }
            return (state.reader.take(), (state.end ?? end).map { nil })
        }
        reader?.resume(returning: chunk)
    }

    /// Waits for bytes. `resume` is called when the producer waits for room.
    func read(resume: () -> Void) async -> Chunk {
        let (ready, mustResume) = takeReady()
        if mustResume { resume() }
        if let ready { return ready }
        return await withCheckedContinuation { continuation in
            // Something may have come since the lock was let go.
            let chunk = state.withLock { state -> Chunk? in
                if let chunk = Self.ready(&state) { return chunk }
                state.reader = continuation
                return nil
            }
            if let chunk { continuation.resume(returning: chunk) }
        }
    }

    private func takeReady() -> (Chunk?, Bool) {
        state.withLock { state in
            let chunk = Self.ready(&state)
            let mustResume = state.holdsBack && state.bytes.isEmpty
            if mustResume { state.holdsBack = false }
            return (chunk, mustResume)
        }
    }

    private static func ready(_ state: inout State) -> Chunk? {
        // Two readers at once would lose bytes; the second is turned away.
        if state.reader != nil {
            return .failure(
                TransportError(
                    .invalidRequest,
                    mayHaveBeenSent: true,
                    endpoint: "body",
                    detail: "two readers"
                )
            )
        }
        if !state.bytes.isEmpty {
            defer { state.bytes = [] }
            return .success(state.bytes)
        }
        return state.end.map { end in end.map { nil } }
    }
}
