/// Wakes one waiting task; rung before anybody waits, it is remembered once. The lock of the
/// stream guards it, so it can be rung from anywhere.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let rung = Flag()

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether it was ever rung.
    var isRung: Bool { rung.value }

    func ring() {
        rung.raise()
        continuation.yield()
    }

    /// Nobody waits any more: all waits return at once.
    func close() {
        rung.raise()
        continuation.finish()
    }

    /// Returns when it is rung, closed, or the task is cancelled. One task at a time may wait.
    func wait() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}
