/// The bytes of an answer as they arrive, for one reader.
///
/// A reader that is slow holds the server back: at most ``HTTPRequest/Limits/bufferedBytes`` and
/// what libcurl reads at a time (16 KiB) wait in memory. Dropping the body ends the transfer, and
/// so does cancelling the reading task, whose read then throws: a body that ends without an error
/// is complete.
package struct ResponseBody: AsyncSequence, Sendable {
    /// At least one byte.
    package typealias Element = [UInt8]
    /// Why the body is not complete.
    package typealias Failure = TransportError

    private let reader: Reader

    init(_ buffer: BodyBuffer, ticket: Ticket, thread: LoopThread, endpoint: String) {
        reader = Reader(buffer, ticket: ticket, thread: thread, endpoint: endpoint)
    }

    package func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

    /// Reads to the end; throws ``TransportError/Kind/bodyTooLarge`` beyond `limit` bytes.
    package func collect(upTo limit: Int) async throws(TransportError) -> [UInt8] {
        var bytes: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next() {
            bytes += chunk
            guard bytes.count <= limit else {
                throw TransportError(
                    .bodyTooLarge,
                    mayHaveBeenSent: true,
                    endpoint: reader.endpoint
                )
            }
        }
        return bytes
    }

    /// Reads chunk after chunk.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader

        package mutating func next() async throws(TransportError) -> [UInt8]? {
            try await reader.read()
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(TransportError) -> [UInt8]? {
            try await reader.read()
        }
    }

    /// Ends the transfer when the last of body and iterators is gone.
    fileprivate final class Reader: Sendable {
        let endpoint: String
        private let buffer: BodyBuffer
        private let ticket: Ticket
        private let thread: LoopThread

        init(_ buffer: BodyBuffer, ticket: Ticket, thread: LoopThread, endpoint: String) {
            self.buffer = buffer
            self.ticket = ticket
            self.thread = thread
            self.endpoint = endpoint
        }

        deinit {
            thread.post(.cancel(ticket))
        }

        func read() async throws(TransportError) -> [UInt8]? {
            let chunk = await withTaskCancellationHandler {
                await buffer.read { thread.post(.resume(ticket)) }
            } onCancel: {
                let error = TransportError(.cancelled, mayHaveBeenSent: true, endpoint: endpoint)
                buffer.finish(.failure(error), discarding: true)
                thread.post(.cancel(ticket))
            }
            return try chunk.get()
        }
    }
}
