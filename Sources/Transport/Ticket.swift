import Synchronization

/// Names one transfer to the loop thread, from any thread, before and after it exists.
final class Ticket: Sendable {
    private static let last = Atomic<UInt64>(0)

    let number: UInt64
    private let cancelled = Atomic<Bool>(false)

    init() {
        number = Self.last.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Set before the loop is told, so that a transfer that is not yet there does not start.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() { cancelled.store(true, ordering: .releasing) }
}
